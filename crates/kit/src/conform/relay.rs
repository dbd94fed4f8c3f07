//! Stands in front of a real system as simulators do: a request log, faults, and credentials that expire on demand.
//!
//! Headers and bodies pass as they are. What was signed for the system's own address does not verify through here.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as Incoming, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use trunnion_model::time::Clock;
use url::Url;

use crate::error::Error;
use crate::http::{Client, Effect, Request};
use crate::sim::{Control, Sim, start};
use crate::spec::Limits;

const LARGEST_BODY: usize = 16 << 20;

#[derive(Clone)]
struct Relay {
    to: Url,
    client: Client,
    control: Control,
}

/// Serves the system at `to` on a free local port.
pub async fn relay(to: &str, clock: Clock) -> Result<Sim, Error> {
    let to = Url::parse(to).map_err(|error| Error::Unexpected(format!("{to}: {error}")))?;
    let limits = Limits { tries: 1, ..Limits::default() };
    let client = Client::new(&limits, clock.clone())?;
    let control = Control::new(clock);
    let router = Router::new().fallback(pass).with_state(Relay { to, client, control: control.clone() });
    start(router, control, 0).await.map_err(|error| Error::Unexpected(format!("the relay did not start: {error}")))
}

async fn pass(State(relay): State<Relay>, incoming: Incoming) -> Response {
    if relay.control.credentials_expired() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (parts, body) = incoming.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut url = relay.to.clone();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    // Sent once whatever it is: whether to try again is for the caller to decide.
    let mut request = Request::new(parts.method, url, Effect::Write);
    request.headers = parts.headers;
    // The client makes these itself.
    for name in [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::ACCEPT_ENCODING] {
        request.headers.remove(name);
    }
    request.body = Some(body);
    let answer = match relay.client.send(&request).await {
        Ok(answer) => answer,
        Err(error) => return (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = answer.headers;
    // The body was unpacked and is sent in one piece.
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONTENT_ENCODING, header::CONNECTION] {
        response.headers_mut().remove(name);
    }
    response
}
