//! The ordered event log.

use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::HeaderMap;
use serde_json::{Value, json};
use trunnion_engine::services::{event_types, events};

use crate::auth::{Application, Log, Read};
use crate::extract::{Pairs, Query};
use crate::openapi::shapes;
use crate::openapi::tags::{EVENTS, WEBHOOKS};
use crate::problem::Problem;
use crate::stream::{self, Stopping, Streams};
use crate::v1::records::json_text;

/// Read events
///
/// Events in order: of a connection, or with an application key that names none of all its connections. Give the
/// `next_cursor` of one answer as `after` of the next request and no event is missed or comes twice, whatever happens in
/// between. With `wait`, an answer without events is held back until there is one, or until that many seconds have passed.
/// In the log over all connections, the events of each stand in the order of their `sequence`. A cursor is good for the log
/// that it came from. If what came after it was deleted meanwhile, the answer is 410 `CURSOR_EXPIRED`.
#[utoipa::path(
    get, path = "/events", tag = EVENTS, params(shapes::EventQuery),
    responses((status = 200, body = shapes::EventList))
)]
pub(crate) async fn list_events(log: Log, Query(query): Query<Pairs>) -> Result<Response, Problem> {
    Ok(json_text(events::list(&log.engine, log.reach, &query).await?))
}

/// Follow events
///
/// The same log as Server-Sent Events. Each has the event as `data` and its cursor as `id`; a client that comes again sends
/// the last `id` as `Last-Event-ID` and goes on behind it. An `id` without `data` comes at least every 15 seconds. The stream
/// ends after `seconds`, when the token is no longer good, and when the server stops: come again.
#[utoipa::path(
    get, path = "/events/stream", tag = EVENTS, params(shapes::StreamQuery),
    responses((status = 200, body = String, content_type = "text/event-stream"))
)]
pub(crate) async fn stream_events(
    log: Log,
    stopping: Option<Extension<Stopping>>,
    Extension(streams): Extension<Streams>,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    let place = streams.take()?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let events = events::stream(&log.engine, &log.reach, &query, last).await?;
    Ok(stream::answer(log, events, stopping.map(|one| one.0), place).into_response())
}

/// List the types of events
///
/// Each with what it means, the JSON Schema of the whole event, and an example.
#[utoipa::path(
    get, path = "/event-types", tag = WEBHOOKS, responses((status = 200, body = shapes::EventTypeList))
)]
pub(crate) async fn list_event_types(_auth: Application<Read>) -> Json<Value> {
    Json(json!({"data": event_types::list()}))
}
