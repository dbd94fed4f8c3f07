//! The pauses and what answers mean, as a table.

use std::time::Duration;

use trunnion_kit::http::Random;
use trunnion_kit::webhook::Reply;
use trunnion_store::{Ending, RetryPolicy};

use super::pace::{LIMIT, Verdict, judge, most_tries};

const SECOND: i64 = 1_000_000;

fn reply(status: Option<u16>, retry_after: Option<u64>) -> Reply {
    Reply { status, retry_after: retry_after.map(Duration::from_secs), ..Reply::default() }
}

fn judged(reply: &Reply, tries: i64, random: &Random) -> Verdict {
    judge(reply, &RetryPolicy::default(), tries, 0, random)
}

fn pause_after(reply: &Reply, tries: i64, random: &Random) -> i64 {
    match judged(reply, tries, random).ending {
        Ending::Again { at } => at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pauses_double_with_jitter_that_only_lengthens_for_more_than_a_day() {
    let random = Random::seeded(1);
    let failed = reply(Some(500), None);
    let mut least = 0;
    let most = most_tries(&RetryPolicy::default());
    assert_eq!(most, 15);
    for tries in 1..most {
        let whole = (30 << (tries - 1)).min(4 * 3600) * SECOND;
        let pauses: Vec<i64> = (0..500).map(|_| pause_after(&failed, tries, &random)).collect();
        assert!(pauses.iter().all(|pause| (whole..=whole + whole / 4).contains(pause)), "{tries}");
        let spread = pauses.iter().max().unwrap() - pauses.iter().min().unwrap();
        assert!(spread * 10 >= whole / 4 * 9, "{tries}: {spread}");
        least += whole;
    }
    assert!(least >= 24 * 3600 * SECOND, "{least}");
    assert_eq!(judged(&failed, most, &random).ending, Ending::GivenUp);
}

#[test]
fn every_class_of_answer_means_what_the_standard_says() {
    let random = Random::seeded(2);
    for status in [200, 201, 202, 204, 299] {
        let verdict = judged(&reply(Some(status), None), 1, &random);
        assert_eq!((verdict.ending, verdict.hold_until, verdict.disable), (Ending::Delivered, None, None));
    }
    for status in [None, Some(100), Some(301), Some(307), Some(400), Some(401), Some(404), Some(422), Some(500)] {
        let verdict = judged(&reply(status, None), 1, &random);
        assert!(matches!(verdict.ending, Ending::Again { .. }), "{status:?}");
        assert_eq!((verdict.hold_until, verdict.disable), (None, None), "{status:?}");
    }
    for status in [429, 502, 503, 504] {
        let verdict = judged(&reply(Some(status), None), 1, &random);
        assert_eq!(verdict.hold_until, Some(15 * SECOND), "{status}");
    }
    let gone = judged(&reply(Some(410), None), 1, &random);
    assert_eq!((gone.ending, gone.disable.is_some()), (Ending::GivenUp, true));
}

#[test]
fn what_would_be_refused_again_is_given_up_and_a_proxys_failure_is_not_the_receivers() {
    let random = Random::seeded(4);
    let refused = Reply { refused: true, ..reply(None, None) };
    assert_eq!(judged(&refused, 1, &random).ending, Ending::GivenUp);
    let proxy = Reply { proxy_failed: true, ..reply(None, None) };
    assert!(matches!(judged(&proxy, 20, &random).ending, Ending::Again { .. }));
}

#[test]
fn a_pause_that_is_asked_for_lengthens_ours_and_holds_the_endpoint_but_for_a_day_at_most() {
    let random = Random::seeded(3);
    assert!(pause_after(&reply(Some(429), Some(5)), 1, &random) >= 30 * SECOND);
    let asked = reply(Some(503), Some(3_600));
    assert_eq!(pause_after(&asked, 1, &random), 3_600 * SECOND);
    assert_eq!(judged(&asked, 1, &random).hold_until, Some(3_600 * SECOND));
    assert_eq!(pause_after(&reply(Some(503), Some(u64::MAX / 2)), 1, &random), 24 * 3_600 * SECOND);
}

#[test]
fn a_policy_of_an_endpoints_own_says_how_often_and_how_long_it_is_tried() {
    let random = Random::seeded(5);
    let failed = reply(Some(500), None);
    let policy =
        |first_seconds, longest_seconds, total_seconds| RetryPolicy { first_seconds, longest_seconds, total_seconds };
    let quick = policy(5, 20, 60);
    // 5 + 10 + 20 + 20 + 20 s: 60 s are over before the sixth try ends.
    assert_eq!(most_tries(&quick), 6);
    for (tries, seconds) in [(1, 5), (2, 10), (3, 20), (5, 20)] {
        let Ending::Again { at } = judge(&failed, &quick, tries, 0, &random).ending else { panic!("given up") };
        assert!((seconds * SECOND..=seconds * SECOND * 5 / 4).contains(&at), "{tries}: {at}");
    }
    assert_eq!(judge(&failed, &quick, 6, 0, &random).ending, Ending::GivenUp);
    assert_eq!(most_tries(&policy(30, 30, 0)), 1);
    assert_eq!(most_tries(&policy(1, 1, 7 * 24 * 3_600)), LIMIT);
}
