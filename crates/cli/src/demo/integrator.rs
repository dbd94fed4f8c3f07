//! The software company's own server: the page that customers come back to, and the receiver of webhooks.
//!
//! A receiver worth copying keeps what it got before it answers, verifies the raw bytes, and skips ids that it has seen.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use trunnion_kit::webhook::{SigningKey, signature};
use trunnion_model::time::Clock;

/// How old or new a signature may be, in seconds; the libraries of the standard take the same.
const TOLERANCE: i64 = 5 * 60;
/// How long a webhook may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

type Pairs = Vec<(String, String)>;

/// Cheap to clone; every clone is the same server.
#[derive(Clone, Default)]
pub(super) struct Integrator {
    pub(super) url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    secret: Option<SecretString>,
    returned: Pairs,
    ids: HashSet<String>,
    events: Vec<Value>,
    refused: usize,
}

impl Integrator {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let integrator = Self { url: format!("http://{}", listener.local_addr()?), ..Self::default() };
        let router = Router::new()
            .route("/connected", get(connected))
            .route("/webhooks", post(webhook))
            .with_state(integrator.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(integrator)
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("{}/connected", self.url)
    }

    pub(super) fn know_secret(&self, secret: &str) {
        self.seen().secret = Some(secret.to_owned().into());
    }

    /// What a customer's browser brought back, by name.
    pub(super) fn returned(&self, name: &str) -> Option<String> {
        self.seen().returned.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// How many requests did not carry a right signature.
    pub(super) fn refused(&self) -> usize {
        self.seen().refused
    }

    /// Waits for the first event that fits, after `known` others that do.
    pub(super) async fn event(&self, known: usize, fits: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(event) = self.events(&fits).into_iter().nth(known) {
                return Ok(event);
            }
            anyhow::ensure!(Instant::now() < deadline, "the webhook did not come within {} s", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The events that fit, of those whose signature was right; each id is there once.
    pub(super) fn events(&self, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.seen().events.iter().filter(|event| fits(event)).cloned().collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connected(State(integrator): State<Integrator>, Query(pairs): Query<Pairs>) -> &'static str {
    integrator.seen().returned = pairs;
    "Connected. You can close this page."
}

async fn webhook(State(integrator): State<Integrator>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut seen = integrator.seen();
    let verified = seen.secret.as_ref().and_then(|secret| verify(secret, &headers, &body));
    let Some((id, event)) = verified else {
        seen.refused += 1;
        return StatusCode::UNAUTHORIZED;
    };
    if seen.ids.insert(id) {
        seen.events.push(event);
    }
    StatusCode::OK
}

/// The event's id and content, if the signature is one that only the secret's holder could make over these very bytes.
fn verify(secret: &SecretString, headers: &HeaderMap, body: &[u8]) -> Option<(String, Value)> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (id, timestamp, given) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let timestamp: i64 = timestamp.parse().ok()?;
    let now = Clock::system().now_micros().div_euclid(1_000_000);
    if now.abs_diff(timestamp) > TOLERANCE.unsigned_abs() {
        return None;
    }
    let right = signature(&[SigningKey::parse(secret)?], id, timestamp, body).ok()?;
    given.split(' ').any(|entry| entry == right).then_some(())?;
    Some((id.to_owned(), serde_json::from_slice(body).ok()?))
}
