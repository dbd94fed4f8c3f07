//! How far the syncs of a connection are, and asking for one now.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunnion_model::catalog::{Entity, entity, entity_at};
use trunnion_model::ids::RunId;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{ConnectionStatus, Run, RunMode, SyncPlan};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;
use crate::services::connections::PlanView;

/// One entity's sync.
#[derive(Clone, Debug, Serialize)]
pub struct EntityStatus {
    pub entity: String,
    pub path: String,
    /// `idle`, `queued`, `running`, `failed` or `paused`.
    pub state: String,
    pub initial_done: bool,
    pub last_success_at: Option<String>,
    /// The instant up to which the data is complete, by the system's clock.
    pub cursor_at: Option<String>,
    pub last_error: Option<LastError>,
    pub next_run_at: Option<String>,
    /// Of the run that is queued or running.
    pub progress: Option<Progress>,
    /// When the first of the runs failed that failed one after the other.
    pub failing_since: Option<String>,
    /// Without deleted ones.
    pub records: i64,
    /// Rows that are set aside because they cannot be mapped.
    pub quarantined: i64,
    /// What the system's rows had, or lacked, that nobody expected and nobody has acknowledged.
    pub schema_drift: i64,
    #[serde(flatten)]
    pub plan: PlanView,
}

#[derive(Clone, Debug, Serialize)]
pub struct LastError {
    pub code: String,
    /// `passing`, `credentials`, `refused`, `data` or `internal`: what will become of it.
    pub class: &'static str,
    pub message: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    pub run_id: String,
    pub attempt: i64,
    pub pages: i64,
    /// Rows that the system sent so far.
    pub seen: i64,
    pub total_known: Option<i64>,
    /// Rows per second since the run was first taken up; a first page must be there.
    pub rate_per_second: Option<f64>,
    pub started_at: Option<String>,
}

/// What `POST /syncs` takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRequest {
    /// Names or paths; all if absent.
    #[serde(default)]
    pub entities: Option<Vec<String>>,
    /// `incremental` (the default), `full` or `verify`.
    #[serde(default)]
    pub mode: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RunPage {
    pub data: Vec<Value>,
    pub next_cursor: Option<String>,
}

pub async fn status(engine: &Engine, scope: &Scope) -> Result<Vec<EntityStatus>> {
    scope.may(Permission::Read)?;
    let mut all = Vec::new();
    let quarantined = engine.store().quarantine_counts(scope.id()).await?;
    let drift = engine.store().schema_drift_counts(scope.id()).await?;
    for plan in engine.store().plans(scope.id()).await? {
        let progress = match plan.run {
            Some(id) => engine
                .store()
                .run(scope.id(), id)
                .await?
                .map(|run| progress(&run, plan.attempt, engine.clock().now_micros())),
            None => None,
        };
        let of = |counts: &[(String, i64)]| {
            counts.iter().find(|(entity, _)| *entity == plan.entity).map_or(0, |(_, count)| *count)
        };
        let counts = (of(&quarantined), of(&drift));
        all.push(view(plan, progress, counts));
    }
    Ok(all)
}

/// A run for each entity; one that is queued or going is returned, not doubled.
pub async fn request(engine: &Engine, scope: &Scope, request: SyncRequest) -> Result<Vec<Value>> {
    scope.may(Permission::Write)?;
    let mut errors = Vec::new();
    let mode = match request.mode.as_deref() {
        None | Some("incremental") => RunMode::Incremental,
        Some("full") => RunMode::Full,
        Some("verify") => RunMode::Verify,
        Some(_) => {
            errors.push(FieldError::new("/mode", "must be incremental, full or verify"));
            RunMode::Incremental
        }
    };
    let planned = engine.store().plans(scope.id()).await?;
    let mut entities: Vec<&'static Entity> = Vec::new();
    for (place, name) in request.entities.unwrap_or_default().iter().enumerate() {
        match named(name).filter(|entity| planned.iter().any(|plan| plan.entity == entity.name)) {
            Some(entity) => entities.push(entity),
            None => errors.push(FieldError::new(format!("/entities/{place}"), "is not synced on this connection")),
        }
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    may_sync(scope.row().status)?;
    let runs = engine.store().request_runs(scope.id(), &entities, mode).await?;
    Ok(runs.iter().map(Run::to_json).collect())
}

/// The newest first.
pub async fn list(engine: &Engine, scope: &Scope, params: &[(String, String)]) -> Result<RunPage> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor"]);
    let limit = params.limit();
    let after = params.text("cursor").map(|text| (RunId::parse(text), text));
    if let Some((None, _)) = after {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let runs = engine.store().runs(scope.id(), after.and_then(|(id, _)| id), limit).await?;
    let next_cursor = (runs.len() == limit).then(|| runs.last().map(|run| run.id.to_string())).flatten();
    Ok(RunPage { data: runs.iter().map(Run::to_json).collect(), next_cursor })
}

pub async fn get(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Read)?;
    let run = engine.store().run(scope.id(), run_id(id)?).await?;
    run.map(|run| run.to_json()).ok_or_else(|| ServiceError::missing("run"))
}

/// Stops a run; what it read so far stays.
pub async fn cancel(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Write)?;
    Ok(engine.store().cancel_run(scope.id(), run_id(id)?).await?.to_json())
}

/// The entity with that name or path.
pub(crate) fn named(name: &str) -> Option<&'static Entity> {
    entity(name).or_else(|| entity_at(name))
}

fn run_id(text: &str) -> Result<RunId> {
    RunId::parse(text).ok_or_else(|| ServiceError::missing("run"))
}

pub(crate) fn may_sync(status: ConnectionStatus) -> Result<()> {
    match status {
        ConnectionStatus::ReauthorizationRequired => Err(ServiceError::ReauthorizationRequired {
            message: "The connection waits for new credentials; reconnect it first.".to_owned(),
        }),
        status if status.may_sync() => Ok(()),
        status => Err(ServiceError::Conflict { message: format!("The connection is {}.", status.as_str()) }),
    }
}

fn progress(run: &Run, attempt: i64, now: i64) -> Progress {
    let seconds =
        run.started_at.map(|started| now.saturating_sub(started) as f64 / 1e6).filter(|seconds| *seconds > 0.0);
    // One digit is enough to look at.
    let rate = seconds.filter(|_| run.pages > 0).map(|seconds| (run.seen as f64 / seconds * 10.0).round() / 10.0);
    Progress {
        run_id: run.id.to_string(),
        attempt,
        pages: run.pages,
        seen: run.seen,
        total_known: run.total_known,
        rate_per_second: rate,
        started_at: run.started_at.map(rfc3339_micros),
    }
}

/// What will become of an error: it passes by itself, waits for somebody, or comes again until something is changed.
fn class(code: &str) -> &'static str {
    match code {
        "SYSTEM_UNREACHABLE" | "RATE_LIMIT_EXCEEDED" | "NODE_STOPPED" => "passing",
        "AUTHENTICATION_FAILED" | "REAUTHORIZATION_REQUIRED" => "credentials",
        "UNMAPPABLE_RECORD" => "data",
        "INTERNAL" => "internal",
        _ => "refused",
    }
}

fn view(plan: SyncPlan, progress: Option<Progress>, (quarantined, schema_drift): (i64, i64)) -> EntityStatus {
    EntityStatus {
        plan: PlanView::of(&plan),
        path: entity(&plan.entity).map_or_else(String::new, |entity| entity.path.to_owned()),
        entity: plan.entity,
        state: plan.state.as_str().to_owned(),
        initial_done: plan.initial_done,
        last_success_at: plan.last_success_at.map(rfc3339_micros),
        cursor_at: plan.cursor_at.map(rfc3339_micros),
        last_error: plan.last_error.map(|error| LastError {
            class: class(&error.code),
            code: error.code,
            message: error.message,
        }),
        next_run_at: plan.next_run_at.map(rfc3339_micros),
        progress,
        failing_since: plan.failing_since.map(rfc3339_micros),
        records: plan.records,
        quarantined,
        schema_drift,
    }
}
