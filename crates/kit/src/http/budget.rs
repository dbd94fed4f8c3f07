//! How much one system (or one account of it) is asked at a time, by everybody who asks it.
//!
//! Requests stand in lanes: a write goes before a read that a caller waits for, that before a sync of changes, that before
//! the reading of all there is. A backfill leaves one place free where there are two, so that a write waits for no more
//! than the end of one request, and mostly for none.
//!
//! What the system says is learned: `Retry-After` and spent rate limits close the budget for everybody until then, and a
//! 429 without a time means too many at once. What was learned, and how many places this process may use of those that it
//! shares with others, is kept by whoever made the budget: see [`Budget::learned`], [`Budget::learn`], [`Budget::grant`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

/// Who goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    Write,
    /// A caller waits for it: a probe, a record read through.
    #[default]
    ReadThrough,
    Incremental,
    Backfill,
}

const LANES: usize = 4;
/// After so many answers without a refusal, one more at a time is tried.
const TRY_MORE_AFTER: u32 = 100;

/// What the system taught: worth keeping over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// At a time.
    pub at_once: usize,
    /// From now on; zero if it is open.
    pub closed_for: Duration,
}

/// Cheap to clone; clones are the same budget.
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    /// As declared.
    most: usize,
    state: Mutex<State>,
    /// Those that wait look again at how long they have to.
    closed: Notify,
}

struct State {
    at_once: usize,
    granted: usize,
    closed_until: Option<Instant>,
    in_flight: [usize; LANES],
    waiting: [VecDeque<oneshot::Sender<Permit>>; LANES],
    good: u32,
    used: bool,
}

/// A place in the budget; given back when dropped.
pub(super) struct Permit {
    budget: Budget,
    lane: Lane,
}

impl Budget {
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = State {
            at_once: most,
            granted: most,
            closed_until: None,
            in_flight: [0; LANES],
            waiting: Default::default(),
            good: 0,
            used: false,
        };
        Self(Arc::new(Inner { most, state: Mutex::new(state), closed: Notify::new() }))
    }

    /// As declared: at most so many at a time.
    pub fn most(&self) -> usize {
        self.0.most
    }

    pub fn learned(&self) -> Learned {
        let state = self.state();
        let closed_for =
            state.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        Learned { at_once: state.at_once, closed_for }
    }

    /// Takes over what was learned before, or elsewhere.
    pub fn learn(&self, learned: Learned) {
        let mut state = self.state();
        state.at_once = learned.at_once.clamp(1, self.0.most);
        state.close(learned.closed_for);
        drop(state);
        self.0.closed.notify_waiters();
        self.wake();
    }

    /// How many at a time this process may have, of what it shares with others.
    pub fn grant(&self, places: usize) {
        self.state().granted = places;
        self.wake();
    }

    /// Whether anybody asked since the last call, asks now or waits.
    pub fn was_used(&self) -> bool {
        let mut state = self.state();
        let waits = state.waiting.iter().any(|lane| !lane.is_empty());
        std::mem::take(&mut state.used) || waits || state.all_in_flight() > 0
    }

    /// Whether anybody but its keeper has it.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// A place, when it is this lane's turn. If the system wants to be left alone for longer than `patience`: for how long.
    pub(super) async fn acquire(&self, lane: Lane, patience: Duration) -> Result<Permit, Duration> {
        let mut mine = {
            let mut state = self.state();
            state.used = true;
            let (send, receive) = oneshot::channel();
            state.waiting[lane as usize].push_back(send);
            receive
        };
        loop {
            let closed = self.0.closed.notified();
            let closed_for = self.learned().closed_for;
            if closed_for > patience {
                return Err(closed_for);
            }
            // Nobody else wakes those that wait when a closed budget opens, be it between two of these lines.
            if closed_for.is_zero() {
                self.wake();
            }
            tokio::select! {
                biased;
                permit = &mut mine => return permit.map_err(|_| Duration::ZERO),
                () = closed => {}
                () = tokio::time::sleep(closed_for), if !closed_for.is_zero() => {}
            }
        }
    }

    /// The system wants no request for so long.
    pub(super) fn close(&self, pause: Duration) {
        self.state().close(pause);
        self.0.closed.notify_waiters();
    }

    /// The system took so many at once as there are now for too many.
    pub(super) fn too_many(&self) {
        let mut state = self.state();
        state.at_once = state.all_in_flight().saturating_sub(1).clamp(1, state.at_once);
        state.good = 0;
    }

    /// The system answered.
    pub(super) fn good(&self) {
        let mut state = self.state();
        state.good += 1;
        if state.good >= TRY_MORE_AFTER && state.at_once < self.0.most {
            state.at_once += 1;
            state.good = 0;
        }
    }

    /// Gives free places to those whose turn it is.
    fn wake(&self) {
        while let Some((waiting, permit)) = self.next() {
            // Who no longer waits gives the place back, by the drop of what could not be sent.
            drop(waiting.send(permit));
        }
    }

    fn next(&self) -> Option<(oneshot::Sender<Permit>, Permit)> {
        let mut state = self.state();
        for lane in [Lane::Write, Lane::ReadThrough, Lane::Incremental, Lane::Backfill] {
            if !state.has_place(lane) {
                return None;
            }
            if let Some(waiting) = state.waiting[lane as usize].pop_front() {
                state.in_flight[lane as usize] += 1;
                return Some((waiting, Permit { budget: self.clone(), lane }));
            }
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn all_in_flight(&self) -> usize {
        self.in_flight.iter().sum()
    }

    fn close(&mut self, pause: Duration) {
        if !pause.is_zero() {
            self.closed_until = self.closed_until.max(Instant::now().checked_add(pause));
        }
    }

    fn has_place(&self, lane: Lane) -> bool {
        let places = self.at_once.min(self.granted);
        let open = self.closed_until.is_none_or(|until| until <= Instant::now());
        let beside_others = lane != Lane::Backfill || places < 2 || self.in_flight[lane as usize] < places - 1;
        open && self.all_in_flight() < places && beside_others
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let lane = self.lane as usize;
        let mut state = self.budget.state();
        state.in_flight[lane] = state.in_flight[lane].saturating_sub(1);
        drop(state);
        self.budget.wake();
    }
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Budget({} at once)", self.learned().at_once)
    }
}

#[cfg(test)]
mod tests;
