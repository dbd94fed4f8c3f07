//! How an endpoint is doing, by what came of its tries: failing, held, to be disabled; and what is told of that.

use serde_json::json;
use trunnion_model::time::rfc3339_micros;

use super::{Ending, FinishedAttempt, WebhookEndpoint};
use crate::events::NewEvent;

/// Fewer failures in a row disable nothing, however long they last.
const LEAST_FAILURES: i64 = 3;
/// Percentages of the time until it is disabled at which that is told.
const RUNGS: [i64; 3] = [50, 70, 90];
pub(super) const FAILED_FOR_TOO_LONG: &str = "every attempt failed for too long";

/// When an endpoint is left in peace. In microseconds, where it is a time.
#[derive(Clone, Copy, Debug)]
pub struct HealthPolicy {
    /// After nothing but failures for that long it is disabled, unless it has a time of its own.
    pub disable_after: i64,
    /// After so many failures in a row nothing is sent for a while; then one is tried.
    pub breaks_at: i64,
    /// That while; doubled with each further failure.
    pub first_hold: i64,
    pub longest_hold: i64,
}

/// What one try says about the endpoint.
pub(super) fn note(endpoint: &mut WebhookEndpoint, one: &FinishedAttempt, policy: &HealthPolicy, now: i64) {
    if one.not_its_fault {
        return;
    }
    if one.ending == Ending::Delivered {
        (endpoint.failing_since, endpoint.failures, endpoint.told) = (None, 0, 0);
        // Whoever works again need not wait, unless the receiver itself asked for it.
        endpoint.held_until = one.hold_until;
        return;
    }
    endpoint.failing_since = endpoint.failing_since.or(Some(one.outcome.at));
    endpoint.failures += 1;
    endpoint.held_until = endpoint.held_until.max(one.hold_until);
    if endpoint.failures >= policy.breaks_at {
        let doublings = u32::try_from(endpoint.failures - policy.breaks_at).unwrap_or(u32::MAX).min(20);
        let hold = policy.first_hold.saturating_mul(1 << doublings).min(policy.longest_hold);
        endpoint.held_until = endpoint.held_until.max(Some(now.saturating_add(hold)));
    }
}

/// Whether it failed for so long that it is disabled; else the highest rung that it reached and nobody was told of yet.
pub(super) fn rung(endpoint: &WebhookEndpoint, policy: &HealthPolicy, now: i64) -> Rung {
    let Some(since) = endpoint.failing_since else { return Rung::None };
    let after = limit(endpoint, policy);
    let percent = (now - since).saturating_mul(100).checked_div(after.max(1)).unwrap_or(0);
    if percent >= 100 && endpoint.failures >= LEAST_FAILURES {
        return Rung::Disable;
    }
    match RUNGS.iter().rev().find(|rung| percent >= **rung && endpoint.told < **rung) {
        Some(rung) => Rung::Tell(*rung),
        None => Rung::None,
    }
}

/// What [`rung`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    None,
    Tell(i64),
    Disable,
}

fn limit(endpoint: &WebhookEndpoint, policy: &HealthPolicy) -> i64 {
    endpoint.settings.disable_after_seconds.map_or(policy.disable_after, |seconds| seconds.saturating_mul(1_000_000))
}

/// `webhook_endpoint.failing`.
pub(super) fn failing(
    endpoint: &WebhookEndpoint,
    last: &FinishedAttempt,
    percent: i64,
    policy: &HealthPolicy,
) -> NewEvent {
    let since = endpoint.failing_since.unwrap_or(last.outcome.at);
    let data = json!({
        "webhook_endpoint_id": endpoint.id.to_string(),
        "description": endpoint.description,
        "failing_since": rfc3339_micros(since),
        "failures": endpoint.failures,
        "percent": percent,
        "disabled_at": rfc3339_micros(since.saturating_add(limit(endpoint, policy))),
        "last_status": last.outcome.status,
        "last_error": last.outcome.error,
    });
    NewEvent { kind: "webhook_endpoint.failing".to_owned(), data: data.to_string() }
}

/// `webhook_endpoint.disabled`.
pub(super) fn disabled(endpoint: &WebhookEndpoint, reason: &str, now: i64) -> NewEvent {
    let data = json!({
        "webhook_endpoint_id": endpoint.id.to_string(),
        "description": endpoint.description,
        "reason": reason,
        "disabled_at": rfc3339_micros(now),
        "failing_since": endpoint.failing_since.map(rfc3339_micros),
        "failures": endpoint.failures,
    });
    NewEvent { kind: "webhook_endpoint.disabled".to_owned(), data: data.to_string() }
}
