//! What an operation is.

use std::time::Duration;

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, OperationId, RecordId};
use uuid::Uuid;

use crate::words::words;

words! {
    /// How far a write got.
    pub enum OperationState {
        /// Written down; nothing was sent.
        Accepted = "accepted",
        /// It may have reached the system.
        Sending = "sending",
        Succeeded = "succeeded",
        Failed = "failed",
        /// It was sent and nobody knows whether it took effect.
        Unknown = "unknown",
    }
}

/// One write to a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub id: OperationId,
    pub connection: ConnectionId,
    /// The entity's name.
    pub entity: String,
    /// `create`, `update`, `delete`, or the name of an action.
    pub action: String,
    pub state: OperationState,
    /// `None` once the key is given free again, and for writes without one.
    pub idempotency_key: Option<String>,
    pub remote_id: Option<String>,
    pub record: Option<RecordId>,
    /// What was asked for, as JSON.
    pub request: String,
    /// How far it got, as JSON, if it takes several steps.
    pub steps: Option<String>,
    /// The HTTP status and body that the caller was or would have been answered.
    pub outcome_status: Option<i64>,
    pub outcome_body: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A write to be.
#[derive(Clone, Debug)]
pub struct NewOperation<'a> {
    pub idempotency_key: Option<&'a str>,
    /// Of the request's body (and whatever else makes it the same request).
    pub body_hash: [u8; 32],
    pub entity: &'static Entity,
    pub action: &'a str,
    /// Of a write to a record that is there.
    pub target: Option<(&'a str, RecordId)>,
    /// JSON.
    pub request: &'a str,
    /// For how long the caller has it to itself; after that it is found by [`crate::Store::claim_unsettled`].
    pub lease_for: Duration,
    /// The caller sends right away, so it is `Sending` from the start: one commit instead of two. Whoever takes it up searches
    /// before it sends, even if nothing was sent.
    pub sends: bool,
    /// For how long the record of `target` is the operation's alone, if it is free.
    pub lock_for: Option<Duration>,
}

/// The right to work on one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationLease {
    pub(crate) connection: ConnectionId,
    pub(crate) operation: OperationId,
    pub(crate) id: Uuid,
}

/// What came of beginning an operation.
#[derive(Clone, Debug)]
pub enum Begun {
    /// It is the caller's to do; `locked` if the record of its target is its alone already.
    New { operation: Operation, lease: OperationLease, locked: bool },
    /// The key was used for the same request before: answer as that one was (or is being) answered.
    Existing(Operation),
    /// The key was used for another request.
    KeyReused,
}

/// How a write ended.
#[derive(Clone, Debug)]
pub struct OperationOutcome {
    pub lease: OperationLease,
    /// `Succeeded`, `Failed` or `Unknown` (the last one keeps it unsettled).
    pub state: OperationState,
    pub remote_id: Option<String>,
    pub record: Option<RecordId>,
    /// The HTTP status to answer.
    pub status: i64,
    pub body: OutcomeBody,
}

/// The body to answer, now and whenever the same key comes again.
#[derive(Clone, Debug)]
pub enum OutcomeBody {
    Json(String),
    /// The record `record` of the commit, as it is stored by it. Only with [`crate::Store::apply`].
    StoredRecord,
}

impl OperationLease {
    pub fn operation(&self) -> OperationId {
        self.operation
    }

    pub fn connection(&self) -> ConnectionId {
        self.connection
    }
}
