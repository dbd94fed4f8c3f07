//! Bulks: many creates in one call.

use axum::Json;
use http::{StatusCode, header};
use serde_json::Value;
use trunnion_engine::services::bulks;
use trunnion_engine::services::operations::OperationPage;

use super::records::Of;
use crate::auth::{Connection, Read, Write};
use crate::extract::{Pairs, Query, Segment};
use crate::items::Items;
use crate::openapi::shapes;
use crate::openapi::tags::OPERATIONS;
use crate::problem::Problem;

/// One handler for all entities; which one it is, the route says.
pub(crate) async fn create(
    auth: Connection<Write>,
    entity: Of,
    Items(items): Items,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Json<Value>), Problem> {
    let bulk = bulks::begin(&auth.engine, &auth.scope, entity.path, items).await?;
    let at = format!("/api/v1/bulks/{}", bulk["id"].as_str().unwrap_or_default());
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, at)], Json(bulk)))
}

/// Get one bulk
///
/// How many of its items wait, run, and ended how. It is `done` when none waits or runs; one whose outcome is `unknown` is
/// settled later, as every write is.
#[utoipa::path(
    get, path = "/bulks/{id}", tag = OPERATIONS, params(shapes::BulkPath),
    responses((status = 200, body = shapes::Bulk))
)]
pub(crate) async fn get_bulk(auth: Connection<Read>, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(bulks::get(&auth.engine, &auth.scope, &id).await?))
}

/// List the items of a bulk
///
/// In the order in which they came, each with its operation and its outcome. `state=failed` lists what to look at.
#[utoipa::path(
    get, path = "/bulks/{id}/items", tag = OPERATIONS, params(shapes::BulkPath, shapes::Paging, shapes::BulkItemFilter),
    responses((status = 200, body = shapes::BulkItemList))
)]
pub(crate) async fn list_bulk_items(
    auth: Connection<Read>,
    Segment(id): Segment,
    Query(query): Query<Pairs>,
) -> Result<Json<OperationPage>, Problem> {
    Ok(Json(bulks::items(&auth.engine, &auth.scope, &id, &query).await?))
}
