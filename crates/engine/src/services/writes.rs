//! Writing to the system through the unified model. Creating is supported; changing and deleting are not yet.

use serde_json::Value;
use trunnion_model::ids::OperationId;

use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::params::Params;
use crate::services::records::entity;
use crate::{Engine, write};

/// How a write was answered.
#[derive(Clone, Debug)]
pub struct Written {
    pub operation: OperationId,
    /// This answer was given before, to an earlier call with the same key.
    pub replayed: bool,
    pub result: Result<Stored>,
}

/// The record, read back from the system after the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub status: u16,
    pub json: String,
    pub version: i64,
    pub id: String,
}

/// Creates a record in the system. An error of this function: nothing was begun, and the key is still free.
pub async fn create(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    idempotency_key: Option<&str>,
    body: Value,
    params: &[(String, String)],
) -> Result<Written> {
    scope.may(Permission::Write)?;
    let entity = entity(entity_path)?;
    let mut params = Params::new(params, &["dry_run"]);
    let dry_run = params.flag("dry_run");
    params.finish()?;
    if dry_run {
        let message = "dry_run is not supported yet.".to_owned();
        return Err(ServiceError::UnsupportedOperation { message });
    }
    write::create(engine, scope.row(), entity, idempotency_key, body).await
}

/// Why a record cannot be changed.
pub fn update(_engine: &Engine, _scope: &Scope, entity_path: &str, _id: &str) -> ServiceError {
    unsupported(entity_path, "changed")
}

/// Why a record cannot be deleted.
pub fn delete(_engine: &Engine, _scope: &Scope, entity_path: &str, _id: &str) -> ServiceError {
    unsupported(entity_path, "deleted")
}

fn unsupported(entity_path: &str, verb: &str) -> ServiceError {
    match entity(entity_path) {
        Ok(entity) => ServiceError::UnsupportedOperation {
            message: format!("A {} cannot be {verb} through this API yet.", entity.name.replace('_', " ")),
        },
        Err(error) => error,
    }
}
