//! Dates, points in time and times of day: ticks of 100 ns inside, the three spellings of OData v2 outside.
//!
//! A date is its midnight in UTC and is never shifted. The database keeps seven fractional digits, JSON shows three.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::{DateTime, datetime};
use trunnion_model::time::Timestamp;

pub(super) const TICKS_PER_SECOND: i64 = 10_000_000;
pub(super) const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);

/// 31 December 9999: the end of what is valid now.
pub(super) const END_OF_TIME: i64 = 2_932_896 * TICKS_PER_DAY;

/// The whole second of `ticks`, for what is kept without fractions.
pub(super) fn second_of(ticks: i64) -> i64 {
    ticks.div_euclid(TICKS_PER_SECOND) * TICKS_PER_SECOND
}

/// Months since the year 0, so that the next one is always one more.
pub(super) fn month_of(ticks: i64) -> i64 {
    let since = SignedDuration::from_secs(ticks.div_euclid(TICKS_PER_SECOND));
    EPOCH.checked_add(since).map_or(0, |at| i64::from(at.year()) * 12 + i64::from(at.month()) - 1)
}

pub(super) fn from_timestamp(at: Timestamp) -> i64 {
    at.as_microsecond().saturating_mul(10)
}

/// The midnight (UTC) of the day of `ticks`.
pub(super) fn day_of(ticks: i64) -> i64 {
    ticks.div_euclid(TICKS_PER_DAY) * TICKS_PER_DAY
}

/// Seconds since midnight (UTC).
pub(super) fn time_of(ticks: i64) -> u32 {
    u32::try_from(ticks.rem_euclid(TICKS_PER_DAY) / TICKS_PER_SECOND).unwrap_or(0)
}

/// `"/Date(1736467200000)/"`, with `+0000` for a point in time.
pub(super) fn write_json(ticks: i64, is_instant: bool, out: &mut String) {
    out.push_str("\"/Date(");
    let millis = ticks.div_euclid(10_000);
    if millis < 0 {
        out.push('-');
    }
    super::value::Number::new(millis.saturating_abs(), 0).write(out);
    out.push_str(if is_instant { "+0000)/\"" } else { ")/\"" });
}

/// `2025-01-10T08:00:00.1234567Z`: all seven digits, for an etag.
pub(super) fn iso(ticks: i64) -> String {
    let micros = ticks.div_euclid(10);
    let at = trunnion_model::time::from_micros(micros);
    format!("{}{}Z", at.strftime("%Y-%m-%dT%H:%M:%S.%6f"), ticks.rem_euclid(10))
}

/// `2025-01-10T08:00:00`, as a literal has it.
pub(super) fn local(ticks: i64) -> String {
    let since = SignedDuration::from_secs(ticks.div_euclid(TICKS_PER_SECOND));
    EPOCH.checked_add(since).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default()
}

/// `20250110080000.1234567`: ABAP's long time stamp.
pub(super) fn abap(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S.%6f0").to_string()
}

/// `PT08H00M00S`.
pub(super) fn write_time(seconds: u32, out: &mut String) {
    if write!(out, "PT{:02}H{:02}M{:02}S", seconds / 3600, seconds / 60 % 60, seconds % 60).is_err() {
        unreachable!("a String takes every text");
    }
}

/// `2025-01-10T08:00[:00[.1234567]]`, without a zone.
pub(super) fn parse_local(text: &str) -> Option<i64> {
    let (main, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 7 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) || !main.contains('T') {
        return None;
    }
    let civil: DateTime = main.parse().ok()?;
    // The last day of 9999 is a date, but no timestamp: the count is by the calendar.
    let seconds = civil.duration_since(EPOCH).as_secs();
    let ticks: i64 = format!("{fraction:0<7}").parse().ok()?;
    seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(ticks)
}

/// The same with `Z` or an offset behind it.
pub(super) fn parse_zoned(text: &str) -> Option<i64> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return parse_local(local);
    }
    let at = text.rfind(['+', '-']).filter(|&at| at > 10)?;
    let (local, offset) = text.split_at(at);
    let (hours, minutes) = offset[1..].split_once(':')?;
    let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    let seconds = if offset.starts_with('-') { -seconds } else { seconds };
    parse_local(local)?.checked_sub(seconds * TICKS_PER_SECOND)
}

/// `PT08H00M00S`; hours, minutes and seconds may each be missing.
pub(super) fn parse_time(text: &str) -> Option<u32> {
    let mut rest = text.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut total = 0;
    for (unit, seconds) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((count, after)) = rest.split_once(unit) {
            total += count.parse::<u32>().ok().filter(|&count| count < 100)? * seconds;
            rest = after;
        }
    }
    (rest.is_empty() && total < 86_400).then_some(total)
}

/// `/Date(1736467200000)/` or `/Date(1736467200000+0060)/` (the offset, in minutes, does not move the instant).
pub(super) fn parse_json(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign_at = inner.char_indices().skip(1).find(|(_, character)| matches!(character, '+' | '-'));
    let millis = sign_at.map_or(inner, |(at, _)| &inner[..at]);
    millis.parse::<i64>().ok()?.checked_mul(10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_keeps_seven_digits_and_shows_three() {
        let ticks = parse_zoned("2025-01-10T08:00:00.1234567Z").unwrap();
        assert_eq!(iso(ticks), "2025-01-10T08:00:00.1234567Z");
        let mut shown = String::new();
        write_json(ticks, true, &mut shown);
        assert_eq!(shown, "\"/Date(1736496000123+0000)/\"");
        assert_eq!(parse_zoned("2025-01-10T10:00:00.1234567+02:00"), Some(ticks));
        assert_eq!(parse_json("/Date(1736496000123+0000)/").map(iso).as_deref(), Some("2025-01-10T08:00:00.1230000Z"));
    }

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        let day = parse_local("2025-01-10T00:00:00").unwrap();
        let mut shown = String::new();
        write_json(day, false, &mut shown);
        assert_eq!(shown, "\"/Date(1736467200000)/\"");
        assert_eq!(day_of(day + 5), day);
        let mut before = String::new();
        write_json(parse_local("1960-01-01T00:00:00").unwrap(), false, &mut before);
        assert_eq!(before, "\"/Date(-315619200000)/\"");
    }

    #[test]
    fn a_time_of_day_is_read_and_written() {
        let mut shown = String::new();
        write_time(parse_time("PT8H30M").unwrap(), &mut shown);
        assert_eq!(shown, "PT08H30M00S");
        assert_eq!(parse_time("PT25H"), None);
        assert_eq!(parse_time("08:00:00"), None);
    }
}
