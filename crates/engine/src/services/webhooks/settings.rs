//! What can be set on an endpoint, read and checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunnion_kit::webhook::check_header;
use trunnion_store::{EndpointSettings, Ordering, PayloadForm, RetryPolicy};

use crate::deliver::{LIMIT, most_tries};

use crate::error::FieldError;

const MOST_HEADERS: usize = 20;
const MOST_PER_SECOND: i64 = 10_000;
/// An hour to 90 days.
const DISABLE_AFTER: std::ops::RangeInclusive<i64> = 3_600..=90 * 24 * 3_600;

/// A week.
const LONGEST_RETRY: i64 = 7 * 24 * 3_600;

/// When what failed is tried again; what is absent stays.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Before the second try; doubled before each further one.
    pub first_seconds: Option<i64>,
    /// No pause is longer.
    pub longest_seconds: Option<i64>,
    /// After so long it is given up.
    pub for_seconds: Option<i64>,
}

impl Retry {
    pub(super) fn of(policy: RetryPolicy) -> Self {
        Self {
            first_seconds: Some(policy.first_seconds),
            longest_seconds: Some(policy.longest_seconds),
            for_seconds: Some(policy.total_seconds),
        }
    }
}

/// What a caller asked for; what is absent stays.
pub(super) struct Wanted<'w> {
    pub(super) ordering: Option<&'w str>,
    pub(super) payload: Option<&'w str>,
    pub(super) rate: Option<i64>,
    pub(super) timeout: Option<i64>,
    pub(super) disable_after: Option<i64>,
    pub(super) retry: Option<Retry>,
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
    if let Some(retry) = wanted.retry {
        match read_retry(before.retry, retry) {
            Ok(policy) => settings.retry = policy,
            Err((name, message)) => wrong(name, message),
        }
    }
    settings
}

fn read_retry(before: RetryPolicy, wanted: Retry) -> Result<RetryPolicy, (&'static str, String)> {
    let policy = RetryPolicy {
        first_seconds: wanted.first_seconds.unwrap_or(before.first_seconds),
        longest_seconds: wanted.longest_seconds.unwrap_or(before.longest_seconds),
        total_seconds: wanted.for_seconds.unwrap_or(before.total_seconds),
    };
    if !(1..=3_600).contains(&policy.first_seconds) {
        return Err(("retry/first_seconds", "must be from 1 to 3600".to_owned()));
    }
    if !(policy.first_seconds..=24 * 3_600).contains(&policy.longest_seconds) {
        return Err(("retry/longest_seconds", format!("must be from {} to 86400", policy.first_seconds)));
    }
    if !(0..=LONGEST_RETRY).contains(&policy.total_seconds) {
        return Err(("retry/for_seconds", format!("must be from 0 to {LONGEST_RETRY}")));
    }
    if most_tries(&policy) >= LIMIT {
        let message = format!("these pauses would make more than {} tries; make them longer", LIMIT - 1);
        return Err(("retry", message));
    }
    Ok(policy)
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
