//! From an operation that was written down to the caller's answer: performed on a task of its own, waited for or not.

use serde_json::Value;
use trunnion_store::{Begun, Connection, ConnectionStatus};

use super::answer::{await_outcome, outcome, read};
use super::perform::{Job, perform};
use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::links::Live;
use crate::services::writes::Written;

/// How the caller wants a write to be done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) key: Option<&'a str>,
    /// Nothing is sent; the answer is what would be.
    pub(crate) dry_run: bool,
    /// The answer is the operation, before it is done.
    pub(crate) respond_async: bool,
    /// Nobody waits at the other end: see [`Job::patient`].
    pub(crate) patient: bool,
}

/// What a write is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Done(Written),
    /// The operation as it is now; it goes on by itself.
    Accepted(Value),
    /// What a dry run found.
    Planned(Value),
}

/// The answer of an earlier call with the same key, if there was one.
pub(super) async fn earlier(
    engine: &Engine,
    row: &Connection,
    ask: &Ask<'_>,
    body_hash: &[u8; 32],
) -> Result<Option<Answer>> {
    let Some(key) = ask.key.filter(|_| !ask.dry_run) else { return Ok(None) };
    match engine.store().begun_before(row.id, key, body_hash).await? {
        Some(Begun::Existing(operation)) if ask.respond_async => Ok(Some(Answer::Accepted(operation.to_json()))),
        Some(Begun::Existing(operation)) => await_outcome(engine, operation).await.map(|done| Some(Answer::Done(done))),
        Some(Begun::KeyReused) => Err(ServiceError::IdempotencyConflict),
        Some(Begun::New { .. }) | None => Ok(None),
    }
}

/// Performs what was begun.
pub(super) async fn begin(engine: &Engine, live: Live, begun: Begun, ask: &Ask<'_>) -> Result<Answer> {
    let (operation, lease, locked) = match begun {
        Begun::KeyReused => return Err(ServiceError::IdempotencyConflict),
        Begun::Existing(operation) if ask.respond_async => return Ok(Answer::Accepted(operation.to_json())),
        Begun::Existing(operation) => return await_outcome(engine, operation).await.map(Answer::Done),
        Begun::New { operation, lease, locked } => (operation, lease, locked),
    };
    let patient = ask.patient || ask.respond_async;
    let job = Job { live, operation: operation.clone(), lease, patient, fresh: true, locked };
    let worker = engine.clone();
    // On a task of its own: a caller that hangs up must not stop a write half way.
    let task = tokio::spawn(async move { Box::pin(perform(&worker, job)).await });
    if ask.respond_async {
        return Ok(Answer::Accepted(operation.to_json()));
    }
    let settled =
        task.await.map_err(|error| ServiceError::internal(&format!("operation {}: {error}", operation.id)))?;
    let operation = match settled {
        Some(settled) => settled,
        None => read(engine, &operation).await?,
    };
    let done = match outcome(&operation) {
        Some(result) => Written { operation: operation.id, replayed: false, result },
        // Another node has it now.
        None => Written { replayed: false, ..await_outcome(engine, operation).await? },
    };
    Ok(Answer::Done(done))
}

pub(crate) fn may_write(row: &Connection) -> Result<()> {
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
