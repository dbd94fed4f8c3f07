//! What deliveries and attempts are.

use std::sync::Arc;
use std::time::Duration;

use trunnion_model::ids::{ConnectionId, DeliveryId, EventId, WebhookEndpointId};
use uuid::Uuid;

use super::{WebhookEndpoint, WebhookSecret};
use crate::events::{Event, is_own};
use crate::words::words;

words! {
    /// How a delivery is doing.
    pub enum DeliveryState {
        /// It is being sent, will be at `due_at`, or waits for its turn.
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
    /// The log that the event is in: of a connection, or the application's own.
    pub connection: ConnectionId,
    pub sequence: i64,
    pub event: EventId,
    pub kind: String,
    pub state: DeliveryState,
    /// All of them.
    pub attempts: i64,
    /// Since it was last scheduled.
    pub tries: i64,
    /// When it may be sent next. A pending one without waits for those before it.
    pub due_at: Option<i64>,
    /// What has to be sent one after the other has the same.
    pub order_key: Option<Uuid>,
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
    pub created_at: i64,
    pub modified_at: i64,
}

impl Delivery {
    /// Whether its event is about endpoints, and so about no connection.
    pub fn is_about_endpoints(&self) -> bool {
        is_own(&self.kind)
    }
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
    /// Of the process that takes them; see [`Store::beat`](crate::Store::beat).
    pub node: Uuid,
    /// After that they are free, whatever became of the node.
    pub lease_for: Duration,
    pub limit: usize,
    /// Of them at most so many that were tried or sent before.
    pub again: usize,
}

/// What was taken up.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    pub claims: Vec<DeliveryClaim>,
    /// There may be more that is due.
    pub more: bool,
    /// Not before that instant, because the rate is used up.
    pub paced_until: Option<i64>,
}

/// An endpoint with work that is due.
#[derive(Clone, Debug)]
pub struct Target {
    pub endpoint: WebhookEndpoint,
    /// The newest first; all of them sign.
    pub secrets: Vec<WebhookSecret>,
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
    /// Of the endpoint, when the delivery was taken up.
    pub version: i64,
    pub order_key: Option<Uuid>,
    pub outcome: AttemptOutcome,
    pub ending: Ending,
    /// Nothing is sent to the endpoint before.
    pub hold_until: Option<i64>,
    /// Take the endpoint out of use, and why.
    pub disable: Option<&'static str>,
    /// The receiver had no part in it: it says nothing about the endpoint, and costs no try.
    pub not_its_fault: bool,
}
