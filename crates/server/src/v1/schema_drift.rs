//! What a system's rows had, or lacked, that nobody expected.

use axum::Json;
use serde_json::Value;
use trunnion_engine::services::schema_drift::{self, Acknowledgement};
use trunnion_engine::services::syncs::RunPage;

use crate::auth::{Connection, Read, Write};
use crate::extract::{Body, Pairs, Query};
use crate::openapi::shapes;
use crate::openapi::tags::SYNCS;
use crate::problem::Problem;

/// List schema drift
///
/// Fields of the system that are new, gone or of another type than before, and words of its own that have none of ours: each
/// found once, and then counted. The newest first.
#[utoipa::path(
    get, path = "/schema-drift", tag = SYNCS, params(shapes::Paging, shapes::SchemaDriftQuery),
    responses((status = 200, body = shapes::SchemaDriftList))
)]
pub(crate) async fn list_schema_drift(
    auth: Connection<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<RunPage>, Problem> {
    Ok(Json(schema_drift::list(&auth.engine, &auth.scope, &query).await?))
}

/// Acknowledge schema drift
///
/// Those with the given ids, those of an entity, or (with an empty object) all that are open. A strict connection stores rows
/// with what was acknowledged from then on; rows that are set aside already are tried again by the next runs.
#[utoipa::path(
    post, path = "/schema-drift/acknowledge", tag = SYNCS, request_body = shapes::SchemaDriftAcknowledgement,
    responses((status = 200, body = shapes::SchemaDriftAcknowledged))
)]
pub(crate) async fn acknowledge_schema_drift(
    auth: Connection<Write>,
    Body(given): Body<Acknowledgement>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(schema_drift::acknowledge(&auth.engine, &auth.scope, given).await?))
}
