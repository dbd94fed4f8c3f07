//! Bulks: accepted as a whole, done item by item.

use std::time::Duration;

use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{get, post};
use crate::app::{Connected, TestApp};

/// Until nothing of it waits or runs.
async fn done(app: &TestApp, ours: &Connected, at: &str) -> Value {
    for _ in 0..400 {
        let bulk = app.send(get(at).token(&ours.token)).await.ok();
        if bulk["state"] == "done" {
            return bulk;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{at} is not done");
}

fn item(key: &str, name: &str) -> Value {
    json!({"idempotency_key": key, "record": {"name": name}})
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_has_its_own_outcome_and_a_repeated_bulk_writes_nothing_twice() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let items = json!([
        item("a", "Pumps"),
        {"idempotency_key": "b", "record": {"nonsense": 1}},
        item("c", "Nobody"),
        item("d", "Valves"),
    ]);
    for _ in 0..2 {
        let answer = app.send(post("/api/v1/vendors/bulk").token(&ours.token).json(&items)).await;
        assert_eq!((answer.status, &answer.json()["total"]), (202, &json!(4)), "{answer:?}");
        let at = answer.header("location").to_owned();
        let bulk = done(&app, &ours, &at).await;
        assert_eq!((&bulk["succeeded"], &bulk["failed"]), (&json!(2), &json!(2)), "{bulk}");
        let page = app.send(get(&format!("{at}/items?limit=3")).token(&ours.token)).await.ok();
        let statuses: Vec<_> = page["data"].as_array().unwrap().iter().map(|one| &one["outcome"]["status"]).collect();
        assert_eq!(statuses, [&json!(201), &json!(422), &json!(502)], "{page}");
        assert_eq!(page["data"][0]["outcome"]["body"]["name"], "Pumps");
        assert_eq!(page["data"][1]["operation_id"], Value::Null, "nothing was begun");
        assert_eq!(page["data"][1]["outcome"]["body"]["code"], "VALIDATION_FAILED");
        let next = page["next_cursor"].as_str().unwrap();
        let rest = app.send(get(&format!("{at}/items?cursor={next}&state=succeeded")).token(&ours.token)).await.ok();
        assert_eq!((&rest["data"][0]["index"], rest["data"].as_array().unwrap().len()), (&json!(3), 1), "{rest}");
        assert_eq!(app.acme.count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_come_as_lines_too() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let lines = format!("{}\n\n{}", item("a", "Pumps"), item("b", "Valves"));
    let ask = post("/api/v1/vendors/bulk").token(&ours.token).header("content-type", "application/x-ndjson");
    let answer = app.send(ask.clone().bytes(lines)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(done(&app, &ours, answer.header("location")).await["succeeded"], 2);
    let wrong = app.send(ask.bytes(format!("{}\n{{\"record\":{{}}}}\nno", item("c", "X")))).await;
    assert_eq!(wrong.problem(), (422, "VALIDATION_FAILED".into()));
    let pointers: Vec<Value> =
        wrong.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(pointers, [json!("/1"), json!("/2")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_that_cannot_be_told_apart_or_done_is_refused_whole() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let sent = async |path: &str, body: Value| {
        app.send(post(&format!("/api/v1/{path}/bulk")).token(&ours.token).json(&body)).await
    };
    let twice = sent("vendors", json!([item("a", "A"), item("a", "B"), {"idempotency_key": "", "record": []}])).await;
    assert_eq!(twice.problem(), (422, "VALIDATION_FAILED".into()));
    let pointers: Vec<Value> =
        twice.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(pointers, [json!("/1/idempotency_key"), json!("/2/idempotency_key"), json!("/2/record")]);
    assert_eq!(sent("vendors", json!([])).await.status, 422);
    let many: Vec<Value> = (0..1_001).map(|place| item(&place.to_string(), "A")).collect();
    assert_eq!(sent("vendors", many.into()).await.status, 422);
    assert_eq!(sent("vendors", json!({})).await.status, 400);
    assert_eq!(sent("items", json!([item("a", "A")])).await.problem(), (422, "UNSUPPORTED_OPERATION".into()));
    assert_eq!(app.acme.count(), 0);
    let text = post("/api/v1/vendors/bulk").token(&ours.token).header("content-type", "text/plain").bytes("[]");
    assert_eq!(app.send(text).await.status, 415);
}
