//! Endpoints, deliveries and attempts as the API shows them. A secret is shown when it is made, and never again.

use serde::Serialize;
use serde_json::Value;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{Attempt, BlockedKey, Delivery, DeliveryState, Replay, WebhookEndpoint};

use super::settings::Retry;

#[derive(Clone, Debug, Serialize)]
pub struct EndpointView {
    pub id: String,
    pub url: String,
    pub description: String,
    /// None means all.
    pub types: Vec<String>,
    /// None means all of the application, unless there are tags.
    pub connection_ids: Vec<String>,
    pub connection_tags: Vec<String>,
    pub ordering: String,
    pub payload: String,
    pub rate_limit_per_second: Option<i64>,
    pub timeout_seconds: i64,
    pub disable_after_seconds: Option<i64>,
    pub retry: Retry,
    /// Names only: the values are secrets.
    pub header_names: Vec<String>,
    pub signatures: Vec<String>,
    /// Of `v1a`, the newest first; more than one while a key is being replaced.
    pub public_keys: Vec<String>,
    /// `active`, `failing` or `disabled`.
    pub state: String,
    pub disabled_reason: Option<String>,
    pub disabled_at: Option<String>,
    pub failing_since: Option<String>,
    pub failures: i64,
    pub held_until: Option<String>,
    pub created_at: String,
    pub modified_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct EndpointPage {
    pub data: Vec<EndpointView>,
    pub next_cursor: Option<String>,
}

/// An endpoint and the secret that was just made for it.
#[derive(Clone, Serialize)]
pub struct EndpointWithSecret {
    pub endpoint: EndpointView,
    /// `None` of a private key.
    pub secret: Option<String>,
}

impl std::fmt::Debug for EndpointWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointWithSecret").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What a receiver made of a test event.
#[derive(Clone, Debug, Serialize)]
pub struct TestResult {
    pub delivered: bool,
    pub attempt: AttemptView,
}

#[derive(Clone, Debug, Serialize)]
pub struct DeliveryView {
    pub id: String,
    pub webhook_endpoint_id: String,
    /// `None`: the event is about no connection.
    pub connection_id: Option<String>,
    pub event_id: String,
    pub sequence: i64,
    #[serde(rename = "type")]
    pub kind: String,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    pub attempts: i64,
    pub next_attempt_at: Option<String>,
    /// It waits for one before it.
    pub waits_for_turn: bool,
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
    pub created_at: String,
    pub modified_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct DeliveryPage {
    pub data: Vec<DeliveryView>,
    pub next_cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DeliveryDetail {
    pub delivery: DeliveryView,
    /// The newest 100, the newest first.
    pub attempts: Vec<AttemptView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AttemptView {
    pub number: i64,
    pub at: String,
    pub duration_ms: i64,
    pub url: String,
    pub request_headers: Value,
    pub status: Option<i64>,
    pub response_headers: Value,
    /// Its beginning.
    pub response_body: String,
    pub error: Option<String>,
}

/// One of a key that does not get on, and how many wait for it.
#[derive(Clone, Debug, Serialize)]
pub struct BlockedView {
    pub delivery: DeliveryView,
    pub waiting: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct BlockedPage {
    pub data: Vec<BlockedView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReplayView {
    pub id: String,
    pub webhook_endpoint_id: String,
    /// `all`, `failed` or `missing`.
    pub which: String,
    pub since: String,
    pub until: Option<String>,
    pub types: Vec<String>,
    /// `running`, `done` or `cancelled`.
    pub state: String,
    /// Events, so far.
    pub looked_at: i64,
    /// Deliveries that were made due, so far.
    pub scheduled: i64,
    pub created_at: String,
    pub modified_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReplayPage {
    pub data: Vec<ReplayView>,
}

impl ReplayView {
    pub(super) fn of(row: &Replay) -> Self {
        Self {
            id: row.id.to_string(),
            webhook_endpoint_id: row.endpoint.to_string(),
            which: row.what.which.as_str().to_owned(),
            since: rfc3339_micros(row.what.since),
            until: (row.what.until != i64::MAX).then(|| rfc3339_micros(row.what.until)),
            types: row.what.types.clone(),
            state: row.state.as_str().to_owned(),
            looked_at: row.looked_at,
            scheduled: row.scheduled,
            created_at: rfc3339_micros(row.created_at),
            modified_at: rfc3339_micros(row.modified_at),
        }
    }
}

impl BlockedView {
    pub(super) fn of(row: &BlockedKey) -> Self {
        Self { delivery: DeliveryView::of(&row.head), waiting: row.waiting }
    }
}

impl EndpointView {
    pub(super) fn of(row: &WebhookEndpoint, public_keys: Vec<String>) -> Self {
        let state = match (row.disabled_at, row.failing_since) {
            (Some(_), _) => "disabled",
            (None, Some(_)) => "failing",
            (None, None) => "active",
        };
        Self {
            id: row.id.to_string(),
            url: row.url.clone(),
            description: row.description.clone(),
            types: row.types.clone(),
            connection_ids: row.connections.iter().flatten().map(ToString::to_string).collect(),
            connection_tags: row.connection_tags.clone(),
            ordering: row.settings.ordering.as_str().to_owned(),
            payload: row.settings.payload.as_str().to_owned(),
            rate_limit_per_second: row.settings.rate_per_second,
            timeout_seconds: row.settings.timeout_seconds,
            disable_after_seconds: row.settings.disable_after_seconds,
            retry: Retry::of(row.settings.retry),
            header_names: row.header_names.clone(),
            signatures: if public_keys.is_empty() {
                vec!["v1".to_owned()]
            } else {
                vec!["v1".to_owned(), "v1a".to_owned()]
            },
            public_keys,
            state: state.to_owned(),
            disabled_reason: row.disabled_reason.clone(),
            disabled_at: row.disabled_at.map(rfc3339_micros),
            failing_since: row.failing_since.map(rfc3339_micros),
            failures: row.failures,
            held_until: row.held_until.map(rfc3339_micros),
            created_at: rfc3339_micros(row.created_at),
            modified_at: rfc3339_micros(row.modified_at),
        }
    }
}

impl DeliveryView {
    pub(super) fn of(row: &Delivery) -> Self {
        Self {
            id: row.id.to_string(),
            webhook_endpoint_id: row.endpoint.to_string(),
            connection_id: (!row.is_about_endpoints()).then(|| row.connection.to_string()),
            event_id: row.event.to_string(),
            sequence: row.sequence,
            kind: row.kind.clone(),
            state: row.state.as_str().to_owned(),
            attempts: row.attempts,
            next_attempt_at: row.due_at.map(rfc3339_micros),
            waits_for_turn: row.state == DeliveryState::Pending && row.due_at.is_none(),
            last_status: row.last_status,
            last_error: row.last_error.clone(),
            created_at: rfc3339_micros(row.created_at),
            modified_at: rfc3339_micros(row.modified_at),
        }
    }
}

impl AttemptView {
    pub(super) fn of(row: &Attempt) -> Self {
        let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        let outcome = &row.outcome;
        Self {
            number: row.number,
            at: rfc3339_micros(outcome.at),
            duration_ms: outcome.micros / 1_000,
            url: outcome.url.clone(),
            request_headers: json(&outcome.request_headers),
            status: outcome.status,
            response_headers: json(&outcome.response_headers),
            response_body: outcome.response_body.clone(),
            error: outcome.error.clone(),
        }
    }
}
