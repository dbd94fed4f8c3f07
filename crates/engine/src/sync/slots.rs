//! How many runs a node has, of what kind and of whom: so that one slow, failing or huge customer delays nobody.
//!
//! - A lane that can take its time (backfills, and what failed the last time) has a quarter of the slots at most.
//! - An application has three quarters of the slots at most.
//! - A run that takes long gives its slot free and goes on beside the others: mostly it waits for its system, and waiting
//!   costs nothing. There is a bound to that too, because one that reads does cost memory.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::Id;
use tokio::time::Instant;
use trunnion_model::ids::ApplicationId;
use trunnion_store::{Claim, Lane, Room};

/// With those that gave their slots free, a node has at most so many times its slots in runs,
const MOST_TIMES: usize = 4;
/// and a lane that can take its time so many times its share.
const MOST_TIMES_SHARE: usize = 2;

pub(super) struct Slots {
    slots: usize,
    long: Duration,
    running: HashMap<Id, Running>,
}

struct Running {
    application: ApplicationId,
    lane: Lane,
    since: Instant,
}

impl Slots {
    pub(super) fn new(slots: usize, long: Duration) -> Self {
        Self { slots: slots.max(1), long, running: HashMap::new() }
    }

    pub(super) fn begin(&mut self, id: Id, claim: &Claim) {
        let running = Running { application: claim.application, lane: claim.lane, since: Instant::now() };
        self.running.insert(id, running);
    }

    pub(super) fn end(&mut self, id: Id) {
        self.running.remove(&id);
    }

    /// How many more runs may begin, and of what.
    pub(super) fn room(&self) -> (usize, Room) {
        let mut busy: HashMap<ApplicationId, usize> = HashMap::new();
        let (mut used, mut whole) = ([0; Lane::ALL.len()], [0; Lane::ALL.len()]);
        for running in self.running.values() {
            let in_slot = running.since.elapsed() < self.long;
            if in_slot {
                *busy.entry(running.application).or_default() += 1;
            }
            for (place, lane) in Lane::ALL.into_iter().enumerate() {
                used[place] += usize::from(in_slot && lane == running.lane);
                whole[place] += usize::from(lane == running.lane);
            }
        }
        let most = (self.slots * MOST_TIMES).saturating_sub(self.running.len());
        let free = self.slots.saturating_sub(used.iter().sum()).min(most);
        let share = self.slots.div_ceil(4);
        let slow = |place: usize| {
            let beside = (share * MOST_TIMES_SHARE).saturating_sub(whole[place]);
            share.saturating_sub(used[place]).min(beside).min(free)
        };
        let lanes = [free, slow(1), slow(2)];
        // More than half, so that one application at most can be full at a time.
        let per_application = (self.slots * 3 / 4).max(self.slots / 2 + 1);
        (free, Room { lanes, per_application, busy })
    }
}
