//! Events that could have happened, made from the forms.

use serde_json::{Map, Value, json};

use super::shape::{Kind, Member, members};
use super::types::{About, EventType};
use crate::catalog::{Entity, Field, Kind as FieldKind};
use crate::change::Change;

const AT: &str = "2026-01-31T10:00:00.000000Z";
const DIGITS: &str = "01k8n3v5j2x4w6y8z0a1b2c3d4";

/// A whole event.
pub(super) fn event(one: &EventType) -> Value {
    let mut event = Map::from_iter([
        ("id".to_owned(), id("evt")),
        ("type".to_owned(), json!(one.name)),
        ("timestamp".to_owned(), json!(AT)),
    ]);
    if !matches!(one.about, About::Test) {
        event.insert("sequence".to_owned(), json!(17));
        if !one.about.is_of_application() {
            event.insert("connection_id".to_owned(), id("con"));
        }
    }
    let data = match one.about {
        About::Record(entity, change) => record(entity, change),
        about => fitting(&one.name, object(&members(about))),
    };
    event.insert("data".to_owned(), data);
    if let About::Record(entity, Change::Updated) = one.about {
        event.insert("previous".to_owned(), json!({ entity.display: "as it was before" }));
    }
    Value::Object(event)
}

/// States, errors and outcomes as the type says.
fn fitting(name: &str, mut data: Value) -> Value {
    match name {
        "connection.created" => data["status"] = json!("syncing"),
        "connection.disconnected" => data["status"] = json!("disconnected"),
        "connection.reauthorization_required" => {
            data["status"] = json!("reauthorization_required");
            data["status_reason"] = json!({ "code": "AUTHENTICATION_FAILED", "message": "The password has expired." });
        }
        "sync.failed" => {
            data["state"] = json!("failed");
            data["error"] = json!({ "code": "SYSTEM_UNREACHABLE", "message": "The system did not answer." });
        }
        "schema.drift_detected" => (data["value"], data["acknowledged_at"]) = (Value::Null, Value::Null),
        "operation.failed" => {
            data["state"] = json!("failed");
            data["outcome"] = json!({ "status": 502, "body": { "code": "SYSTEM_REJECTED" } });
        }
        "operation.unknown" => {
            data["state"] = json!("unknown");
            data["outcome"] = json!({ "status": 502, "body": { "code": "OUTCOME_UNKNOWN" } });
        }
        _ => {}
    }
    data
}

fn object(members: &[Member]) -> Value {
    members.iter().map(|(name, kind, _)| ((*name).to_owned(), member(*kind))).collect()
}

fn member(kind: Kind) -> Value {
    match kind {
        Kind::Id(prefix) => id(prefix),
        Kind::Text(text) | Kind::MaybeText(text) => json!(text),
        Kind::Instant | Kind::MaybeInstant => json!(AT),
        Kind::Count(count) => json!(count),
        Kind::MaybeCount | Kind::MaybeFree | Kind::MaybeObject(_) => Value::Null,
        Kind::Free => json!({ "plan": "gold" }),
        Kind::Words(word) => json!([word]),
        Kind::Object(members) => object(members),
    }
}

fn record(entity: &Entity, change: Change) -> Value {
    let mut record = fields(entity.fields);
    let deleted_at = if matches!(change, Change::Deleted) { json!(AT) } else { Value::Null };
    let envelope = json!({
        "id": id(entity.prefix), "remote_id": "4711", "display": "4711", "created_at": AT, "modified_at": AT,
        "remote_created_at": AT, "remote_modified_at": AT, "deleted_at": deleted_at,
        "version": if matches!(change, Change::Created) { 1 } else { 2 }, "custom_fields": {}
    });
    if let Value::Object(envelope) = envelope {
        record.extend(envelope);
    }
    Value::Object(record)
}

fn fields(fields: &[Field]) -> Map<String, Value> {
    let mut values = Map::new();
    for field in fields {
        values.insert(field.name.to_owned(), value(field));
        values.extend(field.siblings().into_iter().map(|(name, _)| (name, json!("4711"))));
    }
    values
}

fn value(field: &Field) -> Value {
    match field.kind {
        FieldKind::Text => json!(format!("Example {}", field.name.replace('_', " "))),
        FieldKind::Bool => json!(true),
        FieldKind::Integer => json!(1),
        FieldKind::Decimal { .. } => json!("12.5"),
        FieldKind::Date => json!("2026-01-31"),
        FieldKind::Instant => json!(AT),
        FieldKind::Currency => json!("EUR"),
        FieldKind::Unit => json!("EA"),
        FieldKind::Enum(words) => json!(words.first()),
        FieldKind::Reference(target) => id(crate::catalog::entity(target).map_or("id", |target| target.prefix)),
        FieldKind::Group(group) => Value::Object(fields(group)),
        FieldKind::List(group) => json!([fields(group)]),
    }
}

fn id(prefix: &str) -> Value {
    json!(format!("{prefix}_{DIGITS}"))
}
