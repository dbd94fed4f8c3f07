//! Alerts against a clock: told once, over once, silenced, and tried again when the receiver is away.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::services::alerts;

use super::harness::House;
use super::receiver::{Mood, Receiver};
use super::source::unreachable;

const MINUTE: Duration = Duration::from_secs(60);

/// Lets simulated time pass in steps that the workers can follow.
async fn pass(house: &House, minutes: u32) {
    for _ in 0..minutes * 2 {
        house.hands.advance(MINUTE / 2);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

fn types(receiver: &Receiver) -> Vec<String> {
    let body = |body: &str| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
    receiver.seen().iter().map(|request| body(&request.body)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_once_and_its_end_once_also_to_a_receiver_that_was_away() {
    let house = House::new();
    let node = house.node().await;
    let receiver = Receiver::start(Mood::Answers(503)).await;
    let caller = node.caller().await;
    let workers = node.start();
    let scope = node.connect_with(&json!({"interval_seconds": 300})).await;
    node.until_status(&scope, "online").await;
    let new = serde_json::from_value(json!({
        "name": "down", "channel": {"type": "webhook", "url": receiver.url},
        "rule": {"type": "status", "statuses": ["offline", "reauthorization_required"], "for_seconds": 60},
    }))
    .unwrap();
    let made = alerts::create(&node.engine, &caller, &new).await.unwrap();
    assert!(made.secret.unwrap().starts_with("whsec_"));
    let test = alerts::test(&node.engine, &caller, &made.alert.id).await.unwrap();
    assert!(!test.delivered && test.error.unwrap().contains("503"));

    house.source.break_down(Some(unreachable));
    pass(&house, 12).await;
    node.until_status(&scope, "offline").await;
    let seen = alerts::get(&node.engine, &caller, &made.alert.id).await.unwrap();
    assert!(seen.firing.len() == 1 && !seen.firing[0].told, "{seen:?}");
    assert!(seen.firing[0].message.contains("is offline"), "{seen:?}");
    receiver.set(Mood::Answers(204));
    let before = receiver.seen().len();
    pass(&house, 20).await;
    assert_eq!(types(&receiver)[before..], ["alert.fired"], "told once, however long it lasts");
    house.source.break_down(None);
    pass(&house, 20).await;
    node.until_status(&scope, "online").await;
    pass(&house, 2).await;
    assert_eq!(types(&receiver)[before..], ["alert.fired", "alert.recovered"]);
    let told: Value = serde_json::from_str(&receiver.seen().last().unwrap().body).unwrap();
    assert_eq!(told["data"]["connection_id"], scope.id().to_string());
    assert!(alerts::get(&node.engine, &caller, &made.alert.id).await.unwrap().firing.is_empty());
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silenced_alert_says_nothing_until_the_silence_ends() {
    let house = House::new();
    let node = house.node().await;
    let receiver = Receiver::start(Mood::Answers(204)).await;
    let caller = node.caller().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    let new = serde_json::from_value(json!({
        "name": "online", "channel": {"type": "webhook", "url": receiver.url},
        "rule": {"type": "status", "statuses": ["online"], "for_seconds": 600},
    }))
    .unwrap();
    let made = alerts::create(&node.engine, &caller, &new).await.unwrap();
    let silence = serde_json::from_value(json!({"silence_seconds": 1200})).unwrap();
    alerts::patch(&node.engine, &caller, &made.alert.id, &silence).await.unwrap();
    pass(&house, 15).await;
    assert!(types(&receiver).is_empty());
    pass(&house, 10).await;
    assert_eq!(types(&receiver), ["alert.fired"]);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_cannot_work_is_refused_with_every_reason() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let new = serde_json::from_value(json!({
        "name": " ", "channel": {"type": "email", "to": ["ops@example.com"]},
        "rule": {"type": "status", "statuses": ["sleeping"], "for_seconds": -1},
    }))
    .unwrap();
    let refused = alerts::create(&node.engine, &caller, &new).await.unwrap_err();
    let mut places: Vec<&str> = refused.errors().iter().map(|error| error.pointer.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/channel/type", "/name", "/rule/for_seconds", "/rule/statuses/0"]);
}
