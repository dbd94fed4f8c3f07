//! The workers: they take batches, hand them to the handler, and store what came of them.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::claim::{claim, micros, renew};
use super::finish::{Effect, Finish, finish};
use super::metrics::Count;
use super::open::{Core, Inbox};
use super::sequence::{self, CatchUp};
use super::types::{Batch, Message, Outcome, State};

/// After the database failed.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// How often what other nodes did is counted.
const REFRESH: Duration = Duration::from_secs(1);

/// What is done with messages.
pub trait Handler: Send + Sync + 'static {
    /// One message; those of its key that came before are done or dead.
    fn handle(&self, message: &Message) -> impl Future<Output = Outcome> + Send;

    /// All that wait of one key, where they can be done at once: then the outcome is that of each of them. `None`: one by
    /// one.
    fn handle_all(&self, messages: &[Message]) -> impl Future<Output = Option<Outcome>> + Send {
        let _one_by_one = messages;
        async { None }
    }
}

/// The running workers; dropping them kills them as a crash would, which loses nothing but time.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Workers {
    /// Takes nothing new, and waits up to `patience` for what is in work.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("handlers did not end in time and were dropped; their messages are handled again");
            self.tasks.shutdown().await;
        }
    }
}

impl Inbox {
    /// Begins to hand messages to `handler`, and to fill the gaps of streams from `log`.
    pub fn start(&self, handler: impl Handler, log: impl CatchUp) -> Workers {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(work(self.clone(), Arc::new(handler), stopping.clone()));
        tasks.spawn(sequence::follow(self.clone(), Arc::new(log), stopping));
        Workers { stop, tasks }
    }
}

impl Inbox {
    /// Fills the gaps of streams only: for those who [`pull`](Inbox::pull).
    pub fn follow(&self, log: impl CatchUp) -> Workers {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(sequence::follow(self.clone(), Arc::new(log), stopping));
        Workers { stop, tasks }
    }
}

#[derive(Default)]
struct Busy {
    tasks: JoinSet<()>,
    by_task: HashMap<Id, String>,
    /// Where the last look at a source ended, so that every key has its turn.
    looked: HashMap<String, String>,
}

async fn work<H: Handler>(inbox: Inbox, handler: Arc<H>, mut stopping: watch::Receiver<bool>) {
    let core = inbox.core.clone();
    let mut busy = Busy::default();
    let mut refreshed: Option<Instant> = None;
    while !*stopping.borrow() {
        let news = core.news.notified();
        let stale = refreshed.is_none_or(|at| at.elapsed() >= REFRESH);
        let looked = async {
            if stale {
                core.gauges.refresh(&core.db).await?;
            }
            sequence::release(&inbox, stale).await?;
            look(&inbox, &handler, &mut busy).await
        };
        let again = match looked.await {
            Ok(again) => {
                if stale {
                    refreshed = Some(Instant::now());
                }
                again
            }
            Err(error) => {
                tracing::warn!(%error, "no messages could be taken up");
                rest(AFTER_ERROR, &mut stopping).await;
                false
            }
        };
        busy.sweep();
        if again {
            continue;
        }
        tokio::select! {
            ended = busy.tasks.join_next_with_id(), if !busy.tasks.is_empty() => busy.ended(ended),
            () = news => {}
            () = tokio::time::sleep(core.options.poll) => {}
            _ = stopping.changed() => {}
        }
    }
    while let ended @ Some(_) = busy.tasks.join_next_with_id().await {
        busy.ended(ended);
    }
}

/// One pass over the sources. `true`: more can be taken at once.
async fn look<H: Handler>(inbox: &Inbox, handler: &Arc<H>, busy: &mut Busy) -> super::Result<bool> {
    let options = &inbox.core.options;
    let mut again = false;
    for source in inbox.core.gauges.busy() {
        let own = busy.by_task.values().filter(|known| **known == source).count();
        let room = options.slots.saturating_sub(busy.by_task.len()).min(options.slots_per_source.saturating_sub(own));
        if room == 0 {
            continue;
        }
        let after = busy.looked.get(&source).cloned().unwrap_or_default();
        let from_start = after.is_empty();
        let (batches, next) = claim(&inbox.core, &source, &after, room, options.lease).await?;
        // From the end of the keys the walk begins anew.
        again |= next.is_some() && !batches.is_empty() || next.is_none() && !from_start;
        busy.looked.insert(source.clone(), next.unwrap_or_default());
        for batch in batches {
            let task = busy.tasks.spawn(work_on(inbox.clone(), handler.clone(), batch));
            busy.by_task.insert(task.id(), source.clone());
        }
    }
    Ok(again && busy.by_task.len() < options.slots)
}

type Joined = Option<Result<(Id, ()), tokio::task::JoinError>>;

impl Busy {
    fn sweep(&mut self) {
        while let ended @ Some(_) = self.tasks.try_join_next_with_id() {
            self.ended(ended);
        }
    }

    fn ended(&mut self, ended: Joined) {
        let id = match ended {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "a batch ended in a defect; it is taken up again after its lease");
                error.id()
            }
            None => return,
        };
        self.by_task.remove(&id);
    }
}

async fn rest(nap: Duration, stopping: &mut watch::Receiver<bool>) {
    let stopped = async {
        let _stopped_or_gone = stopping.wait_for(|stop| *stop).await;
    };
    let _over = tokio::time::timeout(nap, stopped).await;
}

/// While the lease can be kept: whoever works without one may not be the only one.
async fn work_on<H: Handler>(inbox: Inbox, handler: Arc<H>, batch: Batch) {
    tokio::select! {
        () = process(&inbox, &handler, &batch) => {}
        () = lost(&inbox.core, &batch) => {}
    }
}

/// Keeps the lease of a batch, and ends when that has failed.
async fn lost(core: &Core, batch: &Batch) {
    let lease = core.options.lease;
    let mut held_until = Instant::now() + lease;
    loop {
        tokio::time::sleep(lease / 3).await;
        let asked = Instant::now();
        match tokio::time::timeout_at(held_until, renew(core, batch, lease)).await {
            Ok(Ok(true)) => held_until = asked + lease,
            Ok(Ok(false)) => return,
            Ok(Err(_)) if Instant::now() < held_until => {}
            Ok(Err(_)) | Err(_) => {
                let key = batch.messages.first().map(|message| message.key.as_str());
                tracing::warn!(key, "a handler was given up, because its lease could not be kept");
                return;
            }
        }
    }
}

async fn process<H: Handler>(inbox: &Inbox, handler: &Arc<H>, batch: &Batch) {
    let limit = inbox.core.options.handler_limit;
    let deadline = Instant::now() + limit;
    let together = guarded(deadline, limit, async { handler.handle_all(&batch.messages).await }).await;
    match together {
        Ok(None) => {}
        Ok(Some(outcome)) => return settle_all(inbox, batch, &outcome).await,
        Err(reason) => return settle_all(inbox, batch, &Outcome::retry(reason)).await,
    }
    let mut rest = batch.messages.as_slice();
    while let [message, behind @ ..] = rest {
        let outcome = match guarded(deadline, limit, handler.handle(message)).await {
            Ok(outcome) => outcome,
            Err(reason) => Outcome::retry(reason),
        };
        let goes_on = matches!(outcome, Outcome::Done(_) | Outcome::Dead { .. });
        let settled = settle(inbox, batch.lease, message, outcome).await;
        rest = behind;
        // What comes behind one that is tried again waits for it; so does what we can no longer do under this lease.
        if !settled || !goes_on || Instant::now() >= deadline {
            break;
        }
    }
    let now = inbox.core.time.micros();
    for message in rest {
        let back = Finish { tried: false, ..ended(message, batch.lease, State::Pending, now) };
        store(inbox, back).await;
    }
}

/// Bounded in time; a panic is an outcome like another.
async fn guarded<T>(deadline: Instant, limit: Duration, work: impl Future<Output = T>) -> Result<T, String> {
    match tokio::time::timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(_panic)) => Err("the handler panicked".to_owned()),
        Err(_elapsed) => Err(format!("the handler did not end within {limit:?}")),
    }
}

async fn settle_all(inbox: &Inbox, batch: &Batch, outcome: &Outcome) {
    let last = batch.messages.len().saturating_sub(1);
    let each = batch.messages.iter().enumerate().map(|(place, message)| {
        let own = match outcome {
            // Once for all of them.
            Outcome::Done(effects) if place == last => Outcome::Done(effects.clone()),
            Outcome::Done(_) => Outcome::done(),
            other => other.clone(),
        };
        settle(inbox, batch.lease, message, own)
    });
    futures_util::future::join_all(each).await;
}

fn ended(message: &Message, lease: i64, state: State, due_at: i64) -> Finish {
    Finish { seq: message.seq, lease, state, due_at, error: None, effects: Vec::new(), tried: true }
}

/// `false` if the message is no longer ours.
pub(super) async fn settle(inbox: &Inbox, lease: i64, message: &Message, outcome: Outcome) -> bool {
    let core = &inbox.core;
    let gauge = core.gauges.of(&message.source);
    let now = core.time.micros();
    let done = |effects: Vec<Effect>| Finish { effects, ..ended(message, lease, State::Done, now) };
    let (finish, count) = match outcome {
        Outcome::Done(effects) => (done(effects), Count::Done),
        Outcome::Retry { reason, after } if message.attempts + 1 < core.options.tries => {
            let pause = after.unwrap_or_else(|| pause(inbox, message.attempts));
            let due_at = now.saturating_add(micros(pause));
            (Finish { error: Some(reason), ..ended(message, lease, State::Pending, due_at) }, Count::Retried)
        }
        Outcome::Retry { reason, .. } | Outcome::Dead { reason } => {
            tracing::warn!(source = message.source, id = message.id, reason, "a message is dead");
            (Finish { error: Some(reason), ..ended(message, lease, State::Dead, now) }, Count::Dead)
        }
    };
    let held = store(inbox, finish).await;
    if held {
        gauge.count(count);
        if !matches!(count, Count::Retried) {
            gauge.left();
        }
    }
    held
}

async fn store(inbox: &Inbox, what: Finish) -> bool {
    match finish(inbox, what).await {
        Ok(held) => held,
        Err(error) => {
            // Its lease runs out, and it is handled again.
            tracing::warn!(%error, "what came of a message was not stored");
            false
        }
    }
}

/// Doubled with each try, and up to a quarter longer.
fn pause(inbox: &Inbox, tries: i64) -> Duration {
    let options = &inbox.core.options;
    let doubled = options.first_pause.saturating_mul(1 << tries.clamp(0, 20)).min(options.most_pause);
    let mut byte = [0];
    let jitter = getrandom::fill(&mut byte).map_or(0, |()| u32::from(byte[0]));
    doubled + doubled * jitter / 1024
}
