//! Reads a JSON body into rows: unknown properties, wrong types and fields that are too long are refused; what is read
//! goes through the conversion exits (upper case, leading zeros). Read-only properties are ignored, as the service does.

use serde_json::{Map, Value as Json};

use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::filter::normal;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::{Entity, Kind, Property, Reach};
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::{Number, Value};

/// Rows below rows deeper than this are refused.
const MAX_DEPTH: usize = 6;

/// The object in a body.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::property("Error while parsing the request body: an object was expected")),
        Err(error) => Err(Refusal::property(format!("Error while parsing the request body: {error}"))),
    }
}

/// A new row with everything below it.
pub(super) fn row(entity: &'static Entity, object: &Map<String, Json>) -> Result<Node, Refusal> {
    read(entity, object, 0)
}

fn read(entity: &'static Entity, object: &Map<String, Json>, depth: usize) -> Result<Node, Refusal> {
    if depth > MAX_DEPTH {
        return Err(Refusal::property("The request body is nested too deeply"));
    }
    let mut node = Node::new(entity);
    for (name, json) in object {
        let nav = entity.nav(name);
        match nav.map(|nav| (nav.many, nav.reach)) {
            None => {
                if let Some((column, value)) = property_value(entity, name, json)? {
                    node.values[column] = value;
                }
            }
            Some((many, Reach::Down(slot))) => {
                let target = nav.map_or(entity, |nav| entity.target(nav));
                for child in rows_below(json, many).ok_or_else(|| invalid(name, json))? {
                    let child = child.as_object().ok_or_else(|| invalid(name, child))?;
                    node.children[slot].push(read(target, child, depth + 1)?);
                }
            }
            Some((_, Reach::Up)) => return Err(Refusal::property(format!("Property {name} cannot be set"))),
        }
    }
    Ok(node)
}

/// The columns that a body changes; navigations are refused, because an update is never deep.
pub(super) fn changes(entity: &'static Entity, object: &Map<String, Json>) -> Result<Vec<(usize, Value)>, Refusal> {
    let mut changes = Vec::new();
    for (name, json) in object {
        if entity.nav(name).is_some() {
            let text = format!("Inline component {name} is not allowed in an update");
            return Err(Refusal::property(text));
        }
        changes.extend(property_value(entity, name, json)?);
    }
    Ok(changes)
}

fn rows_below(json: &Json, many: bool) -> Option<Vec<&Json>> {
    match json {
        Json::Null => Some(Vec::new()),
        Json::Array(rows) if many => Some(rows.iter().collect()),
        Json::Object(wrapper) if many => match wrapper.get("results") {
            Some(Json::Array(rows)) => Some(rows.iter().collect()),
            // What was read as a link and is sent back unchanged says nothing.
            _ => wrapper.contains_key("__deferred").then(Vec::new),
        },
        Json::Object(wrapper) if wrapper.contains_key("__deferred") => Some(Vec::new()),
        Json::Object(_) => Some(vec![json]),
        _ => None,
    }
}

fn property_value(entity: &'static Entity, name: &str, json: &Json) -> Result<Option<(usize, Value)>, Refusal> {
    if name == "__metadata" {
        return Ok(None);
    }
    let Some(column) = entity.column(name) else {
        return Err(Refusal::property(format!("Property {name} is invalid for type {}", entity.type_name())));
    };
    let property = &entity.properties[column];
    let value = value(property, json).ok_or_else(|| invalid(name, json))?;
    Ok((!property.readonly).then_some((column, value)))
}

fn invalid(name: &str, json: &Json) -> Refusal {
    Refusal::property(format!("Property {name} has invalid value {json}"))
}

/// A JSON value as the database keeps it; the initial value is kept as such.
fn value(property: &Property, json: &Json) -> Option<Value> {
    let text = match json {
        Json::Null if property.key => return None,
        Json::Null => return Some(Value::Initial),
        Json::Bool(flag) if property.kind == Kind::Bool => {
            return Some(if *flag { Value::Bool(true) } else { Value::Initial });
        }
        Json::String(text) => text.as_str(),
        _ => return None,
    };
    match property.kind {
        Kind::Text { max } => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            if max.is_some_and(|max| text.chars().count() > max) || (property.numc && !digits) {
                return None;
            }
            let value = normal(Value::text(text.to_owned()), property);
            Some(if value.as_text() == property.initial_text() { Value::Initial } else { value })
        }
        Kind::Number { precision, scale } => {
            let number = Number::parse(text)?.rescale(scale)?;
            let limit = 10_i64.checked_pow(u32::from(precision))?;
            (number.units.abs() < limit).then_some(if number.units == 0 {
                Value::Initial
            } else {
                Value::Number(number)
            })
        }
        Kind::Date => {
            stamp::parse_json(text).or_else(|| stamp::parse_local(text)).map(|at| Value::Ticks(stamp::day_of(at)))
        }
        Kind::Instant { precision } => {
            let at = stamp::parse_json(text).or_else(|| stamp::parse_zoned(text))?;
            Some(Value::Ticks(if precision == 0 { stamp::second_of(at) } else { at }))
        }
        Kind::Time => stamp::parse_time(text).map(Value::Time),
        Kind::Guid => (text.len() == 36).then(|| Value::text(text.to_lowercase())),
        Kind::Bool => None,
    }
}
