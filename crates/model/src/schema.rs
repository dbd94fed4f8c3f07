//! JSON Schemas of the unified entities, made from the catalogue.
//!
//! A schema describes what the API answers: the envelope, every field with its documentation, and the members that stand
//! beside references, enums and units. Only what every record has is required. Other members may come with later
//! versions, so they are not forbidden.

use serde_json::{Map, Value, json};

use crate::catalog::{Entity, Field, Kind};

/// A decimal as it is written: no exponent, no needless zeros.
pub const DECIMAL: &str = r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$";

/// The schema (2020-12) of the entity.
pub fn of(entity: &Entity) -> Value {
    let mut properties = envelope(entity);
    properties.extend(members(entity.fields));
    let mut required = vec!["id", "remote_id", "display", "created_at", "modified_at", "deleted_at", "version"];
    required.extend(entity.fields.iter().filter(|field| field.required).map(|field| field.name));
    required.push("custom_fields");
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": entity.name,
        "description": entity.doc,
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

fn envelope(entity: &Entity) -> Map<String, Value> {
    let said = |mut schema: Value, doc: &str| {
        schema["description"] = doc.into();
        schema
    };
    let text = || json!({ "type": "string" });
    let instant = || json!({ "type": "string", "format": "date-time" });
    let maybe_instant = || json!({ "type": ["string", "null"], "format": "date-time" });
    Map::from_iter([
        ("id".to_owned(), said(id(entity.prefix), "Our id: the same for the same source record for ever")),
        ("remote_id".to_owned(), said(text(), "The system's own id")),
        ("display".to_owned(), said(text(), "What people call it")),
        (
            "remote_url".to_owned(),
            said(json!({ "type": "string", "format": "uri" }), "Where to look at it in the system"),
        ),
        ("created_at".to_owned(), said(instant(), "When it first came here")),
        ("modified_at".to_owned(), said(instant(), "When it last changed here")),
        ("remote_created_at".to_owned(), said(maybe_instant(), "When it was created, by the system's account")),
        ("remote_modified_at".to_owned(), said(maybe_instant(), "When it was changed, by the system's account")),
        ("deleted_at".to_owned(), said(maybe_instant(), "When it was found deleted in the system")),
        ("version".to_owned(), said(json!({ "type": "integer", "minimum": 1 }), "Grows by one with each change")),
        ("custom_fields".to_owned(), said(json!({ "type": "object" }), "The customer's own fields")),
        ("raw".to_owned(), said(json!({ "type": "object" }), "The row as the system sent it; only with include=raw")),
    ])
}

/// The fields and what stands beside them.
fn members(fields: &'static [Field]) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = kind(field.kind);
        schema["description"] = field.doc.into();
        if let Kind::Decimal { of: Some(beside) } = field.kind {
            schema["description"] = format!("{} (in `{beside}`)", field.doc).into();
        }
        properties.insert(field.name.to_owned(), schema);
        for (sibling, doc) in field.siblings() {
            properties.insert(sibling, json!({ "type": "string", "description": doc }));
        }
    }
    properties
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::Unit => json!({ "type": "string" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Decimal { .. } => json!({ "type": "string", "pattern": DECIMAL }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
        Kind::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        Kind::Enum(words) => json!({ "type": "string", "enum": words }),
        Kind::Reference(target) => id(crate::catalog::entity(target).map_or("", |target| target.prefix)),
        Kind::Group(fields) => object(fields),
        Kind::List(fields) => json!({ "type": "array", "items": object(fields) }),
    }
}

fn object(fields: &'static [Field]) -> Value {
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({ "type": "object", "properties": members(fields), "required": required })
}

pub(crate) fn id(prefix: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-hjkmnp-tv-z]{{26}}$") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{entities, entity};
    use crate::ids::{ConnectionId, RecordId};
    use crate::time::Clock;

    #[test]
    fn every_entity_has_a_schema_with_all_its_members_documented() {
        for entity in entities() {
            let schema = of(entity);
            for field in entity.fields {
                assert!(schema["properties"][field.name]["description"].is_string(), "{}.{}", entity.name, field.name);
                for (sibling, _) in field.siblings() {
                    assert!(schema["properties"][&sibling].is_object(), "{}.{sibling}", entity.name);
                }
            }
            let required = schema["required"].as_array().unwrap();
            assert!(required.iter().all(|name| schema["properties"][name.as_str().unwrap()].is_object()));
        }
    }

    #[test]
    fn a_purchase_order_is_described_with_its_lines() {
        let schema = of(entity("purchase_order").unwrap());
        let line = &schema["properties"]["lines"]["items"];
        assert_eq!(line["required"], json!(["quantity"]));
        assert_eq!(line["properties"]["quantity"]["pattern"], DECIMAL);
        assert_eq!(line["properties"]["item_sku"]["type"], "string");
        assert_eq!(schema["properties"]["ordered_on"]["format"], "date");
        let statuses = schema["properties"]["status"]["enum"].as_array().unwrap();
        assert!(statuses.contains(&json!("partially_received")) && statuses.contains(&json!("unknown")));
    }

    #[test]
    fn the_pattern_of_ids_names_the_digits_that_ids_have() {
        let vendor = entity("vendor").unwrap();
        let pattern = of(vendor)["properties"]["id"]["pattern"].as_str().unwrap().to_owned();
        assert_eq!(pattern, "^ven_[0-9a-hjkmnp-tv-z]{26}$");
        let allowed = |digit: char| {
            digit.is_ascii_digit() || matches!(digit, 'a'..='h' | 'j' | 'k' | 'm' | 'n' | 'p'..='t' | 'v'..='z')
        };
        let connection = ConnectionId::new(&Clock::system());
        for place in 0..200 {
            let text = RecordId::of(connection, vendor, &place.to_string()).text(vendor);
            assert!(text[4..].chars().all(allowed) && text.len() == 30, "{text}");
        }
    }
}
