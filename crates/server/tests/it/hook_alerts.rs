//! Alerts about hooks: that they wait, died, are not believed, or never came.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answers::{get, post};
use crate::inbound::{Hooked, hooked};

async fn alert(hooked: &Hooked, rule: Value) -> String {
    let channel = json!({"type": "webhook", "url": "http://127.0.0.1:9/alerts"});
    let new = json!({"name": "hooks", "rule": rule, "channel": channel});
    let made = hooked.app.send(post("/api/v1/alerts").token(&hooked.app.key).json(&new)).await.ok();
    made["alert"]["id"].as_str().unwrap().to_owned()
}

/// What the rule fires with, once it was looked at.
async fn fires(hooked: &Hooked, id: &str) -> Value {
    for _ in 0..1_200 {
        let found = hooked.app.send(get(&format!("/api/v1/alerts/{id}")).token(&hooked.app.key)).await.ok();
        if found["firing"] != json!([]) {
            return found["firing"].clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing fires");
}

/// It fires for the connection, and a rule that allows one more does not.
async fn fires_for_more_than(hooked: &Hooked, kind: &str, happened: i64, message: &str) {
    let silent = alert(hooked, json!({"type": kind, "above": happened})).await;
    let loud = alert(hooked, json!({"type": kind, "above": happened - 1})).await;
    let firing = fires(hooked, &loud).await;
    assert_eq!(firing[0]["connection_id"], hooked.connected.id, "{firing}");
    assert_eq!(firing[0]["subject"], "Widgets Ltd (acme-erp)");
    assert_eq!(firing[0]["message"], message);
    let other = hooked.app.send(get(&format!("/api/v1/alerts/{silent}")).token(&hooked.app.key)).await.ok();
    assert_eq!(other["firing"], json!([]), "{kind}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_are_not_believed_fire() {
    let hooked = hooked(3).await;
    let hint = json!({"type": "vendor.changed", "id": "1001"});
    for id in ["f1", "f2"] {
        let status = hooked.hook_signed(&hooked.url, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", id, &hint).await;
        assert_eq!(status, 401);
    }
    // They are kept some time after they were answered.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    fires_for_more_than(&hooked, "unverifiable_hooks", 2, "2 hooks of the last hour were not believed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_no_hook_told_of_fire() {
    let hooked = hooked(3).await;
    hooked.app.acme.rename("1002", "Nobody told of this");
    hooked.app.send(post("/api/v1/syncs").token(&hooked.connected.token).json(&json!({}))).await.ok();
    hooked.wait_for_name("1002", "Nobody told of this").await;
    let message = "1 changes of the last day were found by a sync before any hook told of them";
    fires_for_more_than(&hooked, "missed_hooks", 1, message).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_were_given_up_fire() {
    let hooked = hooked(3).await;
    // A name that is a number cannot be mapped.
    hooked.app.acme.set("1001", "Name", &json!({}));
    assert_eq!(hooked.hook("d1", &json!({"type": "vendor.changed", "id": "1001"})).await, 200);
    hooked.until_all_is_done().await;
    fires_for_more_than(&hooked, "dead_hooks", 1, "1 hooks were given up in the last hour").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_wait_too_long_fire_until_they_are_done() {
    let hooked = hooked(3).await;
    hooked.app.acme.rename("1001", "Deaf");
    assert_eq!(hooked.hook("w1", &json!({"type": "vendor.changed", "id": "1001"})).await, 200);
    let id = alert(&hooked, json!({"type": "hooks_waiting", "after_seconds": 1})).await;
    assert_eq!(fires(&hooked, &id).await[0]["message"], "1 hooks are not worked off in time");
    let page = hooked.app.send(get("/metrics")).await.body;
    assert!(page.contains("trunnion_hooks_waiting{system=\"acme-erp\"} 1"), "{page}");
    assert!(page.contains("trunnion_hooks_total{system=\"acme-erp\",result=\"stored\"} 1"), "{page}");
    hooked.app.acme.rename("1001", "Awake");
    // Its next try may be some time off.
    for _ in 0..600 {
        let found = hooked.app.send(get(&format!("/api/v1/alerts/{id}")).token(&hooked.app.key)).await.ok();
        if found["firing"] == json!([]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it still fires");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_could_never_fire_is_refused() {
    let hooked = hooked(1).await;
    for (rule, pointer) in [
        (json!({"type": "unverifiable_hooks", "above": 200}), "/rule/above"),
        (json!({"type": "dead_hooks", "above": -1}), "/rule/above"),
        (json!({"type": "hooks_waiting", "after_seconds": 0}), "/rule/after_seconds"),
    ] {
        let channel = json!({"type": "webhook", "url": "http://127.0.0.1:9/alerts"});
        let new = json!({"name": "never", "rule": rule, "channel": channel});
        let refused = hooked.app.send(post("/api/v1/alerts").token(&hooked.app.key).json(&new)).await;
        assert_eq!(refused.problem(), (422, "VALIDATION_FAILED".into()));
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}
