//! How operations lie in the database.

use trunnion_model::catalog;
use trunnion_model::ids::{ConnectionId, OperationId, RecordId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use super::{Operation, OperationState};
use crate::Result;
use crate::db::columns;

columns! {
    pub(super) struct OperationRow {
        id: Uuid,
        connection_id: Uuid,
        idempotency_key: Option<String>,
        pub(super) body_hash: Vec<u8>,
        entity: String,
        action: String,
        state: String,
        remote_id: Option<String>,
        record_id: Option<Uuid>,
        request: String,
        steps: Option<String>,
        outcome_status: Option<i64>,
        outcome_body: Option<String>,
        created_at: i64,
        updated_at: i64,
    }
}

/// The columns of [`OperationRow`].
macro_rules! operation_columns {
    () => {
        "id, connection_id, idempotency_key, body_hash, entity, action, state, remote_id, record_id, request, steps,
         outcome_status, outcome_body, created_at, updated_at"
    };
}

/// `select` with the columns of [`OperationRow`], then the rest of the statement.
macro_rules! select_operation {
    ($rest:literal) => {
        concat!("select ", $crate::operations::rows::operation_columns!(), " from operation ", $rest)
    };
}

/// The statement, which gives the columns of [`OperationRow`].
macro_rules! returning_operation {
    ($statement:literal) => {
        concat!($statement, " returning ", $crate::operations::rows::operation_columns!())
    };
}

pub(super) use {operation_columns, returning_operation, select_operation};

impl OperationRow {
    pub(super) fn operation(self) -> Result<Operation> {
        Ok(Operation {
            id: OperationId(self.id),
            connection: ConnectionId(self.connection_id),
            entity: self.entity,
            action: self.action,
            state: OperationState::stored(&self.state)?,
            idempotency_key: self.idempotency_key,
            remote_id: self.remote_id,
            record: self.record_id.map(RecordId),
            request: self.request,
            steps: self.steps,
            outcome_status: self.outcome_status,
            outcome_body: self.outcome_body,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl Operation {
    /// As the API and the events `operation.…` show it.
    pub fn to_json(&self) -> serde_json::Value {
        let record = self.record.zip(catalog::entity(&self.entity)).map(|(id, entity)| id.text(entity));
        let outcome = self.outcome_body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        serde_json::json!({
            "id": self.id.to_string(),
            "connection_id": self.connection.to_string(),
            "entity": self.entity,
            "action": self.action,
            "state": self.state.as_str(),
            "idempotency_key": self.idempotency_key,
            "remote_id": self.remote_id,
            "record_id": record,
            "outcome": self.outcome_status.map(|status| {
                serde_json::json!({ "status": status, "body": outcome.unwrap_or(serde_json::Value::Null) })
            }),
            "created_at": rfc3339_micros(self.created_at),
            "updated_at": rfc3339_micros(self.updated_at),
        })
    }
}
