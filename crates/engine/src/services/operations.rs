//! The outcome of a write, for whoever was not answered.

use serde_json::Value;
use trunnion_model::ids::OperationId;

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};

pub async fn get(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Read)?;
    let unknown = || ServiceError::missing("operation");
    let id = OperationId::parse(id).ok_or_else(unknown)?;
    let operation = engine.store().operation(scope.id(), id).await?.ok_or_else(unknown)?;
    Ok(operation.to_json())
}
