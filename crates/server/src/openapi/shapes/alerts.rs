//! Of alerts.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

use super::connections::ConnectionStatus;
use super::health::Cause;

#[derive(ToSchema)]
#[schema(example = json!({
    "name": "A customer must log in again",
    "rule": {"type": "status", "statuses": ["reauthorization_required", "offline"], "for_seconds": 300},
    "channel": {"type": "webhook", "url": "https://hooks.example.com/alerts"}
}))]
pub(crate) struct NewAlert {
    name: String,
    rule: AlertRule,
    channel: AlertChannel,
}

#[derive(ToSchema)]
#[schema(example = json!({"silence_seconds": 3600}))]
pub(crate) struct AlertPatch {
    name: Option<String>,
    rule: Option<AlertRule>,
    channel: Option<AlertChannel>,
    /// Nothing is told for that long; what still fires then is told then. 0 ends the silence.
    #[schema(minimum = 0, maximum = 2_592_000)]
    silence_seconds: Option<i64>,
}

/// What has to hold.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum AlertRule {
    /// A connection has one of these statuses, for that long.
    Status { statuses: Vec<ConnectionStatus>, for_seconds: Option<i64> },
    /// An incident of one of these causes is open, for that long.
    Cause { causes: Vec<Cause>, for_seconds: Option<i64> },
    /// An entity with a schedule was not synced for that long.
    Stale { after_seconds: i64 },
    /// More than this share (0 to 1) of a connection's calls failed, in this hour and the last, of at least so many.
    FailureRate { above: f64, least_calls: Option<i64> },
    /// More than so many deliveries of webhooks were given up in the last hour.
    DeadDeliveries { above: Option<i64> },
    /// Its hooks cannot be subscribed to, for that long.
    SubscriptionFailing { for_seconds: Option<i64> },
    /// A hook that the system sent waits for that long to be worked off.
    HooksWaiting { after_seconds: i64 },
    /// More than so many hooks were given up in the last hour.
    DeadHooks { above: Option<i64> },
    /// More than so many requests to the connection's address were not believed in the last hour; 0 to 199.
    UnverifiableHooks { above: Option<i64> },
    /// More than so many changes of the last day were found by a sync before any hook told of them.
    MissedHooks { above: Option<i64> },
}

/// Where messages go.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum AlertChannel {
    /// Signed by Standard Webhooks 1.0; types `alert.fired`, `alert.recovered`, `alert.test`.
    Webhook { url: String },
    /// Only where the server has a mail server.
    Email { to: Vec<String> },
}

#[derive(ToSchema)]
pub(crate) struct AlertWithSecret {
    alert: Alert,
    /// What signs the messages: shown this once. Null for e-mail.
    #[schema(required = true)]
    secret: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct AlertList {
    data: Vec<Alert>,
}

#[derive(ToSchema)]
pub(crate) struct Alert {
    #[schema(example = "alr_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    name: String,
    rule: AlertRule,
    channel: AlertChannel,
    #[schema(required = true, format = DateTime)]
    silenced_until: Option<String>,
    /// Where it holds now.
    firing: Vec<AlertFiring>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

#[derive(ToSchema)]
pub(crate) struct AlertFiring {
    /// Null: it is about the application as a whole.
    #[schema(required = true)]
    connection_id: Option<String>,
    /// Whom it is about, for people.
    subject: String,
    message: String,
    #[schema(format = DateTime)]
    since: String,
    /// A message about it was taken by the channel.
    told: bool,
    #[schema(required = true)]
    last_error: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct AlertTest {
    delivered: bool,
    #[schema(required = true)]
    error: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AlertPath {
    /// The alert's id.
    #[param(example = "alr_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}
