//! Of webhook endpoints and deliveries.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

#[derive(ToSchema)]
#[schema(example = json!({"url": "https://hooks.customer.example/trunnion", "types": ["purchase_order.*", "vendor.created"]}))]
pub(crate) struct NewWebhookEndpoint {
    url: String,
    description: Option<String>,
    /// Full names or `purchase_order.*`; all, if left out or empty.
    types: Option<Vec<String>>,
    /// All connections of the application, also those to come, if left out or empty.
    connection_ids: Option<Vec<String>>,
}

#[derive(ToSchema)]
#[schema(example = json!({"description": "Production"}))]
pub(crate) struct WebhookEndpointPatch {
    url: Option<String>,
    description: Option<String>,
    types: Option<Vec<String>>,
    connection_ids: Option<Vec<String>>,
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
    /// None means all.
    connection_ids: Vec<String>,
    state: WebhookEndpointState,
    #[schema(required = true)]
    disabled_reason: Option<String>,
    #[schema(required = true, format = DateTime)]
    disabled_at: Option<String>,
    /// When the first attempt failed after the last one that succeeded.
    #[schema(required = true, format = DateTime)]
    failing_since: Option<String>,
    /// Nothing is sent before, because the receiver asked so.
    #[schema(required = true, format = DateTime)]
    held_until: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
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
    /// `whsec_…`; shown this once.
    secret: String,
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
    connection_id: String,
    /// Also the `webhook-id`.
    event_id: String,
    sequence: i64,
    r#type: String,
    state: DeliveryState,
    attempts: i64,
    #[schema(required = true, format = DateTime)]
    next_attempt_at: Option<String>,
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
    /// It is being sent, or will be at `next_attempt_at`.
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
#[schema(example = json!({"since": "2026-01-31T10:00:00Z"}))]
pub(crate) struct Replay {
    since: String,
    until: Option<String>,
    /// Of those that the endpoint wants; all of them, if left out or empty.
    types: Option<Vec<String>>,
    /// The `next_cursor` of the call before.
    cursor: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct Replayed {
    /// How many deliveries are due now because of this call.
    scheduled: i64,
    /// There is more: call again with it.
    #[schema(required = true)]
    next_cursor: Option<String>,
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
