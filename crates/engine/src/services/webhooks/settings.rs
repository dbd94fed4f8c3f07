//! What can be set on an endpoint, read and checked.

use std::collections::BTreeMap;

use trunnion_kit::webhook::check_header;
use trunnion_store::{EndpointSettings, Ordering, PayloadForm};

use crate::error::FieldError;

const MOST_HEADERS: usize = 20;
const MOST_PER_SECOND: i64 = 10_000;
/// An hour to 90 days.
const DISABLE_AFTER: std::ops::RangeInclusive<i64> = 3_600..=90 * 24 * 3_600;

/// What a caller asked for; what is absent stays.
pub(super) struct Wanted<'w> {
    pub(super) ordering: Option<&'w str>,
    pub(super) payload: Option<&'w str>,
    pub(super) rate: Option<i64>,
    pub(super) timeout: Option<i64>,
    pub(super) disable_after: Option<i64>,
}

pub(super) fn read(before: EndpointSettings, wanted: &Wanted<'_>, errors: &mut Vec<FieldError>) -> EndpointSettings {
    let mut settings = before;
    let mut wrong = |name: &str, message: String| errors.push(FieldError::new(format!("/{name}"), message));
    match wanted.ordering.map(Ordering::parse) {
        Some(Some(ordering)) => settings.ordering = ordering,
        Some(None) => wrong("ordering", one_of(Ordering::ALL.iter().map(|word| word.as_str()))),
        None => {}
    }
    match wanted.payload.map(PayloadForm::parse) {
        Some(Some(payload)) => settings.payload = payload,
        Some(None) => wrong("payload", one_of(PayloadForm::ALL.iter().map(|word| word.as_str()))),
        None => {}
    }
    match wanted.rate {
        Some(0) => settings.rate_per_second = None,
        Some(rate) if (1..=MOST_PER_SECOND).contains(&rate) => settings.rate_per_second = Some(rate),
        Some(_) => wrong("rate_limit_per_second", format!("must be from 1 to {MOST_PER_SECOND}, or 0 for no limit")),
        None => {}
    }
    match wanted.timeout {
        Some(seconds) if (1..=30).contains(&seconds) => settings.timeout_seconds = seconds,
        Some(_) => wrong("timeout_seconds", "must be from 1 to 30".to_owned()),
        None => {}
    }
    match wanted.disable_after {
        Some(0) => settings.disable_after_seconds = None,
        Some(seconds) if DISABLE_AFTER.contains(&seconds) => settings.disable_after_seconds = Some(seconds),
        Some(_) => {
            let (least, most) = (DISABLE_AFTER.start(), DISABLE_AFTER.end());
            wrong("disable_after_seconds", format!("must be from {least} to {most}, or 0 for the server's default"));
        }
        None => {}
    }
    settings
}

pub(super) fn check_headers(headers: &BTreeMap<String, String>, errors: &mut Vec<FieldError>) {
    if headers.len() > MOST_HEADERS {
        errors.push(FieldError::new("/headers", format!("must be at most {MOST_HEADERS}")));
        return;
    }
    for (name, value) in headers {
        if let Err(why) = check_header(name, value) {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            errors.push(FieldError::new(format!("/headers/{escaped}"), why));
        }
    }
}

/// Whether `v1a` is asked for; `None` if nothing is said of it. `v1` is always there: all receivers know it.
pub(super) fn wants_v1a(signatures: Option<&[String]>, errors: &mut Vec<FieldError>) -> Option<bool> {
    let mut wanted: Vec<&str> = signatures?.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    match wanted[..] {
        ["v1"] => Some(false),
        ["v1", "v1a"] => Some(true),
        _ => {
            errors.push(FieldError::new("/signatures", "must be [\"v1\"] or [\"v1\", \"v1a\"]"));
            None
        }
    }
}

fn one_of(words: impl Iterator<Item = &'static str>) -> String {
    format!("must be one of: {}", words.collect::<Vec<_>>().join(", "))
}
