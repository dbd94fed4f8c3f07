//! A request in the system's own words, for what the unified model does not have.
//!
//! It needs the permission to write whatever its method is: systems change things by GET too, and whoever may only read is
//! to read records. No operation is kept of it and no key: what changes something is sent once, and a lost answer is told as
//! such, because nobody could search for what it did.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::http::{Answer, Lane};
use trunnion_kit::passthrough::{self, LARGEST, Passage};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{FieldError, Result, ServiceError, from_system};
use crate::write;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// What `POST /passthrough` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub method: String,
    pub path: String,
    /// A text, or a list of texts, by name.
    #[serde(default)]
    pub query: Map<String, Value>,
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// JSON, sent as it is written, or a text, sent as what it says.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
}

/// What the system answered.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    pub status: u16,
    pub headers: Map<String, Value>,
    /// JSON where it is JSON, else text; null where there is none, or where it is no text.
    pub body: Option<Box<RawValue>>,
    /// What is no text, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
}

impl Ask {
    /// For the audit: method and path, which hold no query.
    pub fn name(&self) -> String {
        let path: String = self.path.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect();
        let method = METHODS.into_iter().find(|known| *known == self.method).unwrap_or("?");
        format!("{method} {path}")
    }
}

/// Sends it with the connection's credentials.
pub async fn send(engine: &Engine, scope: &Scope, ask: Ask) -> Result<Answered> {
    scope.may(Permission::Write)?;
    write::may_write(scope.row())?;
    let passage = passage(ask)?;
    let live = engine.links().get(engine, scope.row()).await?.in_lane(Lane::ReadThrough);
    if !passthrough::is_offered(&live.spec) {
        let message = "Requests are not passed through to this system: its API has no paths of its own.".to_owned();
        return Err(ServiceError::UnsupportedOperation { message });
    }
    let wrong = passthrough::problems(&live.link, &passage);
    if !wrong.is_empty() {
        let errors = wrong.into_iter().map(|(pointer, message)| FieldError::new(pointer, message)).collect();
        return Err(ServiceError::ValidationFailed { errors });
    }
    let reads = matches!(passage.method, Method::GET | Method::HEAD);
    let _in_hand = engine.courtesy().enter();
    match passthrough::send(&live.link, passage).await {
        Ok(answer) => Ok(answered(answer)),
        Err(error) => Err(refused(engine, &live, error, reads).await),
    }
}

async fn refused(engine: &Engine, live: &crate::links::Live, error: SystemError, reads: bool) -> ServiceError {
    match error {
        SystemError::Authentication(message) => {
            if let Err(error) = crate::links::park(engine, live, &message).await {
                tracing::error!(connection = %live.connection, ?error, "the connection could not be parked");
            }
            from_system(&SystemError::Authentication(message))
        }
        SystemError::OutcomeUnknown(text) => ServiceError::Unanswered {
            message: format!("It was sent once, and whether it took effect is not known; look into the system. {text}"),
        },
        SystemError::Unexpected(text) if reads && text.contains("larger than the limit") => {
            let message = format!("The answer is larger than {LARGEST} bytes; ask for less at a time. {text}");
            ServiceError::SystemRejected {
                vendor: Box::new(crate::error::Vendor { message, ..Default::default() }),
                errors: Vec::new(),
            }
        }
        error => from_system(&error),
    }
}

fn passage(ask: Ask) -> Result<Passage> {
    let mut errors = Vec::new();
    let known = METHODS.into_iter().find(|known| *known == ask.method);
    let method = known.and_then(|known| Method::try_from(known).ok()).unwrap_or_else(|| {
        errors.push(FieldError::new("/method", format!("must be one of: {}", METHODS.join(", "))));
        Method::GET
    });
    let query = texts("query", ask.query, &mut errors);
    let headers = texts("headers", ask.headers, &mut errors);
    let body = ask.body.map(|body| match serde_json::from_str::<String>(body.get()) {
        Ok(text) => (HeaderValue::from_static("text/plain; charset=utf-8"), Bytes::from(text)),
        // As the caller wrote it: a number keeps its digits.
        Err(_) => (HeaderValue::from_static("application/json"), Bytes::from(body.get().to_owned())),
    });
    if body.is_some() && matches!(method, Method::GET | Method::HEAD) {
        errors.push(FieldError::new("/body", "a request that reads has none"));
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    Ok(Passage { method, path: ask.path, query, headers, body })
}

fn texts(member: &str, given: Map<String, Value>, errors: &mut Vec<FieldError>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in given {
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        for value in values {
            match value {
                Value::String(text) => pairs.push((name.clone(), text)),
                _ => errors.push(FieldError::new(format!("/{member}/{name}"), "must be a text or a list of texts")),
            }
        }
    }
    pairs
}

fn answered(answer: Answer) -> Answered {
    let mut headers = Map::new();
    for name in answer.headers.keys() {
        let values: Vec<&str> = answer.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        headers.insert(name.as_str().to_owned(), values.join(", ").into());
    }
    let kind = answer.header(header::CONTENT_TYPE).unwrap_or_default();
    let says_json = kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json"));
    let (status, mut body, mut body_base64) = (answer.status, None, None);
    match String::from_utf8(answer.body) {
        Ok(text) if text.is_empty() => {}
        Ok(text) => {
            // As the system wrote it: a price is no float.
            let json = if says_json { serde_json::from_str::<Box<RawValue>>(&text).ok() } else { None };
            body = json.or_else(|| to_raw_value(&text).ok());
        }
        Err(binary) => body_base64 = Some(STANDARD.encode(binary.into_bytes())),
    }
    Answered { status, headers, body, body_base64 }
}
