//! A request's body applied to a record: names known, values of the right kind, lines merged or appended.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::super::data::{Access, Draft, Field, Kind, Line, Record, Store, Sublist, Value};
use super::super::node::Node;
use super::super::reply::Failure;

/// What the caller decided about the request.
pub(super) struct Rules<'a> {
    /// The sublists that the body replaces instead of merging into.
    pub replace: &'a [String],
    /// Unknown names are refused instead of ignored.
    pub strict_names: bool,
    /// The record is being made: keys of lines mean nothing yet.
    pub new: bool,
}

/// The record as the body would have it, and the names in the body that no field has.
pub(super) fn apply(
    store: &Store,
    record: Record,
    body: &Node,
    rules: &Rules<'_>,
) -> Result<(Draft, Vec<String>), Failure> {
    let Node::Map(members) = body else {
        return Err(Failure::request("Invalid content in the request body. The body must be a JSON object."));
    };
    let kind = record.kind;
    let named_in_lines = vec![Vec::new(); record.lines.len()];
    let mut draft = Draft { record, named: Vec::new(), named_in_lines };
    let mut unknown = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            "id" | "links" | "refName" => {}
            "externalId" => draft.record.external_id = external_id(value)?,
            name if kind.sublist.is_some_and(|sublist| sublist.name == name) => {
                if let Some(sublist) = kind.sublist {
                    apply_lines(store, &mut draft, sublist, value, rules, &mut unknown)?;
                }
            }
            name => {
                let mut target =
                    Target { store, fields: kind.fields, values: &mut draft.record.values, path: String::new() };
                target.set(name, value, &mut draft.named, &mut unknown)?;
            }
        }
    }
    match unknown.first() {
        Some(path) if rules.strict_names => Err(Failure::content(path, unknown_name(path))),
        _ => Ok((draft, unknown)),
    }
}

pub(super) fn unknown_name(path: &str) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    format!("Unknown reference or field '{name}'. Provide a valid field name.")
}

/// One set of fields that members of the body are written to.
struct Target<'a> {
    store: &'a Store,
    fields: &'static [Field],
    values: &'a mut [Value],
    /// What stands before a field's name in error paths: empty, or `item.items[0].`.
    path: String,
}

impl Target<'_> {
    fn set(
        &mut self,
        name: &str,
        value: &Node,
        named: &mut Vec<&'static str>,
        unknown: &mut Vec<String>,
    ) -> Result<(), Failure> {
        if let Some(index) = self.fields.iter().position(|field| field.name == name) {
            let field = &self.fields[index];
            // Values for what only NetSuite computes are ignored, as it does.
            if field.access == Access::Write {
                self.values[index] = convert(self.store, field, value, &format!("{}{name}", self.path))?;
                named.push(field.name);
            }
            return Ok(());
        }
        let prefix = format!("{name}.");
        if !name.contains('.') && self.fields.iter().any(|field| field.name.starts_with(&prefix)) {
            match value {
                Node::Map(members) => {
                    for (inner, value) in members.iter().filter(|(inner, _)| inner != "links") {
                        self.set(&format!("{prefix}{inner}"), value, named, unknown)?;
                    }
                }
                Node::Null => {
                    for (field, slot) in self.fields.iter().zip(self.values.iter_mut()) {
                        if field.name.starts_with(&prefix) {
                            *slot = Value::Null;
                        }
                    }
                }
                _ => return Err(invalid(&format!("{}{name}", self.path))),
            }
            return Ok(());
        }
        unknown.push(format!("{}{name}", self.path));
        Ok(())
    }
}

fn apply_lines(
    store: &Store,
    draft: &mut Draft,
    sublist: &'static Sublist,
    value: &Node,
    rules: &Rules<'_>,
    unknown: &mut Vec<String>,
) -> Result<(), Failure> {
    let items = match value {
        Node::Null => {
            draft.record.lines.clear();
            draft.named_in_lines.clear();
            return Ok(());
        }
        Node::Map(members) => match members.iter().find(|(name, _)| name == "items") {
            Some((_, Node::List(items))) => items,
            _ => return Err(invalid(sublist.name)),
        },
        _ => return Err(invalid(sublist.name)),
    };
    let replace = rules.replace.iter().any(|name| name == sublist.name);
    let mut kept = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path = format!("{}.items[{at}]", sublist.name);
        let Node::Map(members) = item else { return Err(invalid(&path)) };
        let key =
            members.iter().find(|(name, value)| name == sublist.key && *value != Node::Null).map(|(_, value)| value);
        let index = match key.filter(|_| !rules.new) {
            Some(key) => find_line(&draft.record, sublist, key).ok_or_else(|| {
                Failure::content(format!("{path}.{}", sublist.key), "The line does not exist in this sublist.")
            })?,
            None => append(draft, sublist),
        };
        kept.push(index);
        let line = &mut draft.record.lines[index];
        let mut target = Target { store, fields: sublist.fields, values: &mut line.values, path: format!("{path}.") };
        for (name, value) in members.iter().filter(|(name, _)| name != "links" && name != "refName") {
            target.set(name, value, &mut draft.named_in_lines[index], unknown)?;
        }
    }
    if replace {
        let mut index = 0;
        draft.record.lines.retain(|_| (kept.contains(&index), index += 1).0);
        let mut index = 0;
        draft.named_in_lines.retain(|_| (kept.contains(&index), index += 1).0);
    }
    Ok(())
}

fn find_line(record: &Record, sublist: &Sublist, key: &Node) -> Option<usize> {
    let (Node::Number(text) | Node::Text(text)) = key else { return None };
    let key = Value::Number(Decimal::from_str(text).ok()?);
    record.lines.iter().position(|line| *line.get(sublist.key) == key)
}

fn append(draft: &mut Draft, sublist: &'static Sublist) -> usize {
    let mut line = Line::new(sublist.fields);
    line.set(sublist.key, Value::Number(Decimal::from(draft.record.next_line)));
    draft.record.next_line += 1;
    draft.record.lines.push(line);
    draft.named_in_lines.push(Vec::new());
    draft.record.lines.len() - 1
}

fn external_id(value: &Node) -> Result<Option<String>, Failure> {
    match value {
        Node::Null => Ok(None),
        Node::Text(text) if !text.is_empty() && text.len() <= 255 => Ok(Some(text.clone())),
        _ => Err(invalid("externalId")),
    }
}

fn convert(store: &Store, field: &Field, value: &Node, path: &str) -> Result<Value, Failure> {
    let invalid = || invalid(path);
    Ok(match (field.kind, value) {
        (_, Node::Null) => Value::Null,
        (Kind::Text(max), Node::Text(text)) => {
            if text.chars().count() > max {
                let detail = format!(
                    "The field {} contained more than the maximum number ( {max} ) of characters allowed.",
                    field.name
                );
                return Err(Failure::content(path, detail));
            }
            if text.is_empty() { Value::Null } else { Value::text(text.clone()) }
        }
        (Kind::Number | Kind::Integer, Node::Number(text)) => {
            let number = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
            Value::Number(number.map_err(|_| invalid())?)
        }
        (Kind::Flag, Node::Flag(flag)) => Value::Flag(*flag),
        (Kind::Date, Node::Text(text)) if text.len() == 10 => Value::Date(text.parse().map_err(|_| invalid())?),
        (Kind::Time, Node::Text(text)) => Value::Time(text.parse().map_err(|_| invalid())?),
        (Kind::Choice(options), Node::Text(_) | Node::Map(_)) => {
            let id = match value {
                Node::Text(id) => Some(id.as_str()),
                other => other.get("id").and_then(|id| if let Node::Text(id) = id { Some(id.as_str()) } else { None }),
            };
            let id = id.ok_or_else(invalid)?;
            let known = options.iter().find(|(option, _)| *option == id);
            Value::text(known.ok_or_else(|| Failure::value(path, id, field.name))?.0)
        }
        (Kind::Ref(family), Node::Map(_)) => {
            let text = |name: &str| match value.get(name) {
                Some(Node::Text(text) | Node::Number(text)) => Some(text.as_str()),
                _ => None,
            };
            match (text("id"), text("externalId")) {
                (Some(id), _) => Value::Ref(id.parse().map_err(|_| Failure::value(path, id, field.name))?),
                (None, Some(external_id)) => {
                    let id = store.by_external(family, external_id);
                    Value::Ref(id.ok_or_else(|| Failure::value(path, external_id, field.name))?)
                }
                (None, None) => return Err(invalid()),
            }
        }
        (Kind::Refs(_), Node::Map(_)) => {
            let Some(Node::List(items)) = value.get("items") else { return Err(invalid()) };
            let id = |item: &Node| match item.get("id") {
                Some(Node::Text(id) | Node::Number(id)) => id.parse().map_err(|_| Failure::value(path, id, field.name)),
                _ => Err(invalid()),
            };
            Value::Refs(items.iter().map(id).collect::<Result<_, _>>()?)
        }
        _ => return Err(invalid()),
    })
}

fn invalid(path: &str) -> Failure {
    let name = path.rsplit('.').next().unwrap_or(path);
    let detail = format!(
        "Error while accessing a resource. Invalid value for the resource or sub-resource field '{name}'. Provide a valid value."
    );
    Failure::content(path, detail)
}
