//! The versions of a record, as the document describes them.

use serde_json::{Value, json};
use trunnion_model::catalog::Entity;
use trunnion_model::change::Cause;

use super::entities::{
    cursor_parameter, id_parameter, limit_parameter, list_schema, response, title, type_name, with_article,
};

pub(super) fn operation(entity: &Entity) -> Value {
    json!({
        "operationId": format!("list_{}_history", entity.name),
        "tags": [title(entity)],
        "summary": format!("List the versions of {}", with_article(entity)),
        "description": "The newest first. They reach as far back as events are kept (`events.keep_days`).",
        "parameters": [id_parameter(), limit_parameter(), cursor_parameter()],
        "responses": {"200": response("A page of versions.", &format!("{}History", type_name(entity)), &json!({}))}
    })
}

pub(super) fn schema(name: &str) -> Value {
    let mut schema = list_schema(name);
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("count");
    }
    schema["properties"]["data"]["items"] = json!({
        "type": "object",
        "required": ["version", "type", "timestamp", "cause", "event_id", "sequence", "changes", "data"],
        "properties": {
            "version": {"type": "integer"},
            "type": {"type": "string", "description": "The type of its event."},
            "timestamp": {"type": "string", "description": "Since when the record was so, by Trunnion's clock."},
            "cause": {
                "type": "string",
                "enum": Cause::ALL.map(Cause::as_str),
                "description": "Why it changed. `remap`: our reading of the row changed, not the row."
            },
            "event_id": {"type": "string"},
            "sequence": {"type": "integer", "description": "Of its event in the connection's log."},
            "changes": {
                "type": "object",
                "description": "Of an update: each field that changed, before and after.",
                "additionalProperties": {
                    "type": "object", "required": ["old", "new"],
                    "properties": {"old": {"description": "Before."}, "new": {"description": "After."}}
                }
            },
            "data": {"$ref": format!("#/components/schemas/{name}")}
        }
    });
    schema
}
