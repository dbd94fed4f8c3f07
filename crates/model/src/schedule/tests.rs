//! Schedules: what is due when, also where clocks change.

use super::*;
use crate::time::{parse_instant, rfc3339_micros};

fn at(text: &str) -> i64 {
    parse_instant(text).unwrap().as_microsecond()
}

/// The next instants, without jitter.
fn cron(expression: &str, zone_name: &str, from: &str, count: usize) -> Vec<String> {
    let every = Every::Cron(Cron::parse(expression).unwrap());
    let schedule = Schedule { every, zone: zone(zone_name).unwrap(), quiet: Vec::new() };
    let mut from = at(from);
    let mut found = Vec::new();
    for _ in 0..count {
        from = schedule.next(from, 0).unwrap();
        found.push(rfc3339_micros(from).replace(":00.000000Z", ""));
    }
    found
}

#[test]
fn an_interval_is_a_grid_whose_place_is_the_connections_own() {
    let schedule = Schedule::every(Some(900));
    let half = 1 << 63;
    let from = at("2026-01-31T10:00:00Z");
    let due = schedule.next(from, half).unwrap();
    assert_eq!(rfc3339_micros(due), "2026-01-31T10:07:30.000000Z");
    // A run that took its time does not shift the next one, unless that would follow at once.
    assert_eq!(schedule.next(due + 300 * SECOND, half), Some(due + 900 * SECOND));
    assert_eq!(schedule.next(due + 890 * SECOND, half), Some(due + 1800 * SECOND));
    assert_eq!(Schedule::every(None).next(from, half), None);
}

#[test]
fn ten_thousand_phases_are_spread_over_the_whole_interval() {
    let schedule = Schedule::every(Some(900));
    let mut per_minute = [0; 15];
    for number in 0_u64..10_000 {
        let phase = u64::from_le_bytes(blake3::hash(&number.to_le_bytes()).as_bytes()[..8].try_into().unwrap());
        let due = schedule.next(0, phase).unwrap();
        per_minute[usize::try_from(due / MINUTE % 15).unwrap()] += 1;
    }
    assert!(per_minute.iter().all(|count| (550..800).contains(count)), "{per_minute:?}");
}

#[test]
fn cron_expressions_are_read_as_cron_reads_them() {
    assert_eq!(cron("30 2 * * mon-fri", "UTC", "2026-01-30T03:00:00Z", 2), ["2026-02-02T02:30", "2026-02-03T02:30"]);
    assert_eq!(
        cron("*/20 8,9 * * *", "UTC", "2026-01-30T08:40:00Z", 3),
        ["2026-01-30T09:00", "2026-01-30T09:20", "2026-01-30T09:40"]
    );
    assert_eq!(
        cron("0 0 13 * 5", "UTC", "2026-03-01T00:00:00Z", 3),
        ["2026-03-06T00:00", "2026-03-13T00:00", "2026-03-20T00:00"]
    );
    assert_eq!(cron("0 12 29 FEB *", "UTC", "2026-03-01T00:00:00Z", 1), ["2028-02-29T12:00"]);
    assert_eq!(cron("0 0 * * 7", "UTC", "2026-01-30T00:00:00Z", 1), ["2026-02-01T00:00"]);
    assert_eq!(
        cron("5/25 * 1 */6 *", "UTC", "2026-01-30T00:00:00Z", 3),
        ["2026-07-01T00:05", "2026-07-01T00:30", "2026-07-01T00:55"]
    );
}

#[test]
fn a_wrong_cron_expression_says_what_is_wrong() {
    for (text, part) in [
        ("* * * *", "five fields"),
        ("60 * * * *", "`60` is no minute"),
        ("* 5-3 * * *", "`5-3` is no hour"),
        ("* * * foo *", "`foo` is no month"),
        ("*/0 * * * *", "`*/0` is no minute"),
        ("0 0 31 2 *", "never comes"),
        ("@daily", "five fields"),
    ] {
        let problem = Cron::parse(text).unwrap_err();
        assert!(problem.contains(part), "{text}: {problem}");
    }
}

/// Berlin: clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25, both at 01:00 UTC.
#[test]
fn a_named_hour_comes_once_a_day_also_when_clocks_change() {
    let nightly = |from| cron("30 2 * * *", "Europe/Berlin", from, 3);
    assert_eq!(nightly("2026-03-28T00:00:00Z"), ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]);
    assert_eq!(nightly("2026-10-24T00:00:00Z"), ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]);
}

#[test]
fn every_half_hour_is_every_real_half_hour_also_when_clocks_change() {
    for from in ["2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z"] {
        let found = cron("*/30 * * * *", "Europe/Berlin", from, 6);
        let day = &from[..10];
        let expected = ["00:30", "01:00", "01:30", "02:00", "02:30", "03:00"].map(|time| format!("{day}T{time}"));
        assert_eq!(found, expected);
    }
}

#[test]
fn what_falls_into_quiet_hours_waits_for_their_end() {
    let quiet = vec![Quiet::parse("22:00", "06:00").unwrap(), Quiet::parse("12:00", "13:00").unwrap()];
    let schedule = Schedule { every: Every::Seconds(3600), zone: zone("America/New_York").unwrap(), quiet };
    let next = |from, phase| rfc3339_micros(schedule.next(at(from), phase).unwrap());
    assert_eq!(next("2026-01-31T02:30:00Z", 0), "2026-01-31T11:00:00.000000Z");
    assert_eq!(next("2026-01-31T16:20:00Z", 0), "2026-01-31T18:00:00.000000Z");
    assert_eq!(next("2026-01-31T18:20:00Z", 0), "2026-01-31T19:00:00.000000Z");
    // In the night of the change they last an hour less by the sun.
    assert_eq!(next("2026-03-08T03:30:00Z", 0), "2026-03-08T10:00:00.000000Z");
    // Those that waited do not all begin at the same moment.
    assert_eq!(next("2026-01-31T02:30:00Z", 1 << 63), "2026-01-31T11:07:30.000000Z");
}

#[test]
fn quiet_hours_are_two_times_of_day_and_leave_some_time() {
    for (from, to) in [("24:00", "06:00"), ("9:00", "10:00"), ("09:00", "09:00"), ("09:60", "10:00"), ("", "10:00")] {
        assert_eq!(Quiet::parse(from, to), None, "{from} {to}");
    }
    let all_day = [Quiet::parse("00:00", "12:30").unwrap(), Quiet::parse("12:30", "00:00").unwrap()];
    assert!(leaves_no_time(&all_day) && !leaves_no_time(&all_day[..1]) && !leaves_no_time(&[]));
    assert_eq!((all_day[0].from().as_str(), all_day[0].to().as_str()), ("00:00", "12:30"));
}

#[test]
fn only_names_of_the_time_zone_database_are_zones() {
    assert!(zone("Asia/Kolkata").is_some() && zone("UTC").is_some());
    for name in ["Mars/Olympus", "", "+01:00", "../etc/passwd"] {
        assert!(zone(name).is_none(), "{name}");
    }
}
