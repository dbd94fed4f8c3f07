//! The rate budgets of this node: one for each system and account, shared by syncs, writes and probes, and with other
//! nodes through the store.
//!
//! A budget's key is a hash of the system and of whose limit it is: the form field that the declaration names, or all of the
//! connection's settings (address, company) if it names none. So two connections to one account share its limit.
//!
//! Places are leased for seconds. A budget that is in use is renewed by [`keep`]; one that was idle is leased again by
//! whoever needs its link. If the database does not answer, the budget goes on with what it has.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use trunnion_kit::http::{Budget, Learned};
use trunnion_kit::spec::Spec;
use trunnion_kit::spec::form::Credentials;
use trunnion_store::{BudgetAsk, BudgetLease, BudgetNews};

use crate::Engine;
use crate::workers::rest;

/// Shorter than a run's lease: whoever takes a dead node's run up finds its places free.
const LEASE: Duration = Duration::from_secs(6);
/// A budget in use is renewed when a third of its lease is over. One that got no place is asked for again at each look.
const RENEW: Duration = Duration::from_secs(2);
/// Between two looks for what was learned.
const TICK: Duration = Duration::from_secs(1);
/// So many are renewed in one transaction.
const AT_ONCE: usize = 200;

pub(crate) type Key = [u8; 32];

/// See the module.
pub(crate) struct Budgets {
    node: [u8; 16],
    known: Mutex<HashMap<Key, Kept>>,
}

struct Kept {
    budget: Budget,
    leased_at: Option<Instant>,
    /// As leased.
    places: usize,
    /// What the store knows already.
    told: BudgetNews,
}

/// Whose limit it is.
pub(crate) fn key(spec: &Spec, credentials: &Credentials) -> Key {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(&spec.system.id);
    match spec.limits.shared_by.as_deref().and_then(|field| credentials.get(field)) {
        Some(account) => add(account),
        None => {
            for (name, value) in credentials.settings() {
                add(name);
                add(value);
            }
        }
    }
    *hasher.finalize().as_bytes()
}

impl Budgets {
    pub(crate) fn new(node: [u8; 16]) -> Self {
        Self { node, known: Mutex::default() }
    }

    /// The budget, with places that are leased.
    pub(crate) async fn ready(&self, engine: &Engine, key: Key, most: usize) -> Budget {
        let budget = {
            let mut known = self.known.lock().await;
            let kept = known.entry(key).or_insert_with(|| Kept::new(most));
            if kept.leased_at.is_some_and(|at| at.elapsed() < LEASE) {
                return kept.budget.clone();
            }
            kept.budget.clone()
        };
        self.lease(engine, &[key]).await;
        budget
    }

    async fn lease(&self, engine: &Engine, keys: &[Key]) {
        let now = engine.clock().now_micros();
        let asks: Vec<BudgetAsk> = {
            let known = self.known.lock().await;
            keys.iter().filter_map(|key| known.get(key).map(|kept| kept.ask(*key, now))).collect()
        };
        match engine.store().lease_budgets(&self.node, LEASE, &asks).await {
            Ok(leases) => {
                let mut known = self.known.lock().await;
                for (ask, lease) in asks.iter().zip(leases) {
                    if let Some(kept) = known.get_mut(&ask.key) {
                        kept.take(lease, now);
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "rate budgets could not be leased; they go on as they are"),
        }
    }

    /// Those that are due: in use and not renewed for a while, or with news. What nobody has any more is forgotten.
    async fn due(&self, now: i64) -> Vec<Key> {
        let mut known = self.known.lock().await;
        known.retain(|_, kept| kept.budget.is_shared() || kept.leased_at.is_some_and(|at| at.elapsed() < LEASE));
        let due = |kept: &Kept| {
            let old = kept.places == 0 || kept.leased_at.is_none_or(|at| at.elapsed() >= RENEW);
            kept.news(now).is_some() || old && kept.budget.was_used()
        };
        known.iter().filter(|(_, kept)| due(kept)).map(|(key, _)| *key).collect()
    }
}

impl Kept {
    fn new(most: usize) -> Self {
        let budget = Budget::new(most);
        let told = BudgetNews { at_once: budget.most(), closed_until: 0 };
        Self { budget, leased_at: None, places: 0, told }
    }

    fn ask(&self, key: Key, now: i64) -> BudgetAsk {
        BudgetAsk { key, most: self.budget.most(), news: self.news(now) }
    }

    /// What the store does not know. A pause that ended is no news.
    fn news(&self, now: i64) -> Option<BudgetNews> {
        let Learned { at_once, closed_for } = self.budget.learned();
        let until = now.saturating_add(i64::try_from(closed_for.as_micros()).unwrap_or(i64::MAX));
        // Computed from a pause that runs, it is never quite the same twice.
        let longer = !closed_for.is_zero() && until > self.told.closed_until.saturating_add(SLACK);
        let closed_until = if longer { until } else { self.told.closed_until };
        (longer || at_once != self.told.at_once).then_some(BudgetNews { at_once, closed_until })
    }

    fn take(&mut self, lease: BudgetLease, now: i64) {
        let pause = u64::try_from(lease.known.closed_until.saturating_sub(now)).unwrap_or(0);
        self.budget.learn(Learned { at_once: lease.known.at_once, closed_for: Duration::from_micros(pause) });
        self.budget.grant(lease.places);
        self.places = lease.places;
        self.told = lease.known;
        self.leased_at = Some(Instant::now());
    }
}

/// Microseconds.
const SLACK: i64 = 500_000;

/// Renews the budgets in use and tells the store what they learned, until the node stops.
pub(crate) async fn keep(engine: Engine, mut stopping: watch::Receiver<bool>) {
    while rest(TICK, &mut stopping).await {
        let due = engine.budgets().due(engine.clock().now_micros()).await;
        for keys in due.chunks(AT_ONCE) {
            engine.budgets().lease(&engine, keys).await;
        }
    }
}
