//! Event Mesh beside the system: its token endpoint, webhook subscriptions on one queue, and what it delivers.
//!
//! | request | effect |
//! |---|---|
//! | `POST /oauth/token` | a bearer token for the client, by HTTP Basic and `grant_type=client_credentials` |
//! | `GET`, `POST /messagingrest/v1/subscriptions` | all of them; a new one, whose receiver is asked before anything is sent |
//! | `GET`, `DELETE /messagingrest/v1/subscriptions/NAME` | one |
//! | `POST /messagingrest/v1/subscriptions/NAME/handshake` | asks the receiver once more |
//!
//! An event goes to one of the subscriptions whose receivers agreed, in turn: they share the queue. Nothing is delivered again.
//! The words of errors, and which status a failed handshake has, are ours.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunnion_kit::sim::Subscription;

use super::events::agrees;
use super::server::App;

/// What opens the sandbox's own Event Mesh and nothing else.
pub const CLIENT_ID: &str = "sb-trunnion-sandbox!b1";
pub const CLIENT_SECRET: &str = "sandbox-mesh-secret";
/// The only queue there is; it has all topics.
pub const QUEUE: &str = "trunnion/sandbox/s4";

#[derive(Clone, Default)]
pub(super) struct Mesh(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    all: Vec<Webhook>,
    tokens: Vec<String>,
    turn: usize,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    name: String,
    address: String,
    #[serde(default)]
    qos: u8,
    push_config: PushConfig,
    #[serde(skip)]
    agreed: bool,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct PushConfig {
    #[serde(rename = "type")]
    kind: String,
    endpoint: String,
    #[serde(default)]
    exempt_handshake: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_content_type: Option<String>,
    /// Not shown again.
    #[serde(default, skip_serializing)]
    security_schema: Option<Basic>,
}

#[derive(Clone, Deserialize)]
struct Basic {
    #[serde(rename = "type")]
    kind: String,
    user: String,
    password: String,
}

impl Mesh {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All subscriptions are gone.
    pub(super) fn drop_all(&self) {
        self.held().all.clear();
    }

    /// Where the next event goes.
    pub(super) fn next(&self) -> Option<Subscription> {
        let mut held = self.held();
        let ready: Vec<&Webhook> = held.all.iter().filter(|one| one.agreed).collect();
        let chosen = ready.get(held.turn % ready.len().max(1))?.push_config.clone();
        held.turn = held.turn.wrapping_add(1);
        let secret = chosen.security_schema.map(|basic| format!("{}:{}", basic.user, basic.password));
        Some(Subscription { url: chosen.endpoint, secret: secret.unwrap_or_default() })
    }
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/messagingrest/v1/subscriptions", get(list).post(create))
        .route("/messagingrest/v1/subscriptions/{name}", get(one).delete(remove))
        .route("/messagingrest/v1/subscriptions/{name}/handshake", post(handshake))
}

async fn token(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let wanted = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    if headers.get("authorization").is_none_or(|given| given.as_bytes() != wanted.as_bytes()) {
        let body = json!({"error": "unauthorized", "error_description": "Bad credentials"});
        return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
    }
    if body != "grant_type=client_credentials" {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "unsupported_grant_type"}))).into_response();
    }
    let mut held = app.mesh.held();
    let token = format!("mesh-{}-{}", app.control.now().as_nanosecond(), held.tokens.len());
    held.tokens.push(token.clone());
    axum::Json(json!({"access_token": token, "token_type": "bearer", "expires_in": 43_199})).into_response()
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, axum::Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

fn denied(app: &App, headers: &HeaderMap) -> Option<Response> {
    let given = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let known = given.is_some_and(|given| app.mesh.held().tokens.iter().any(|token| token == given));
    (!known).then(|| refuse(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "The token is not valid"))
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(denied) = denied(&app, &headers) {
        return denied;
    }
    axum::Json(app.mesh.held().all.clone()).into_response()
}

async fn one(State(app): State<App>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    if let Some(denied) = denied(&app, &headers) {
        return denied;
    }
    match app.mesh.held().all.iter().find(|one| one.name == name) {
        Some(found) => axum::Json(found.clone()).into_response(),
        None => missing(&name),
    }
}

fn missing(name: &str) -> Response {
    refuse(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("Subscription '{name}' does not exist"))
}

async fn create(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(denied) = denied(&app, &headers) {
        return denied;
    }
    let mut new: Webhook = match serde_json::from_slice(&body) {
        Ok(new) => new,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "BAD_REQUEST", &error.to_string()),
    };
    let basic = new.push_config.security_schema.as_ref().is_none_or(|schema| schema.kind == "basic");
    if new.push_config.kind != "webhook" || new.qos > 1 || !basic {
        return refuse(StatusCode::BAD_REQUEST, "BAD_REQUEST", "pushConfig, qos or securitySchema is not understood");
    }
    if new.address != format!("queue:{QUEUE}") {
        return refuse(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("'{}' does not exist", new.address));
    }
    new.agreed = new.push_config.exempt_handshake;
    let (name, told): (String, Value) = (new.name.clone(), json!(new));
    {
        let mut held = app.mesh.held();
        if held.all.iter().any(|one| one.name == name) {
            return refuse(StatusCode::CONFLICT, "CONFLICT", &format!("Subscription '{name}' already exists"));
        }
        held.all.push(new);
    }
    tokio::spawn(async move { shake_hands(&app, &name).await });
    (StatusCode::CREATED, axum::Json(told)).into_response()
}

async fn remove(State(app): State<App>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    if let Some(denied) = denied(&app, &headers) {
        return denied;
    }
    let mut held = app.mesh.held();
    let before = held.all.len();
    held.all.retain(|one| one.name != name);
    if held.all.len() == before { missing(&name) } else { StatusCode::NO_CONTENT.into_response() }
}

async fn handshake(State(app): State<App>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    if let Some(denied) = denied(&app, &headers) {
        return denied;
    }
    match shake_hands(&app, &name).await {
        None => missing(&name),
        Some(true) => StatusCode::ACCEPTED.into_response(),
        Some(false) => {
            refuse(StatusCode::BAD_REQUEST, "HANDSHAKE_FAILED", "The webhook did not agree to the handshake")
        }
    }
}

/// Asks the receiver. Nothing, if there is no such subscription.
async fn shake_hands(app: &App, name: &str) -> Option<bool> {
    let named = |one: &&mut Webhook| one.name == name;
    let to = app.mesh.held().all.iter_mut().find(named)?.push_config.endpoint.clone();
    let agreed = agrees(&app.push, &to).await;
    app.mesh.held().all.iter_mut().find(named)?.agreed |= agreed;
    Some(agreed)
}
