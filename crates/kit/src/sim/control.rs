//! The handle by which a test (or the command line) reaches into a running simulator.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use trunnion_model::time::{Clock, Timestamp};

use super::faults::{Action, Fault};

/// How many requests the log keeps; the oldest go first.
const LOG_KEEPS: usize = 20_000;

/// One request that reached the simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub method: String,
    pub path: String,
    /// The raw query string, empty if there was none.
    pub query: String,
    /// The body as text, empty for a `GET`; no more than the first 64 KB.
    pub body: String,
    /// The status that was answered; 0 if the connection was cut.
    pub status: u16,
}

#[derive(Default)]
struct State {
    log: VecDeque<Logged>,
    faults: Vec<Fault>,
    clock_ahead: Duration,
    credentials_expired: bool,
    /// More than so many at once are refused with 429.
    at_once: Option<usize>,
    in_flight: usize,
    most_in_flight: usize,
}

/// Counts one request for as long as it lasts.
pub(super) struct Inside(Control);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

/// Cheap to clone; every clone reaches the same simulator.
#[derive(Clone)]
pub struct Control {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

impl Control {
    pub fn new(clock: Clock) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// The simulator's own time: the given clock, plus what it was moved ahead.
    pub fn now(&self) -> Timestamp {
        let ahead = self.state().clock_ahead;
        self.clock.now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    pub fn move_clock_ahead(&self, by: Duration) {
        let mut state = self.state();
        state.clock_ahead = state.clock_ahead.saturating_add(by);
    }

    /// Adds a fault; faults are asked in the order in which they came, the first that fires wins.
    pub fn add_fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// How many faults wait for requests.
    pub fn faults(&self) -> usize {
        self.state().faults.len()
    }

    /// From now on every credential and every session that was handed out is refused, until set back.
    pub fn expire_credentials(&self, expired: bool) {
        self.state().credentials_expired = expired;
    }

    pub fn credentials_expired(&self) -> bool {
        self.state().credentials_expired
    }

    /// From now on more than so many requests at once are refused with 429.
    pub fn limit_at_once(&self, most: Option<usize>) {
        self.state().at_once = most;
    }

    /// The most requests that there were at once.
    pub fn most_in_flight(&self) -> usize {
        self.state().most_in_flight
    }

    /// `None` if there are too many already.
    pub(super) fn enter(&self) -> Option<Inside> {
        let mut state = self.state();
        if state.at_once.is_some_and(|most| state.in_flight >= most) {
            return None;
        }
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        Some(Inside(self.clone()))
    }

    /// What was asked so far, oldest first.
    pub fn requests(&self) -> Vec<Logged> {
        self.state().log.iter().cloned().collect()
    }

    pub fn clear_requests(&self) {
        self.state().log.clear();
    }

    pub(super) fn record(&self, logged: Logged) {
        let mut state = self.state();
        if state.log.len() == LOG_KEEPS {
            state.log.pop_front();
        }
        state.log.push_back(logged);
    }

    pub(super) fn next_action(&self, method: &str, path: &str) -> Option<Action> {
        let mut state = self.state();
        let action = state.faults.iter_mut().find_map(|fault| fault.fire(method, path));
        state.faults.retain(|fault| !fault.spent());
        action
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
