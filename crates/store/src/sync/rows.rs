//! How plans and runs lie in the database.

use trunnion_model::ids::{ConnectionId, RunId};
use trunnion_model::schedule::{Cron, Every, Quiet, Schedule, zone};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use super::{Failure, Lane, PlanState, Run, RunCause, RunMode, RunState, SyncPlan};
use crate::connections::ConnectionStatus;
use crate::db::columns;
use crate::{Error, Result};

columns! {
    pub(super) struct PlanRow {
        pub(super) connection_id: Uuid,
        pub(super) entity: String,
        interval_seconds: Option<i64>,
        cron: Option<String>,
        time_zone: String,
        quiet_hours: String,
        real_time: bool,
        history_days: Option<i64>,
        strict: bool,
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
        lane: i64,
        remap: bool,
    }
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
            schedule: self.schedule()?,
            real_time: self.real_time,
            entity: self.entity,
            history_days: self.history_days,
            strict: self.strict,
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

    pub(super) fn schedule(&self) -> Result<Schedule> {
        let every = match (&self.cron, self.interval_seconds) {
            (Some(text), _) => Every::Cron(Cron::parse(text).map_err(|_| Error::corrupt("cron expression", text))?),
            (None, Some(seconds)) => Every::Seconds(seconds),
            (None, None) => Every::Never,
        };
        let zone = zone(&self.time_zone).ok_or_else(|| Error::corrupt("time zone", &self.time_zone))?;
        Ok(Schedule { every, zone, quiet: parse_quiet(&self.quiet_hours)? })
    }

    /// When it is due after `now` by its schedule; never while it is paused.
    pub(super) fn next_due(&self, now: i64) -> Result<Option<i64>> {
        if self.paused {
            return Ok(None);
        }
        Ok(self.schedule()?.next(now, phase(self.connection_id)))
    }

    /// `at`, or an instant after the quiet hours that it is in.
    pub(super) fn outside_quiet(&self, at: i64) -> Result<i64> {
        Ok(self.schedule()?.outside_quiet(at, phase(self.connection_id)))
    }

    pub(super) fn mode(&self) -> Result<RunMode> {
        RunMode::stored(&self.mode)
    }

    pub(super) fn initial_done(&self) -> bool {
        self.initial_done
    }

    pub(super) fn lane(&self) -> Lane {
        Lane::ALL.into_iter().find(|lane| lane.number() == self.lane).unwrap_or(Lane::Usual)
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

    pub(super) fn connection(&self) -> ConnectionId {
        ConnectionId(self.connection_id)
    }

    /// Whether anything of the entity may have been read.
    pub(super) fn has_begun(&self) -> Result<bool> {
        Ok(self.initial_done || self.cursor.is_some() || self.state()? == PlanState::Running)
    }

    /// Whether all is to be read again after the run that goes on.
    pub(super) fn remap(&self) -> bool {
        self.remap
    }

    pub(super) fn run_id(&self) -> Option<RunId> {
        self.run_id.map(RunId)
    }
}

/// The columns of [`PlanRow`].
macro_rules! plan_columns {
    () => {
        "p.connection_id, p.entity, p.interval_seconds, p.cron, p.time_zone, p.quiet_hours, p.real_time, p.history_days, p.strict,
         p.priority, p.state, p.paused, p.mode, p.due_at, p.run_id, p.attempt, p.cursor, p.cursor_at, p.initial_done,
         p.last_success_at, p.last_error_code, p.last_error_message, p.failing_since,
         p.records, p.lane, p.remap"
    };
}

/// `select` with the columns of [`PlanRow`], then the rest of the statement.
macro_rules! select_plan {
    ($rest:literal) => {
        concat!("select ", $crate::sync::rows::plan_columns!(), " from sync_plan p ", $rest)
    };
}

pub(super) use {plan_columns, select_plan};

columns! {
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
}

/// The columns of [`RunRow`].
macro_rules! run_columns {
    () => {
        "id, connection_id, entity, mode, cause, state, created_at, started_at, finished_at, pages, seen, created, updated,
         deleted, unchanged, total_known, held, quarantined, drift, error_code, error_message"
    };
}

/// `select` with the columns of [`RunRow`], then the rest of the statement.
macro_rules! select_run {
    ($rest:literal) => {
        concat!("select ", $crate::sync::rows::run_columns!(), " from run ", $rest)
    };
}

pub(super) use {run_columns, select_run};

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

/// A connection's place among all that have the same schedule: its id, stirred.
pub(super) fn phase(connection: Uuid) -> u64 {
    let hash = blake3::hash(connection.as_bytes());
    u64::from_le_bytes(*hash.as_bytes().first_chunk().unwrap_or(&[0; 8]))
}

/// As they are stored: `22:00-06:00 12:00-13:00`.
pub(super) fn quiet_text(quiet: &[Quiet]) -> String {
    let ranges: Vec<String> = quiet.iter().map(|quiet| format!("{}-{}", quiet.from(), quiet.to())).collect();
    ranges.join(" ")
}

fn parse_quiet(text: &str) -> Result<Vec<Quiet>> {
    let range = |range: &str| range.split_once('-').and_then(|(from, to)| Quiet::parse(from, to));
    text.split_whitespace()
        .map(|text| range(text).ok_or_else(|| Error::corrupt("range of quiet hours", text)))
        .collect()
}

fn failure(code: Option<String>, message: Option<String>) -> Option<Failure> {
    code.map(|code| Failure { code, message: message.unwrap_or_default() })
}
