//! Creating records: once per key, whatever is repeated.

use serde_json::json;

use crate::acme::Acme;
use crate::answers::{Answer, post};
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
