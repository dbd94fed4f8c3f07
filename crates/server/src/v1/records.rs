//! Unified records. One handler per verb serves all entities; which one it is, the route says.
//!
//! Records are ready JSON text from the engine and are answered as they are.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use trunnion_engine::services::{records, writes};
use trunnion_model::catalog::Entity;

use crate::auth::{Connection, Read, Write};
use crate::extract::{Body, Pairs, Query, Segment};
use crate::idempotency::{IdempotencyKey, REPLAYED};
use crate::problem::Problem;

/// The entity that the route is about.
pub(crate) type Of = Extension<&'static Entity>;

pub(crate) async fn list(auth: Connection<Read>, entity: Of, Query(query): Query<Pairs>) -> Result<Response, Problem> {
    Ok(json_text(records::list(&auth.engine, &auth.scope, entity.path, &query).await?))
}

pub(crate) async fn get(
    auth: Connection<Read>,
    entity: Of,
    Segment(id): Segment,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    let found = records::get(&auth.engine, &auth.scope, entity.path, &id, &query).await?;
    Ok(([(header::ETAG, etag(found.version))], json_text(found.json)).into_response())
}

pub(crate) async fn create(
    auth: Connection<Write>,
    entity: Of,
    IdempotencyKey(key): IdempotencyKey,
    Query(query): Query<Pairs>,
    Body(body): Body<Value>,
) -> Result<Response, Problem> {
    let written = writes::create(&auth.engine, &auth.scope, entity.path, Some(&key), body, &query).await?;
    let replayed = written.replayed.then_some([(REPLAYED, HeaderValue::from_static("true"))]);
    let answer = match written.result {
        Ok(stored) => created(entity.path, stored),
        Err(error) => Problem::from(error).into_response(),
    };
    Ok((replayed, answer).into_response())
}

fn created(path: &str, stored: writes::Stored) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::CREATED);
    let headers: [(HeaderName, String); 2] =
        [(header::LOCATION, format!("/api/v1/{path}/{}", stored.id)), (header::ETAG, etag(stored.version))];
    (status, headers, json_text(stored.json)).into_response()
}

/// Answers JSON that is text already.
pub(crate) fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}
