//! Unified records. One handler per verb serves all entities; which one it is, the route says.
//!
//! Records are ready JSON text from the engine and are answered as they are.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use trunnion_engine::services::{records, writes};
use trunnion_model::catalog::Entity;

use crate::auth::{Connection, Read, Write};
use crate::extract::{Body, Pairs, Query, Segment};
use crate::idempotency::{Headers, REPLAYED};
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

pub(crate) async fn history(
    auth: Connection<Read>,
    entity: Of,
    Segment(id): Segment,
    Query(query): Query<Pairs>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(records::history(&auth.engine, &auth.scope, entity.path, &id, &query).await?))
}

pub(crate) async fn create(
    auth: Connection<Write>,
    entity: Of,
    headers: Headers,
    Query(query): Query<Pairs>,
    Body(body): Body<Value>,
) -> Result<Response, Problem> {
    let headers = headers.with_key_unless_dry(&query)?;
    let answer = writes::create(&auth.engine, &auth.scope, entity.path, body, headers.manner(), &query).await?;
    Ok(answered(entity.path, answer))
}

pub(crate) async fn update(
    auth: Connection<Write>,
    entity: Of,
    Segment(id): Segment,
    headers: Headers,
    Query(query): Query<Pairs>,
    Body(body): Body<Value>,
) -> Result<Response, Problem> {
    let answer = writes::update(&auth.engine, &auth.scope, entity.path, &id, body, headers.manner(), &query).await?;
    Ok(answered(entity.path, answer))
}

pub(crate) async fn act(
    auth: Connection<Write>,
    entity: Of,
    Path((id, action)): Path<(String, String)>,
    headers: Headers,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    let what = (id.as_str(), action.as_str());
    let answer = writes::act(&auth.engine, &auth.scope, entity.path, what, headers.manner(), &query).await?;
    Ok(answered(entity.path, answer))
}

/// `receive` of a purchase order: what is made is a goods receipt.
pub(crate) async fn receive(
    auth: Connection<Write>,
    Segment(id): Segment,
    headers: Headers,
    Query(query): Query<Pairs>,
    body: Option<Body<Value>>,
) -> Result<Response, Problem> {
    let headers = headers.with_key_unless_dry(&query)?;
    let body = body.map_or_else(|| Value::Object(Map::new()), |body| body.0);
    let answer = writes::receive(&auth.engine, &auth.scope, &id, body, headers.manner(), &query).await?;
    Ok(answered("goods-receipts", answer))
}

pub(crate) async fn adjust(
    auth: Connection<Write>,
    Segment(id): Segment,
    headers: Headers,
    Query(query): Query<Pairs>,
    Body(body): Body<Value>,
) -> Result<Response, Problem> {
    post(&auth, (&id, "adjust"), headers, &query, body).await
}

pub(crate) async fn transfer(
    auth: Connection<Write>,
    Segment(id): Segment,
    headers: Headers,
    Query(query): Query<Pairs>,
    Body(body): Body<Value>,
) -> Result<Response, Problem> {
    post(&auth, (&id, "transfer"), headers, &query, body).await
}

async fn post(
    auth: &Connection<Write>,
    what: (&str, &'static str),
    headers: Headers,
    query: &Pairs,
    body: Value,
) -> Result<Response, Problem> {
    let headers = headers.with_key_unless_dry(query)?;
    let answer = writes::post(&auth.engine, &auth.scope, what, body, headers.manner(), query).await?;
    Ok(answered("inventory-levels", answer))
}

pub(crate) async fn delete(
    auth: Connection<Write>,
    entity: Of,
    Segment(id): Segment,
    headers: Headers,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    let answer = writes::delete(&auth.engine, &auth.scope, entity.path, &id, headers.manner(), &query).await?;
    Ok(answered(entity.path, answer))
}

fn answered(path: &str, answer: writes::Answer) -> Response {
    let written = match answer {
        writes::Answer::Done(written) => written,
        writes::Answer::Planned(plan) => return Json(plan).into_response(),
        writes::Answer::Accepted(operation) => {
            let at = format!("/api/v1/operations/{}", operation["id"].as_str().unwrap_or_default());
            return (StatusCode::ACCEPTED, [(header::LOCATION, at)], Json(operation)).into_response();
        }
    };
    let replayed = written.replayed.then_some([(REPLAYED, HeaderValue::from_static("true"))]);
    let answer = match written.result {
        Ok(stored) => stored_record(path, stored),
        Err(error) => Problem::from(error).into_response(),
    };
    (replayed, answer).into_response()
}

fn stored_record(path: &str, stored: writes::Stored) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let at = (status == StatusCode::CREATED).then(|| [(header::LOCATION, format!("/api/v1/{path}/{}", stored.id))]);
    (status, [(header::ETAG, etag(stored.version))], at, json_text(stored.json)).into_response()
}

/// Answers JSON that is text already.
pub(crate) fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}
