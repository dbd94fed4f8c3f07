//! What an answer says about the rate at which it may be asked again.

use std::time::Duration;

use trunnion_model::time::Timestamp;

use super::message::Answer;

/// Nobody is left alone for longer on account of a header.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// A reset that is larger is an instant, not a pause.
const AN_INSTANT: u64 = 1_000_000_000;

/// How long the system wants no more requests, because the last one that it allows was this one. Reads `RateLimit-…` and
/// `X-RateLimit-…` with `Remaining` and `Reset` (seconds from now, or since 1970), and the draft's `RateLimit: "…";r=0;t=30`.
pub(super) fn spent(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let number = |name: &str| answer.header(name)?.trim().parse::<f64>().ok().filter(|number| *number >= 0.0);
    let (remaining, reset) = match answer.header("ratelimit") {
        Some(text) => (parameter(text, "r")?, parameter(text, "t")?),
        None => ["ratelimit", "x-ratelimit", "x-rate-limit"]
            .iter()
            .find_map(|prefix| Some((number(&format!("{prefix}-remaining"))?, number(&format!("{prefix}-reset"))?)))?,
    };
    if remaining >= 1.0 {
        return None;
    }
    let reset = Duration::try_from_secs_f64(reset).ok()?;
    let pause = if reset.as_secs() < AN_INSTANT {
        reset
    } else {
        let since_1970 = Duration::try_from(now.duration_since(Timestamp::UNIX_EPOCH)).ok()?;
        reset.saturating_sub(since_1970)
    };
    Some(pause.min(LONGEST)).filter(|pause| !pause.is_zero())
}

fn parameter(text: &str, name: &str) -> Option<f64> {
    let first = text.split(',').next()?;
    first.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_spent_limit_says_for_how_long_in_any_of_the_usual_forms() {
        let now = "2026-01-31T10:00:00Z".parse().unwrap();
        let pause = |headers: &[(&'static str, &'static str)]| {
            let pairs =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let headers: HeaderMap = pairs.collect();
            spent(&Answer { status: 200, headers, body: Vec::new() }, now).map(|pause| pause.as_secs())
        };
        assert_eq!(pause(&[]), None);
        assert_eq!(pause(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "20")]), None);
        assert_eq!(pause(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "20")]), Some(20));
        assert_eq!(pause(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "1769853630")]), Some(30));
        assert_eq!(pause(&[("ratelimit", "\"default\";r=0;t=12, \"day\";r=9;t=999")]), Some(12));
        assert_eq!(pause(&[("ratelimit", "\"default\";r=5;t=12")]), None);
        assert_eq!(pause(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "999999")]), Some(3600));
        assert_eq!(pause(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")]), None);
    }
}
