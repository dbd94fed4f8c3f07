//! Hours in which nothing begins by itself.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

const MINUTES_A_DAY: usize = 24 * 60;

/// From the one time of day to just before the other; over midnight if the end is earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: Time,
    to: Time,
}

impl Quiet {
    /// Times as `22:00`; the two may not be the same.
    pub fn parse(from: &str, to: &str) -> Option<Self> {
        let (from, to) = (time(from)?, time(to)?);
        (from != to).then_some(Self { from, to })
    }

    pub fn from(&self) -> String {
        self.from.strftime("%H:%M").to_string()
    }

    pub fn to(&self) -> String {
        self.to.strftime("%H:%M").to_string()
    }

    fn contains(&self, time: Time) -> bool {
        if self.from < self.to { self.from <= time && time < self.to } else { self.from <= time || time < self.to }
    }

    /// When they end, if `at` is within them.
    pub(super) fn end_if_within(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let there = zone.to_datetime(at);
        if !self.contains(there.time()) {
            return None;
        }
        let tomorrow = there.time() >= self.to;
        let date = if tomorrow { there.date().tomorrow().ok()? } else { there.date() };
        // A range that the change of clocks swallows ends at once.
        zone.to_timestamp(date.to_datetime(self.to)).ok().filter(|end| *end > at)
    }
}

/// Whether the hours are quiet all day long.
pub fn leaves_no_time(quiet: &[Quiet]) -> bool {
    let minute = |minute: usize| {
        let (hour, minute) = (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
        Time::constant(hour, minute, 0, 0)
    };
    (0..MINUTES_A_DAY).map(minute).all(|time| quiet.iter().any(|quiet| quiet.contains(time)))
}

/// Hours and minutes, two digits each.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}
