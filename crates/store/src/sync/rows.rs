//! How plans and runs lie in the database.

use trunnion_model::ids::{ConnectionId, RunId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use super::{Failure, PlanState, Run, RunCause, RunMode, RunState, SyncPlan};
use crate::Result;
use crate::connections::ConnectionStatus;

#[derive(sqlx::FromRow)]
pub(super) struct PlanRow {
    pub(super) connection_id: Uuid,
    pub(super) entity: String,
    pub(super) interval_seconds: Option<i64>,
    history_days: Option<i64>,
    priority: i64,
    state: String,
    paused: bool,
    mode: String,
    due_at: Option<i64>,
    run_id: Option<Uuid>,
    attempt: i64,
    cursor: Option<String>,
    cursor_at: Option<i64>,
    initial_done: bool,
    last_success_at: Option<i64>,
    last_error_code: Option<String>,
    last_error_message: Option<String>,
    failing_since: Option<i64>,
    records: i64,
}

impl PlanRow {
    /// The plan, with what it says of itself and what the status of its connection makes of it.
    pub(super) fn plan(self, connection_status: ConnectionStatus) -> Result<SyncPlan> {
        let state = PlanState::stored(&self.state)?;
        let resting = matches!(connection_status, ConnectionStatus::Paused | ConnectionStatus::Disconnected);
        let waiting = matches!(state, PlanState::Idle | PlanState::Failed);
        let paused = self.paused && waiting || resting && state != PlanState::Running;
        Ok(SyncPlan {
            connection: ConnectionId(self.connection_id),
            entity: self.entity,
            interval_seconds: self.interval_seconds,
            history_days: self.history_days,
            priority: self.priority,
            state: if paused { PlanState::Paused } else { state },
            paused: self.paused,
            mode: RunMode::stored(&self.mode)?,
            next_run_at: self.due_at.filter(|_| state != PlanState::Running && !paused),
            run: self.run_id.map(RunId),
            attempt: self.attempt,
            cursor: self.cursor,
            cursor_at: self.cursor_at,
            initial_done: self.initial_done,
            last_success_at: self.last_success_at,
            last_error: failure(self.last_error_code, self.last_error_message),
            failing_since: self.failing_since,
            records: self.records,
        })
    }

    pub(super) fn state(&self) -> Result<PlanState> {
        PlanState::stored(&self.state)
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing_since.is_some()
    }

    pub(super) fn paused(&self) -> bool {
        self.paused
    }

    pub(super) fn run_id(&self) -> Option<RunId> {
        self.run_id.map(RunId)
    }
}

/// `select` with the columns of [`PlanRow`], then the rest of the statement.
macro_rules! select_plan {
    ($rest:literal) => {
        concat!(
            "select p.connection_id, p.entity, p.interval_seconds, p.history_days, p.priority, p.state, p.paused, p.mode,
             p.due_at, p.run_id, p.attempt, p.cursor, p.cursor_at, p.initial_done, p.last_success_at,
             p.last_error_code, p.last_error_message, p.failing_since, p.records from sync_plan p ",
            $rest
        )
    };
}

pub(super) use select_plan;

#[derive(sqlx::FromRow)]
pub(super) struct RunRow {
    id: Uuid,
    connection_id: Uuid,
    entity: String,
    mode: String,
    cause: String,
    state: String,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    pages: i64,
    seen: i64,
    created: i64,
    updated: i64,
    deleted: i64,
    unchanged: i64,
    total_known: Option<i64>,
    held: i64,
    quarantined: i64,
    drift: Option<i64>,
    error_code: Option<String>,
    error_message: Option<String>,
}

/// `select` with the columns of [`RunRow`], then the rest of the statement.
macro_rules! select_run {
    ($rest:literal) => {
        concat!(
            "select id, connection_id, entity, mode, cause, state, created_at, started_at, finished_at, pages, seen,
             created, updated, deleted, unchanged, total_known, held, quarantined, drift, error_code, error_message from run ",
            $rest
        )
    };
}

pub(super) use select_run;

impl RunRow {
    pub(super) fn run(self) -> Result<Run> {
        Ok(Run {
            id: RunId(self.id),
            connection: ConnectionId(self.connection_id),
            entity: self.entity,
            mode: RunMode::stored(&self.mode)?,
            cause: RunCause::stored(&self.cause)?,
            state: RunState::stored(&self.state)?,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            pages: self.pages,
            seen: self.seen,
            created: self.created,
            updated: self.updated,
            deleted: self.deleted,
            unchanged: self.unchanged,
            total_known: self.total_known,
            held: self.held,
            quarantined: self.quarantined,
            drift: self.drift,
            error: failure(self.error_code, self.error_message),
        })
    }
}

impl Run {
    /// As the API and the events `sync.completed` and `sync.failed` show it.
    pub fn to_json(&self) -> serde_json::Value {
        let error = self.error.as_ref();
        serde_json::json!({
            "id": self.id.to_string(),
            "connection_id": self.connection.to_string(),
            "entity": self.entity,
            "mode": self.mode.as_str(),
            "cause": self.cause.as_str(),
            "state": self.state.as_str(),
            "created_at": rfc3339_micros(self.created_at),
            "started_at": self.started_at.map(rfc3339_micros),
            "finished_at": self.finished_at.map(rfc3339_micros),
            "pages": self.pages,
            "seen": self.seen,
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
            "unchanged": self.unchanged,
            "total_known": self.total_known,
            "held": self.held,
            "quarantined": self.quarantined,
            "drift": self.drift,
            "error": error.map(|error| serde_json::json!({ "code": error.code, "message": error.message })),
        })
    }
}

fn failure(code: Option<String>, message: Option<String>) -> Option<Failure> {
    code.map(|code| Failure { code, message: message.unwrap_or_default() })
}
