//! Of syncs.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

use super::connections::{Failure, QuietHours};

#[derive(ToSchema)]
pub(crate) struct SyncStatus {
    data: Vec<EntityStatus>,
}

/// How far one entity of the connection is.
#[derive(ToSchema)]
pub(crate) struct EntityStatus {
    #[schema(example = "purchase_order")]
    entity: String,
    #[schema(example = "purchase-orders")]
    path: String,
    state: PlanState,
    /// Whether the first sync is over.
    initial_done: bool,
    #[schema(required = true, format = DateTime)]
    last_success_at: Option<String>,
    /// The instant up to which the data is complete, by the system's clock.
    #[schema(required = true, format = DateTime)]
    cursor_at: Option<String>,
    #[schema(required = true)]
    last_error: Option<LastError>,
    #[schema(required = true, format = DateTime)]
    next_run_at: Option<String>,
    #[schema(required = true)]
    progress: Option<Progress>,
    /// When the first of the runs failed that failed one after the other; null while all is well.
    #[schema(required = true, format = DateTime)]
    failing_since: Option<String>,
    /// How many records there are that are not deleted.
    records: i64,
    /// Rows that are set aside because they cannot be mapped.
    quarantined: i64,
    /// What the system's rows had, or lacked, that nobody expected and nobody has acknowledged: see `GET /schema-drift`.
    schema_drift: i64,
    #[schema(required = true)]
    interval_seconds: Option<i64>,
    #[schema(required = true)]
    cron: Option<String>,
    time_zone: String,
    quiet_hours: Vec<QuietHours>,
    real_time: bool,
    #[schema(required = true)]
    history_days: Option<i64>,
    strict: bool,
    paused: bool,
}

/// Of the run that is queued or going.
#[derive(ToSchema)]
pub(crate) struct Progress {
    run_id: String,
    /// How often it was taken up, this time included.
    attempt: i64,
    pages: i64,
    /// Rows that the system sent so far.
    seen: i64,
    /// How many there are, if the system said.
    #[schema(required = true)]
    total_known: Option<i64>,
    /// Rows per second since the run was first taken up.
    #[schema(required = true)]
    rate_per_second: Option<f64>,
    #[schema(required = true, format = DateTime)]
    started_at: Option<String>,
}

/// Why the last run, or the last try of it, did not complete.
#[derive(ToSchema)]
pub(crate) struct LastError {
    #[schema(example = "SYSTEM_UNREACHABLE")]
    code: String,
    class: ErrorClass,
    message: String,
}

/// What will become of an error.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ErrorClass {
    /// It is tried again, with growing pauses.
    Passing,
    /// The connection waits for new credentials.
    Credentials,
    /// The system said no; it will again until something is changed there.
    Refused,
    /// A row could not be mapped.
    Data,
    /// Trunnion's own.
    Internal,
}

/// What is going on with an entity.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum PlanState {
    Idle,
    Queued,
    Running,
    /// The last run failed; the next is due at its time.
    Failed,
    Paused,
}

#[derive(ToSchema)]
#[schema(example = json!({"entities": ["vendors"], "mode": "incremental"}))]
pub(crate) struct SyncRequest {
    /// By name or path; all that the connection syncs, if left out.
    entities: Option<Vec<String>>,
    /// How much is read; `incremental` if left out.
    #[schema(inline)]
    mode: Option<RunMode>,
}

/// How much a run reads.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RunMode {
    /// What was created or modified since the last run.
    Incremental,
    /// Everything.
    Full,
    /// Everything, to see and repair what differs.
    Verify,
}

/// One sync of one entity.
#[derive(ToSchema)]
pub(crate) struct Run {
    #[schema(example = "run_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    connection_id: String,
    #[schema(example = "purchase_order")]
    entity: String,
    mode: RunMode,
    /// Why it is: `initial`, `incremental`, `full`, `verify`, `manual`, or `remap` where the mapping changed.
    cause: String,
    state: RunState,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required = true, format = DateTime)]
    started_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    finished_at: Option<String>,
    pages: i64,
    /// Rows that the system sent.
    seen: i64,
    created: i64,
    updated: i64,
    deleted: i64,
    unchanged: i64,
    /// How many rows the system says there are, if it says.
    #[schema(required = true)]
    total_known: Option<i64>,
    /// Deletions that were held back: see `GET /held-deletions`.
    held: i64,
    /// Rows that could not be mapped: see `GET /quarantine`.
    quarantined: i64,
    /// Of a run that verifies: how many records differed that should not have.
    #[schema(required = true)]
    drift: Option<i64>,
    #[schema(required = true)]
    error: Option<Failure>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RunState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

#[derive(ToSchema)]
pub(crate) struct Runs {
    data: Vec<Run>,
}

#[derive(ToSchema)]
pub(crate) struct RunList {
    data: Vec<Run>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RunPath {
    /// The run's id.
    #[param(example = "run_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}
