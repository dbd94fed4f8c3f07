//! The clock that everybody is handed, and the one form in which instants are stored: microseconds since 1970, UTC.
//!
//! Nothing else in the house reads the system's time (`clippy.toml` bans it), so that a test can move the hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use jiff::Timestamp;
pub use jiff::civil::Date;

/// A source of the current instant; cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own clock, cut to microseconds (the precision that both databases keep).
    pub fn system() -> Self {
        Self(Arc::new(|| from_micros(Timestamp::now().as_microsecond())))
    }

    /// A clock that stands still until its [`Hands`] are moved.
    pub fn manual(start: Timestamp) -> (Self, Hands) {
        let hands = Hands(Arc::new(AtomicI64::new(start.as_microsecond())));
        let seen = hands.clone();
        (Self(Arc::new(move || from_micros(seen.0.load(Ordering::SeqCst)))), hands)
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// Microseconds since 1970, UTC: the form in which the store keeps instants.
    pub fn now_micros(&self) -> i64 {
        self.now().as_microsecond()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Moves a manual clock.
#[derive(Clone, Debug)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_microsecond(), Ordering::SeqCst);
    }
}

/// The instant at `micros` microseconds since 1970; out of range is clamped to the ends of the calendar.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// RFC 3339 in UTC with exactly six fractional digits, so that texts sort as the instants do.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// [`rfc3339`] of stored microseconds.
pub fn rfc3339_micros(micros: i64) -> String {
    rfc3339(from_micros(micros))
}

/// Parses RFC 3339 (`2026-01-31T10:00:00Z`, any offset) or a plain date (its midnight in UTC).
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let date: Date = text.parse().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_six_digits_and_read_back() {
        let at: Timestamp = "2026-01-31T10:00:00.5+02:00".parse().unwrap();
        assert_eq!(rfc3339(at), "2026-01-31T08:00:00.500000Z");
        assert_eq!(parse_instant(&rfc3339(at)), Some(at));
        assert_eq!(parse_instant("2026-01-31").map(rfc3339).as_deref(), Some("2026-01-31T00:00:00.000000Z"));
        assert_eq!(parse_instant("yesterday"), None);
    }

    #[test]
    fn a_manual_clock_moves_only_by_its_hands() {
        let (clock, hands) = Clock::manual(Timestamp::UNIX_EPOCH);
        hands.advance(Duration::from_millis(3));
        assert_eq!(clock.now_micros(), 3_000);
    }
}
