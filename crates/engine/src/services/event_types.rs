//! The types of events, for whoever receives them.

use serde_json::{Value, json};
use trunnion_model::events;

/// Each with its name, what it means, its JSON Schema and an example.
pub fn list() -> Vec<Value> {
    let shown = |one: events::EventType| json!({"name": one.name, "description": one.doc, "schema": one.schema(), "example": one.example()});
    events::all().into_iter().map(shown).collect()
}
