//! Of webhook endpoints and deliveries.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

#[derive(ToSchema)]
#[schema(example = json!({"url": "https://hooks.customer.example/trunnion", "types": ["purchase_order.*", "vendor.created"]}))]
pub(crate) struct NewWebhookEndpoint {
    /// `{connection_id}` in its path or query stands for the event's connection (`none`, if it is about none).
    url: String,
    description: Option<String>,
    /// Full names or `purchase_order.*`; all, if left out or empty.
    types: Option<Vec<String>>,
    /// All connections of the application, also those to come, if neither these nor tags are given.
    connection_ids: Option<Vec<String>>,
    /// Connections that have one of these tags are followed too.
    connection_tags: Option<Vec<String>>,
    /// `per_connection` and `per_record` send one after the other of each; a failing one holds up only its own.
    ordering: Option<WebhookOrdering>,
    /// `thin`: of a record only `id` and `version`.
    payload: Option<WebhookPayload>,
    /// Of all nodes together, at most 10000; 0 or left out: no limit.
    #[schema(minimum = 0, maximum = 10000)]
    rate_limit_per_second: Option<i64>,
    /// For connecting, head and body of the answer together; 10 if left out.
    #[schema(minimum = 1, maximum = 30)]
    timeout_seconds: Option<i64>,
    /// Nothing but failures for so long disable the endpoint; 0 or left out: the server's default, five days.
    #[schema(maximum = 7776000)]
    disable_after_seconds: Option<i64>,
    retry: Option<WebhookRetry>,
    /// Sent along with each event, at most 20. Kept as secrets: only their names are shown.
    headers: Option<BTreeMap<String, String>>,
    /// `["v1"]`, or `["v1", "v1a"]` for signatures that a public key verifies.
    signatures: Option<Vec<WebhookSignature>>,
}

#[derive(ToSchema)]
#[schema(example = json!({"description": "Production"}))]
pub(crate) struct WebhookEndpointPatch {
    url: Option<String>,
    description: Option<String>,
    types: Option<Vec<String>>,
    connection_ids: Option<Vec<String>>,
    connection_tags: Option<Vec<String>>,
    /// `per_connection` and `per_record` send one after the other of each; a failing one holds up only its own.
    ordering: Option<WebhookOrdering>,
    /// `thin`: of a record only `id` and `version`.
    payload: Option<WebhookPayload>,
    /// Of all nodes together, at most 10000; 0: no limit any more.
    #[schema(minimum = 0, maximum = 10000)]
    rate_limit_per_second: Option<i64>,
    /// For connecting, head and body of the answer together.
    #[schema(minimum = 1, maximum = 30)]
    timeout_seconds: Option<i64>,
    /// Nothing but failures for so long disable the endpoint; 0: the server's default, five days.
    #[schema(maximum = 7776000)]
    disable_after_seconds: Option<i64>,
    retry: Option<WebhookRetry>,
    /// All of them, at most 20: they replace those that are there. Kept as secrets: only their names are shown.
    headers: Option<BTreeMap<String, String>>,
    /// `["v1"]`, or `["v1", "v1a"]` for signatures that a public key verifies.
    signatures: Option<Vec<WebhookSignature>>,
    disabled: Option<bool>,
}

#[derive(ToSchema)]
pub(crate) struct WebhookEndpoint {
    #[schema(example = "whe_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    url: String,
    description: String,
    /// None means all.
    types: Vec<String>,
    /// None means all, if there are no tags either.
    connection_ids: Vec<String>,
    connection_tags: Vec<String>,
    ordering: WebhookOrdering,
    payload: WebhookPayload,
    #[schema(required = true)]
    rate_limit_per_second: Option<i64>,
    timeout_seconds: i64,
    #[schema(required = true)]
    disable_after_seconds: Option<i64>,
    retry: WebhookRetry,
    /// The values are secrets.
    header_names: Vec<String>,
    signatures: Vec<WebhookSignature>,
    /// `whpk_…`, of `v1a`, the newest first; more than one while a key is being replaced.
    public_keys: Vec<String>,
    state: WebhookEndpointState,
    #[schema(required = true)]
    disabled_reason: Option<String>,
    #[schema(required = true, format = DateTime)]
    disabled_at: Option<String>,
    /// When the first attempt failed after the last one that succeeded.
    #[schema(required = true, format = DateTime)]
    failing_since: Option<String>,
    /// Attempts that failed since the last one that succeeded.
    failures: i64,
    /// Nothing is sent before: the receiver asked so, or failed several times in a row.
    #[schema(required = true, format = DateTime)]
    held_until: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

/// When what failed is tried again; what is left out stays. Up to a quarter is added to each pause. At most 100 tries.
#[derive(ToSchema)]
#[schema(example = json!({"first_seconds": 5, "longest_seconds": 600, "for_seconds": 259200}))]
pub(crate) struct WebhookRetry {
    /// Before the second try, doubled before each further one; 30 at first.
    #[schema(minimum = 1, maximum = 3600)]
    first_seconds: Option<i64>,
    /// No pause is longer, but for `Retry-After`; 14400 at first.
    #[schema(minimum = 1, maximum = 86400)]
    longest_seconds: Option<i64>,
    /// The tries end when their pauses took so long; 86400 at first. 0: it is tried once.
    #[schema(minimum = 0, maximum = 604800)]
    for_seconds: Option<i64>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum WebhookOrdering {
    Unordered,
    PerConnection,
    /// What is about no record, per connection.
    PerRecord,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum WebhookPayload {
    Full,
    Thin,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum WebhookSignature {
    /// HMAC-SHA256 by the secret.
    V1,
    /// ed25519, verified by a public key.
    V1a,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum WebhookEndpointState {
    Active,
    /// The last attempt failed.
    Failing,
    /// Nothing is sent: by request, after 410, or after nothing but failures for days.
    Disabled,
}

#[derive(ToSchema)]
pub(crate) struct WebhookEndpointWithSecret {
    endpoint: WebhookEndpoint,
    /// `whsec_…`; shown this once. Null after a key of `v1a` was replaced: its public half is in `public_keys`.
    #[schema(required = true)]
    secret: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct WebhookEndpointList {
    data: Vec<WebhookEndpoint>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
#[schema(example = json!({"overlap_seconds": 86400}))]
pub(crate) struct RotateSecret {
    /// How long the old secret signs beside the new one, up to a week; a day if left out.
    overlap_seconds: Option<i64>,
    /// Which key is replaced; `v1` if left out.
    scheme: Option<WebhookSignature>,
}

#[derive(ToSchema)]
#[schema(example = json!({"type": "purchase_order.updated"}))]
pub(crate) struct WebhookTestOf {
    /// Of which type the event is.
    r#type: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct WebhookTest {
    /// Whether the receiver answered 2xx in time.
    delivered: bool,
    attempt: DeliveryAttempt,
}

#[derive(ToSchema)]
pub(crate) struct Delivery {
    #[schema(example = "dlv_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    webhook_endpoint_id: String,
    /// Null: the event is about no connection.
    #[schema(required = true)]
    connection_id: Option<String>,
    /// Also the `webhook-id`.
    event_id: String,
    sequence: i64,
    r#type: String,
    state: DeliveryState,
    attempts: i64,
    #[schema(required = true, format = DateTime)]
    next_attempt_at: Option<String>,
    /// It waits until one before it is delivered or given up.
    waits_for_turn: bool,
    #[schema(required = true)]
    last_status: Option<i64>,
    #[schema(required = true)]
    last_error: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// It is being sent, will be at `next_attempt_at`, or waits for its turn.
    Pending,
    Delivered,
    /// It was given up.
    Failed,
}

#[derive(ToSchema)]
pub(crate) struct DeliveryDetail {
    delivery: Delivery,
    /// The newest 100, the newest first.
    attempts: Vec<DeliveryAttempt>,
}

#[derive(ToSchema)]
pub(crate) struct DeliveryAttempt {
    number: i64,
    #[schema(format = DateTime)]
    at: String,
    duration_ms: i64,
    url: String,
    #[schema(value_type = Object)]
    request_headers: Value,
    #[schema(required = true)]
    status: Option<i64>,
    #[schema(value_type = Object)]
    response_headers: Value,
    /// Its first 16 KiB.
    response_body: String,
    #[schema(required = true)]
    error: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct DeliveryList {
    data: Vec<Delivery>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
#[schema(example = json!({"since": "2026-01-31T10:00:00Z", "which": "failed"}))]
pub(crate) struct NewReplay {
    since: String,
    until: Option<String>,
    /// Of those that the endpoint wants; all of them, if left out or empty.
    types: Option<Vec<String>>,
    which: Option<ReplayWhich>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ReplayWhich {
    All,
    /// Those that were given up.
    Failed,
    /// Those that no delivery was ever made of.
    Missing,
}

#[derive(ToSchema)]
pub(crate) struct Replay {
    #[schema(example = "rpl_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    webhook_endpoint_id: String,
    which: ReplayWhich,
    #[schema(format = DateTime)]
    since: String,
    #[schema(required = true, format = DateTime)]
    until: Option<String>,
    types: Vec<String>,
    state: ReplayState,
    /// Events, so far.
    looked_at: i64,
    /// Deliveries that were made due, so far.
    scheduled: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ReplayState {
    Running,
    Done,
    Cancelled,
}

#[derive(ToSchema)]
pub(crate) struct ReplayList {
    data: Vec<Replay>,
}

#[derive(ToSchema)]
pub(crate) struct Blocked {
    /// The one that the others wait for.
    delivery: Delivery,
    waiting: i64,
}

#[derive(ToSchema)]
pub(crate) struct BlockedList {
    data: Vec<Blocked>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ReplayPath {
    /// The replay's id.
    #[param(example = "rpl_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct WebhookEndpointPath {
    /// The endpoint's id.
    #[param(example = "whe_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DeliveryPath {
    /// The delivery's id.
    #[param(example = "dlv_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryFilter {
    /// `pending`, `delivered` or `failed`.
    #[param(example = "pending")]
    state: Option<String>,
}
