//! Cron expressions of five fields: minute, hour, day of the month, month, day of the week.
//!
//! A field is `*`, a number, a range `a-b`, any of these with a step `/n`, or several of them with commas. Months and days
//! of the week may be named by three letters; Sunday is 0 and 7. If both kinds of day are given, either fits, as in Vixie's
//! cron.
//!
//! When clocks change: a named hour that does not exist that day comes as much later as the clocks jump, one that comes
//! twice is taken once. With `*` for the hour, every real hour counts, so that nothing pauses for an hour in autumn.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// A leap day comes back after eight years at the latest.
const MOST_DAYS: usize = 366 * 8 + 2;
const EVERY_HOUR: u64 = (1 << 24) - 1;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// Each a set of numbers as bits.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both kinds of day are given.
    either_day: bool,
}

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
    /// The number of the first word.
    first_word: u32,
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, words: &[], first_word: 0 },
    Field { name: "hour", least: 0, most: 23, words: &[], first_word: 0 },
    Field { name: "day of the month", least: 1, most: 31, words: &[], first_word: 0 },
    Field { name: "month", least: 1, most: 12, words: &MONTHS, first_word: 1 },
    Field { name: "day of the week", least: 0, most: 7, words: &DAYS, first_word: 0 },
];

impl Cron {
    /// The expression, or what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let given: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = given.as_slice() else {
            return Err("must have five fields: minute hour day-of-month month day-of-week".to_owned());
        };
        let weekdays = FIELDS[4].parse(weekday)?;
        let cron = Self {
            text: given.join(" "),
            minutes: FIELDS[0].parse(minute)?,
            hours: FIELDS[1].parse(hour)?,
            days: FIELDS[2].parse(day)?,
            months: FIELDS[3].parse(month)?,
            weekdays: (weekdays | weekdays >> 7) & 0x7f,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        match cron.next(Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
            Some(_) => Ok(cron),
            None => Err("names a day that never comes".to_owned()),
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first instant after `from` that fits.
    pub fn next(&self, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut date = zone.to_datetime(from).date();
        for _ in 0..MOST_DAYS {
            if self.fits(date)
                && let Some(found) = self.within(date, from, zone)
            {
                return Some(found);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn fits(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let day = if self.either_day { day || weekday } else { day && weekday };
        has(self.months, date.month()) && day
    }

    fn within(&self, date: Date, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.hours == EVERY_HOUR {
            return self.within_by_minutes(date, from, zone);
        }
        let times = (0..24).filter(|hour| has(self.hours, *hour)).flat_map(|hour| {
            (0..60).filter(|minute| has(self.minutes, *minute)).map(move |minute| Time::constant(hour, minute, 0, 0))
        });
        // Sorted, because hours that do not exist are moved behind those that do.
        times.filter_map(|time| zone.to_timestamp(date.to_datetime(time)).ok()).filter(|at| *at > from).min()
    }

    /// Real minutes, one after the other: an hour that comes twice has them twice.
    fn within_by_minutes(&self, date: Date, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let midnight = zone.to_timestamp(date.to_datetime(Time::midnight())).ok()?;
        let past = from.as_second().div_euclid(60).saturating_add(1).saturating_mul(60);
        let mut at = Timestamp::from_second(past.max(midnight.as_second())).ok()?;
        loop {
            let there = zone.to_datetime(at);
            if there.date() != date {
                return None;
            }
            if has(self.minutes, there.minute()) {
                return Some(at);
            }
            at = at.checked_add(Span::new().minutes(1)).ok()?;
        }
    }
}

impl Field {
    fn parse(&self, text: &str) -> Result<u64, String> {
        let mut set = 0;
        for part in text.split(',') {
            set |= self.part(part).ok_or_else(|| {
                format!("`{part}` is no {}: use *, {} to {}, ranges a-b, steps /n", self.name, self.least, self.most)
            })?;
        }
        Ok(set)
    }

    fn part(&self, part: &str) -> Option<u64> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((from, to)) => (self.number(from)?, self.number(to)?),
            // `5/10` is from 5 on.
            None => (self.number(range)?, if step.is_some() { self.most } else { self.number(range)? }),
        };
        (from <= to).then(|| (from..=to).step_by(step.unwrap_or(1)).fold(0, |set, number| set | 1 << number))
    }

    fn number(&self, text: &str) -> Option<u32> {
        let word = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let number = match word {
            Some(place) => u32::try_from(place).ok()? + self.first_word,
            None => text.parse().ok()?,
        };
        (self.least..=self.most).contains(&number).then_some(number)
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set >> number & 1 == 1)
}
