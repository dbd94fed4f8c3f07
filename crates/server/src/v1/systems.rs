//! The catalogue: which systems can be connected, what each can do, and what a unified record looks like.

use axum::Json;
use serde_json::{Value, json};
use trunnion_engine::services::capabilities;
use trunnion_engine::services::schemas;
use trunnion_engine::services::systems::{self, SystemView};

use crate::auth::{Application, Read};
use crate::extract::Segment;
use crate::openapi::shapes;
use crate::openapi::tags::SYSTEMS;
use crate::problem::Problem;

/// List the systems that can be connected
///
/// Each with its ways to authenticate, as JSON Schemas from which a form can be drawn.
#[utoipa::path(get, path = "/systems", tag = SYSTEMS, responses((status = 200, body = shapes::SystemList)))]
pub(crate) async fn list_systems(auth: Application<Read>) -> Json<Value> {
    Json(json!({"data": systems::list(&auth.engine)}))
}

/// Get one system
#[utoipa::path(
    get, path = "/systems/{system}", tag = SYSTEMS, params(shapes::SystemPath),
    responses((status = 200, body = shapes::System))
)]
pub(crate) async fn get_system(auth: Application<Read>, Segment(system): Segment) -> Result<Json<SystemView>, Problem> {
    Ok(Json(systems::get(&auth.engine, &system)?))
}

/// What a system can do
///
/// By entity: whether it can be read and created and how it is synced; by field: its type, whether it can be written and must
/// be given. It is made from what the connector declares, so a request can be checked against it before it is sent.
#[utoipa::path(
    get, path = "/systems/{system}/capabilities", tag = SYSTEMS, params(shapes::SystemPath),
    responses((status = 200, body = shapes::Capabilities))
)]
pub(crate) async fn get_system_capabilities(
    auth: Application<Read>,
    Segment(system): Segment,
) -> Result<Json<Value>, Problem> {
    Ok(Json(capabilities::of_system(&auth.engine, &system)?))
}

/// The JSON Schema of an entity
///
/// JSON Schema 2020-12 of the unified record, the same for every system.
#[utoipa::path(
    get, path = "/schemas/{entity}", tag = SYSTEMS, params(shapes::EntityPath),
    responses((status = 200, body = Object))
)]
pub(crate) async fn get_schema(_auth: Application<Read>, Segment(entity): Segment) -> Result<Json<Value>, Problem> {
    Ok(Json(schemas::get(&entity)?))
}
