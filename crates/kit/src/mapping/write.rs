//! Unified body to vendor request: the same rows, the other way. A create gives one body, an update only what changes.
//!
//! Everything that the declaration knows is checked here, before anything is sent, and all problems are told at once.

use serde_json::{Map, Value};
use trunnion_model::catalog::Kind;

use super::convert::Conversion;
use crate::custom::{CUSTOM_FIELDS, CustomRow};
use crate::json::{Node, Object};
use crate::spec::{Create, EntitySpec, GroupSpec, Lock, Row};

/// What is wrong with one place of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// A JSON Pointer (RFC 6901) into the body.
    pub pointer: String,
    pub message: String,
}

/// What a write needs beside the body.
pub struct WriteContext<'c> {
    /// A value of the connection's form: the company code to buy for.
    pub setting: &'c dyn Fn(&str) -> Option<String>,
    /// Goes into the vendor's field that the declaration names, so that an unanswered write can be found again.
    pub write_key: &'c str,
}

/// What an update changes, in the vendor's form.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of the record itself and of groups in it: an object.
    pub header: Node<'static>,
    pub lists: Vec<ListChange>,
}

/// The lines of one list that change; the others are left as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct ListChange {
    /// The unified field.
    pub name: &'static str,
    pub edits: Vec<Edit>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The line's `remote_line_id`; `None` for a line that is added.
    pub line: Option<String>,
    pub body: Node<'static>,
}

/// Where the record that is to be changed stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing<'s> {
    pub status: Option<&'s str>,
    pub remote_status: Option<&'s str>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.header.as_object().is_none_or(Object::is_empty) && self.lists.iter().all(|list| list.edits.is_empty())
    }

    /// Fixed values and nothing else.
    pub fn of_constants(constants: &[(super::Path, String)]) -> Self {
        Self { header: fixed(constants), lists: Vec::new() }
    }
}

/// The vendor's form of fixed values.
pub fn fixed(constants: &[(super::Path, String)]) -> Node<'static> {
    let mut out = Node::Object(Object::new());
    for (path, value) in constants {
        path.put(&mut out, constant(value));
    }
    out
}

/// The members of `body` as a change of a record that stands so. A `null` empties a field. References are remote ids
/// already; a line is named by its `remote_line_id`, and one without is added.
pub fn to_change(
    spec: &EntitySpec,
    body: &Map<String, Value>,
    standing: Standing<'_>,
    cx: &WriteContext<'_>,
) -> Result<Change, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut change = Change { header: Node::Object(Object::new()), lists: Vec::new() };
    let purpose = Purpose::Update { standing, entity: spec.update.as_ref().map(|update| &update.locks) };
    let (lists, groups): (Vec<&GroupSpec>, Vec<&GroupSpec>) =
        spec.groups.iter().partition(|group| matches!(group.field.kind, Kind::List(_)));
    let mut plain = body.clone();
    for group in lists {
        let name = group.field.name;
        if !group.write.on_update() {
            continue;
        }
        let Some(value) = plain.remove(name) else { continue };
        let pointer = format!("/{name}");
        if let Some(message) = purpose.locked(&group.locks) {
            problems.push(FieldProblem { pointer, message });
            continue;
        }
        let edits = edits(group, &value, &pointer, purpose, cx, &mut problems);
        change.lists.push(ListChange { name, edits });
    }
    let declared = Declared { rows: &spec.fields, groups: &groups, custom: &spec.custom };
    members(declared, spec.entity.fields, &plain, "", purpose, &mut change.header, cx, &mut problems);
    if problems.is_empty() { Ok(change) } else { Err(problems) }
}

fn edits(
    group: &GroupSpec,
    value: &Value,
    pointer: &str,
    purpose: Purpose<'_>,
    cx: &WriteContext<'_>,
    problems: &mut Vec<FieldProblem>,
) -> Vec<Edit> {
    let (Kind::List(fields), Value::Array(items)) = (group.field.kind, value) else {
        problems.push(FieldProblem { pointer: pointer.to_owned(), message: "must be an array".to_owned() });
        return Vec::new();
    };
    let mut edits = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/{place}");
        let Value::Object(body) = item else {
            problems.push(FieldProblem { pointer, message: "must be an object".to_owned() });
            continue;
        };
        let mut body = body.clone();
        match body.remove("remote_line_id") {
            None | Some(Value::Null) => {
                edits.push(Edit { line: None, body: whole_line(group, &body, &pointer, fields, cx, problems) });
            }
            Some(Value::String(line)) => {
                let mut out = Node::Object(Object::new());
                members(Declared::of_line(group), fields, &body, &pointer, purpose, &mut out, cx, problems);
                edits.push(Edit { line: Some(line), body: out });
            }
            Some(_) => problems.push(FieldProblem {
                pointer: format!("{pointer}/remote_line_id"),
                message: "must be a string".to_owned(),
            }),
        }
    }
    edits
}

/// What a body is for.
#[derive(Clone, Copy)]
enum Purpose<'p> {
    Create,
    Update {
        standing: Standing<'p>,
        /// What locks the whole record.
        entity: Option<&'p Lock>,
    },
}

impl Purpose<'_> {
    fn writes(self, write: crate::spec::Write) -> bool {
        match self {
            Self::Create => write.on_create(),
            Self::Update { .. } => write.on_update(),
        }
    }

    /// Why a field with these locks may not be touched now.
    fn locked(self, own: &Lock) -> Option<String> {
        let Self::Update { standing: Standing { status, remote_status }, entity } = self else { return None };
        let lock = entity.into_iter().chain([own]).find(|lock| lock.holds(status, remote_status))?;
        let state = status.or(remote_status).unwrap_or_default();
        let because = if lock.because.is_empty() { String::new() } else { format!(": {}", lock.because) };
        Some(format!("cannot be changed while the status is `{state}`{because}"))
    }
}

/// What may be written of a record or a line.
#[derive(Clone, Copy)]
struct Declared<'r> {
    rows: &'r [Row],
    groups: &'r [&'r GroupSpec],
    custom: &'r [CustomRow],
}

impl<'r> Declared<'r> {
    fn of_line(group: &'r GroupSpec) -> Self {
        Self { rows: &group.fields, groups: &[], custom: &group.custom }
    }
}

/// The vendor's body of a create. References in `body` are remote ids already (`vendor_remote_id`).
pub fn to_vendor(
    spec: &EntitySpec,
    create: &Create,
    body: &Map<String, Value>,
    cx: &WriteContext<'_>,
) -> Result<Node<'static>, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut out = Node::Object(Object::new());
    for (path, value) in &create.constants {
        path.put(&mut out, constant(value));
    }
    settings(&create.settings, cx, &mut out, &mut problems);
    let groups: Vec<&GroupSpec> = spec.groups.iter().collect();
    let declared = Declared { rows: &spec.fields, groups: &groups, custom: &spec.custom };
    members(declared, spec.entity.fields, body, "", Purpose::Create, &mut out, cx, &mut problems);
    if !create.write_key.is_empty() {
        super::Path::new(&create.write_key).put(&mut out, Node::text(cx.write_key.to_owned()));
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one recursion over body, rows and output; a struct would only rename them"
)]
fn members(
    Declared { rows, groups, custom }: Declared<'_>,
    fields: &'static [trunnion_model::catalog::Field],
    body: &Map<String, Value>,
    pointer: &str,
    purpose: Purpose<'_>,
    out: &mut Node<'static>,
    cx: &WriteContext<'_>,
    problems: &mut Vec<FieldProblem>,
) {
    let mut problem =
        |name: &str, message: String| problems.push(FieldProblem { pointer: format!("{pointer}/{name}"), message });
    let is_known = |name: &str| {
        trunnion_model::catalog::field_of(fields, name).is_some()
            || fields.iter().any(|field| field.siblings().iter().any(|(sibling, _)| sibling == name))
    };
    let writes = |name: &str| {
        rows.iter().any(|row| purpose.writes(row.write) && body_name(row, fields) == name)
            || groups.iter().any(|group| purpose.writes(group.write) && group.field.name == name)
    };
    let creates = |name: &str| {
        rows.iter().any(|row| row.write.on_create() && body_name(row, fields) == name)
            || groups.iter().any(|group| group.write.on_create() && group.field.name == name)
    };
    let updating = matches!(purpose, Purpose::Update { .. });
    for (name, value) in body.iter().filter(|(name, _)| *name != CUSTOM_FIELDS) {
        if (updating || !value.is_null()) && !writes(name) {
            let message = if updating && creates(name) {
                "this system lets it be written only when the record is created"
            } else if is_known(name) {
                "this system does not let it be written"
            } else {
                "no such field"
            };
            problem(name, message.to_owned());
        }
    }
    for row in rows.iter().filter(|row| purpose.writes(row.write)) {
        let name = body_name(row, fields);
        let Some(value) = body.get(&name) else {
            if row.required && !updating {
                problem(&name, "this system requires it".to_owned());
            }
            continue;
        };
        if let Some(message) = purpose.locked(&row.locks) {
            problem(&name, message);
        } else if value.is_null() {
            match (row.required, updating) {
                (true, _) => problem(&name, "this system requires it".to_owned()),
                (false, true) => row.to.put(out, Node::Null),
                (false, false) => {}
            }
        } else {
            match convert(row, &row.conversion, value) {
                Ok(node) => {
                    row.to.put(out, node);
                    for (path, value) in row.with.iter().filter(|_| updating) {
                        path.put(out, constant(value));
                    }
                }
                Err(message) => problem(&name, message),
            }
        }
    }
    for group in groups.iter().filter(|group| purpose.writes(group.write)) {
        let name = group.field.name;
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else {
            if !updating && (group.field.required || group.required) {
                problems.push(FieldProblem {
                    pointer: format!("{pointer}/{name}"),
                    message: "this system requires it".to_owned(),
                });
            }
            continue;
        };
        match purpose.locked(&group.locks) {
            Some(message) => problems.push(FieldProblem { pointer: format!("{pointer}/{name}"), message }),
            None => nested(group, value, &format!("{pointer}/{name}"), purpose, out, cx, problems),
        }
    }
    let pointer = format!("{pointer}/{CUSTOM_FIELDS}");
    match body.get(CUSTOM_FIELDS) {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) => custom_members(custom, given, &pointer, purpose, out, problems),
        Some(_) => problems.push(FieldProblem { pointer, message: "must be an object".to_owned() }),
    }
}

/// The customer's own fields.
fn custom_members(
    custom: &[CustomRow],
    body: &Map<String, Value>,
    pointer: &str,
    purpose: Purpose<'_>,
    out: &mut Node<'static>,
    problems: &mut Vec<FieldProblem>,
) {
    let updating = matches!(purpose, Purpose::Update { .. });
    for (name, value) in body.iter().filter(|(_, value)| updating || !value.is_null()) {
        let written =
            custom.iter().find(|custom| custom.row.name == *name).map(|CustomRow { row, options, .. }| {
                let is_option =
                    options.is_empty() || value.as_str().is_some_and(|value| options.iter().any(|one| one == value));
                if !purpose.writes(row.write) {
                    Err("this system does not let it be written".to_owned())
                } else if let Some(message) = purpose.locked(&row.locks) {
                    Err(message)
                } else if value.is_null() {
                    Ok((row, Node::Null))
                } else if !is_option {
                    Err(format!("must be one of: {}", options.join(", ")))
                } else {
                    convert(row, &row.conversion, value).map(|node| (row, node))
                }
            });
        let message = match written {
            Some(Ok((row, node))) => {
                row.to.put(out, node);
                continue;
            }
            Some(Err(message)) => message,
            None if custom.is_empty() => "no custom fields are known here".to_owned(),
            None => {
                let known: Vec<&str> = custom.iter().map(|custom| custom.row.name.as_str()).collect();
                format!("no such custom field; known: {}", known.join(", "))
            }
        };
        problems.push(FieldProblem { pointer: format!("{pointer}/{name}"), message });
    }
}

fn nested(
    group: &GroupSpec,
    value: &Value,
    pointer: &str,
    purpose: Purpose<'_>,
    out: &mut Node<'static>,
    cx: &WriteContext<'_>,
    problems: &mut Vec<FieldProblem>,
) {
    let mut wrong =
        |message: &str| problems.push(FieldProblem { pointer: pointer.to_owned(), message: message.to_owned() });
    match (group.field.kind, value) {
        (Kind::List(fields), Value::Array(items)) => {
            if items.is_empty() && group.field.required {
                wrong("must have at least one item");
            }
            let mut nodes = Vec::with_capacity(items.len());
            for (place, item) in items.iter().enumerate() {
                let pointer = format!("{pointer}/{place}");
                match item {
                    Value::Object(body) => nodes.push(whole_line(group, body, &pointer, fields, cx, problems)),
                    _ => problems.push(FieldProblem { pointer, message: "must be an object".to_owned() }),
                }
            }
            group.to.put(out, Node::Array(nodes));
        }
        (Kind::Group(fields), Value::Object(body)) => {
            let inner = match purpose {
                Purpose::Create => whole_line(group, body, pointer, fields, cx, problems),
                Purpose::Update { .. } => {
                    let mut inner = Node::Object(Object::new());
                    members(Declared::of_line(group), fields, body, pointer, purpose, &mut inner, cx, problems);
                    inner
                }
            };
            // Other rows may write into the same object: member by member.
            if let Node::Object(inner) = inner {
                for (name, node) in inner.into_members() {
                    group.to.then(&name).put(out, node);
                }
            }
        }
        (Kind::List(_), _) => wrong("must be an array"),
        _ => wrong("must be an object"),
    }
}

/// A new line or group, with its fixed values.
fn whole_line(
    group: &GroupSpec,
    body: &Map<String, Value>,
    pointer: &str,
    fields: &'static [trunnion_model::catalog::Field],
    cx: &WriteContext<'_>,
    problems: &mut Vec<FieldProblem>,
) -> Node<'static> {
    let mut inner = fixed(&group.constants);
    settings(&group.settings, cx, &mut inner, problems);
    members(Declared::of_line(group), fields, body, pointer, Purpose::Create, &mut inner, cx, problems);
    inner
}

/// The member of the body that feeds a row: a reference is written from its resolved remote id.
fn body_name(row: &Row, fields: &'static [trunnion_model::catalog::Field]) -> String {
    match trunnion_model::catalog::field_of(fields, &row.name).map(|field| field.kind) {
        Some(Kind::Reference(_)) => format!("{}_remote_id", row.name.strip_suffix("_id").unwrap_or(&row.name)),
        _ => row.name.clone(),
    }
}

fn convert(row: &Row, conversion: &Conversion, value: &Value) -> Result<Node<'static>, String> {
    let node = conversion.write(value)?;
    let Some(text) = value.as_str() else { return Ok(node) };
    if let Some(longest) = row.max_length.filter(|longest| text.chars().count() > *longest) {
        return Err(format!("must not be longer than {longest} characters"));
    }
    let places = text.split_once('.').map_or("", |(_, places)| places).trim_end_matches('0').len();
    match row.precision {
        Some(most) if places > most as usize => Err(format!("must not have more than {most} decimal places")),
        _ => Ok(node),
    }
}

/// `true`, `false` and numbers are JSON values; anything else is a text. `text:` before a value keeps it a text.
fn constant(value: &str) -> Node<'static> {
    if let Some(text) = value.strip_prefix("text:") {
        return Node::text(text.to_owned());
    }
    match crate::json::parse(value) {
        Ok(Node::Bool(truth)) => Node::Bool(truth),
        Ok(Node::Number(digits)) => Node::number(digits.into_owned()),
        _ => Node::text(value.to_owned()),
    }
}

fn settings(
    pairs: &[(super::Path, String)],
    cx: &WriteContext<'_>,
    out: &mut Node<'static>,
    problems: &mut Vec<FieldProblem>,
) {
    for (path, name) in pairs {
        let (name, optional) = name.strip_suffix('?').map_or((name.as_str(), false), |name| (name, true));
        match (cx.setting)(name) {
            None if optional => {}
            Some(value) => path.put(out, Node::text(value)),
            None => problems.push(FieldProblem {
                pointer: String::new(),
                message: format!(
                    "the connection has no `{name}`, which this system requires here; reconnect and give it"
                ),
            }),
        }
    }
}
