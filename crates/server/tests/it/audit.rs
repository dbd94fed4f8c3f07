//! The audit log, over HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::{TestApp, make_key};

/// Action, target, outcome and actor of each entry, the oldest first.
async fn told(app: &TestApp, query: &str) -> Vec<(String, Option<String>, String, String)> {
    let found = app.send(get(&format!("/api/v1/audit?{query}")).token(&app.key)).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |entry: &Value| {
        let target = entry["target"].as_str().map(str::to_owned);
        (text(&entry["action"]), target, text(&entry["outcome"]), text(&entry["actor"]["type"]))
    };
    found["data"].as_array().unwrap().iter().rev().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_something_is_written_down_with_what_came_of_it() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let reader = make_key(&app.engine, "one", &["read"]).await;
    let path = format!("/api/v1/connections/{}", ours.id);
    let patch = |body: Value| Ask::new(Method::PATCH, &path).json(&body);
    app.send(patch(json!({"metadata": {"a": "1"}})).token(&app.key).header("x-request-id", "mine-1")).await.ok();
    assert_eq!(app.send(patch(json!({})).token(&reader)).await.status, 403);
    assert_eq!(app.send(post(&format!("{path}/reconnect")).token(&app.key).json(&json!({}))).await.status, 422);
    app.send(post(&format!("{path}/token")).token(&app.key)).await.ok();
    let alert = crate::documented::an_alert(&app).await;
    app.send(get("/api/v1/connections").token(&app.key)).await.ok();

    let all = told(&app, "").await;
    let id = || Some(ours.id.clone());
    let entry = |action: &str, target: Option<String>, outcome: &str, actor: &str| {
        (action.to_owned(), target, outcome.to_owned(), actor.to_owned())
    };
    let key = all[0].1.clone();
    let second = all[2].1.clone();
    assert_eq!(
        all,
        [
            entry("create_key", key.clone(), "succeeded", "command_line"),
            entry("create_connection", id(), "succeeded", "key"),
            entry("create_key", second, "succeeded", "command_line"),
            entry("update_connection", id(), "succeeded", "key"),
            entry("update_connection", None, "PERMISSION_DENIED", "key"),
            entry("reconnect", id(), "VALIDATION_FAILED", "key"),
            entry("rotate_token", id(), "succeeded", "key"),
            entry("create_alert", Some(alert), "succeeded", "key"),
        ]
    );
    assert_eq!(told(&app, &format!("connection_id={}&action=rotate_token", ours.id)).await.len(), 1);
    assert_eq!(told(&app, "outcome=PERMISSION_DENIED").await.len(), 1);
    let by_key = app.send(get(&format!("/api/v1/audit?actor={}", key.unwrap())).token(&app.key)).await.ok();
    let changed = by_key["data"].as_array().unwrap().iter().find(|entry| entry["action"] == "update_connection");
    assert_eq!(changed.unwrap()["request_id"], "mine-1");
    let first = app.send(get("/api/v1/audit?limit=3").token(&app.key)).await.ok();
    let rest = format!("/api/v1/audit?cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = app.send(get(&rest).token(&app.key)).await.ok();
    assert_eq!((first["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (3, 5));

    assert_eq!(app.send(get("/api/v1/audit").token(&reader)).await.status, 403);
    assert_eq!(app.send(get("/api/v1/audit?cursor=x").token(&app.key)).await.problem().0, 422);
    let other = app.send(get("/api/v1/audit").token(&app.other_key)).await.ok();
    assert_eq!(other["data"].as_array().unwrap().len(), 1, "its own key only: {other}");
}
