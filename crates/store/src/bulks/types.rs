//! What a bulk and its items are.

use trunnion_model::ids::{BulkId, ConnectionId, OperationId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

/// An item to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBulkItem {
    pub idempotency_key: String,
    /// The body of the write, as JSON.
    pub request: String,
}

/// How far a bulk is: its items by the state of their writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    pub id: BulkId,
    pub entity: String,
    pub total: i64,
    pub created_at: i64,
    /// Nothing was begun for them yet.
    pub waiting: i64,
    /// Accepted or being sent.
    pub running: i64,
    pub succeeded: i64,
    /// Refused, by us or by the system.
    pub failed: i64,
    pub unknown: i64,
}

/// One item, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkItem {
    pub place: i64,
    pub idempotency_key: String,
    /// `waiting`, or the state of its operation; `failed` without an operation if it was refused before one was begun.
    pub state: String,
    pub operation: Option<OperationId>,
    pub remote_id: Option<String>,
    pub outcome_status: Option<i64>,
    pub outcome_body: Option<String>,
}

/// An item that nobody began yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    pub place: i64,
    pub idempotency_key: String,
    pub request: String,
}

/// What is written down of an item that is not open any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkOutcome {
    /// The operation tells the rest.
    Begun(OperationId),
    /// The HTTP status and body of the refusal; nothing was begun.
    Refused(i64, String),
}

/// The right to work on a bulk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkLease {
    pub bulk: BulkId,
    pub connection: ConnectionId,
    pub entity: String,
    pub created_at: i64,
    pub(crate) id: Uuid,
}

impl Bulk {
    /// Whether every item has its outcome, as far as it can be known.
    pub fn is_done(&self) -> bool {
        self.waiting + self.running == 0
    }

    /// As the API shows it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id.to_string(),
            "entity": self.entity,
            "state": if self.is_done() { "done" } else { "running" },
            "total": self.total,
            "waiting": self.waiting,
            "running": self.running,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "unknown": self.unknown,
            "created_at": rfc3339_micros(self.created_at),
        })
    }
}

impl BulkItem {
    /// As the API shows it.
    pub fn to_json(&self) -> serde_json::Value {
        let body = self.outcome_body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        serde_json::json!({
            "index": self.place,
            "idempotency_key": self.idempotency_key,
            "state": self.state,
            "operation_id": self.operation.map(|id| id.to_string()),
            "remote_id": self.remote_id,
            "outcome": self.outcome_status.map(|status| {
                serde_json::json!({ "status": status, "body": body.unwrap_or(serde_json::Value::Null) })
            }),
        })
    }
}
