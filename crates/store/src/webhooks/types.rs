//! What endpoints are, and what can be set on them.

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId, WebhookEndpointId};

use crate::words::words;

words! {
    /// In which order events are sent to an endpoint.
    pub enum Ordering {
        /// As they come, many at once.
        Unordered = "unordered",
        /// One after the other of each connection.
        PerConnection = "per_connection",
        /// One after the other of each record; what is about no record, of each connection.
        PerRecord = "per_record",
    }
}

words! {
    /// How much of an event is sent.
    pub enum PayloadForm {
        /// All of it.
        Full = "full",
        /// Of a record only its id and version, to be fetched by whoever wants more.
        Thin = "thin",
    }
}

/// When what failed is tried again: after `first`, doubled each time up to `longest`, until the tries took `total`. Seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub first_seconds: i64,
    pub longest_seconds: i64,
    pub total_seconds: i64,
}

impl Default for RetryPolicy {
    /// The last of 15 tries is 24 h 15 min after the first, or later.
    fn default() -> Self {
        Self { first_seconds: 30, longest_seconds: 4 * 60 * 60, total_seconds: 24 * 60 * 60 }
    }
}

/// What can be set beside address and choice of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointSettings {
    pub ordering: Ordering,
    pub payload: PayloadForm,
    /// Of all nodes together; `None`: no limit.
    pub rate_per_second: Option<i64>,
    /// For connecting, head and body of the answer together.
    pub timeout_seconds: i64,
    /// Nothing but failures for so long disable it; `None`: the server's default.
    pub disable_after_seconds: Option<i64>,
    pub retry: RetryPolicy,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            ordering: Ordering::Unordered,
            payload: PayloadForm::Full,
            rate_per_second: None,
            timeout_seconds: 10,
            disable_after_seconds: None,
            retry: RetryPolicy::default(),
        }
    }
}

/// Where an application wants its events sent, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub id: WebhookEndpointId,
    pub application: ApplicationId,
    pub url: String,
    pub description: String,
    /// Full names or `purchase_order.*`; none means all.
    pub types: Vec<String>,
    /// `None`: all of the application, also those to come, unless there are tags.
    pub connections: Option<Vec<ConnectionId>>,
    /// Connections that have one of these are followed too.
    pub connection_tags: Vec<String>,
    pub settings: EndpointSettings,
    /// The names of the headers that are sent along; their values are secrets.
    pub header_names: Vec<String>,
    pub disabled_at: Option<i64>,
    pub disabled_reason: Option<String>,
    /// When the first attempt failed after the last one that succeeded.
    pub failing_since: Option<i64>,
    /// Attempts that failed since then.
    pub failures: i64,
    /// Of the time until it is disabled, the highest percentage that was told.
    pub told: i64,
    /// Nothing is sent before: the receiver asked so, or failed several times in a row.
    pub held_until: Option<i64>,
    /// Grows whenever a secret or a header changes, and when it is enabled.
    pub version: i64,
    pub created_at: i64,
    pub modified_at: i64,
}

impl WebhookEndpoint {
    /// Whether it wants events of that type.
    pub fn wants(&self, kind: &str) -> bool {
        any_fits(&self.types, kind)
    }

    /// Whether it wants that log, of a connection with these tags. The application's own is for everybody.
    pub(super) fn follows(&self, log: ConnectionId, tags: &str) -> bool {
        let chosen = self.connections.as_ref().is_some_and(|wanted| wanted.contains(&log));
        let tagged = tags.split_whitespace().any(|tag| self.connection_tags.iter().any(|wanted| wanted == tag));
        let wants_all = self.connections.is_none() && self.connection_tags.is_empty();
        wants_all || chosen || tagged || log.0 == self.application.0
    }

    pub(super) fn is_ordered(&self) -> bool {
        self.settings.ordering != Ordering::Unordered
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

words! {
    /// What a stored secret of an endpoint is for.
    pub enum SecretKind {
        /// Signs by HMAC-SHA256.
        V1 = "v1",
        /// Signs by ed25519.
        V1a = "v1a",
        /// A JSON object: headers that are sent along.
        Headers = "headers",
    }
}

/// A secret to be stored.
#[derive(Debug)]
pub struct NewSecret {
    pub kind: SecretKind,
    pub secret: SecretString,
    /// Of `v1a`, `whpk_…`.
    pub public_key: Option<String>,
}

/// A secret, opened.
#[derive(Clone, Debug)]
pub struct WebhookSecret {
    pub kind: SecretKind,
    pub secret: SecretString,
    pub public_key: Option<String>,
    pub expires_at: Option<i64>,
}

/// An endpoint to be.
#[derive(Debug)]
pub struct NewEndpoint {
    pub url: String,
    pub description: String,
    pub types: Vec<String>,
    pub connections: Option<Vec<ConnectionId>>,
    pub connection_tags: Vec<String>,
    pub settings: EndpointSettings,
    pub header_names: Vec<String>,
    /// Sealed before they are stored.
    pub secrets: Vec<NewSecret>,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Default)]
pub struct EndpointChanges {
    pub url: Option<String>,
    pub description: Option<String>,
    pub types: Option<Vec<String>>,
    pub connections: Option<Option<Vec<ConnectionId>>>,
    pub connection_tags: Option<Vec<String>>,
    pub settings: Option<EndpointSettings>,
    /// All headers, with their names; they replace those that are there.
    pub headers: Option<(Vec<String>, NewSecret)>,
    /// Disabling keeps what is waiting, and enabling goes on with it.
    pub disabled: Option<bool>,
}
