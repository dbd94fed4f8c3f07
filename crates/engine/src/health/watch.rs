//! The worker that probes connections: those of which nothing was heard for a while, and those in trouble, until they are
//! back.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use trunnion_kit::error::Error as SystemError;
use trunnion_store::{Cleared, DueProbe, Error as StoreError};

use super::confirm::{confirm, micros};
use super::report::{failed, succeeded};
use crate::Engine;
use crate::error::Result;
use crate::services::connections::probe;
use crate::sync::pause;
use crate::workers::rest;

/// After the database failed.
const AFTER_ERROR: Duration = Duration::from_secs(2);
/// Beside the probe and the one that confirms it, for the database.
const MARGIN: Duration = Duration::from_secs(60);

/// Works until the node stops.
pub(crate) async fn watch(engine: Engine, mut stopping: watch::Receiver<bool>) {
    let mut looks: JoinSet<()> = JoinSet::new();
    let mut stored = Instant::now();
    while !*stopping.borrow() {
        while let Some(ended) = looks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a probe ended in a defect; it is taken up again when its lease runs out");
            }
        }
        if stored.elapsed() >= engine.options().health.store {
            store(&engine).await;
            stored = Instant::now();
        }
        let nap = match take_up(&engine, &mut looks).await {
            Ok(()) => engine.options().poll,
            Err(error) => {
                tracing::warn!(%error, "connections could not be looked after");
                AFTER_ERROR
            }
        };
        rest(nap, &mut stopping).await;
    }
    looks.shutdown().await;
    store(&engine).await;
}

async fn take_up(engine: &Engine, looks: &mut JoinSet<()>) -> std::result::Result<(), StoreError> {
    let options = &engine.options().health;
    let soon = engine.clock().now_micros().saturating_add(micros(options.first));
    for suspect in engine.tallies().suspects() {
        engine.store().hurry_probe(suspect, soon).await?;
    }
    let free = options.at_once.saturating_sub(looks.len());
    if free == 0 {
        return Ok(());
    }
    let lease = engine.options().probe.saturating_mul(2).saturating_add(MARGIN);
    for due in engine.store().claim_probes(lease, options.probe_interval, free).await? {
        let engine = engine.clone();
        looks.spawn(async move {
            let id = due.connection;
            if let Err(error) = look(&engine, due).await {
                tracing::warn!(connection = %id, ?error, "a connection could not be probed; it is tried again later");
            }
        });
    }
    Ok(())
}

async fn look(engine: &Engine, due: DueProbe) -> Result<()> {
    let id = due.connection;
    let options = &engine.options().health;
    let Some(row) = engine.store().connection_for_work(id).await? else { return Ok(()) };
    let live = engine.links().get(engine, &row).await?;
    let (wait, failures) = match probe(engine, live.vendor.as_ref(), &live.link).await {
        Ok(_) => {
            succeeded(engine, id, Cleared::Probe).await?;
            (options.probe_interval, 0)
        }
        Err(SystemError::Authentication(message)) => {
            confirm(engine, &row, &message).await?;
            (options.probe_interval, 0)
        }
        Err(error) => {
            failed(engine, id, None, &error).await;
            let failures = due.failures.saturating_add(1);
            let asked = match &error {
                SystemError::RateLimited { after } | SystemError::Unreachable { after, .. } => {
                    after.unwrap_or_default()
                }
                _ => Duration::ZERO,
            };
            let most = options.most;
            (pause(options.first, most, failures, engine.random().next()).max(asked.min(most)), failures)
        }
    };
    let next = engine.clock().now_micros().saturating_add(micros(wait));
    Ok(engine.store().finish_probe(id, next, failures).await?)
}

async fn store(engine: &Engine) {
    if let Err(error) = engine.store().add_tallies(&engine.tallies().take()).await {
        tracing::warn!(%error, "what calls came to was not stored");
    }
}
