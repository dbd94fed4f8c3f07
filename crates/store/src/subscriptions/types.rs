//! What is known of subscriptions.

use secrecy::SecretString;
use trunnion_model::ids::ConnectionId;
use uuid::Uuid;

use crate::Reason;
use crate::words::words;

words! {
    /// How a subscription is doing.
    pub enum SubscriptionState {
        /// Not made yet.
        Pending = "pending",
        Active = "active",
        /// The last try came to nothing.
        Failing = "failing",
        /// To be removed there.
        Removing = "removing",
    }
}

/// One subscription, for people.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub state: SubscriptionState,
    /// Since when it is in that state.
    pub since: i64,
    pub expires_at: Option<i64>,
    /// When it was looked at last.
    pub checked_at: Option<i64>,
    /// Why the last try came to nothing.
    pub error: Option<Reason>,
}

/// One that is to be looked at, leased.
#[derive(Clone, Debug)]
pub struct DueSubscription {
    /// The address's.
    pub id: Uuid,
    pub connection: ConnectionId,
    pub(super) generation: i64,
    pub(super) lease_until: i64,
    pub state: SubscriptionState,
    /// What proves the sender at the address; `None`: the subscription is to be removed.
    pub secret: Option<SecretString>,
    /// The secret part of the address.
    pub path: SecretString,
    pub remake: bool,
    /// The system's name for it; `None`: not known to be there.
    pub remote_id: Option<String>,
    /// Tries in a row that came to nothing.
    pub tries: i64,
}
