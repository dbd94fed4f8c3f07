//! What a connection is.

use secrecy::SecretString;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_model::schedule::Schedule;

use crate::events::NewEvent;
use crate::inbound::NewAddress;
use crate::words::words;

words! {
    /// How a connection is doing.
    pub enum ConnectionStatus {
        Pending = "pending",
        /// Its first sync is going on.
        Syncing = "syncing",
        Online = "online",
        Degraded = "degraded",
        Offline = "offline",
        /// Its credentials no longer work: nothing is asked of the system until somebody gives new ones.
        ReauthorizationRequired = "reauthorization_required",
        Paused = "paused",
        Disconnected = "disconnected",
    }
}

impl ConnectionStatus {
    /// Whether nobody need look at its plans: its syncs may not run, or a probe finds out when they can.
    pub(crate) fn lets_plans_rest(self) -> bool {
        !self.may_sync() || self == Self::Offline
    }

    /// Whether its syncs may run.
    pub fn may_sync(self) -> bool {
        !matches!(self, Self::ReauthorizationRequired | Self::Paused | Self::Disconnected)
    }
}

/// Why a connection has its status: a stable code and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub code: String,
    pub message: String,
}

/// A connection, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub id: ConnectionId,
    pub application: ApplicationId,
    pub system: String,
    pub customer_id: String,
    pub customer_name: String,
    /// The integrator's own: a JSON object.
    pub metadata: String,
    /// The integrator's own words, by which webhook endpoints and lists choose.
    pub tags: Vec<String>,
    /// What the connector needs and is no secret (its address, its company): a JSON object.
    pub settings: String,
    /// As whom we are logged in, for people.
    pub account: Option<String>,
    pub status: ConnectionStatus,
    pub status_reason: Option<Reason>,
    pub status_since: i64,
    /// The `sequence` of its newest event.
    pub last_sequence: i64,
    pub created_at: i64,
    pub modified_at: i64,
}

/// A connection to be.
#[derive(Debug)]
pub struct NewConnection {
    pub system: String,
    pub customer_id: String,
    pub customer_name: String,
    /// A JSON object.
    pub metadata: String,
    pub tags: Vec<String>,
    /// A JSON object.
    pub settings: String,
    pub account: Option<String>,
    pub status: ConnectionStatus,
    /// What the connector logs in with, as JSON; sealed before it is stored.
    pub credentials: SecretString,
    /// Of the connection's token (`NewToken::hash`).
    pub token_hash: [u8; 32],
    /// What to sync; each is due at once, or after the quiet hours.
    pub plans: Vec<NewPlan>,
    /// For hooks, if the system can be told of it by us.
    pub address: Option<NewAddress>,
}

/// One entity to sync, and how.
#[derive(Clone, Debug)]
pub struct NewPlan {
    pub entity: &'static Entity,
    pub schedule: Schedule,
    pub real_time: bool,
    /// How far back the first sync reads; `None`: everything.
    pub history_days: Option<i64>,
    /// Rows with something that nobody expected are set aside.
    pub strict: bool,
    /// Lower runs first, so that what others refer to is there before them.
    pub priority: i64,
}

/// What to change; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct ConnectionChanges {
    pub customer_name: Option<String>,
    pub metadata: Option<String>,
    pub tags: Option<Vec<String>>,
    pub settings: Option<String>,
    pub account: Option<String>,
}

/// A new status for a connection.
#[derive(Clone, Debug)]
pub struct StatusChange {
    pub status: ConnectionStatus,
    pub reason: Option<Reason>,
    /// Appended if the status is another than before, after the `connection.status_changed` that the store writes itself.
    pub event: Option<NewEvent>,
}

/// Which connections of an application to list; `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    pub system: Option<String>,
    pub status: Option<ConnectionStatus>,
    pub customer_id: Option<String>,
    pub tag: Option<String>,
    /// The last one of the page before.
    pub after: Option<ConnectionId>,
    /// At most 500.
    pub limit: usize,
}
