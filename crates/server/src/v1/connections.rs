//! Connections: one customer's link to one system, from the application's side.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::Value;
use trunnion_engine::services::capabilities;
use trunnion_engine::services::connections::{self, CheckView, Connected, ConnectionPage, ConnectionView};
use trunnion_engine::services::health::{self, HealthView};

use crate::auth::{Application, Connection, Manage, OwnConnection, Read};
use crate::extract::{Body, Pairs, Query};
use crate::openapi::shapes;
use crate::openapi::tags::{CONNECTION, CONNECTIONS};
use crate::problem::Problem;

/// Connect a system
///
/// Logs in to the system with the credentials before anything is stored; what they must hold, `GET /systems/{system}` says.
/// Answers the connection and its token, which is shown this once. The first sync begins at once.
#[utoipa::path(
    post, path = "/connections", tag = CONNECTIONS, request_body = shapes::NewConnection,
    responses((status = 201, body = shapes::Connected))
)]
pub(crate) async fn create_connection(
    auth: Application<Manage>,
    Body(new): Body<connections::NewConnection>,
) -> Result<Response, Problem> {
    let connected = connections::create(&auth.engine, &auth.caller, new).await?;
    let location = format!("/api/v1/connections/{}", connected.connection.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(connected)).into_response())
}

/// List connections
///
/// The application's connections, the oldest first.
#[utoipa::path(
    get, path = "/connections", tag = CONNECTIONS, params(shapes::ConnectionFilter, shapes::Paging),
    responses((status = 200, body = shapes::ConnectionList))
)]
pub(crate) async fn list_connections(
    auth: Application<Read>,
    Query(filter): Query<Pairs>,
) -> Result<Json<ConnectionPage>, Problem> {
    Ok(Json(connections::list(&auth.engine, &auth.caller, &filter).await?))
}

/// Get one connection
#[utoipa::path(
    get, path = "/connections/{id}", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::Connection))
)]
pub(crate) async fn get_connection(auth: OwnConnection<Read>) -> Result<Json<ConnectionView>, Problem> {
    Ok(Json(connections::get(&auth.engine, &auth.scope).await?))
}

/// Change a connection
///
/// Metadata, the customer's name and what is synced how often. What is left out stays as it is.
#[utoipa::path(
    patch, path = "/connections/{id}", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::ConnectionPatch, responses((status = 200, body = shapes::Connection))
)]
pub(crate) async fn update_connection(
    auth: OwnConnection<Manage>,
    Body(changes): Body<connections::Patch>,
) -> Result<Json<ConnectionView>, Problem> {
    Ok(Json(connections::patch(&auth.engine, &auth.scope, changes).await?))
}

/// Disconnect
///
/// The connection's token is dead at once and its syncs stop; its data stays, unless `erase=true`, which deletes the connection
/// with its credentials, records and events for good.
#[utoipa::path(
    delete, path = "/connections/{id}", tag = CONNECTIONS, params(shapes::ConnectionPath, shapes::Erase),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn delete_connection(
    auth: OwnConnection<Manage>,
    Query(query): Query<shapes::Erase>,
) -> Result<StatusCode, Problem> {
    connections::delete(&auth.engine, &auth.scope, query.erase.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get what can be done through a connection
///
/// As the system's capabilities, without what this connection lacks: values of its form that a create needs.
#[utoipa::path(
    get, path = "/connections/{id}/capabilities", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::ConnectionCapabilities))
)]
pub(crate) async fn get_connection_capabilities(auth: OwnConnection<Read>) -> Result<Json<Value>, Problem> {
    Ok(Json(capabilities::of_connection(&auth.engine, &auth.scope).await?))
}

/// Give a connection a new token
///
/// The old one is dead at once. The new one is shown this once.
#[utoipa::path(
    post, path = "/connections/{id}/token", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::Connected))
)]
pub(crate) async fn rotate_token(auth: OwnConnection<Manage>) -> Result<Json<Connected>, Problem> {
    Ok(Json(connections::rotate_token(&auth.engine, &auth.scope).await?))
}

/// Give a connection new credentials
///
/// For when they changed or no longer work. They are tried before they are stored; syncs go on where they were. The
/// connection gets a new token, the old one is dead.
#[utoipa::path(
    post, path = "/connections/{id}/reconnect", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::Reconnect, responses((status = 200, body = shapes::Connected))
)]
pub(crate) async fn reconnect(
    auth: OwnConnection<Manage>,
    Body(body): Body<shapes::Reconnect>,
) -> Result<Json<Connected>, Problem> {
    Ok(Json(connections::reconnect(&auth.engine, &auth.scope, body.credentials).await?))
}

/// Check a connection now
///
/// Asks the system whether the stored credentials still work and tells what it said. 200 also if they do not: see `ok`. A
/// subscription that this server made for hooks is looked at soon after.
#[utoipa::path(
    post, path = "/connections/{id}/check", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::Check))
)]
pub(crate) async fn check_connection(auth: OwnConnection<Manage>) -> Result<Json<CheckView>, Problem> {
    Ok(Json(connections::check(&auth.engine, &auth.scope).await?))
}

/// How a connection is doing
///
/// Its status with the cause, what each entity's sync last came to, how calls to the system went, how much of the time it could be
/// used, and what was wrong when. Nothing is asked of the system.
#[utoipa::path(
    get, path = "/connections/{id}/health", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::ConnectionHealth))
)]
pub(crate) async fn get_connection_health(auth: OwnConnection<Read>) -> Result<Json<HealthView>, Problem> {
    Ok(Json(health::get(&auth.engine, &auth.scope).await?))
}

/// The connection itself
///
/// What a connection token is for, and how the connection is doing.
#[utoipa::path(get, path = "/connection", tag = CONNECTION, responses((status = 200, body = shapes::Connection)))]
pub(crate) async fn get_own_connection(auth: Connection<Read>) -> Result<Json<ConnectionView>, Problem> {
    Ok(Json(connections::get(&auth.engine, &auth.scope).await?))
}
