//! What rules and their findings are.

use secrecy::SecretString;
use trunnion_model::ids::{AlertId, ApplicationId};
use uuid::Uuid;

/// A rule, and where its messages go; both are JSON that the engine reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub id: AlertId,
    pub application: ApplicationId,
    pub name: String,
    pub rule: String,
    pub channel: String,
    /// Nothing is told before.
    pub silenced_until: Option<i64>,
    pub created_at: i64,
    pub modified_at: i64,
}

#[derive(Debug)]
pub struct NewAlert {
    pub name: String,
    pub rule: String,
    pub channel: String,
    /// What signs messages to a webhook.
    pub secret: SecretString,
}

/// What to change; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct AlertChanges {
    pub name: Option<String>,
    pub rule: Option<String>,
    pub channel: Option<String>,
    pub silenced_until: Option<Option<i64>>,
}

/// What a rule looks for. Words are given between commas: `,offline,degraded,`.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Connections that have one of these statuses since `until` or longer.
    Status { words: String, until: i64 },
    /// Connections with an open incident of one of these causes, since `until` or longer.
    Cause { words: String, until: i64 },
    /// Connections with an entity whose last success was before that.
    Stale { before: i64 },
    /// Connections whose subscription to hooks fails since `until` or longer.
    FailingSubscriptions { until: i64 },
    /// Connections of whose calls since `since` more than so many of a thousand failed, of at least so many.
    FailureRate { permille: i64, least: i64, since: i64 },
    /// More than so many deliveries of webhooks were given up since `since`.
    DeadDeliveries { above: i64, since: i64 },
}

/// A place where a rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// A connection's id, or the application's.
    pub subject: Uuid,
    /// For people: the customer.
    pub name: String,
    pub message: String,
}

impl Found {
    /// At a connection.
    pub fn at(connection: Uuid, customer: &str, system: &str, message: String) -> Self {
        Self { subject: connection, name: format!("{customer} ({system})"), message }
    }
}

/// A rule that holds somewhere, or did and it is still to be told that it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    pub subject: Uuid,
    pub name: String,
    pub message: String,
    pub since: i64,
    pub told: bool,
    pub over_at: Option<i64>,
    pub tries: i64,
    pub last_error: Option<String>,
}
