//! When a delivery is tried again, and what its answer says about the endpoint.

use std::time::Duration;

use trunnion_kit::http::Random;
use trunnion_kit::webhook::Reply;
use trunnion_store::{Ending, RetryPolicy};

/// A policy with as many tries is refused.
pub(crate) const LIMIT: i64 = 101;
/// No receiver can put a try off for longer.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);
/// How long nothing is sent to an endpoint that is overloaded and does not say for how long.
const BREATH: Duration = Duration::from_secs(15);

/// What follows from the answer to one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) ending: Ending,
    /// Nothing is sent to the endpoint before.
    pub(super) hold_until: Option<i64>,
    pub(super) disable: Option<&'static str>,
}

/// `tries` is how often it was tried, this time included; `now` is when the answer was there.
pub(super) fn judge(reply: &Reply, policy: &RetryPolicy, tries: i64, now: i64, random: &Random) -> Verdict {
    let ending = match reply.status {
        Some(200..=299) => Ending::Delivered,
        // The receiver is gone for good.
        Some(410) => Ending::GivenUp,
        // It would be refused again, as long as nobody changes the endpoint.
        _ if reply.refused => Ending::GivenUp,
        _ if reply.proxy_failed => Ending::Again { at: later(now, pause(policy, 1, random)) },
        _ if tries >= most_tries(policy) => Ending::GivenUp,
        _ => Ending::Again { at: later(now, pause(policy, tries, random).max(asked(reply))) },
    };
    let overloaded = matches!(reply.status, Some(429 | 502 | 503 | 504));
    let hold = if asked(reply).is_zero() { BREATH } else { asked(reply) };
    Verdict {
        ending,
        hold_until: overloaded.then(|| later(now, hold)),
        disable: (reply.status == Some(410)).then_some("the receiver answered 410 Gone"),
    }
}

/// How often an endpoint is tried by this policy: so often that the pauses between, without jitter, are its total at least.
/// [`LIMIT`] stands for "more than anybody may ask for".
pub(crate) fn most_tries(policy: &RetryPolicy) -> i64 {
    let mut passed = 0_i64;
    let mut tries = 1;
    while passed < policy.total_seconds && tries < LIMIT {
        passed = passed.saturating_add(whole_pause(policy, tries));
        tries += 1;
    }
    tries
}

/// Seconds after that many tries.
fn whole_pause(policy: &RetryPolicy, tries: i64) -> i64 {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    policy.first_seconds.saturating_mul(2_i64.pow(doublings)).min(policy.longest_seconds).max(1)
}

/// Up to a quarter is added, never taken away, so that what failed together does not come back together.
fn pause(policy: &RetryPolicy, tries: i64, random: &Random) -> Duration {
    let whole = Duration::from_secs(u64::try_from(whole_pause(policy, tries)).unwrap_or(1));
    let span = u64::try_from(whole.as_micros() / 4).unwrap_or(u64::MAX).max(1);
    whole + Duration::from_micros(random.next() % span)
}

fn asked(reply: &Reply) -> Duration {
    reply.retry_after.unwrap_or_default().min(LONGEST_ASKED)
}

fn later(now: i64, pause: Duration) -> i64 {
    now.saturating_add(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX))
}
