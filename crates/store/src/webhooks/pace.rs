//! A rate, kept by an instant: up to it, everything that is allowed was used.

/// A tenth of a second's worth may be sent at once.
const BURST: i64 = 100_000;

/// How many of `wanted` may be sent now, what the instant is then, and when the next may be sent.
pub(super) fn allow(rate: i64, used_until: Option<i64>, now: i64, wanted: usize) -> (usize, i64, i64) {
    let each = (1_000_000 / rate.max(1)).max(1);
    let room = BURST.max(each);
    let used = used_until.unwrap_or(now).max(now);
    let free = ((now + room - used) / each).max(0);
    let allowed = usize::try_from(free).unwrap_or(usize::MAX).min(wanted);
    let used = used + i64::try_from(allowed).unwrap_or(0) * each;
    (allowed, used, used + each - room)
}

#[cfg(test)]
mod tests {
    use super::allow;

    #[test]
    fn over_a_minute_exactly_the_rate_passes_however_often_it_is_asked() {
        for (rate, step) in [(50, 1_000), (50, 70_000), (1, 10_000), (999, 5_000)] {
            let (mut used, mut passed) = (None, 0);
            for look in 0..(60_000_000 / step) {
                let (allowed, until, _next) = allow(rate, used, look * step, 1_000);
                (used, passed) = (Some(until), passed + i64::try_from(allowed).unwrap());
            }
            let expected = rate * 60;
            assert!((passed - expected).abs() * 50 <= expected.max(100), "{rate}: {passed}");
        }
    }

    #[test]
    fn the_next_instant_is_when_one_more_passes_and_not_before() {
        let (allowed, used, next) = allow(10, None, 0, 100);
        assert_eq!(allowed, 1);
        assert_eq!(allow(10, Some(used), next - 1, 100).0, 0);
        assert_eq!(allow(10, Some(used), next, 100).0, 1);
    }
}
