//! What the side-car's own program asks of it: messages and their acknowledgement, what is dead, and numbers.

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use trunnion_receiver::inbox::{Error, Filter, Inbox, Outcome, State as Stand, Stored};

use super::run::SOURCE;

/// Between two looks while somebody waits.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn router(inbox: Inbox) -> Router {
    Router::new()
        .route("/pull", get(pull))
        .route("/ack", post(ack))
        .route("/dead", get(dead))
        .route("/replay", post(replay))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok" }))
        .with_state(inbox)
}

/// A database that does not answer now.
pub(super) struct Trouble(Error);

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "5")], self.0.to_string()).into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    max: Option<usize>,
    wait: Option<u64>,
}

/// `GET /pull?max=10&wait=30`: messages of up to `max` objects; waits if there are none.
async fn pull(State(inbox): State<Inbox>, Query(wanted): Query<Wanted>) -> Result<Json<Value>, Trouble> {
    let until = Instant::now() + Duration::from_secs(wanted.wait.unwrap_or(0).min(60));
    loop {
        let pulled = inbox.pull(SOURCE, wanted.max.unwrap_or(10).clamp(1, 100)).await?;
        if !pulled.is_empty() || Instant::now() >= until {
            let messages: Vec<Value> = pulled
                .iter()
                .map(|one| {
                    let message = &one.message;
                    json!({
                        "receipt": one.receipt, "id": message.id, "type": message.kind, "key": message.key,
                        "attempt": message.attempts + 1, "body": String::from_utf8_lossy(&message.body),
                    })
                })
                .collect();
            return Ok(Json(json!({ "messages": messages })));
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    receipts: Vec<String>,
    /// Why they could not be done; then they are handed out again after a pause.
    failed: Option<String>,
}

/// `POST /ack {"receipts":[…]}`, in the order in which they were done.
async fn ack(State(inbox): State<Inbox>, Json(ack): Json<Ack>) -> Result<Json<Value>, Trouble> {
    let mut late = Vec::new();
    for receipt in ack.receipts {
        let outcome = match &ack.failed {
            None => Outcome::done(),
            Some(reason) => Outcome::retry(reason.clone()),
        };
        if !inbox.settle(SOURCE, &receipt, outcome).await? {
            late.push(receipt);
        }
    }
    Ok(Json(json!({ "late": late })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    pub(super) after: Option<i64>,
}

/// `GET /dead?after=0`: what could not be handed on, with the reason.
async fn dead(State(inbox): State<Inbox>, Query(After { after }): Query<After>) -> Result<Json<Value>, Trouble> {
    let filter = Filter { source: SOURCE.to_owned(), state: Stand::Dead, after: after.unwrap_or(0), limit: 100 };
    let found: Vec<Value> = inbox.list(&filter).await?.iter().map(show).collect();
    Ok(Json(json!({ "messages": found })))
}

fn show(stored: &Stored) -> Value {
    json!({
        "seq": stored.seq, "id": stored.id, "type": stored.kind, "key": stored.key, "error": stored.error,
        "attempts": stored.attempts, "body": String::from_utf8_lossy(&stored.body),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    seq: Option<i64>,
}

/// `POST /replay {"seq":17}`, or `{}` for all that is dead.
async fn replay(State(inbox): State<Inbox>, Json(Again { seq }): Json<Again>) -> Result<Json<Value>, Trouble> {
    let replayed = match seq {
        Some(seq) => u64::from(inbox.replay(SOURCE, seq).await?),
        None => inbox.replay_dead(SOURCE).await?,
    };
    Ok(Json(json!({ "replayed": replayed })))
}

/// `GET /metrics`, for Prometheus.
async fn metrics(State(inbox): State<Inbox>) -> Result<String, Trouble> {
    let now = inbox.time().micros();
    let mut out = String::new();
    for one in inbox.metrics().await? {
        let age = one.oldest_received_at.map_or(0, |at| now.saturating_sub(at)) / 1_000_000;
        for (name, value) in [
            ("stored_total", one.stored),
            ("duplicates_total", one.duplicates),
            ("unverifiable_total", one.unverifiable),
            ("refused_full_total", one.refused_full),
            ("unavailable_total", one.unavailable),
            ("done_total", one.done),
            ("retried_total", one.retried),
            ("dead_total", one.dead),
            ("missed_total", one.missed),
            ("waiting", one.waiting.unsigned_abs()),
            ("oldest_seconds", age.unsigned_abs()),
        ] {
            // Writing to a String cannot fail.
            let _infallible = writeln!(out, "trunnion_inbox_{name}{{source=\"{}\"}} {value}", one.source);
        }
    }
    Ok(out)
}
