//! The address to which a system sends its hooks: made, looked at, closed; and what came there.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trunnion_kit::spec::Inbound;
use trunnion_model::time::rfc3339_micros;
use trunnion_receiver::inbox::{Filter, Inbox, State, Stored};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::services::subscription::{SubscriptionView, subscription};
use crate::subscriptions::{self, Minted};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const LONGEST_OVERLAP: u64 = 7 * 24 * 60 * 60;

/// What `POST …/inbound-hook` takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHook {
    /// For so long an address that is there already stays good. A day, if it is not said.
    #[serde(default)]
    pub overlap_seconds: Option<u64>,
}

/// A new address with what proves the sender: both are shown once.
#[derive(Clone, Serialize)]
pub struct MadeHook {
    /// The address's path; the server puts its own name before it.
    pub path: String,
    pub secret: String,
    /// `whsec_…` to sign with, or `user:password`.
    pub secret_kind: &'static str,
    pub help: String,
    pub created_at: String,
    /// Whether anybody has to enter them.
    pub subscription: SubscriptionView,
}

/// What `POST …/inbound-hook/replay` takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Without it: all that are dead.
    #[serde(default)]
    pub message_id: Option<String>,
}

/// How hooks do, without any secret.
#[derive(Clone, Debug, Serialize)]
pub struct HookView {
    pub active: bool,
    pub entities: Vec<String>,
    pub addresses: Vec<AddressView>,
    pub subscription: SubscriptionView,
    pub inbox: InboxView,
    /// Since the first address that is still good, but at most a day: changes that hooks told of, and changes that a sync
    /// found before any hook did.
    pub told_24h: i64,
    pub missed_24h: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct AddressView {
    pub created_at: String,
    pub expires_at: Option<String>,
}

/// What became of hooks; counts are of this server since it started.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InboxView {
    pub waiting: i64,
    pub oldest_received_at: Option<String>,
    pub stored: u64,
    pub duplicates: u64,
    pub unverifiable: u64,
    pub done: u64,
    pub dead: u64,
}

/// A hook as it came, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    pub id: String,
    pub event_id: String,
    pub state: &'static str,
    pub kind: String,
    pub object: Option<String>,
    pub received_at: String,
    pub attempts: i64,
    pub error: Option<String>,
    pub headers: Value,
    pub body: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct MessagePage {
    pub data: Vec<MessageView>,
    pub next_cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    pub replayed: u64,
}

impl std::fmt::Debug for MadeHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeHook").finish_non_exhaustive()
    }
}

/// Of the secret in an address. It is long and random, so that a slow hash would protect nothing more.
pub(crate) fn path_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Makes an address. One that is there already stays good for a while beside it.
pub async fn create(engine: &Engine, scope: &Scope, new: NewHook) -> Result<MadeHook> {
    scope.may(Permission::Manage)?;
    let inbound = inbound(engine, scope)?;
    inbox(engine)?;
    let overlap = new.overlap_seconds.unwrap_or(24 * 60 * 60);
    if overlap > LONGEST_OVERLAP {
        return Err(ServiceError::invalid("/overlap_seconds", "must be 0 to 604800"));
    }
    let minted = Minted::new(inbound)?;
    let subscribe = match &inbound.subscription {
        None => false,
        Some(_) => {
            let live = engine.links().get(engine, scope.row()).await?;
            subscriptions::wanted(engine, inbound, |name| live.link.setting(name).is_some())
        }
    };
    let (application, id) = (scope.application(), scope.id());
    let new = minted.stored(subscribe);
    let made = engine.store().create_inbound_hook(application, id, &new, Duration::from_secs(overlap)).await?;
    Ok(MadeHook {
        path: format!("/hooks/{id}/{}", minted.path.expose_secret()),
        secret: minted.secret.expose_secret().to_owned(),
        secret_kind: minted.secret_kind,
        help: inbound.help.clone(),
        created_at: rfc3339_micros(made.created_at),
        subscription: subscription(engine, scope).await?,
    })
}

pub async fn get(engine: &Engine, scope: &Scope) -> Result<HookView> {
    scope.may(Permission::Read)?;
    let inbound = inbound(engine, scope)?;
    let hooks = engine.store().inbound_hooks(scope.id()).await?;
    let entities: Vec<String> = inbound.entities.iter().map(|entity| entity.name.clone()).collect();
    let names: Vec<&str> = entities.iter().map(String::as_str).collect();
    let first = hooks.iter().map(|hook| hook.created_at).min();
    let (told, missed) = match first {
        Some(first) => {
            let since = first.max(engine.clock().now_micros() - DAY);
            engine.store().hooked_and_polled(scope.id(), &names, since).await?
        }
        None => (0, 0),
    };
    let address = |hook: &trunnion_store::InboundHook| AddressView {
        created_at: rfc3339_micros(hook.created_at),
        expires_at: hook.expires_at.map(rfc3339_micros),
    };
    let metrics = inbox(engine)?.metrics().await.map_err(|error| failed(&error))?;
    let own = metrics.into_iter().find(|one| one.source == scope.id().to_string()).unwrap_or_default();
    Ok(HookView {
        active: !hooks.is_empty(),
        entities,
        addresses: hooks.iter().map(address).collect(),
        subscription: subscription(engine, scope).await?,
        inbox: InboxView {
            waiting: own.waiting,
            oldest_received_at: own.oldest_received_at.map(rfc3339_micros),
            stored: own.stored,
            duplicates: own.duplicates,
            unverifiable: own.unverifiable,
            done: own.done,
            dead: own.dead,
        },
        told_24h: told,
        missed_24h: missed,
    })
}

/// Closes all addresses at once; what we subscribed ourselves is removed at the system soon after.
pub async fn delete(engine: &Engine, scope: &Scope) -> Result<()> {
    scope.may(Permission::Manage)?;
    Ok(engine.store().delete_inbound_hooks(scope.application(), scope.id()).await?)
}

/// What came, in a state, in the order of arrival.
pub async fn messages(engine: &Engine, scope: &Scope, query: &[(String, String)]) -> Result<MessagePage> {
    scope.may(Permission::Read)?;
    let given = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let wanted = given("state").unwrap_or("dead");
    let state = State::ALL.into_iter().find(|state| state.as_str() == wanted);
    let state = state.ok_or_else(|| ServiceError::invalid("/state", "must be pending, held, done or dead"))?;
    let (after, limit) = paging(query)?;
    let filter = Filter { source: scope.id().to_string(), state, after, limit };
    let found = inbox(engine)?.list(&filter).await.map_err(|error| failed(&error))?;
    let next_cursor = next_cursor(found.last().map(|last| last.seq), found.len(), limit);
    Ok(MessagePage { data: found.into_iter().map(view).collect(), next_cursor })
}

/// Where a page begins, and how much is on it at most.
pub(super) fn paging(query: &[(String, String)]) -> Result<(i64, i64)> {
    let given = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let after = given("cursor").map_or(Ok(0), str::parse);
    let after = after.map_err(|_| ServiceError::invalid("/cursor", "is not one that this route gave"))?;
    let limit: i64 = given("limit").map_or(Ok(100), str::parse).unwrap_or_default();
    if (1..=500).contains(&limit) {
        Ok((after, limit))
    } else {
        Err(ServiceError::invalid("/limit", "must be 1 to 500"))
    }
}

/// A page that is not full is the last.
pub(super) fn next_cursor(last: Option<i64>, found: usize, limit: i64) -> Option<String> {
    last.filter(|_| i64::try_from(found).is_ok_and(|count| count == limit)).map(|last| last.to_string())
}

/// Takes hooks up again: the one that is named, which is done or dead, or all that are dead.
pub async fn replay(engine: &Engine, scope: &Scope, replay: Replay) -> Result<Replayed> {
    scope.may(Permission::Manage)?;
    let source = scope.id().to_string();
    let Some(id) = replay.message_id else {
        return Ok(Replayed { replayed: inbox(engine)?.replay_dead(&source).await.map_err(|error| failed(&error))? });
    };
    let seq: i64 = id.parse().map_err(|_| ServiceError::missing("hook"))?;
    let again = inbox(engine)?.replay(&source, seq).await.map_err(|error| failed(&error))?;
    if again { Ok(Replayed { replayed: 1 }) } else { Err(ServiceError::missing("hook that is done or dead")) }
}

fn view(stored: Stored) -> MessageView {
    MessageView {
        id: stored.seq.to_string(),
        state: stored.state().as_str(),
        object: Some(stored.key).filter(|key| !key.starts_with('\u{1}')),
        event_id: stored.id,
        kind: stored.kind,
        received_at: rfc3339_micros(stored.received_at),
        attempts: stored.attempts,
        error: stored.error.filter(|error| !error.is_empty()),
        headers: serde_json::from_str(&stored.headers).unwrap_or_default(),
        body: String::from_utf8_lossy(&stored.body).into_owned(),
    }
}

pub(super) fn inbound<'e>(engine: &'e Engine, scope: &Scope) -> Result<&'e Inbound> {
    let system = &scope.row().system;
    let connector = engine.catalogue().get(system);
    connector.and_then(|connector| connector.spec.inbound.as_ref()).ok_or_else(|| ServiceError::UnsupportedOperation {
        message: format!("`{system}` has no hooks that this server understands; it is asked at intervals."),
    })
}

pub(super) fn inbox(engine: &Engine) -> Result<&Inbox> {
    let message = "This server was started without an inbox for hooks.".to_owned();
    engine.inbox().ok_or(ServiceError::UnsupportedOperation { message })
}

pub(super) fn failed(error: &trunnion_receiver::inbox::Error) -> ServiceError {
    ServiceError::internal(error)
}
