//! JSON Schemas of the unified entities.

use serde_json::Value;
use trunnion_model::{catalog, schema};

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
