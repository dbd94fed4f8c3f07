//! The worker that makes what is wanted so.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use trunnion_store::Error as StoreError;

use super::address::{NO_PUBLIC_URL, base};
use super::look::look;
use crate::Engine;
use crate::workers::rest;

/// After the database failed.
const AFTER_ERROR: Duration = Duration::from_secs(2);

/// Works until the node stops.
pub(crate) async fn watch(engine: Engine, mut stopping: watch::Receiver<bool>) {
    if base(&engine).is_ok()
        && let Err(error) = engine.store().hurry_subscriptions(NO_PUBLIC_URL).await
    {
        tracing::warn!(%error, "subscriptions that waited for a public_url wait a little longer");
    }
    let mut looks: JoinSet<()> = JoinSet::new();
    while !*stopping.borrow() {
        while let Some(ended) = looks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "looking at a subscription ended in a defect; it is taken up again later");
            }
        }
        let nap = match take_up(&engine, &mut looks).await {
            Ok(()) => engine.options().poll,
            Err(error) => {
                tracing::warn!(%error, "subscriptions could not be looked after");
                AFTER_ERROR
            }
        };
        rest(nap, &mut stopping).await;
    }
    looks.shutdown().await;
}

async fn take_up(engine: &Engine, looks: &mut JoinSet<()>) -> Result<(), StoreError> {
    let options = &engine.options().subscriptions;
    let free = options.at_once.saturating_sub(looks.len());
    if free == 0 {
        return Ok(());
    }
    for due in engine.store().claim_subscriptions(options.lease, free).await? {
        let engine = engine.clone();
        looks.spawn(async move {
            let connection = due.connection;
            if let Err(error) = look(&engine, &due).await {
                tracing::warn!(%connection, ?error, "a subscription could not be looked at; it is tried again later");
            }
        });
    }
    Ok(())
}
