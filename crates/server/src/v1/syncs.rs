//! Syncs: how far each entity of a connection is, and runs on demand.

use axum::Json;
use http::StatusCode;
use serde_json::{Value, json};
use trunnion_engine::services::syncs::{self, RunPage};

use crate::auth::{Connection, Read, Write};
use crate::extract::{Body, Pairs, Query, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::SYNCS;
use crate::problem::Problem;

/// How far each entity is
///
/// State, last success, last error, next run and number of records, per entity.
#[utoipa::path(get, path = "/sync-status", tag = SYNCS, responses((status = 200, body = shapes::SyncStatus)))]
pub(crate) async fn get_sync_status(auth: Connection<Read>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"data": syncs::status(&auth.engine, &auth.scope).await?})))
}

/// Sync now
///
/// Makes a run due for each of the entities (all, if none are named). An entity that has a run queued or going gets that one
/// instead of another. Answers before the runs are done: follow them with `GET /syncs/{id}` or the event `sync.completed`.
#[utoipa::path(
    post, path = "/syncs", tag = SYNCS, request_body = shapes::SyncRequest,
    responses((status = 202, body = shapes::Runs))
)]
pub(crate) async fn start_syncs(
    auth: Connection<Write>,
    Body(request): Body<syncs::SyncRequest>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let runs = syncs::request(&auth.engine, &auth.scope, request).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"data": runs}))))
}

/// List runs
///
/// The connection's runs, the newest first.
#[utoipa::path(
    get, path = "/syncs", tag = SYNCS, params(shapes::Paging),
    responses((status = 200, body = shapes::RunList))
)]
pub(crate) async fn list_syncs(auth: Connection<Read>, Query(query): Query<Pairs>) -> Result<Json<RunPage>, Problem> {
    Ok(Json(syncs::list(&auth.engine, &auth.scope, &query).await?))
}

/// Get one run
#[utoipa::path(
    get, path = "/syncs/{id}", tag = SYNCS, params(shapes::RunPath),
    responses((status = 200, body = shapes::Run))
)]
pub(crate) async fn get_sync(auth: Connection<Read>, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(syncs::get(&auth.engine, &auth.scope, &id).await?))
}

/// Cancel a run
///
/// What it has stored stays, and the next run goes on from there. A run that is over stays as it is.
#[utoipa::path(
    post, path = "/syncs/{id}/cancel", tag = SYNCS, params(shapes::RunPath),
    responses((status = 200, body = shapes::Run))
)]
pub(crate) async fn cancel_sync(auth: Connection<Write>, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(syncs::cancel(&auth.engine, &auth.scope, &id).await?))
}
