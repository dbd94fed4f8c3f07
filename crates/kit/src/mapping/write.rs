//! Unified body to vendor request: the same rows, the other way.
//!
//! Everything that the declaration knows is checked here, before anything is sent, and all problems are told at once.

use serde_json::{Map, Value};
use trunnion_model::catalog::Kind;

use super::convert::Conversion;
use crate::json::{Node, Object};
use crate::spec::{Create, EntitySpec, GroupSpec, Row, Write};

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
    members(&spec.fields, spec.entity.fields, &spec.groups, body, "", &mut out, cx, &mut problems);
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
    rows: &[Row],
    fields: &'static [trunnion_model::catalog::Field],
    groups: &[GroupSpec],
    body: &Map<String, Value>,
    pointer: &str,
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
        rows.iter().any(|row| row.write != Write::Never && body_name(row, fields) == name)
            || groups.iter().any(|group| group.write != Write::Never && group.field.name == name)
    };
    for (name, value) in body {
        if !value.is_null() && !writes(name) {
            problem(
                name,
                if is_known(name) {
                    "this system does not let it be written".to_owned()
                } else {
                    "no such field".to_owned()
                },
            );
        }
    }
    for row in rows.iter().filter(|row| row.write != Write::Never) {
        let name = body_name(row, fields);
        match body.get(&name).filter(|value| !value.is_null()) {
            None if row.required => problem(&name, "this system requires it".to_owned()),
            None => {}
            Some(value) => match convert(row, &row.conversion, value) {
                Ok(node) => row.to.put(out, node),
                Err(message) => problem(&name, message),
            },
        }
    }
    for group in groups.iter().filter(|group| group.write != Write::Never) {
        let name = group.field.name;
        let Some(value) = body.get(name).filter(|value| !value.is_null()) else {
            if group.field.required || group.required {
                problems.push(FieldProblem {
                    pointer: format!("{pointer}/{name}"),
                    message: "this system requires it".to_owned(),
                });
            }
            continue;
        };
        nested(group, value, &format!("{pointer}/{name}"), out, cx, problems);
    }
}

fn nested(
    group: &GroupSpec,
    value: &Value,
    pointer: &str,
    out: &mut Node<'static>,
    cx: &WriteContext<'_>,
    problems: &mut Vec<FieldProblem>,
) {
    let mut wrong =
        |message: &str| problems.push(FieldProblem { pointer: pointer.to_owned(), message: message.to_owned() });
    let one = |body: &Map<String, Value>, pointer: &str, fields, problems: &mut Vec<FieldProblem>| {
        let mut inner = Node::Object(Object::new());
        for (path, value) in &group.constants {
            path.put(&mut inner, constant(value));
        }
        settings(&group.settings, cx, &mut inner, problems);
        members(&group.fields, fields, &[], body, pointer, &mut inner, cx, problems);
        inner
    };
    match (group.field.kind, value) {
        (Kind::List(fields), Value::Array(items)) => {
            if items.is_empty() && group.field.required {
                wrong("must have at least one item");
            }
            let mut nodes = Vec::with_capacity(items.len());
            for (place, item) in items.iter().enumerate() {
                let pointer = format!("{pointer}/{place}");
                match item {
                    Value::Object(body) => nodes.push(one(body, &pointer, fields, problems)),
                    _ => problems.push(FieldProblem { pointer, message: "must be an object".to_owned() }),
                }
            }
            group.to.put(out, Node::Array(nodes));
        }
        (Kind::Group(fields), Value::Object(body)) => {
            // Other rows may write into the same object: member by member.
            if let Node::Object(inner) = one(body, pointer, fields, problems) {
                for (name, node) in inner.into_members() {
                    group.to.then(&name).put(out, node);
                }
            }
        }
        (Kind::List(_), _) => wrong("must be an array"),
        _ => wrong("must be an object"),
    }
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
    match (row.max_length, value.as_str()) {
        (Some(longest), Some(text)) if text.chars().count() > longest => {
            Err(format!("must not be longer than {longest} characters"))
        }
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
