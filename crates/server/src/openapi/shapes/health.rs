//! Of a connection's health.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::ToSchema;

use super::connections::{ConnectionStatus, Failure};
use super::inbound::HookSubscription;

/// How a connection is doing, and how it did.
#[derive(ToSchema)]
pub(crate) struct ConnectionHealth {
    status: ConnectionStatus,
    #[schema(format = DateTime)]
    since: String,
    #[schema(required = true)]
    cause: Option<Cause>,
    #[schema(required = true)]
    message: Option<String>,
    /// When the system was probed last; syncs that succeed make probes needless.
    #[schema(required = true, format = DateTime)]
    checked_at: Option<String>,
    /// Null: not probed while it rests.
    #[schema(required = true, format = DateTime)]
    next_check_at: Option<String>,
    entities: Vec<EntityHealth>,
    /// How the system is told where its hooks go; null where it has none. It makes no difference to `status`.
    #[schema(required = true)]
    subscription: Option<HookSubscription>,
    /// Of the last 24 hours.
    calls: Calls,
    uptime: Uptime,
    /// Of the last 30 days, the newest first, at most 100.
    incidents: Vec<Incident>,
    /// The last 24 hours, as far as calls were made.
    hours: Vec<CallHour>,
}

/// What is the matter. Systems do not always tell: then refused credentials are AUTHENTICATION_FAILED.
#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Cause {
    AuthenticationFailed,
    PasswordExpired,
    AccountLocked,
    GrantRevoked,
    PermissionDenied,
    AddressBlocked,
    RateLimitExceeded,
    SystemUnreachable,
    CertificateNotTrusted,
    AddressNotAllowed,
    NotThatProduct,
    SystemRejected,
    UnmappableRecord,
}

#[derive(ToSchema)]
pub(crate) struct EntityHealth {
    #[schema(example = "vendor")]
    entity: String,
    #[schema(required = true, format = DateTime)]
    last_success_at: Option<String>,
    #[schema(required = true)]
    last_error: Option<Failure>,
}

/// Calls to the system, whoever made them: syncs, writes, probes.
#[derive(ToSchema)]
pub(crate) struct Calls {
    succeeded: i64,
    failed: i64,
    /// 0 to 1; null where there were none.
    #[schema(required = true)]
    success_rate: Option<f64>,
    #[schema(required = true)]
    average_ms: Option<i64>,
    #[schema(required = true)]
    slowest_ms: Option<i64>,
}

/// The share of the time (0 to 1) in which the connection was neither offline nor waiting for credentials.
#[derive(ToSchema)]
pub(crate) struct Uptime {
    last_24_hours: f64,
    last_7_days: f64,
    last_30_days: f64,
}

/// One cause of trouble, from its beginning to its end.
#[derive(ToSchema)]
pub(crate) struct Incident {
    #[schema(example = "inc_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    cause: Cause,
    /// Null: the connection as a whole.
    #[schema(required = true)]
    entity: Option<String>,
    /// What it makes of the connection.
    status: ConnectionStatus,
    message: String,
    occurrences: i64,
    #[schema(format = DateTime)]
    opened_at: String,
    #[schema(required = true, format = DateTime)]
    resolved_at: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct CallHour {
    #[schema(format = DateTime)]
    at: String,
    calls: Calls,
}
