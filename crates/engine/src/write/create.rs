//! A create, from the caller's body to the caller's answer.

use serde_json::Value;
use trunnion_kit::http::Lane;
use trunnion_model::catalog::Entity;
use trunnion_store::{Begun, Connection, ConnectionStatus, NewOperation};

use super::answer::{await_outcome, outcome, read};
use super::perform::{Job, perform};
use super::{body, key, resolve};
use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::services::writes::Written;

/// Longer keys are refused.
const LONGEST_KEY: usize = 255;

/// Checks, begins and performs; or answers as an earlier call with the same key was answered.
pub(crate) async fn create(
    engine: &Engine,
    row: &Connection,
    entity: &'static Entity,
    idempotency_key: Option<&str>,
    body: Value,
) -> Result<Written> {
    let idempotency_key =
        idempotency_key.filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY).ok_or_else(|| {
            let message = format!("is required: a text of 1 to {LONGEST_KEY} characters, new for each write");
            ServiceError::invalid("/Idempotency-Key", message)
        })?;
    let body_hash = key::body_hash(entity.name, "create", &body);
    match engine.store().begun_before(row.id, idempotency_key, &body_hash).await? {
        Some(Begun::Existing(operation)) => return await_outcome(engine, operation).await,
        Some(Begun::KeyReused) => return Err(ServiceError::IdempotencyConflict),
        Some(Begun::New(..)) | None => {}
    }
    may_write(row)?;
    let live = engine.links().get(engine, row).await?.in_lane(Lane::Write);
    let unsupported = || ServiceError::UnsupportedOperation {
        message: format!("{} records cannot be created in this system.", entity.name),
    };
    let spec = live.entity(entity.name).ok_or_else(unsupported)?;
    let create = spec.create.as_ref().ok_or_else(unsupported)?;
    let Value::Object(members) = &body else {
        return Err(ServiceError::invalid("", "must be an object"));
    };
    let offered = |name: &str| live.entity(name).is_some();
    let resolved = resolve::resolve(engine.store(), row.id, spec, members, &offered).await?;
    let errors = body::problems(&live, spec, create, &resolved);
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let request = Value::Object(resolved.body).to_string();
    let new = NewOperation {
        idempotency_key: Some(idempotency_key),
        body_hash,
        entity,
        action: "create",
        request: &request,
        lease_for: engine.options().write.lease,
    };
    let (operation, lease) = match engine.store().begin_operation(row.id, &new).await? {
        Begun::KeyReused => return Err(ServiceError::IdempotencyConflict),
        Begun::Existing(operation) => return await_outcome(engine, operation).await,
        Begun::New(operation, lease) => (operation, lease),
    };
    let job = Job { live, operation: operation.clone(), lease };
    let worker = engine.clone();
    // On a task of its own: a caller that hangs up must not stop a write half way.
    let done = tokio::spawn(async move { perform(&worker, job).await }).await;
    if let Err(error) = done {
        return Err(ServiceError::internal(&format!("operation {}: {error}", operation.id)));
    }
    let operation = read(engine, &operation).await?;
    match outcome(&operation) {
        Some(result) => Ok(Written { operation: operation.id, replayed: false, result }),
        // Another node has it now.
        None => await_outcome(engine, operation).await.map(|written| Written { replayed: false, ..written }),
    }
}

fn may_write(row: &Connection) -> Result<()> {
    match row.status {
        ConnectionStatus::ReauthorizationRequired => Err(ServiceError::ReauthorizationRequired {
            message: "The connection waits for new credentials; nothing was sent.".to_owned(),
        }),
        ConnectionStatus::Disconnected | ConnectionStatus::Paused => {
            Err(ServiceError::Conflict { message: format!("The connection is {}.", row.status.as_str()) })
        }
        _ => Ok(()),
    }
}
