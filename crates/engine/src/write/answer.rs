//! What a caller is answered, from the operation as it is stored; and waiting for somebody else's call with the same key.

use std::time::Duration;

use serde::Deserialize;
use trunnion_model::ids::OperationId;
use trunnion_store::{Operation, OperationState};

use crate::Engine;
use crate::error::{Result, ServiceError, from_stored};
use crate::services::writes::{Stored, Written};

/// How an operation ended, or `None` as long as it has not.
pub(super) fn outcome(operation: &Operation) -> Option<Result<Stored>> {
    match operation.state {
        OperationState::Accepted | OperationState::Sending => None,
        OperationState::Succeeded => Some(stored(operation)),
        OperationState::Failed | OperationState::Unknown => {
            Some(Err(from_stored(operation.outcome_body.as_deref().unwrap_or_default(), operation.id)))
        }
    }
}

/// Waits for the outcome of an operation that another call, or another node, is working on.
pub(super) async fn await_outcome(engine: &Engine, mut operation: Operation) -> Result<Written> {
    let until = tokio::time::Instant::now() + engine.options().write.wait;
    let mut news = engine.store().watch_events();
    loop {
        news.mark_unchanged();
        let id = operation.id;
        if let Some(result) = outcome(&operation) {
            return Ok(Written { operation: id, replayed: true, result });
        }
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            let message = format!("The first request with this Idempotency-Key is still running (operation {id}).");
            return Err(ServiceError::Conflict { message });
        }
        // Other nodes' events are only seen by looking.
        let _changed_or_not = tokio::time::timeout(left.min(Duration::from_secs(1)), news.changed()).await;
        operation = read(engine, &operation).await?;
    }
}

/// The operation as it is now.
pub(super) async fn read(engine: &Engine, operation: &Operation) -> Result<Operation> {
    let found = engine.store().operation(operation.connection, operation.id).await?;
    found.ok_or_else(|| ServiceError::missing("operation"))
}

#[derive(Deserialize)]
struct Head {
    id: String,
    version: i64,
}

fn stored(operation: &Operation) -> Result<Stored> {
    let json = operation.outcome_body.clone().unwrap_or_default();
    let head: Head = serde_json::from_str(&json).map_err(|_| unreadable(operation.id))?;
    let status = operation.outcome_status.and_then(|status| u16::try_from(status).ok()).unwrap_or(201);
    Ok(Stored { status, json, version: head.version, id: head.id })
}

fn unreadable(id: OperationId) -> ServiceError {
    ServiceError::internal(&format!("the stored outcome of {id} cannot be read"))
}
