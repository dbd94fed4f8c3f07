//! Requests in the system's own words.

use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use trunnion_engine::services::passthrough;

use crate::audit::Made;
use crate::auth::{Connection, Write};
use crate::extract::Body;
use crate::idempotency::Headers;
use crate::openapi::shapes;
use crate::openapi::tags::CONNECTION;
use crate::problem::Problem;

/// Pass a request through to the system
///
/// For what the unified model does not have: the request is sent as it is, with the connection's credentials, within its rate
/// budget, and whatever the system answers is the answer, refusals too. It goes to the connection's own address below the
/// paths that the connector opens, and nowhere else. A request that changes something is sent once: no operation is kept of
/// it, an `Idempotency-Key` is refused, and after a lost answer (`OUTCOME_UNKNOWN`) only a look into the system tells what
/// became of it. At most 1 MB goes out and 8 MB come back. Needs the scope `write`, also to read. Each call is in the audit log.
#[utoipa::path(
    post, path = "/passthrough", tag = CONNECTION, request_body = shapes::Passthrough,
    responses((status = 200, body = shapes::PassedThrough))
)]
pub(crate) async fn passthrough(
    auth: Connection<Write>,
    headers: Headers,
    Body(ask): Body<passthrough::Ask>,
) -> Response {
    let name = ask.name();
    if headers.key.is_some() {
        let message =
            "is not kept for requests that are passed through: leave it out, and do not repeat what changes something";
        return (Extension(Made(name)), Problem::parameter("Idempotency-Key", message)).into_response();
    }
    match passthrough::send(&auth.engine, &auth.scope, ask).await {
        Ok(answered) => (Extension(Made(format!("{name} {}", answered.status))), Json(answered)).into_response(),
        Err(error) => (Extension(Made(name)), Problem::from(error)).into_response(),
    }
}
