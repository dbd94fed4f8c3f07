//! How calls go, counted in memory and stored from time to time: a crash loses a few seconds of it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunnion_kit::error::Cause;
use trunnion_kit::link::{Called, Observer};
use trunnion_model::ids::ConnectionId;
use trunnion_store::Tally;

use crate::measures::Counts;

/// Cheap to clone; clones count together.
#[derive(Clone, Default)]
pub(crate) struct Tallies(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    calls: HashMap<ConnectionId, Tally>,
    /// Connections of which a call, whoever made it, said that the system is in trouble.
    suspects: HashSet<ConnectionId>,
}

impl Tallies {
    /// Counts the calls of one connection's link.
    pub(crate) fn observer(&self, connection: ConnectionId, system: &str, counts: &Arc<Counts>) -> Observer {
        let (tallies, counts, system) = (self.clone(), Arc::clone(counts), system.to_owned());
        Arc::new(move |called| {
            counts.call(&system, called.failed.map_or("ok", Cause::code), called.took);
            tallies.count(connection, called);
        })
    }

    /// What was counted since the last time.
    pub(super) fn take(&self) -> Vec<(ConnectionId, Tally)> {
        std::mem::take(&mut self.counted().calls).into_iter().collect()
    }

    pub(super) fn suspects(&self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.counted().suspects).into_iter().collect()
    }

    fn count(&self, connection: ConnectionId, called: Called) {
        let mut counted = self.counted();
        let tally = counted.calls.entry(connection).or_default();
        let micros = super::confirm::micros(called.took);
        tally.micros = tally.micros.saturating_add(micros);
        tally.slowest = tally.slowest.max(micros);
        match called.failed {
            None => tally.succeeded += 1,
            Some(_) => tally.failed += 1,
        }
        if matches!(called.failed, Some(Cause::Outage | Cause::CertificateNotTrusted | Cause::NotThatProduct)) {
            counted.suspects.insert(connection);
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
