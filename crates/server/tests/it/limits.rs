//! How many requests are answered, of an application and about a connection.

use std::num::NonZeroU32;

use trunnion_server::{Options, Rates};

use crate::acme::Acme;
use crate::answers::{Answer, get};
use crate::app::TestApp;

/// How many requests the answer says are left, of the application and of the connection.
fn left(answer: &Answer) -> (Option<u32>, Option<u32>) {
    let of = |name: &str| {
        let found = answer.header("ratelimit").split(", ").find_map(|one| one.strip_prefix(&format!("\"{name}\";r=")));
        found.map(|rest| rest.split(';').next().unwrap().parse().unwrap())
    };
    (of("application"), of("connection"))
}

async fn limited(application: u32, connection: u32) -> TestApp {
    let rates = Rates { application: NonZeroU32::new(application), connection: NonZeroU32::new(connection) };
    TestApp::start_with(Acme::with_vendors(1), Options { rates, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_how_many_requests_are_left_and_one_too_many_is_refused_until_later() {
    let app = limited(1_000, 60).await;
    let (ours, other) = (app.connect().await, app.connect().await);
    let vendors = get("/api/v1/vendors");
    let (all, mut before) = left(&app.send(vendors.clone().token(&ours.token)).await);
    assert!(all.unwrap() < 1_000 && before.unwrap() < 60, "{all:?} {before:?}");
    let refused = loop {
        let answer = app.send(vendors.clone().token(&ours.token)).await;
        assert_eq!(answer.header("ratelimit-policy"), "\"application\";q=1000;w=60, \"connection\";q=60;w=60");
        if answer.status != 200 {
            break answer;
        }
        // One comes back each second.
        let now = left(&answer).1;
        assert!(now <= before, "{now:?} {before:?}");
        before = now;
    };
    assert_eq!(refused.problem(), (429, "RATE_LIMIT_EXCEEDED".into()));
    assert_eq!(left(&refused).1, Some(0));
    assert!((1..=2).contains(&refused.header("retry-after").parse::<u32>().unwrap()), "{refused:?}");
    // By whichever key, it is about the same connection; another one has its own.
    let by_key = app.send(vendors.clone().token(&app.key).at(&ours.id)).await;
    assert_eq!(by_key.problem(), (429, "RATE_LIMIT_EXCEEDED".into()));
    app.send(vendors.token(&other.token)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_asks_too_much_takes_nothing_from_another() {
    let app = limited(30, 1_000).await;
    let systems = get("/api/v1/systems");
    let mut refused = None;
    for _ in 0..40 {
        let answer = app.send(systems.clone().token(&app.key)).await;
        assert_eq!(left(&answer).1, None, "it is about no connection");
        refused = (answer.status != 200).then_some(answer);
    }
    assert_eq!(refused.unwrap().problem(), (429, "RATE_LIMIT_EXCEEDED".into()));
    app.send(systems.token(&app.other_key)).await.ok();
    // Whoever is nobody is told nothing of anybody's limits.
    let nobody = app.send(get("/api/v1/systems").token("tk_unknown")).await;
    assert_eq!((nobody.status, nobody.header("ratelimit")), (401, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_limit_nothing_is_said_of_one() {
    let app = limited(0, 0).await;
    let answer = app.send(get("/api/v1/systems").token(&app.key)).await;
    assert_eq!((answer.status, answer.header("ratelimit"), answer.header("ratelimit-policy")), (200, "", ""));
}
