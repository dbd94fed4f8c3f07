//! What a sync did not dare or could not do: deletions that are held, and rows that are set aside.

use axum::Json;
use serde_json::Value;
use trunnion_engine::services::syncs::RunPage;
use trunnion_engine::services::{deletions, quarantine};

use crate::auth::{Connection, Read, Write};
use crate::extract::{Pairs, Query, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::SYNCS;
use crate::problem::Problem;

/// List held deletions
///
/// A complete listing that says that suspiciously much is gone deletes nothing: its deletions wait here. The newest first.
#[utoipa::path(
    get, path = "/held-deletions", tag = SYNCS, params(shapes::Paging),
    responses((status = 200, body = shapes::HeldDeletionList))
)]
pub(crate) async fn list_held_deletions(
    auth: Connection<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<RunPage>, Problem> {
    Ok(Json(deletions::list(&auth.engine, &auth.scope, &query).await?))
}

/// Get one held deletion
#[utoipa::path(
    get, path = "/held-deletions/{id}", tag = SYNCS, params(shapes::HeldDeletionPath),
    responses((status = 200, body = shapes::HeldDeletion))
)]
pub(crate) async fn get_held_deletion(auth: Connection<Read>, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(deletions::get(&auth.engine, &auth.scope, &id).await?))
}

/// Accept a held deletion
///
/// Deletes the records that were not seen since, each with its event, and answers when that is done.
#[utoipa::path(
    post, path = "/held-deletions/{id}/accept", tag = SYNCS, params(shapes::HeldDeletionPath),
    responses((status = 200, body = shapes::HeldDeletion))
)]
pub(crate) async fn accept_held_deletion(
    auth: Connection<Write>,
    Segment(id): Segment,
) -> Result<Json<Value>, Problem> {
    Ok(Json(deletions::accept(&auth.engine, &auth.scope, &id).await?))
}

/// Refuse a held deletion
///
/// The records stay. It is not asked about again until more is gone than was refused.
#[utoipa::path(
    post, path = "/held-deletions/{id}/refuse", tag = SYNCS, params(shapes::HeldDeletionPath),
    responses((status = 200, body = shapes::HeldDeletion))
)]
pub(crate) async fn refuse_held_deletion(
    auth: Connection<Write>,
    Segment(id): Segment,
) -> Result<Json<Value>, Problem> {
    Ok(Json(deletions::refuse(&auth.engine, &auth.scope, &id).await?))
}

/// List rows that are set aside
///
/// Rows that could not be mapped, as the system sent them, and why. The newest first.
#[utoipa::path(
    get, path = "/quarantine", tag = SYNCS, params(shapes::Paging),
    responses((status = 200, body = shapes::QuarantineList))
)]
pub(crate) async fn list_quarantine(
    auth: Connection<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<RunPage>, Problem> {
    Ok(Json(quarantine::list(&auth.engine, &auth.scope, &query).await?))
}

/// Try a row again
///
/// Reads it from the system now. Every run does the same before it begins.
#[utoipa::path(
    post, path = "/quarantine/{id}/retry", tag = SYNCS, params(shapes::QuarantinePath),
    responses((status = 200, body = shapes::Retried))
)]
pub(crate) async fn retry_quarantined(auth: Connection<Write>, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(quarantine::retry(&auth.engine, &auth.scope, &id).await?))
}
