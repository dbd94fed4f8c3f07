//! The outcomes of writes, for whoever was not answered.

use serde::Serialize;
use serde_json::Value;
use trunnion_model::ids::OperationId;
use trunnion_store::{Operation, OperationState};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::params::Params;

pub async fn get(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Read)?;
    let unknown = || ServiceError::missing("operation");
    let id = OperationId::parse(id).ok_or_else(unknown)?;
    let operation = engine.store().operation(scope.id(), id).await?.ok_or_else(unknown)?;
    Ok(operation.to_json())
}

#[derive(Clone, Debug, Serialize)]
pub struct OperationPage {
    pub data: Vec<Value>,
    pub next_cursor: Option<String>,
}

/// The connection's operations, the newest first; with `state`, those that are in it.
pub async fn list(engine: &Engine, scope: &Scope, params: &[(String, String)]) -> Result<OperationPage> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor", "state"]);
    let limit = params.limit();
    let after = params.text("cursor").map(OperationId::parse);
    if after == Some(None) {
        params.problem("cursor", "is no cursor of this list");
    }
    let known: Vec<&str> = OperationState::ALL.iter().map(|state| state.as_str()).collect();
    let state = params.one_of("state", &known).and_then(OperationState::parse);
    params.finish()?;
    let found = engine.store().operations(scope.id(), state, after.flatten(), limit).await?;
    let next_cursor = (found.len() == limit).then(|| found.last().map(|last| last.id.to_string())).flatten();
    Ok(OperationPage { data: found.iter().map(Operation::to_json).collect(), next_cursor })
}
