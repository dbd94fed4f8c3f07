//! Keeps each application's log near the time of its events, and deletes what is older than events are kept.
//!
//! Readers put news in order themselves before they read, so nothing depends on this; but who begins to read later finds the
//! events of all connections about as they happened, and not one connection behind the other.

use std::time::Duration;

use tokio::sync::watch;

use crate::Engine;
use crate::workers::{KEYS_KEPT, rest};

/// However much happens, and for what other nodes did.
const EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn keep_in_order(engine: Engine, mut stopping: watch::Receiver<bool>) {
    while rest(EVERY, &mut stopping).await {
        if let Err(error) = engine.store().order_all_events().await {
            tracing::warn!(%error, "events could not be put in order; they are when somebody reads them");
        }
    }
}

/// At one time; the rest an hour later.
const MOST_FORGOTTEN: u32 = 1_000_000;

/// Deletes events, deliveries, syncs, operations and audit entries that are older than they are kept.
pub(crate) async fn forget(engine: &Engine) {
    if let Some(before) = horizon(engine, engine.options().events_kept) {
        told("events", engine.store().forget_events(before, MOST_FORGOTTEN.into()).await);
    }
    if let Some(before) = horizon(engine, engine.options().audit_kept) {
        told("audit entries", engine.store().forget_audit(before, MOST_FORGOTTEN.into()).await);
    }
    if let Some(before) = horizon(engine, engine.options().runs_kept) {
        told("syncs", engine.store().forget_runs(before, MOST_FORGOTTEN.into()).await);
    }
    // Not before a repeat of the same write could come.
    if let Some(before) = horizon(engine, engine.options().operations_kept.map(|kept| kept.max(KEYS_KEPT + KEYS_KEPT)))
    {
        told("operations", engine.store().forget_operations(before, MOST_FORGOTTEN.into()).await);
    }
    if let Some(before) = horizon(engine, engine.options().deliveries_kept) {
        told("deliveries", engine.store().forget_deliveries(before, MOST_FORGOTTEN as usize).await);
    }
}

/// The instant before which nothing is kept.
pub(crate) fn horizon(engine: &Engine, kept: Option<Duration>) -> Option<i64> {
    let kept = i64::try_from(kept?.as_micros()).unwrap_or(i64::MAX);
    Some(engine.clock().now_micros().saturating_sub(kept))
}

fn told<N: Default + PartialEq + std::fmt::Display>(what: &str, outcome: Result<N, trunnion_store::Error>) {
    match outcome {
        Ok(count) if count == N::default() => {}
        Ok(count) => tracing::info!(%count, what, "what is old was deleted"),
        Err(error) => tracing::warn!(%error, what, "what is old could not be deleted"),
    }
}
