//! Creating records: once per key, whatever is repeated.

use http::Method;
use serde_json::json;

use crate::acme::Acme;
use crate::answers::{Answer, Ask, get, post};
use crate::app::{Connected, TestApp};

async fn create(app: &TestApp, ours: &Connected, key: &str, name: &str) -> Answer {
    let ask = post("/api/v1/vendors").token(&ours.token).header("idempotency-key", key);
    app.send(ask.json(&json!({"name": name}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_create_is_answered_again_and_done_once() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let first = create(&app, &ours, "key-1", "Widget works").await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""), "{first:?}");
    assert_eq!(first.header("location"), format!("/api/v1/vendors/{}", first.json()["id"].as_str().unwrap()));
    assert_eq!(first.header("etag"), "\"1\"");
    let again = create(&app, &ours, "key-1", "Widget works").await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"), "{again:?}");
    assert_eq!(again.body, first.body);
    assert_eq!(app.acme.count(), 1);
    assert_eq!(create(&app, &ours, "key-2", "Widget works").await.status, 201);
    assert_eq!(app.acme.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_repeats_at_once_write_once() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let answers = futures_util::future::join_all((0..8).map(|_| create(&app, &ours, "key-1", "Widget works"))).await;
    assert_eq!(app.acme.count(), 1);
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body), "{answers:?}");
    assert_eq!(replayed, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_one_request_only() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    create(&app, &ours, "key-1", "Widget works").await.ok();
    let other = create(&app, &ours, "key-1", "Other works").await;
    assert_eq!(other.problem(), (422, "IDEMPOTENCY_CONFLICT".into()));
    assert_eq!(app.acme.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_replayed_too() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let first = create(&app, &ours, "key-1", "Nobody").await;
    let again = create(&app, &ours, "key-1", "Nobody").await;
    assert_eq!(first.problem(), (502, "SYSTEM_REJECTED".into()));
    assert_eq!(again.problem(), first.problem());
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_answers_the_record_with_its_new_version() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let change = |name: &str| {
        Ask::new(Method::PATCH, "/api/v1/vendors/remote:1001").token(&ours.token).json(&json!({"name": name}))
    };
    let changed = app.send(change("Renamed").header("if-match", "\"1\"")).await;
    assert_eq!((changed.status, changed.header("etag"), changed.header("location")), (200, "\"2\"", ""), "{changed:?}");
    assert_eq!(changed.json()["name"], "Renamed");
    let stale = app.send(change("Again").header("if-match", "\"1\"")).await;
    assert_eq!(stale.problem(), (412, "VERSION_MISMATCH".into()));
    let accepted = app.send(change("Later").header("prefer", "respond-async")).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let operation = accepted.header("location").to_owned();
    for _ in 0..100 {
        if app.send(get(&operation).token(&ours.token)).await.ok()["state"] == "succeeded" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the operation did not end");
}
