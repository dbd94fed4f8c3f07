//! What was not believed, for whoever corrected the secret or the scheme and started the side-car anew: looked at, and judged
//! once more.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use trunnion_receiver::door::{Source, judge_again};
use trunnion_receiver::inbox::{Inbox, Refused};

use super::pull::{After, Trouble};
use super::run::SOURCE;

/// As many in one answer.
const PAGE: i64 = 100;

#[derive(Clone)]
struct Judge {
    inbox: Inbox,
    source: Arc<Source>,
}

pub(super) fn router(inbox: Inbox, source: Source) -> Router {
    Router::new()
        .route("/unverifiable", get(list))
        .route("/verify", post(verify))
        .with_state(Judge { inbox, source: Arc::new(source) })
}

/// `GET /unverifiable?after=0`: the last requests that were not believed, with the reason.
async fn list(State(judge): State<Judge>, Query(After { after }): Query<After>) -> Result<Json<Value>, Trouble> {
    let found = judge.inbox.refused(SOURCE, after.unwrap_or(0), PAGE).await?;
    Ok(Json(json!({ "requests": found.iter().map(show).collect::<Vec<_>>() })))
}

fn show(refused: &Refused) -> Value {
    let headers: Value = serde_json::from_str(&refused.headers).unwrap_or_default();
    json!({
        "seq": refused.seq, "reason": refused.reason, "headers": headers,
        "body": String::from_utf8_lossy(&refused.body),
    })
}

/// `POST /verify`: judges them by the settings of now.
async fn verify(State(judge): State<Judge>) -> Result<Json<Value>, Trouble> {
    let again = judge_again(&judge.inbox, &judge.source).await?;
    Ok(Json(json!({ "believed": again.believed, "refused": again.refused })))
}
