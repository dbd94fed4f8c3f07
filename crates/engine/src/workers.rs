//! The background work of a node: syncing, sending webhooks, looking after connections, finishing writes that another node
//! left, and keeping house.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use trunnion_receiver::inbox::NoCatchUp;

use crate::{Engine, alerts, budgets, deliver, health, ingest, log, subscriptions, sync, write};

/// Idempotency keys are kept for a week.
pub(crate) const KEYS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Incidents and hours of calls are kept for a quarter.
const HEALTH_KEPT: i64 = 92 * 24 * 60 * 60 * 1_000_000;
/// Hooks forgotten in one go.
const MOST_FORGOTTEN: i64 = 100_000;
/// For a hook's reading to end when the node stops; it is taken up elsewhere if it does not.
const PATIENCE: Duration = Duration::from_secs(10);
const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);

/// The running work; dropping it kills it as a crash would, which loses nothing but time.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Engine {
    /// Starts the background work, on the multi-thread runtime of the caller.
    pub fn start(&self) -> Workers {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(sync::work(self.clone(), stopping.clone()));
        tasks.spawn(write::recover(self.clone(), stopping.clone()));
        tasks.spawn(write::work_off(self.clone(), stopping.clone()));
        tasks.spawn(deliver::work(self.clone(), stopping.clone()));
        tasks.spawn(alerts::watch(self.clone(), stopping.clone()));
        tasks.spawn(health::watch(self.clone(), stopping.clone()));
        tasks.spawn(subscriptions::watch(self.clone(), stopping.clone()));
        tasks.spawn(log::keep_in_order(self.clone(), stopping.clone()));
        tasks.spawn(budgets::keep(self.clone(), stopping.clone()));
        tasks.spawn(share_news(self.clone(), stopping.clone()));
        tasks.spawn(hints(self.clone(), stopping.clone()));
        tasks.spawn(keep_house(self.clone(), stopping));
        Workers { stop, tasks }
    }
}

impl Workers {
    /// Pages in hand are finished and stored, runs are handed back for other nodes; what takes longer than `patience` is
    /// dropped, and goes on from its last page elsewhere.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("background work did not end in time and was dropped");
            self.tasks.shutdown().await;
        }
    }
}

/// Waits for `nap`; false if the node stops.
pub(crate) async fn rest(nap: Duration, stopping: &mut watch::Receiver<bool>) -> bool {
    let stopped = async {
        // A sender that is gone has stopped too.
        let _stopped_or_gone = stopping.wait_for(|stop| *stop).await;
    };
    tokio::time::timeout(nap, stopped).await.is_err()
}

/// What one node commits, the others take up at once rather than when they look next.
async fn share_news(engine: Engine, stopping: watch::Receiver<bool>) {
    engine.store().share_news(engine.boot(), stopping).await;
}

/// Works on hooks until the node stops.
async fn hints(engine: Engine, mut stopping: watch::Receiver<bool>) {
    let Some(inbox) = engine.inbox() else { return };
    let workers = inbox.start(ingest::Hints::new(engine.clone()), NoCatchUp);
    while rest(HOUSEKEEPING, &mut stopping).await {}
    workers.stop(PATIENCE).await;
}

async fn keep_house(engine: Engine, mut stopping: watch::Receiver<bool>) {
    loop {
        let before = engine.clock().now_micros().saturating_sub(health::micros(KEYS_KEPT));
        match engine.store().purge_idempotency_keys(before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "idempotency keys were given free"),
            Err(error) => tracing::warn!(%error, "idempotency keys could not be given free"),
        }
        if let Err(error) = engine.store().purge_bulks(before).await {
            tracing::warn!(%error, "old bulks could not be forgotten");
        }
        if let Err(error) = engine.store().purge_budgets(before).await {
            tracing::warn!(%error, "old rate budgets could not be forgotten");
        }
        if let Some(inbox) = engine.inbox()
            && let Err(error) = inbox.purge(MOST_FORGOTTEN).await
        {
            tracing::warn!(%error, "old hooks could not be forgotten");
        }
        let before = engine.clock().now_micros().saturating_sub(HEALTH_KEPT);
        if let Err(error) = engine.store().purge_health(before).await {
            tracing::warn!(%error, "what was known of connections' health long ago could not be forgotten");
        }
        log::forget(&engine).await;
        if !rest(HOUSEKEEPING, &mut stopping).await {
            return;
        }
    }
}
