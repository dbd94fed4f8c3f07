//! Pages, single records and changes of one entity, compared with each other.

use std::collections::HashMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use trunnion_model::catalog::{Field, Kind, field_of};
use trunnion_model::time::{Timestamp, from_micros};

use super::fits;
use super::report::Report;
use super::subject::{Mapped, Subject};
use crate::json::parse;
use crate::spec::{Dated, EntitySpec};
use crate::vendor::Window;

/// Reads an entity in every way; gives its records.
pub(super) async fn check(subject: &Subject<'_>, spec: &EntitySpec, report: &mut Report) -> Vec<Mapped> {
    let name = spec.entity.name;
    let large = report.take(&format!("{name}: pages of {}", spec.sync.page), subject.all(spec, None).await);
    let Some(records) = large else { return Vec::new() };
    if !report.expect(!records.is_empty(), || format!("{name}: there is no record to try anything on")) {
        return records;
    }
    ascending(name, &records, report);
    small_pages(subject, spec, &records, report).await;
    let is_offered = |name: &str| subject.connector.entity(name).is_some();
    for record in &records {
        for problem in fits::problems(spec, record, &is_offered) {
            report.fail(format!("{name} {}: {problem}", record.incoming.remote_id));
        }
        seen(name, &record.data, "", report);
    }
    singles(subject, spec, &records, report).await;
    if spec.sync.strategy.is_by_time() {
        changes(subject, spec, &records, report).await;
    }
    if let Some(own) = &spec.sync.dated {
        dated(subject, spec, own, &records, report).await;
    }
    records
}

/// The member that a row gives: a reference shows by its remote id, whether or not its target is offered.
pub(super) fn member_of(fields: &'static [Field], name: &str) -> String {
    match field_of(fields, name).map(|field| field.kind) {
        Some(Kind::Reference(_)) => format!("{}_remote_id", name.strip_suffix("_id").unwrap_or(name)),
        _ => name.to_owned(),
    }
}

/// Notes every member that a record has.
pub(super) fn seen(entity: &str, data: &Map<String, Value>, at: &str, report: &mut Report) {
    for (name, value) in data {
        match value {
            Value::Object(inner) => seen(entity, inner, &format!("{at}{name}/"), report),
            Value::Array(items) => {
                for inner in items.iter().filter_map(Value::as_object) {
                    seen(entity, inner, &format!("{at}{name}/"), report);
                }
            }
            _ => report.tried(format!("{entity}: read {at}{name}")),
        }
    }
}

fn ascending(name: &str, records: &[Mapped], report: &mut Report) {
    for pair in records.windows(2) {
        let (before, after) = (&pair[0].incoming.remote_id, &pair[1].incoming.remote_id);
        report.expect(is_before(before, after), || format!("{name}: key {after} comes after {before}"));
    }
}

/// Numbers by their value, other keys as texts.
fn is_before(one: &str, other: &str) -> bool {
    let number = |key: &str| key.bytes().all(|byte| byte.is_ascii_digit());
    if number(one) && number(other) { (one.len(), one) < (other.len(), other) } else { one < other }
}

async fn small_pages(subject: &Subject<'_>, spec: &EntitySpec, records: &[Mapped], report: &mut Report) {
    let (name, limit) = (spec.entity.name, subject.options.small_page);
    let pages = subject.pages(spec, None, limit).await;
    let Some(pages) = report.take(&format!("{name}: pages of {limit}"), pages) else { return };
    let longest = pages.iter().map(Vec::len).max().unwrap_or_default();
    report.expect(longest <= limit, || format!("{name}: a page of at most {limit} rows has {longest}"));
    let small: Vec<Mapped> = pages.into_iter().flatten().collect();
    ascending(name, &small, report);
    let ids = |records: &[Mapped]| -> Vec<String> {
        records.iter().map(|record| record.incoming.remote_id.clone()).collect()
    };
    let (one_way, other_way) = (ids(records), ids(&small));
    report.expect(one_way == other_way, || {
        let lost: Vec<&String> = one_way.iter().filter(|id| !other_way.contains(id)).take(5).collect();
        format!("{name}: {} rows in pages of {limit} instead of {}; lost {lost:?}", small.len(), records.len())
    });
    let hashes: HashMap<&str, [u8; 16]> =
        records.iter().map(|record| (record.incoming.remote_id.as_str(), record.incoming.content_hash())).collect();
    for record in &small {
        let id = record.incoming.remote_id.as_str();
        report.expect(hashes.get(id).is_none_or(|hash| *hash == record.incoming.content_hash()), || {
            format!("{name} {id}: a small page shows it otherwise than a large one")
        });
    }
    report.tried(format!("{name}: pages"));
}

async fn singles(subject: &Subject<'_>, spec: &EntitySpec, records: &[Mapped], report: &mut Report) {
    let name = spec.entity.name;
    let step = records.len().div_ceil(subject.options.singles).max(1);
    for record in records.iter().step_by(step) {
        let id = &record.incoming.remote_id;
        let Some(one) = report.take(&format!("{name} {id}: read alone"), subject.one(spec, id).await) else { continue };
        let same = one.as_ref().is_some_and(|one| {
            one.incoming.content_hash() == record.incoming.content_hash()
                && one.incoming.remote_modified_at == record.incoming.remote_modified_at
        });
        report.expect(same, || {
            let alone = one.map(|one| one.incoming.data);
            format!("{name} {id}: alone {alone:?}, in a page {}", record.incoming.data)
        });
        report.tried(format!("{name}: one record"));
    }
    let Some(unknown) = unknown_key(records) else { return };
    if let Some(one) = report.take(&format!("{name} {unknown}: read alone"), subject.one(spec, &unknown).await) {
        report.expect(one.is_none(), || format!("{name}: the key {unknown}, which nobody has, gives a record"));
    }
}

/// A history window gives exactly the records whose own date is in it, or that have none.
async fn dated(subject: &Subject<'_>, spec: &EntitySpec, own: &Dated, records: &[Mapped], report: &mut Report) {
    let name = spec.entity.name;
    let date = |record: &Mapped| -> Option<Date> {
        let row = parse(&record.incoming.raw).ok()?;
        let node = own.at.find(&row)?;
        own.conversion.date(node).or_else(|| Some(TimeZone::UTC.to_datetime(own.conversion.instant(node)?).date()))
    };
    let mut dates: Vec<Date> = records.iter().filter_map(date).collect();
    dates.sort_unstable();
    let ends = dates.first().zip(dates.last());
    if !report.expect(ends.is_some_and(|(first, last)| first < last), || {
        format!("{name}: no two records have different dates at {}", own.at)
    }) {
        return;
    }
    let median = dates[dates.len() / 2];
    for from in [median, dates[dates.len() - 1]] {
        let what = format!("{name}: dated from {from}");
        let Ok(start) = TimeZone::UTC.to_timestamp(from.to_datetime(Time::midnight())) else { continue };
        let window = Window { dated_from: Some(start), limit: spec.sync.page, ..Window::default() };
        let Some(given) = report.take(&what, subject.window(spec, window).await) else { continue };
        let given: Vec<&str> = given.iter().flatten().map(|record| record.incoming.remote_id.as_str()).collect();
        let wanted = records.iter().filter(|record| date(record).is_none_or(|date| date >= from));
        let wanted: Vec<&str> = wanted.map(|record| record.incoming.remote_id.as_str()).collect();
        report.expect(given == wanted, || format!("{what}: {} instead of {} records", given.len(), wanted.len()));
    }
    report.tried(format!("{name}: history by its own date"));
}

/// A key of the same form that no record has.
fn unknown_key(records: &[Mapped]) -> Option<String> {
    let last = records.last()?.incoming.remote_id.clone();
    let nines = last.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
    let taken = |key: &String| records.iter().any(|record| record.incoming.remote_id == *key);
    [nines.clone(), format!("{nines}9"), format!("{nines}99")].into_iter().find(|key| !taken(key))
}

/// A window gives every record that changed since, and none that is older than the declared overlap explains.
async fn changes(subject: &Subject<'_>, spec: &EntitySpec, records: &[Mapped], report: &mut Report) {
    let name = spec.entity.name;
    let mut times: Vec<i64> = records.iter().filter_map(|record| record.incoming.remote_modified_at).collect();
    times.sort_unstable();
    let Some((&median, &newest)) = times.get(times.len() / 2).zip(times.last()) else { return };
    let overlap = i64::try_from(spec.sync.overlap.as_micros()).unwrap_or(i64::MAX);
    let future: Timestamp = from_micros(newest.saturating_add(365 * 86_400_000_000));
    let late = subject.all(spec, Some(future)).await;
    let Some(late) = report.take(&format!("{name}: changes since {future}"), late) else { return };
    // What changes without a time comes with every window, and is not all that there is.
    let most = if spec.sync.unsettled.is_empty() { 0 } else { records.len().saturating_sub(1) };
    report.expect(late.len() <= most, || format!("{name}: {} rows changed after {future}", late.len()));
    let unsettled = |id: &str| most > 0 && late.iter().any(|record| record.incoming.remote_id == id);
    for since in [median, newest] {
        let what = format!("{name}: changes since {}", from_micros(since));
        let window = subject.all(spec, Some(from_micros(since))).await;
        let Some(changed) = report.take(&what, window) else { continue };
        ascending(name, &changed, report);
        let given = |id: &str| changed.iter().any(|record| record.incoming.remote_id == id);
        for record in records.iter().filter(|record| record.incoming.remote_modified_at >= Some(since)) {
            let id = &record.incoming.remote_id;
            report.expect(given(id), || format!("{what}: {id} is missing"));
        }
        for record in changed.iter().filter(|record| !unsettled(&record.incoming.remote_id)) {
            let (id, at) = (&record.incoming.remote_id, record.incoming.remote_modified_at);
            report.expect(at.is_some_and(|at| at >= since.saturating_sub(overlap)), || {
                format!("{what}: {id} last changed at {:?}", at.map(from_micros))
            });
        }
    }
    report.tried(format!("{name}: changes"));
}
