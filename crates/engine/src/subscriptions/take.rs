//! Removing subscriptions at once, before the credentials for that are gone.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use trunnion_kit::spec::Spec;
use trunnion_store::{Connection, DueSubscription};

use super::address::name;
use super::look::unsubscribe;
use super::pace::said;
use crate::Engine;
use crate::error::Result;

/// Somebody waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Removes all that the connection has, as far as the system plays along; what stays there is told in the log. Gives what it
/// took: nobody looks at that until it is [given back](give_back), or its lease runs out.
pub(crate) async fn take_away(engine: &Engine, row: &Connection) -> Result<Vec<DueSubscription>> {
    let end = Instant::now() + PATIENCE;
    let (store, lease) = (engine.store(), engine.options().subscriptions.lease);
    let mut all = Vec::new();
    if store.subscriptions(row.id).await?.is_empty() {
        return Ok(all);
    }
    // Whoever cannot be asked is no reason to stay connected.
    let Ok(live) = engine.links().get(engine, row).await else { return Ok(all) };
    loop {
        for due in store.take_subscriptions(row.id, lease).await? {
            let left = end.saturating_duration_since(Instant::now());
            match unsubscribe(&due, &live, left).await {
                Ok(()) => store.unmake_subscription(&due).await?,
                Err(error) => {
                    let (name, code) = (name(row.id, due.id), said(&error).code);
                    tracing::warn!(connection = %row.id, name, code, "a subscription stays at the system");
                }
            }
            all.push(due);
        }
        // The others are in the hands of a worker, or were removed by it.
        if store.subscriptions(row.id).await?.len() <= all.len() || Instant::now() >= end {
            return Ok(all);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// For the next look.
pub(crate) async fn give_back(engine: &Engine, taken: &[DueSubscription]) -> Result<()> {
    for due in taken {
        engine.store().give_subscription_back(due).await?;
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
