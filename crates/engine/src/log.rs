//! Keeps each application's log near the time of its events.
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
