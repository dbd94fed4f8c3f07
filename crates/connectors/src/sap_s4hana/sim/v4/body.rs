//! A JSON body of version 4 as the world's own names and forms have it; checked as the service checks it.

use serde_json::{Map, Value as Json, json};

use super::view::{Kind, View};
use crate::sap_s4hana::sim::errors::Refusal;

/// The body in the names of version 2. `ieee754`: numbers are texts, as the content type said.
pub(super) fn translated(view: &'static View, body: &[u8], ieee754: bool) -> Result<Map<String, Json>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(body)) => object(view, &body, ieee754),
        Ok(_) => Err(Refusal::property("Error while parsing the request body: an object was expected")),
        Err(error) => Err(Refusal::property(format!("Error while parsing the request body: {error}"))),
    }
}

fn object(view: &'static View, body: &Map<String, Json>, ieee754: bool) -> Result<Map<String, Json>, Refusal> {
    let mut out = Map::new();
    for (name, value) in body {
        if name.contains('@') || name == "SAP__Messages" {
            continue;
        }
        if let Some(way) = view.way(name).filter(|way| !way.is_up()) {
            let rows = value.as_array().ok_or_else(|| invalid(name, value))?;
            let row = |row: &Json| {
                let row = row.as_object().ok_or_else(|| invalid(name, row))?;
                object(way.target(), row, ieee754).map(Json::Object)
            };
            out.insert(way.of.name.to_owned(), rows.iter().map(row).collect::<Result<Vec<_>, _>>()?.into());
            continue;
        }
        let field = view
            .field(name)
            .ok_or_else(|| Refusal::property(format!("Property '{name}' is invalid for type {}", view.type_name)))?;
        let own = field.property(view).map(|property| property.name);
        let translated = self::value(field.kind, value, ieee754).ok_or_else(|| invalid(name, value))?;
        if let Some(own) = own {
            out.insert(own.to_owned(), translated);
        }
    }
    Ok(out)
}

/// Only dates may be null.
fn value(kind: Kind, value: &Json, ieee754: bool) -> Option<Json> {
    match (kind, value) {
        (Kind::Date | Kind::Instant { .. }, Json::Null) => Some(Json::Null),
        (Kind::Text { .. }, Json::String(text)) => Some(json!(text)),
        (Kind::Number { .. }, Json::String(text)) if ieee754 => Some(json!(text)),
        (Kind::Number { .. }, Json::Number(number)) if !ieee754 => Some(json!(number.to_string())),
        // Whatever was said of numbers: that is about those with a fixed number of digits.
        (Kind::Double | Kind::Int16, Json::Number(number)) => Some(json!(number.to_string())),
        (Kind::Bool, Json::Bool(flag)) => Some(json!(flag)),
        (Kind::Date, Json::String(day)) => {
            let is_day = day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok();
            is_day.then(|| json!(format!("{day}T00:00:00")))
        }
        (Kind::Instant { .. }, Json::String(at)) => at.ends_with('Z').then(|| json!(at)),
        (Kind::Time, Json::String(time)) => {
            let mut parts = time.split(':');
            let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next().unwrap_or("00"));
            parts.next().is_none().then(|| json!(format!("PT{hours}H{minutes}M{seconds}S")))
        }
        _ => None,
    }
}

fn invalid(name: &str, value: &Json) -> Refusal {
    Refusal::property(format!("Property '{name}' has invalid value {value}"))
}
