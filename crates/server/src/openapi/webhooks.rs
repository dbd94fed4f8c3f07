//! What is sent to webhook endpoints: the document's `webhooks`, one for each type of event.

use serde_json::{Value, json};
use trunnion_model::events::{self, About, EventType};

use super::entities::type_name;

/// All of them, by name.
pub(super) fn describe() -> Value {
    events::all().into_iter().map(|one| (one.name.clone(), json!({"post": operation(&one)}))).collect()
}

fn operation(one: &EventType) -> Value {
    let mut schema = one.schema();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    if let About::Record(entity, _) = one.about {
        // The record is described once.
        schema["properties"]["data"] = json!({"$ref": format!("#/components/schemas/{}", type_name(entity))});
    }
    json!({
        "summary": one.name,
        "description": one.doc,
        "tags": ["Webhooks"],
        "security": [],
        "parameters": [
            header("webhook-id", "The event's id, the same on every try: keep those that you handled, and skip them."),
            header("webhook-timestamp", "When this try was made, in seconds since 1970."),
            header("webhook-signature", "Standard Webhooks: `v1,` and a base64 HMAC-SHA256; several, separated by spaces.")
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "2XX": {"description": "Taken."},
            "410": {"description": "Never send anything again: the endpoint is disabled."},
            "default": {"description": "Tried again later."}
        }
    })
}

fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": true, "description": description, "schema": {"type": "string"}})
}
