//! The outermost layer: gives every request its id, renders problems, and logs each request once.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::time::Instant;
use trunnion_model::ids::RequestId;
use trunnion_model::time::Clock;

use crate::metrics::Requests;
use crate::problem;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, for those who come after in the same request.
#[derive(Clone)]
pub(crate) struct RequestName(pub(crate) String);

/// The longest id that we take over from a caller.
const LONGEST_ID: usize = 128;

pub(crate) async fn observe(
    State((clock, requests)): State<(Clock, Requests)>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = incoming_id(request.headers()).unwrap_or_else(|| RequestId::new(&clock).to_string());
    request.extensions_mut().insert(RequestName(id.clone()));
    let method = request.method().clone();
    // The route, not the URL: what callers put into paths and queries is theirs and stays out of the log.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = problem::render(next.run(request).await, &method, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // What is answered is somebody's business data, unless a handler said that it may be kept.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    requests.count(&method, route.as_deref(), response.status(), started.elapsed());
    tracing::info!(
        %method,
        route = route.as_deref().unwrap_or("-"),
        status = response.status().as_u16(),
        ms = started.elapsed().as_millis() as u64,
        request_id = id,
        "request"
    );
    response
}

/// The caller's own id, if it is one that is safe in headers, logs and file names.
fn incoming_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(sane)).then(|| id.to_owned())
}

#[test]
fn only_a_sane_id_is_taken_over() {
    let id = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(text).unwrap());
        incoming_id(&headers)
    };
    assert_eq!(id("a1-b_2.c").as_deref(), Some("a1-b_2.c"));
    for odd in ["", "a b", "a\"b", "../etc/passwd", &"x".repeat(129)] {
        assert_eq!(id(odd), None, "{odd}");
    }
}
