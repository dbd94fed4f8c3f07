//! Rows as the system sent them.

use axum::response::Response;
use trunnion_engine::services::raw;

use super::records::json_text;
use crate::auth::{Connection, Read};
use crate::extract::{Pairs, Query, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::CONNECTION;
use crate::problem::Problem;

/// List rows as the system sent them
///
/// The stored rows behind the records of an entity, by the system's own name for it (`A_PurchaseOrder`, `purchase.purchase`).
/// An unknown name is answered with those that are known. Rows that could not be mapped are not among them: see
/// `GET /quarantine`.
#[utoipa::path(
    get, path = "/raw/{remote_entity}", tag = CONNECTION, params(shapes::RawPath, shapes::Paging, shapes::RawQuery),
    responses((status = 200, body = shapes::RawRowList))
)]
pub(crate) async fn list_raw(
    auth: Connection<Read>,
    Segment(remote_entity): Segment,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    Ok(json_text(raw::list(&auth.engine, &auth.scope, &remote_entity, &query).await?))
}
