//! When something is due again: an interval or a cron expression, in a time zone, outside of quiet hours.
//!
//! Everything here is computed from its arguments, so that every node comes to the same instant. A *phase* (a number that
//! is a connection's own, the same for ever) spreads what has the same schedule: over the whole interval, within the minute
//! that a cron expression names, and over the quarter of an hour after quiet hours.

mod cron;
mod quiet;

pub use cron::Cron;
pub use quiet::{Quiet, leaves_no_time};

pub use jiff::tz::TimeZone;

use crate::time::from_micros;

const SECOND: i64 = 1_000_000;
/// A cron expression names minutes: its runs are spread over one.
const MINUTE: i64 = 60 * SECOND;
/// What waited for the end of quiet hours is spread over so much.
const AFTER_QUIET: i64 = 15 * MINUTE;
/// More quiet ranges in a row than anybody can give.
const MOST_SHIFTS: usize = 16;

/// How often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Every {
    /// Only when asked.
    #[default]
    Never,
    Seconds(i64),
    Cron(Cron),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub every: Every,
    /// In which the cron expression and the quiet hours are meant.
    pub zone: TimeZone,
    /// Nothing begins by itself in these hours.
    pub quiet: Vec<Quiet>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { every: Every::Never, zone: TimeZone::UTC, quiet: Vec::new() }
    }
}

impl Schedule {
    /// Every so many seconds, or never.
    pub fn every(seconds: Option<i64>) -> Self {
        Self { every: seconds.map_or(Every::Never, Every::Seconds), ..Self::default() }
    }

    pub fn interval_seconds(&self) -> Option<i64> {
        match self.every {
            Every::Seconds(seconds) => Some(seconds),
            Every::Never | Every::Cron(_) => None,
        }
    }

    pub fn cron(&self) -> Option<&Cron> {
        match &self.every {
            Every::Cron(cron) => Some(cron),
            Every::Never | Every::Seconds(_) => None,
        }
    }

    /// The name by which the time zone is known.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The first instant after `from` (microseconds since 1970) at which it is due.
    pub fn next(&self, from: i64, phase: u64) -> Option<i64> {
        let due = match &self.every {
            Every::Never => return None,
            Every::Seconds(seconds) => on_grid(from, seconds.saturating_mul(SECOND).max(1), phase),
            Every::Cron(cron) => {
                let late = share(phase, MINUTE);
                let at = cron.next(from_micros(from.saturating_sub(late)), &self.zone)?;
                at.as_microsecond().saturating_add(late)
            }
        };
        Some(self.outside_quiet(due, phase))
    }

    /// `at`, or an instant soon after the quiet hours that it is in.
    pub fn outside_quiet(&self, at: i64, phase: u64) -> i64 {
        let mut at = at;
        for _ in 0..MOST_SHIFTS {
            let shifted = self.quiet.iter().find_map(|quiet| quiet.end_if_within(from_micros(at), &self.zone));
            let Some(end) = shifted else { break };
            at = end.as_microsecond().saturating_add(share(phase, AFTER_QUIET));
        }
        at
    }
}

/// The zone of that IANA name.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some())
}

/// The next instant of a grid whose place is the phase's. One that follows too soon, because a run was late or was asked
/// for by hand, is left out; a run that is late therefore does not shift those after it.
fn on_grid(from: i64, period: i64, phase: u64) -> i64 {
    let since_last = from.saturating_sub(share(phase, period)).rem_euclid(period);
    let wait = period - since_last;
    let wait = if wait < period / 10 { wait.saturating_add(period) } else { wait };
    from.saturating_add(wait)
}

/// The phase as a part of `whole`.
fn share(phase: u64, whole: i64) -> i64 {
    let part = (u128::from(phase) * u128::from(whole.unsigned_abs())) >> 64;
    i64::try_from(part).unwrap_or(0)
}

#[cfg(test)]
mod tests;
