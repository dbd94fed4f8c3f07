//! Whether a mapped record is what the model says: known members of the right form, in order, none missing.

use serde_json::{Map, Value};
use trunnion_model::catalog::{Field, Kind, field_of};
use trunnion_model::{decimal, time};

use crate::json::{Node, parse};
use crate::spec::{EntitySpec, Strategy};

use super::subject::Mapped;

/// All that is wrong with a record.
pub(super) fn problems(spec: &EntitySpec, record: &Mapped, is_offered: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let incoming = &record.incoming;
    match parse(&incoming.data) {
        Ok(tree) if !is_sorted(&tree) => found.push("the members are not sorted by name".to_owned()),
        Ok(tree) if tree.to_json() != incoming.data => found.push("the text is not compact".to_owned()),
        Ok(_) => {}
        Err(error) => found.push(format!("the record is {error}")),
    }
    if spec.sync.strategy == Strategy::Watermark && incoming.remote_modified_at.is_none() {
        found.push("no time of the last change".to_owned());
    }
    if incoming.display.is_empty() || incoming.remote_id.is_empty() || incoming.raw.is_empty() {
        found.push("no display name, remote id or raw form".to_owned());
    }
    members(spec.entity.fields, &record.data, "", is_offered, &mut found);
    found
}

/// The fields of a group or a list.
pub(super) fn inner_fields(field: &Field) -> &'static [Field] {
    match field.kind {
        Kind::Group(fields) | Kind::List(fields) => fields,
        _ => &[],
    }
}

fn members(
    fields: &'static [Field],
    data: &Map<String, Value>,
    at: &str,
    is_offered: &dyn Fn(&str) -> bool,
    found: &mut Vec<String>,
) {
    for field in fields.iter().filter(|field| field.required) {
        let stem = field.name.strip_suffix("_id").unwrap_or(field.name);
        let wanted = match field.kind {
            Kind::Reference(target) if !is_offered(target) => format!("{stem}_remote_id"),
            _ => field.name.to_owned(),
        };
        if !data.contains_key(&wanted) {
            found.push(format!("{at}{wanted} is missing"));
        }
    }
    for (name, value) in data {
        let Some(field) = field_of(fields, name) else {
            let sibling = fields.iter().any(|field| field.siblings().iter().any(|(known, _)| known == name));
            let custom = at.is_empty() && name == "custom_fields" && value.is_object();
            if !(custom || sibling && value.is_string()) {
                found.push(format!("{at}{name} is no member of the model, or of the wrong form: {value}"));
            }
            continue;
        };
        match (field.kind, value) {
            (Kind::Group(inner), Value::Object(data)) => {
                members(inner, data, &format!("{at}{name}/"), is_offered, found);
            }
            (Kind::List(inner), Value::Array(items)) => {
                for (place, item) in items.iter().enumerate() {
                    let here = format!("{at}{name}/{place}");
                    match item.as_object() {
                        Some(data) => members(inner, data, &format!("{here}/"), is_offered, found),
                        None => found.push(format!("{here} is no object")),
                    }
                }
            }
            (kind, value) if !is_a(kind, value) => found.push(format!("{at}{name}: {value} has the wrong form")),
            _ => {}
        }
    }
}

fn is_a(kind: Kind, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        Kind::Bool => value.is_boolean(),
        Kind::Integer => value.is_i64(),
        Kind::Text | Kind::Unit | Kind::Reference(_) => text.is_some_and(|text| !text.is_empty()),
        Kind::Decimal { .. } => text.is_some_and(|text| decimal::canonical(text).as_deref() == Some(text)),
        Kind::Date => {
            text.is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok_and(|date| date.to_string() == text))
        }
        Kind::Instant => text.is_some_and(|text| time::parse_instant(text).map(time::rfc3339).as_deref() == Some(text)),
        Kind::Currency => {
            text.is_some_and(|text| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
        }
        Kind::Enum(words) => text.is_some_and(|text| words.contains(&text)),
        Kind::Group(_) | Kind::List(_) => false,
    }
}

fn is_sorted(node: &Node<'_>) -> bool {
    match node {
        Node::Array(items) => items.iter().all(is_sorted),
        Node::Object(object) => {
            let members = object.members();
            members.windows(2).all(|pair| pair[0].0 < pair[1].0) && members.iter().all(|(_, node)| is_sorted(node))
        }
        _ => true,
    }
}
