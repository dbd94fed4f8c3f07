//! Rules and channels as the API takes them and as they are stored.

use serde::{Deserialize, Serialize};
use trunnion_kit::mail::Mailer;
use trunnion_store::{Condition, ConnectionStatus};

use crate::Engine;
use crate::error::FieldError;

const HOUR: i64 = 60 * 60;
const LONGEST: i64 = 30 * 24 * HOUR;
const MOST_WORDS: usize = 20;

/// What has to hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// A connection has one of these statuses, for that long.
    Status {
        statuses: Vec<String>,
        #[serde(default)]
        for_seconds: i64,
    },
    /// An incident of one of these causes is open, for that long.
    Cause {
        causes: Vec<String>,
        #[serde(default)]
        for_seconds: i64,
    },
    /// An entity with a schedule was not synced for that long.
    Stale { after_seconds: i64 },
    /// More than this share of a connection's calls failed, in this and the last hour.
    FailureRate {
        above: f64,
        #[serde(default = "ten")]
        least_calls: i64,
    },
    /// More than so many deliveries of webhooks were given up in the last hour.
    DeadDeliveries {
        #[serde(default)]
        above: i64,
    },
    /// A connection's hooks cannot be subscribed to, for that long.
    SubscriptionFailing {
        #[serde(default)]
        for_seconds: i64,
    },
    /// A hook of a connection waits for that long to be worked off.
    HooksWaiting { after_seconds: i64 },
    /// More than so many hooks of a connection were given up in the last hour.
    DeadHooks {
        #[serde(default)]
        above: i64,
    },
    /// More than so many requests to a connection's address were not believed in the last hour.
    UnverifiableHooks {
        #[serde(default)]
        above: i64,
    },
    /// More than so many changes were found by a sync in the last day though the connection has hooks for them.
    MissedHooks {
        #[serde(default)]
        above: i64,
    },
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Channel {
    Webhook { url: String },
    Email { to: Vec<String> },
}

fn ten() -> i64 {
    10
}

impl Rule {
    pub(crate) fn problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut seconds = |name: &str, value: i64, least: i64| {
            if !(least..=LONGEST).contains(&value) {
                errors.push(FieldError::new(format!("/rule/{name}"), format!("must be {least} to {LONGEST}")));
            }
        };
        match self {
            Self::Status { for_seconds, .. }
            | Self::Cause { for_seconds, .. }
            | Self::SubscriptionFailing { for_seconds } => seconds("for_seconds", *for_seconds, 0),
            Self::Stale { after_seconds } => seconds("after_seconds", *after_seconds, 60),
            Self::HooksWaiting { after_seconds } => seconds("after_seconds", *after_seconds, 1),
            Self::DeadDeliveries { above } | Self::DeadHooks { above } | Self::MissedHooks { above } => {
                seconds("above", *above, 0);
            }
            Self::UnverifiableHooks { .. } => {}
            Self::FailureRate { least_calls, .. } => seconds("least_calls", *least_calls, 1),
        }
        match self {
            Self::Status { statuses, .. } => {
                let known: Vec<&str> = ConnectionStatus::ALL.iter().map(|status| status.as_str()).collect();
                words("/rule/statuses", statuses, &known, &mut errors);
            }
            Self::Cause { causes, .. } => words("/rule/causes", causes, CAUSES, &mut errors),
            // No more of them are kept.
            Self::UnverifiableHooks { above } if !(0..200).contains(above) => {
                errors.push(FieldError::new("/rule/above", "must be 0 to 199"));
            }
            Self::FailureRate { above, .. } if !(0.0..1.0).contains(above) => {
                errors.push(FieldError::new("/rule/above", "must be from 0 to less than 1"));
            }
            _ => {}
        }
        errors
    }

    /// The question to the store at the instant `now`; `None` for rules about hooks, which the inbox answers.
    #[expect(clippy::cast_possible_truncation, reason = "a share of a thousand, from 0 to 999")]
    pub(crate) fn condition(&self, now: i64) -> Option<Condition> {
        let before = |seconds: i64| now.saturating_sub(seconds.saturating_mul(1_000_000));
        let list = |words: &[String]| format!(",{},", words.join(","));
        Some(match self {
            Self::Status { statuses, for_seconds } => {
                Condition::Status { words: list(statuses), until: before(*for_seconds) }
            }
            Self::Cause { causes, for_seconds } => {
                Condition::Cause { words: list(causes), until: before(*for_seconds) }
            }
            Self::SubscriptionFailing { for_seconds } => {
                Condition::FailingSubscriptions { until: before(*for_seconds) }
            }
            Self::Stale { after_seconds } => Condition::Stale { before: before(*after_seconds) },
            Self::FailureRate { above, least_calls } => {
                let permille = (above * 1_000.0).round() as i64;
                Condition::FailureRate { permille, least: *least_calls, since: before(HOUR) }
            }
            Self::DeadDeliveries { above } => Condition::DeadDeliveries { above: *above, since: before(HOUR) },
            Self::HooksWaiting { .. }
            | Self::DeadHooks { .. }
            | Self::UnverifiableHooks { .. }
            | Self::MissedHooks { .. } => return None,
        })
    }
}

impl Channel {
    pub(crate) fn problems(&self, engine: &Engine) -> Vec<FieldError> {
        match self {
            Self::Webhook { url } if url.len() > 2_000 => {
                vec![FieldError::new("/channel/url", "must have at most 2000 characters")]
            }
            Self::Webhook { url } => match engine.poster().check(url) {
                Ok(()) => Vec::new(),
                Err(why) => vec![FieldError::new("/channel/url", why)],
            },
            Self::Email { .. } if engine.options().mail.is_none() => {
                vec![FieldError::new("/channel/type", "this server sends no e-mail: `mail.url` is not set")]
            }
            Self::Email { to } if to.is_empty() || to.len() > MOST_WORDS => {
                vec![FieldError::new("/channel/to", format!("must be 1 to {MOST_WORDS} addresses"))]
            }
            Self::Email { to } => to
                .iter()
                .enumerate()
                .filter(|(_, address)| !Mailer::is_address(address))
                .map(|(place, _)| FieldError::new(format!("/channel/to/{place}"), "is no e-mail address"))
                .collect(),
        }
    }
}

/// As incidents name them.
const CAUSES: &[&str] = &[
    "AUTHENTICATION_FAILED",
    "PASSWORD_EXPIRED",
    "ACCOUNT_LOCKED",
    "GRANT_REVOKED",
    "PERMISSION_DENIED",
    "ADDRESS_BLOCKED",
    "RATE_LIMIT_EXCEEDED",
    "SYSTEM_UNREACHABLE",
    "CERTIFICATE_NOT_TRUSTED",
    "ADDRESS_NOT_ALLOWED",
    "NOT_THAT_PRODUCT",
    "SYSTEM_REJECTED",
    "UNMAPPABLE_RECORD",
];

fn words(pointer: &str, given: &[String], known: &[&str], errors: &mut Vec<FieldError>) {
    if given.is_empty() || given.len() > MOST_WORDS {
        errors.push(FieldError::new(pointer, format!("must be 1 to {MOST_WORDS} words")));
    }
    for (place, word) in given.iter().enumerate().filter(|(_, word)| !known.contains(&word.as_str())) {
        let message = format!("{word:?} is none of: {}", known.join(", "));
        errors.push(FieldError::new(format!("{pointer}/{place}"), message));
    }
}
