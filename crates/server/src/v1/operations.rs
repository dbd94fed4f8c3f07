//! Operations: what became of writes.

use axum::Json;
use serde_json::Value;
use trunnion_engine::services::operations::{self, OperationPage};

use crate::auth::{Connection, Read};
use crate::extract::{Pairs, Query, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::OPERATIONS;
use crate::problem::Problem;

/// Get one operation
///
/// How a write ended, also long after: the answer to `OUTCOME_UNKNOWN`.
#[utoipa::path(
    get, path = "/operations/{id}", tag = OPERATIONS, params(shapes::OperationPath),
    responses((status = 200, body = shapes::Operation))
)]
pub(crate) async fn get_operation(auth: Connection<Read>, Segment(id): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(operations::get(&auth.engine, &auth.scope, &id).await?))
}

/// List operations
///
/// The connection's writes, the newest first. `state=unknown` lists those whose outcome nobody knows yet.
#[utoipa::path(
    get, path = "/operations", tag = OPERATIONS, params(shapes::Paging, shapes::OperationFilter),
    responses((status = 200, body = shapes::OperationList))
)]
pub(crate) async fn list_operations(
    auth: Connection<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<OperationPage>, Problem> {
    Ok(Json(operations::list(&auth.engine, &auth.scope, &query).await?))
}
