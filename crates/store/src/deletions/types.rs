//! What a held deletion is.

use trunnion_model::ids::{ConnectionId, HeldDeletionId, RunId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use crate::Result;
use crate::db::columns;
use crate::words::words;

words! {
    /// Why a listing was not believed.
    pub enum HeldReason {
        /// More is gone than the guard lets through.
        Threshold = "threshold",
        /// Records that the listing did not show are there when they are asked for one by one.
        Inconsistent = "inconsistent",
        /// The listing showed nothing at all.
        Empty = "empty",
    }
}

words! {
    /// What became of a held deletion.
    pub enum HeldState {
        Held = "held",
        /// The records were deleted.
        Accepted = "accepted",
        /// The records stay; the same listing is not asked about again.
        Refused = "refused",
        /// A later listing showed the records again.
        Withdrawn = "withdrawn",
    }
}

/// What a listing says is gone, and is not deleted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldDeletion {
    pub id: HeldDeletionId,
    pub connection: ConnectionId,
    /// The entity's name.
    pub entity: String,
    /// The run that noticed it, or noticed it again.
    pub run: Option<RunId>,
    pub(crate) generation: i64,
    pub reason: HeldReason,
    /// How many records the newest listing did not show.
    pub gone: i64,
    /// Of how many.
    pub total: i64,
    pub state: HeldState,
    pub created_at: i64,
    pub modified_at: i64,
}

columns! {
    pub(super) struct HeldRow {
        id: Uuid,
        connection_id: Uuid,
        entity: String,
        run_id: Option<Uuid>,
        generation: i64,
        reason: String,
        gone: i64,
        total: i64,
        state: String,
        created_at: i64,
        modified_at: i64,
    }
}

/// `select` with the columns of [`HeldRow`], then the rest of the statement.
macro_rules! select_held {
    ($rest:literal) => {
        concat!(
            "select id, connection_id, entity, run_id, generation, reason, gone, total, state, created_at, modified_at
             from held_deletion ",
            $rest
        )
    };
}

pub(super) use select_held;

impl HeldRow {
    pub(super) fn held(self) -> Result<HeldDeletion> {
        Ok(HeldDeletion {
            id: HeldDeletionId(self.id),
            connection: ConnectionId(self.connection_id),
            entity: self.entity,
            run: self.run_id.map(RunId),
            generation: self.generation,
            reason: HeldReason::stored(&self.reason)?,
            gone: self.gone,
            total: self.total,
            state: HeldState::stored(&self.state)?,
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }
}

impl HeldDeletion {
    /// As the API and the event `deletion.held` show it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id.to_string(),
            "connection_id": self.connection.to_string(),
            "entity": self.entity,
            "run_id": self.run.map(|run| run.to_string()),
            "reason": self.reason.as_str(),
            "gone": self.gone,
            "total": self.total,
            "state": self.state.as_str(),
            "created_at": rfc3339_micros(self.created_at),
            "modified_at": rfc3339_micros(self.modified_at),
        })
    }
}
