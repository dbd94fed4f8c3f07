//! What endpoints, deliveries and attempts are.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId, DeliveryId, EventId, WebhookEndpointId};
use uuid::Uuid;

use crate::events::Event;
use crate::words::words;

/// Where an application wants its events sent, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub id: WebhookEndpointId,
    pub application: ApplicationId,
    pub url: String,
    pub description: String,
    /// Full names or `purchase_order.*`; none means all.
    pub types: Vec<String>,
    /// `None`: all of the application, also those to come.
    pub connections: Option<Vec<ConnectionId>>,
    pub disabled_at: Option<i64>,
    pub disabled_reason: Option<String>,
    /// When the first attempt failed after the last one that succeeded.
    pub failing_since: Option<i64>,
    /// Nothing is sent before, because the receiver asked so.
    pub held_until: Option<i64>,
    pub created_at: i64,
    pub modified_at: i64,
}

impl WebhookEndpoint {
    /// Whether it wants events of that type.
    pub fn wants(&self, kind: &str) -> bool {
        any_fits(&self.types, kind)
    }

    pub(super) fn follows(&self, connection: ConnectionId) -> bool {
        self.connections.as_ref().is_none_or(|wanted| wanted.contains(&connection))
    }
}

/// Whether the type is one of `types`, full names or beginnings; none of them means all.
pub(super) fn any_fits(types: &[String], kind: &str) -> bool {
    let fits = |wanted: &String| match wanted.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => wanted == kind,
    };
    types.is_empty() || types.iter().any(fits)
}

/// An endpoint to be.
#[derive(Debug)]
pub struct NewEndpoint {
    pub url: String,
    pub description: String,
    pub types: Vec<String>,
    pub connections: Option<Vec<ConnectionId>>,
    /// Its first secret; sealed before it is stored.
    pub secret: SecretString,
}

/// What to change; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChanges {
    pub url: Option<String>,
    pub description: Option<String>,
    pub types: Option<Vec<String>>,
    pub connections: Option<Option<Vec<ConnectionId>>>,
    /// Disabling keeps what is waiting, and enabling goes on with it.
    pub disabled: Option<bool>,
}

words! {
    /// How a delivery is doing.
    pub enum DeliveryState {
        /// It is being sent, or will be at `due_at`.
        Pending = "pending",
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
    }
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint: WebhookEndpointId,
    pub connection: ConnectionId,
    pub sequence: i64,
    pub event: EventId,
    pub kind: String,
    pub state: DeliveryState,
    /// All of them.
    pub attempts: i64,
    /// Since it was last scheduled.
    pub tries: i64,
    /// When it may be sent next.
    pub due_at: Option<i64>,
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
    pub created_at: i64,
    pub modified_at: i64,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    pub number: i64,
    pub outcome: AttemptOutcome,
}

/// What happened at a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptOutcome {
    pub at: i64,
    pub micros: i64,
    pub url: String,
    /// JSON objects.
    pub request_headers: String,
    pub response_headers: String,
    pub status: Option<i64>,
    /// Its beginning.
    pub response_body: String,
    pub error: Option<String>,
}

/// How many deliveries to take up.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryRequest {
    pub lease_for: Duration,
    pub limit: usize,
}

/// An endpoint with work that is due.
#[derive(Clone, Debug)]
pub struct Target {
    pub endpoint: WebhookEndpoint,
    /// The newest first; all of them sign.
    pub secrets: Vec<SecretString>,
}

/// A delivery in hand.
#[derive(Clone, Debug)]
pub struct DeliveryClaim {
    pub delivery: Delivery,
    pub target: Arc<Target>,
    pub event: Event,
    pub lease: Uuid,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Delivered,
    /// Another try at that instant.
    Again {
        at: i64,
    },
    GivenUp,
}

/// A try that is over.
#[derive(Clone, Debug)]
pub struct FinishedAttempt {
    pub delivery: DeliveryId,
    pub endpoint: WebhookEndpointId,
    pub lease: Uuid,
    pub outcome: AttemptOutcome,
    pub ending: Ending,
    /// Nothing is sent to the endpoint before.
    pub hold_until: Option<i64>,
    /// Take the endpoint out of use, and why.
    pub disable: Option<&'static str>,
}
