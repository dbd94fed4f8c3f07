//! Reading requests: bodies and query parameters, with refusals that say what is wrong and where.

use std::time::Duration;

use axum::body::{Body as HttpBody, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use trunnion_engine::services::branding::LARGEST_LOGO;

use crate::problem::{Code, FieldError, Problem};

/// The largest body that a request may have.
pub(crate) const BODY_LIMIT: usize = 1_000_000;

/// How much of a body that is too large is still read, and how long, so that the sender gets to read why.
const DRAIN_LIMIT: usize = 8 * BODY_LIMIT;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A JSON body of a known shape.
pub(crate) struct Body<T>(pub(crate) T);

/// A small image, whatever its sender calls it.
pub(crate) struct Image(pub(crate) Bytes);

/// The only parameter of a route's path, decoded.
pub(crate) struct Segment(pub(crate) String);

/// Query parameters as they came, for services that read them themselves.
pub(crate) type Pairs = Vec<(String, String)>;

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let bytes = json_bytes(request).await?;
        // What is no JSON is told before what has the wrong shape.
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).map_err(|error| malformed(&error))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        serde_path_to_error::deserialize(&mut reader).map(Self).map_err(|error| refuse(&error))
    }
}

impl<S: Send + Sync> FromRequest<S> for Image {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        bounded(request.into_body(), LARGEST_LOGO).await.map(Self)
    }
}

/// A body that may be left out.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let absent = request.body().size_hint().exact() == Some(0);
        if absent { Ok(None) } else { <Self as FromRequest<S>>::from_request(request, state).await.map(Some) }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|rejection| {
            // "Failed to deserialize query string: limit: must be …": the parameter and what is wrong with it.
            let text = rejection.body_text();
            let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
            match text.split_once(": ") {
                Some((name, message)) => Problem::parameter(name, message),
                None => Problem::malformed(format!("The query cannot be read: {text}.")),
            }
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segment = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        segment.map(|segment| Self(segment.0)).map_err(|_| Problem::malformed("The path is not UTF-8."))
    }
}

/// The body of a request that says that it is JSON and is not too large.
async fn json_bytes(request: Request) -> Result<Bytes, Problem> {
    if !says_json(request.headers()) {
        let problem = Problem::malformed("The body must be JSON: send it with Content-Type: application/json.");
        return Err(problem.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    bounded(request.into_body(), BODY_LIMIT).await
}

async fn bounded(body: HttpBody, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let text = format!("The body is too large: at most {limit} bytes.");
        Problem::new(Code::ValidationFailed, text).with_status(StatusCode::PAYLOAD_TOO_LARGE)
    };
    if body.size_hint().lower() > limit as u64 {
        drain(body).await;
        return Err(too_large());
    }
    let bytes = axum::body::to_bytes(body, limit).await;
    bytes.map_err(|error| if is_limit(&error) { too_large() } else { Problem::malformed("The body broke off.") })
}

/// A connection that is closed while its sender still writes is reset, and the answer may be lost with it.
pub(crate) async fn drain(body: HttpBody) {
    let mut chunks = body.into_data_stream();
    let mut left = DRAIN_LIMIT;
    let reading = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Whatever was not read in time stays unread.
    let _in_time = tokio::time::timeout(DRAIN_TIME, reading).await;
}

pub(crate) fn is_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.to_string() == "length limit exceeded" {
            return true;
        }
        source = inner.source();
    }
    false
}

pub(crate) fn says_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::malformed(format!("The body is not JSON: {error}."))
}

/// JSON of the wrong shape: 422 with a pointer to the place.
fn refuse(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let message = error.inner().to_string();
    // The place is told by the pointer; line and column are those of the end of the value, which misleads.
    let message = message.split(" at line ").next().unwrap_or_default().to_owned();
    let problem = Problem::new(Code::ValidationFailed, format!("The body does not have the right shape: {message}."));
    problem.with_errors(vec![FieldError::body(pointer(error.path()), message)])
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => "?".to_owned(),
    };
    path.iter().map(|part| format!("/{}", segment(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        #[expect(dead_code, reason = "only its reading is tested")]
        customer: Vec<u8>,
    }

    async fn read(content_type: &str, body: &'static [u8]) -> Problem {
        let request = Request::builder().header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap();
        <Body<Shape> as FromRequest<()>>::from_request(request, &()).await.map(|body| body.0).expect_err("refused")
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_told_with_its_place() {
        assert_eq!(read("text/plain", b"{}").await.status(), 415);
        assert_eq!(read("application/json", b"{\"customer\":").await.status(), 400);
        assert_eq!(read("application/json", b"{\"custumer\":[]} x").await.status(), 400);
        assert_eq!(read("application/json", vec![b' '; BODY_LIMIT + 1].leak()).await.status(), 413);
        let wrong = read("application/json; charset=utf-8", b"{\"customer\":[1,\"x\"]}").await;
        assert_eq!(wrong.status(), 422);
        assert!(format!("{wrong:?}").contains("/customer/1"), "{wrong:?}");
    }
}
