//! The body of a bulk: a JSON array, or NDJSON read line by line as it comes. Either way each item is read for itself, so that
//! a refusal names the item.

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{StatusCode, header};
use serde_json::value::RawValue;
use trunnion_engine::services::bulks::{Item, MOST_ITEMS};

use crate::extract::{drain, is_limit, says_json};
use crate::problem::{Code, FieldError, Problem};

/// The largest body of a bulk; an item may be as large as it likes within that.
const BODY_LIMIT: usize = 16_000_000;

/// The items of a bulk, in their order.
pub(crate) struct Items(pub(crate) Vec<Item>);

impl<S: Send + Sync> FromRequest<S> for Items {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if says_json(request.headers()) {
            return array(request.into_body()).await.map(Self);
        }
        let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
                lines(request.into_body()).await.map(Self)
            }
            _ => {
                let text =
                    "The body must be a JSON array (application/json) or one item a line (application/x-ndjson).";
                Err(Problem::malformed(text).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            }
        }
    }
}

async fn array(body: HttpBody) -> Result<Vec<Item>, Problem> {
    let bytes = axum::body::to_bytes(body, BODY_LIMIT).await;
    let bytes = bytes.map_err(|error| if is_limit(&error) { too_large() } else { broke_off() })?;
    let items: Vec<&RawValue> = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::malformed(format!("The body is not a JSON array of items: {error}.")))?;
    all(items.into_iter().enumerate().map(|(place, text)| item(place, text.get().as_bytes())))
}

async fn lines(body: HttpBody) -> Result<Vec<Item>, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut rest, mut read) = (BytesMut::new(), 0);
    let mut items = Vec::new();
    let take = |line: &[u8], items: &mut Vec<Result<Item, FieldError>>| {
        if !line.trim_ascii().is_empty() {
            items.push(item(items.len(), line));
        }
    };
    while let Some(chunk) = chunks.next().await {
        let chunk: Bytes = chunk.map_err(|_| broke_off())?;
        read += chunk.len();
        if read > BODY_LIMIT || items.len() > MOST_ITEMS {
            drain(HttpBody::from_stream(chunks)).await;
            return Err(too_large());
        }
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            take(&rest.split_to(end + 1), &mut items);
        }
    }
    take(&rest, &mut items);
    all(items.into_iter())
}

fn item(place: usize, text: &[u8]) -> Result<Item, FieldError> {
    serde_json::from_slice(text).map_err(|error| {
        let message = error.to_string();
        FieldError::body(format!("/{place}"), message.split(" at line ").next().unwrap_or_default().to_owned())
    })
}

/// All problems at once, or all items.
fn all(items: impl Iterator<Item = Result<Item, FieldError>>) -> Result<Vec<Item>, Problem> {
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Ok(item) => good.push(item),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        return Ok(good);
    }
    let text = format!("{} items do not have the right shape.", errors.len());
    Err(Problem::new(Code::ValidationFailed, text).with_errors(errors))
}

fn too_large() -> Problem {
    let text = format!("The body is too large: at most {BODY_LIMIT} bytes and {MOST_ITEMS} items.");
    Problem::new(Code::ValidationFailed, text).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

fn broke_off() -> Problem {
    Problem::malformed("The body broke off.")
}
