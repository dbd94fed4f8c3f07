//! Keeps each application's log near the time of its events, and deletes what is older than events are kept.
//!
//! Readers put news in order themselves before they read, so nothing depends on this; but who begins to read later finds the
//! events of all connections about as they happened, and not one connection behind the other.

use std::time::Duration;

use tokio::sync::watch;

use crate::Engine;
use crate::workers::rest;

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
const MOST_FORGOTTEN: i64 = 1_000_000;

/// Deletes events that are older than events are kept.
pub(crate) async fn forget(engine: &Engine) {
    let Some(kept) = engine.options().events_kept else { return };
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = engine.clock().now_micros().saturating_sub(kept);
    match engine.store().forget_events(before, MOST_FORGOTTEN).await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "old events were deleted"),
        Err(error) => tracing::warn!(%error, "old events could not be deleted"),
    }
}
