//! A connection's custom fields.

use axum::Json;
use serde_json::Value;
use trunnion_engine::services::mapping::{self, MappingRequest};
use trunnion_engine::services::schemas;

use crate::auth::{Manage, OwnConnection, Read};
use crate::extract::{Body, Query};
use crate::openapi::shapes;
use crate::openapi::tags::CONNECTIONS;
use crate::problem::Problem;

/// Get a connection's custom fields
///
/// The fields that the customer added to the system's records, by entity and by the system's name. The system is asked before
/// an entity's first sync and then daily. What is not hidden is in `custom_fields` of records, and of lines, under `name`.
#[utoipa::path(
    get, path = "/connections/{id}/mapping", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::Mapping))
)]
pub(crate) async fn get_mapping(auth: OwnConnection<Read>) -> Result<Json<Value>, Problem> {
    Ok(Json(mapping::get(&auth.engine, &auth.scope).await?))
}

/// Choose names of custom fields
///
/// For each entity that is named: the fields that are given get their `name`, or are `hidden`; all others have the system's
/// name. Where anything changes, a full sync of the entity brings what was read before up to date. The answer of the `GET`
/// can be given back.
#[utoipa::path(
    put, path = "/connections/{id}/mapping", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::MappingRequest, responses((status = 200, body = shapes::Mapping))
)]
pub(crate) async fn put_mapping(
    auth: OwnConnection<Manage>,
    Body(request): Body<MappingRequest>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(mapping::put(&auth.engine, &auth.scope, &request).await?))
}

/// Try names of custom fields
///
/// Reads a few rows of each entity that is named, and shows them as they came and as the records that they would be. Nothing
/// is stored.
#[utoipa::path(
    post, path = "/connections/{id}/mapping/preview", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::MappingRequest, responses((status = 200, body = shapes::MappingPreview))
)]
pub(crate) async fn preview_mapping(
    auth: OwnConnection<Manage>,
    Body(request): Body<MappingRequest>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(mapping::preview(&auth.engine, &auth.scope, &request).await?))
}

/// Get the JSON Schema of an entity
///
/// As this connection shows its records: with the customer's own fields.
#[utoipa::path(
    get, path = "/connections/{id}/schema", tag = CONNECTIONS, params(shapes::ConnectionPath, shapes::SchemaQuery),
    responses((status = 200, body = shapes::JsonSchema))
)]
pub(crate) async fn get_connection_schema(
    auth: OwnConnection<Read>,
    Query(query): Query<shapes::SchemaQuery>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(schemas::of_connection(&auth.engine, &auth.scope, &query.entity).await?))
}
