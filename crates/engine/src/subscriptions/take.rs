//! Removing subscriptions at once, before the credentials for that are gone.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use trunnion_kit::spec::Spec;
use trunnion_store::Connection;

use super::look::{said, unsubscribe};
use crate::Engine;
use crate::error::Result;

/// Somebody waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Removes all that the connection has, as far as the system plays along; what is left is told in the log.
pub(crate) async fn take_away(engine: &Engine, row: &Connection) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    let store = engine.store();
    if store.subscriptions(row.id).await?.is_empty() {
        return Ok(());
    }
    // Whoever cannot be asked is not a reason to stay connected.
    let Ok(live) = engine.links().get(engine, row).await else { return Ok(()) };
    while !store.subscriptions(live.connection).await?.is_empty() {
        for due in store.take_subscriptions(live.connection, engine.options().subscriptions.lease).await? {
            let left = end.saturating_duration_since(Instant::now());
            match unsubscribe(&due, &live, left).await {
                Ok(()) => store.close_subscription(&due).await?,
                Err(error) => {
                    let (reason, connection) = (said(&error), live.connection);
                    let name = super::address::name(connection, due.id);
                    tracing::warn!(%connection, name, code = reason.code, "a subscription stays at the system");
                    return Ok(store.give_subscription_back(&due).await?);
                }
            }
        }
        // What is left is being looked at by a worker.
        if Instant::now() >= end {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Whether new settings lead to another place than those before, as far as subscriptions go. Secrets are no part of it.
pub(crate) fn moved(spec: &Spec, before: &str, after: &str) -> bool {
    let Some(subscription) = spec.inbound.as_ref().and_then(|inbound| inbound.subscription.as_ref()) else {
        return false;
    };
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (before, after) = (read(before), read(after));
    let names = subscription.needs.iter().map(String::as_str).chain(["url"]);
    names.into_iter().any(|name| !before[name].is_null() && before[name] != after[name])
}
