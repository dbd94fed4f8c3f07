//! The ordered event log.

use axum::response::Response;
use trunnion_engine::services::events;

use crate::auth::{Connection, Read};
use crate::extract::{Pairs, Query};
use crate::openapi::shapes;
use crate::openapi::tags::EVENTS;
use crate::problem::Problem;
use crate::v1::records::json_text;

/// Read events
///
/// The connection's events in order. Give the `next_cursor` of one answer as `after` of the next request and no event is
/// missed or comes twice, whatever happens in between. With `wait`, an answer without events is held back until there is
/// one, or until that many seconds have passed.
#[utoipa::path(
    get, path = "/events", tag = EVENTS, params(shapes::EventQuery),
    responses((status = 200, body = shapes::EventList))
)]
pub(crate) async fn list_events(auth: Connection<Read>, Query(query): Query<Pairs>) -> Result<Response, Problem> {
    Ok(json_text(events::list(&auth.engine, &auth.scope, &query).await?))
}
