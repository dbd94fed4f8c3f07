//! What plans, runs and leases are.

use std::collections::HashMap;
use std::time::Duration;

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ApplicationId, ConnectionId, RunId};
use trunnion_model::schedule::{Every, Quiet, Schedule, TimeZone};
use uuid::Uuid;

use crate::words::words;

words! {
    /// What a plan is doing.
    pub enum PlanState {
        /// Waiting for its time.
        Idle = "idle",
        /// Somebody asked for a run, or one waits for another try.
        Queued = "queued",
        Running = "running",
        /// The last run failed; the next is due at its time.
        Failed = "failed",
        Paused = "paused",
    }
}

words! {
    /// How much a run reads.
    pub enum RunMode {
        /// What was created or modified since the last time; the first time, the plan's history.
        Incremental = "incremental",
        /// Everything in the plan's history.
        Full = "full",
        /// As `full`, and how much differed is reported as drift.
        Verify = "verify",
    }
}

words! {
    /// Why a run is.
    pub enum RunCause {
        Initial = "initial",
        Incremental = "incremental",
        Full = "full",
        Verify = "verify",
        Manual = "manual",
        /// The mapping changed: what was read before is read again.
        Remap = "remap",
    }
}

words! {
    pub enum RunState {
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

/// Why a run, or a try of it, failed: a stable code and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: String,
    pub message: String,
}

/// One entity of one connection: its schedule, how far it is, and what it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncPlan {
    pub connection: ConnectionId,
    /// The entity's name.
    pub entity: String,
    pub schedule: Schedule,
    /// Changes are told by the system as they happen, where it can; the schedule catches what was missed.
    pub real_time: bool,
    pub history_days: Option<i64>,
    /// Rows with something that nobody expected are set aside.
    pub strict: bool,
    pub priority: i64,
    pub state: PlanState,
    pub paused: bool,
    /// Of the next or the current run.
    pub mode: RunMode,
    /// `None` while it runs, and if nothing will start it but a request.
    pub next_run_at: Option<i64>,
    /// The run that is queued or running.
    pub run: Option<RunId>,
    /// How often the current run was taken up, this time included.
    pub attempt: i64,
    pub cursor: Option<String>,
    /// The instant up to which the data is complete.
    pub cursor_at: Option<i64>,
    pub initial_done: bool,
    pub last_success_at: Option<i64>,
    pub last_error: Option<Failure>,
    /// When the first of the runs failed that failed one after the other; `None` while all is well.
    pub failing_since: Option<i64>,
    /// How many records there are that are not deleted.
    pub records: i64,
}

/// One sync of one entity of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub connection: ConnectionId,
    /// The entity's name.
    pub entity: String,
    pub mode: RunMode,
    pub cause: RunCause,
    pub state: RunState,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    /// Pages committed. While it is 0, the plan's cursor is the one from before this run.
    pub pages: i64,
    /// Rows that the system sent.
    pub seen: i64,
    pub created: i64,
    pub updated: i64,
    pub deleted: i64,
    pub unchanged: i64,
    pub total_known: Option<i64>,
    /// Deletions that were held back.
    pub held: i64,
    /// Rows that could not be mapped.
    pub quarantined: i64,
    /// Of a run that verifies: how many records differed that should not have.
    pub drift: Option<i64>,
    pub error: Option<Failure>,
}

/// The right to work on one plan, until it runs out.
#[derive(Clone, PartialEq, Eq)]
pub struct Lease {
    pub(crate) connection: ConnectionId,
    pub(crate) entity: &'static str,
    pub(crate) run: RunId,
    pub(crate) id: Uuid,
}

impl Lease {
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    pub fn run(&self) -> RunId {
        self.run
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lease({} {} {})", self.connection, self.entity, self.run)
    }
}

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct ClaimRequest<'a> {
    /// Who works, for people who look into the database.
    pub node: &'a str,
    pub lease_for: Duration,
    /// At most so many at once.
    pub limit: usize,
    /// At most so many of one connection running at a time, on all nodes together.
    pub per_connection: usize,
}

/// What a run stands in line with, so that none of these takes the slots of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Changes since the last time, of what went well then.
    Usual,
    /// Reading all of it: a first sync, a full one.
    Backfill,
    /// The last try failed: it may hang, and the next one too.
    Troubled,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::Usual, Self::Backfill, Self::Troubled];

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Usual => 0,
            Self::Backfill => 1,
            Self::Troubled => 2,
        }
    }

    /// Of a run that has not failed yet.
    pub(crate) fn of(mode: RunMode, initial_done: bool) -> Self {
        if mode == RunMode::Incremental && initial_done { Self::Usual } else { Self::Backfill }
    }
}

/// How much of each kind of work a node has room for.
#[derive(Clone, Debug)]
pub struct Room {
    /// More runs of this lane, in the order of [`Lane::ALL`].
    pub lanes: [usize; 3],
    /// Runs of one application at a time, on this node.
    pub per_application: usize,
    /// How many runs of which application the node has already.
    pub busy: HashMap<ApplicationId, usize>,
}

/// Work, and all that is needed to start or go on with it.
#[derive(Clone)]
pub struct Claim {
    pub lease: Lease,
    pub application: ApplicationId,
    pub system: String,
    pub entity: &'static Entity,
    pub lane: Lane,
    /// When it should have begun; `None` for one whose lease ran out.
    pub due_at: Option<i64>,
    pub plan: SyncPlan,
    /// Its `pages` tell whether it goes on from `plan.cursor` (> 0) or starts (0).
    pub run: Run,
    /// Some of the entity's rows are in quarantine.
    pub has_quarantined: bool,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("lease", &self.lease).field("run", &self.run).finish_non_exhaustive()
    }
}

/// How work on a run ended.
#[derive(Clone, Debug)]
pub enum Finished {
    /// The entity is up to date. Appends `sync.completed`.
    Succeeded {
        /// `None` leaves the cursor where it is.
        cursor: Option<String>,
        cursor_at: Option<i64>,
        /// `None`: by the plan's schedule.
        next_run_at: Option<i64>,
    },
    /// The same run goes on from its cursor at `at`.
    Retry { at: i64, error: Failure },
    /// This run is over; the next starts from the cursor. Appends `sync.failed` if the one before did not fail.
    Failed {
        error: Failure,
        /// As for `Succeeded`.
        next_run_at: Option<i64>,
    },
    /// As if it had been cancelled from outside.
    Cancelled,
}

/// What to change in a plan; `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanChanges {
    pub every: Option<Every>,
    pub zone: Option<TimeZone>,
    pub quiet: Option<Vec<Quiet>>,
    pub real_time: Option<bool>,
    pub history_days: Option<Option<i64>>,
    pub strict: Option<bool>,
    pub paused: Option<bool>,
}
