//! The other ways in, beside user and password. Each stands for the one communication user that there is.
//!
//! | way | as it comes |
//! |---|---|
//! | API hub, or an API management that checks keys | the header `APIKey` |
//! | API management in front, with tokens | `POST /apimanagement/oauth/token` by HTTP Basic, then `Authorization: Bearer` |
//! | X.509 | the header `SSL_CLIENT_CERT` (the certificate in base64, on one line), which the web dispatcher sets after it checked the certificate; the user is mapped to it by `POST /_control/trust_certificate` |

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use trunnion_model::time::Timestamp;

use super::server::App;

/// What opens the sandbox's own gate and nothing else.
pub const API_KEY: &str = "sandbox-api-key-1";
pub const CLIENT_ID: &str = "sb-api-proxy!b1";
pub const CLIENT_SECRET: &str = "sandbox-proxy-secret";

const LIFE_SECONDS: i64 = 3_600;
/// More tokens than this push the oldest out.
const MOST_TOKENS: usize = 1_000;

#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    tokens: Vec<(String, i64)>,
    made: u64,
    /// Certificates that are mapped to the user, in base64.
    certificates: Vec<String>,
}

impl Gate {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something else than a password proves the user.
    pub(super) fn vouches(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let held = self.held();
        if let Some(certificate) = text("ssl_client_cert") {
            return held.certificates.iter().any(|known| known == certificate);
        }
        if let Some(key) = text("apikey") {
            return key == API_KEY;
        }
        let token = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let good = |token: &str| held.tokens.iter().any(|(known, until)| known == token && now.as_second() < *until);
        token.is_some_and(good)
    }
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/apimanagement/oauth/token", post(token)).route("/_control/trust_certificate", post(trust))
}

async fn token(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let wanted = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    if headers.get(header::AUTHORIZATION).is_none_or(|given| given.as_bytes() != wanted.as_bytes()) {
        let body = json!({"error": "unauthorized", "error_description": "Bad credentials"});
        return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
    }
    if !body.starts_with(b"grant_type=client_credentials") {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "unsupported_grant_type"}))).into_response();
    }
    let now = app.control.now().as_second();
    let mut held = app.gate.held();
    held.made += 1;
    let token = format!("proxy-{now}-{}", held.made);
    held.tokens.push((token.clone(), now + LIFE_SECONDS));
    if held.tokens.len() > MOST_TOKENS {
        held.tokens.remove(0);
    }
    axum::Json(json!({"access_token": token, "token_type": "bearer", "expires_in": LIFE_SECONDS - 1})).into_response()
}

/// The body is a certificate in PEM.
async fn trust(State(app): State<App>, pem: String) -> StatusCode {
    let lines = pem.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("-----"));
    let der: String = lines.collect();
    if BASE64_STANDARD.decode(&der).is_err() || der.is_empty() {
        return StatusCode::BAD_REQUEST;
    }
    app.gate.held().certificates.push(der);
    StatusCode::NO_CONTENT
}
