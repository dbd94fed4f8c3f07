//! The loop of a node: follows the logs, takes up what is due, stores what came of it.
//!
//! It is woken by commits of this process and by what it sends; other nodes' commits and what becomes due are found by
//! looking now and then. While the database cannot be reached, what came of tries is kept and stored later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use trunnion_model::ids::WebhookEndpointId;
use trunnion_store::{DeliveryClaim, DeliveryRequest, Error, FinishedAttempt, Hands, HealthPolicy, WebhookEndpoint};

use super::nodes::Nodes;
use super::send::{Sender, deliver};
use super::slots::Busy;
use crate::workers::rest;
use crate::{Engine, WebhookOptions};

/// After the database failed.
const AFTER_ERROR: Duration = Duration::from_millis(500);
/// Between two looks at the logs for events of other nodes.
const LOGS_EVERY: Duration = Duration::from_millis(250);
/// While more than so much happens in a turn, the next begins so long after it did: what comes in between shares its
/// transactions. What happens alone never waits.
const MUCH: usize = 2;
const APART: Duration = Duration::from_millis(4);
/// A delivery is free after that beyond its time limit, whatever became of the node.
const LEASE: Duration = Duration::from_secs(60);
/// Tries to store what is left when the node stops.
const LAST_TRIES: usize = 5;

struct Worker {
    engine: Engine,
    busy: Busy,
    nodes: Nodes,
    /// For these something may be due.
    ready: BTreeSet<WebhookEndpointId>,
    /// And for these not before that.
    later: BTreeMap<WebhookEndpointId, Instant>,
    /// And for these something may be due that there was no room for.
    behind: BTreeSet<WebhookEndpointId>,
    /// Which endpoints failed when they were last seen.
    failing: BTreeSet<WebhookEndpointId>,
    /// To be stored.
    finished: Vec<FinishedAttempt>,
    /// How much was sent or stored in this turn.
    handled: usize,
    /// Whether the logs are to be looked at.
    news: bool,
    /// Whether there is an endpoint that could follow; if not, the logs are looked at now and then, not at each event.
    followed: bool,
    /// Whether something was made due by hand.
    asked: bool,
    looked_at_logs: Instant,
    looked_for_due: Option<Instant>,
}

/// Works until the node stops.
pub(crate) async fn work(engine: Engine, mut stopping: watch::Receiver<bool>) {
    let mut events = engine.store().watch_events();
    let mut asked = engine.store().watch_webhooks();
    let mut worker = Worker::new(engine);
    while !*stopping.borrow() {
        // Taken before looking, so that what happens while looking is not slept over.
        worker.news |= events.has_changed().unwrap_or(false);
        events.mark_unchanged();
        if asked.has_changed().unwrap_or(false) {
            (worker.asked, worker.followed) = (true, true);
        }
        asked.mark_unchanged();
        let began = Instant::now();
        if let Err(error) = worker.turn().await {
            tracing::warn!(%error, "webhooks wait for the database");
            worker.news = true;
            rest(AFTER_ERROR, &mut stopping).await;
            continue;
        }
        if worker.news {
            continue;
        }
        let nap = tokio::time::sleep(worker.nap());
        let ended = tokio::select! {
            ended = worker.busy.tasks.join_next_with_id(), if worker.busy.len() > 0 => ended,
            _ = events.changed() => {
                worker.news = true;
                None
            }
            _ = asked.changed() => {
                (worker.asked, worker.news, worker.followed) = (true, true, true);
                None
            }
            () = nap => None,
            _ = stopping.changed() => None,
        };
        if let Some(ended) = ended {
            worker.finished.extend(worker.busy.ended(ended));
        }
        if worker.handled > MUCH {
            tokio::time::sleep(APART.saturating_sub(began.elapsed())).await;
        }
    }
    worker.drain().await;
}

impl Worker {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            busy: Busy::default(),
            nodes: Nodes::default(),
            ready: BTreeSet::new(),
            later: BTreeMap::new(),
            behind: BTreeSet::new(),
            failing: BTreeSet::new(),
            finished: Vec::new(),
            handled: 0,
            news: true,
            followed: true,
            asked: true,
            looked_at_logs: Instant::now(),
            looked_for_due: None,
        }
    }

    async fn turn(&mut self) -> Result<(), Error> {
        self.handled = 0;
        self.conclude().await?;
        self.look().await?;
        self.news &= self.followed;
        if self.news || self.looked_at_logs.elapsed() >= LOGS_EVERY.min(self.engine.options().poll) {
            self.dispatch().await?;
        }
        self.take_up().await
    }

    /// Makes deliveries of what is new, and sends at once what there is room for.
    async fn dispatch(&mut self) -> Result<(), Error> {
        let WebhookOptions { slots, per_endpoint, .. } = self.engine.options().webhooks;
        self.looked_at_logs = Instant::now();
        // Idle nodes need not show that they live.
        if !self.news && !self.engine.store().is_log_news().await? {
            return Ok(());
        }
        self.nodes.show_life(&self.engine).await?;
        // An endpoint for which something waits already gets it in its order.
        let waits =
            |id: &WebhookEndpointId| self.ready.contains(id) || self.behind.contains(id) || self.later.contains_key(id);
        let room_for = |endpoint: &WebhookEndpoint| match waits(&endpoint.id) {
            true => 0,
            false => self.busy.room(endpoint, slots, per_endpoint).limit,
        };
        let room_in = |application| self.busy.room_in(application, slots);
        let room = slots.saturating_sub(self.busy.len());
        let hands = Hands { node: self.engine.boot(), lease: LEASE, room, room_in: &room_in, room_for: &room_for };
        let done = self.engine.store().dispatch_deliveries(Some(&hands)).await?;
        self.news = done.more;
        self.followed = !done.unfollowed || done.more;
        self.ready.extend(done.endpoints);
        self.send(done.claims);
        Ok(())
    }

    fn send(&mut self, claims: Vec<DeliveryClaim>) {
        self.handled += claims.len();
        let mut senders: HashMap<WebhookEndpointId, Arc<Sender>> = HashMap::new();
        for claim in claims {
            let target = claim.target.clone();
            let sender = senders.entry(target.endpoint.id).or_insert_with(|| Arc::new(Sender::new(&target))).clone();
            let again = claim.delivery.attempts > 0;
            self.busy.send(&target.endpoint, again, deliver(self.engine.clone(), sender, claim));
        }
    }

    /// Until when nothing happens by itself.
    fn nap(&self) -> Duration {
        let poll = self.engine.options().poll;
        let first = self.later.values().min().map(|at| at.saturating_duration_since(Instant::now()));
        first.unwrap_or(poll).min(poll).min(LOGS_EVERY)
    }

    /// Now and then: signs of life, what became due, replays.
    async fn look(&mut self) -> Result<(), Error> {
        let store = self.engine.store();
        if self.busy.len() > 0 {
            self.nodes.show_life(&self.engine).await?;
        }
        let freed = self.nodes.watch(&self.engine).await?;
        let now = Instant::now();
        let due: Vec<_> = self.later.iter().filter(|(_, at)| **at <= now).map(|(id, _)| *id).collect();
        for id in due {
            self.later.remove(&id);
            self.ready.insert(id);
        }
        let asked = std::mem::take(&mut self.asked);
        if freed || asked || self.looked_for_due.is_none_or(|at| at.elapsed() >= self.engine.options().poll) {
            self.looked_for_due = Some(now);
            self.ready.extend(store.advance_replays().await?);
            for due in store.due_webhook_endpoints().await? {
                if due.failing {
                    self.failing.insert(due.id);
                } else {
                    self.failing.remove(&due.id);
                }
                self.ready.insert(due.id);
            }
        }
        Ok(())
    }

    async fn take_up(&mut self) -> Result<(), Error> {
        let WebhookOptions { slots, per_endpoint, .. } = self.engine.options().webhooks;
        // Those that work before those that fail.
        let mut order: Vec<_> = std::mem::take(&mut self.ready).into_iter().collect();
        order.sort_by_key(|id| self.failing.contains(id));
        for (place, id) in order.iter().enumerate() {
            // What is over meanwhile is stored: a crash would send it again.
            self.conclude().await?;
            if self.busy.len() >= slots {
                self.ready.extend(&order[place..]);
                return Ok(());
            }
            if self.failing.contains(id) && !self.busy.has_room_for_failing(slots) {
                // The next look finds it again.
                continue;
            }
            // What it says now counts; when a held one may go on, the next look says.
            self.behind.remove(id);
            let Some(endpoint) = self.engine.store().ready_webhook_endpoint(*id).await? else { continue };
            if endpoint.failing_since.is_none() {
                self.failing.remove(id);
            }
            let room = self.busy.room(&endpoint, slots, per_endpoint);
            if room.limit == 0 {
                self.behind.insert(*id);
                continue;
            }
            self.nodes.show_life(&self.engine).await?;
            let timeout = Duration::from_secs(u64::try_from(endpoint.settings.timeout_seconds).unwrap_or(30));
            let request = DeliveryRequest {
                node: self.engine.boot(),
                lease_for: timeout + LEASE,
                limit: room.limit,
                again: room.again,
            };
            let taken = self.engine.store().claim_deliveries(&endpoint, request).await?;
            if taken.more {
                self.behind.insert(*id);
            }
            if let Some(at) = taken.paced_until.filter(|_| taken.more) {
                let wait = u64::try_from(at - self.engine.clock().now_micros()).unwrap_or(0);
                self.later.insert(*id, Instant::now() + Duration::from_micros(wait));
            }
            self.send(taken.claims);
        }
        Ok(())
    }

    /// Stores what ended by now.
    async fn conclude(&mut self) -> Result<(), Error> {
        while let Some(ended) = self.busy.tasks.try_join_next_with_id() {
            self.finished.extend(self.busy.ended(ended));
        }
        if self.finished.is_empty() {
            return Ok(());
        }
        let concluded = self.engine.store().finish_attempts(&self.finished, &policy(&self.engine)).await?;
        self.handled += self.finished.len();
        let in_order: BTreeSet<_> =
            self.finished.drain(..).filter(|one| one.order_key.is_some()).map(|one| one.endpoint).collect();
        // There is room again for what waited for it, and the next of a key has its turn.
        let may_go_on = |id: &WebhookEndpointId| self.behind.contains(id) || in_order.contains(id);
        self.ready.extend(concluded.endpoints.into_iter().filter(may_go_on));
        for (endpoint, version, reason) in concluded.disable {
            self.engine.store().disable_webhook_endpoint(endpoint, version, reason).await?;
        }
        Ok(())
    }

    /// What is being sent ends within its time limit, and is stored: a node that was asked to stop sends nothing twice.
    async fn drain(mut self) {
        while let Some(ended) = self.busy.tasks.join_next_with_id().await {
            self.finished.extend(self.busy.ended(ended));
            // Also what ends late must not leave the others' outcome open for long.
            if let Err(error) = self.conclude().await {
                tracing::warn!(%error, "what came of webhooks is stored later");
            }
        }
        for last in 1..=LAST_TRIES {
            match self.conclude().await {
                Ok(()) => return self.nodes.leave(&self.engine).await,
                Err(error) if last == LAST_TRIES => {
                    tracing::warn!(count = self.finished.len(), %error, "what came of webhooks was not stored");
                }
                Err(_) => tokio::time::sleep(AFTER_ERROR).await,
            }
        }
    }
}

fn policy(engine: &Engine) -> HealthPolicy {
    let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let options = &engine.options().webhooks;
    HealthPolicy {
        disable_after: micros(options.disable_after),
        breaks_at: options.breaks_at,
        first_hold: micros(options.first_hold),
        longest_hold: micros(options.longest_hold),
    }
}
