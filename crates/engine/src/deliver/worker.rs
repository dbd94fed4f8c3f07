//! The loop of a node: follows the logs, takes up what is due, stores what came of it.
//!
//! Slots are what keeps one endpoint from delaying another. An endpoint has a few, one that fails has one, and those that
//! fail have half of all slots together: so an endpoint that never answers, or a thousand of them, leave the others room.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use trunnion_model::ids::WebhookEndpointId;
use trunnion_store::{DeliveryRequest, Error as StoreError, FinishedAttempt};

use super::send::deliver;
use crate::Engine;
use crate::workers::rest;

/// After the database failed.
const AFTER_ERROR: Duration = Duration::from_secs(2);
/// So many tries are stored in one transaction.
const BATCH: usize = 100;

/// What is being sent, by endpoint.
#[derive(Default)]
struct Busy {
    tasks: JoinSet<FinishedAttempt>,
    /// By task: to which endpoint, and whether that one fails.
    sending: HashMap<Id, (WebhookEndpointId, bool)>,
}

/// Works until the node stops.
pub(crate) async fn work(engine: Engine, mut stopping: watch::Receiver<bool>) {
    let mut busy = Busy::default();
    let mut news = engine.store().watch_events();
    while !*stopping.borrow() {
        // Taken before looking, so that what happens while looking is not slept over.
        news.mark_unchanged();
        match look(&engine, &mut busy).await {
            // More of the logs is to be read, and what ended is stored in between.
            Ok(true) => busy.store_ended(&engine).await,
            Ok(false) => {
                let poll = tokio::time::sleep(engine.options().poll);
                let ended = tokio::select! {
                    ended = busy.tasks.join_next_with_id(), if !busy.tasks.is_empty() => ended,
                    _ = news.changed() => None,
                    () = poll => None,
                    _ = stopping.changed() => None,
                };
                busy.store(&engine, ended).await;
            }
            Err(error) => {
                tracing::warn!(%error, "no webhooks could be taken up");
                rest(AFTER_ERROR, &mut stopping).await;
                busy.store_ended(&engine).await;
            }
        }
    }
    // What is being sent ends within its time limit.
    while let ended @ Some(_) = busy.tasks.join_next_with_id().await {
        busy.store(&engine, ended).await;
    }
}

/// One pass over the logs and over what is due. `true`: there is more in the logs.
async fn look(engine: &Engine, busy: &mut Busy) -> Result<bool, StoreError> {
    let more = engine.store().dispatch_deliveries().await?;
    let options = &engine.options().webhooks;
    // Longer than a try can take, and as short as that allows: it is how long a crash holds a delivery up.
    let lease_for = options.timeout + Duration::from_secs(10);
    for endpoint in engine.store().due_webhook_endpoints().await? {
        let fails = endpoint.failing_since.is_some();
        let of_it = if fails { 1 } else { options.per_endpoint };
        let of_all = if fails { (options.slots / 2).saturating_sub(busy.failing()) } else { usize::MAX };
        let own = of_it.saturating_sub(busy.of(endpoint.id));
        let limit = own.min(of_all).min(options.slots.saturating_sub(busy.tasks.len()));
        if limit == 0 {
            continue;
        }
        for claim in engine.store().claim_deliveries(&endpoint, DeliveryRequest { lease_for, limit }).await? {
            let task = busy.tasks.spawn(deliver(engine.clone(), claim));
            busy.sending.insert(task.id(), (endpoint.id, fails));
        }
    }
    Ok(more)
}

type Ended = Result<(Id, FinishedAttempt), JoinError>;

impl Busy {
    fn of(&self, endpoint: WebhookEndpointId) -> usize {
        self.sending.values().filter(|(id, _)| *id == endpoint).count()
    }

    fn failing(&self) -> usize {
        self.sending.values().filter(|(_, fails)| *fails).count()
    }

    async fn store_ended(&mut self, engine: &Engine) {
        let ended = self.tasks.try_join_next_with_id();
        self.store(engine, ended).await;
    }

    /// Stores `ended` and all others that ended by now.
    async fn store(&mut self, engine: &Engine, ended: Option<Ended>) {
        let mut finished = Vec::new();
        let mut next = ended;
        while let Some(ended) = next.take() {
            match ended {
                Ok((task, attempt)) => {
                    self.sending.remove(&task);
                    finished.push(attempt);
                }
                Err(error) => {
                    self.sending.remove(&error.id());
                    tracing::error!(%error, "a webhook ended in a defect; it is sent again after its lease");
                }
            }
            if finished.len() < BATCH {
                next = self.tasks.try_join_next_with_id();
            }
        }
        let disable_after = i64::try_from(engine.options().webhooks.disable_after.as_micros()).unwrap_or(i64::MAX);
        if let Err(error) = engine.store().finish_attempts(&finished, disable_after).await {
            // Their leases run out, and they are sent again with the same id.
            tracing::warn!(count = finished.len(), %error, "what came of webhooks was not stored");
        }
    }
}
