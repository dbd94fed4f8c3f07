//! JSON Schemas of the unified entities.

use serde_json::{Map, Value, json};
use trunnion_kit::custom::{CUSTOM_FIELDS, CustomRow};
use trunnion_model::{catalog, schema};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};

/// The names of all entities.
pub fn list() -> Vec<&'static str> {
    catalog::entities().iter().map(|entity| entity.name).collect()
}

/// The schema of the entity with that name or path.
pub fn get(entity: &str) -> Result<Value> {
    let found = catalog::entity(entity).or_else(|| catalog::entity_at(entity));
    found.map(schema::of).ok_or_else(|| ServiceError::missing("entity"))
}

/// The same as a connection shows it: with the customer's own fields.
pub async fn of_connection(engine: &Engine, scope: &Scope, entity: &str) -> Result<Value> {
    scope.may(Permission::Read)?;
    let mut schema = get(entity)?;
    let live = engine.links().get(engine, scope.row()).await?;
    let found = catalog::entity(entity).or_else(|| catalog::entity_at(entity));
    let Some(spec) = found.and_then(|entity| live.entity(entity.name)) else { return Ok(schema) };
    schema["properties"][CUSTOM_FIELDS]["properties"] = properties(&spec.custom);
    for group in spec.groups.iter().filter(|group| !group.custom.is_empty()) {
        schema["properties"][group.field.name]["items"]["properties"][CUSTOM_FIELDS] = json!({ "type": "object", "description": "The customer's own fields", "properties": properties(&group.custom) });
    }
    Ok(schema)
}

fn properties(custom: &[CustomRow]) -> Value {
    let one = |custom: &CustomRow| {
        let mut said = match custom.kind() {
            "boolean" => json!({ "type": "boolean" }),
            "integer" => json!({ "type": "integer" }),
            "decimal" => json!({ "type": "string", "pattern": schema::DECIMAL }),
            "date" => json!({ "type": "string", "format": "date" }),
            "instant" => json!({ "type": "string", "format": "date-time" }),
            _ => json!({ "type": "string" }),
        };
        if !custom.label.is_empty() {
            said["title"] = custom.label.clone().into();
        }
        if !custom.options.is_empty() {
            said["enum"] = json!(custom.options);
        }
        if let Some(longest) = custom.row.max_length {
            said["maxLength"] = longest.into();
        }
        (custom.row.name.clone(), said)
    };
    Value::Object(custom.iter().map(one).collect::<Map<String, Value>>())
}
