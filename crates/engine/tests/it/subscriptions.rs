//! Subscriptions against a clock: renewed before they end, made again when they are dropped, tried less and less often when the
//! system refuses, and removed.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::services::{connections, inbound};
use trunnion_engine::{Options, Scope, SubscriptionOptions};
use trunnion_kit::error::{Error, VendorMessage};

use super::harness::{House, Node, credentials, options};
use super::source::unreachable;

const HOUR: Duration = Duration::from_secs(60 * 60);

const DECLARED: &str = r#"[inbound]
scheme = "standard"
secret = "standard"
kind = "json:type"
help = "Any"
[inbound.subscription]
[inbound.entity.vendor]
kinds = "vendor"
id = "json:id"

[units]"#;

fn house() -> House {
    House::declared(&[("[units]", DECLARED)])
}

fn refused() -> Error {
    Error::Authentication(VendorMessage { text: "the client is unknown; mend it".into(), ..Default::default() })
}

async fn node(house: &House, url: Option<&str>) -> Node {
    // The clock of these tests jumps by hours: no lease may run out under a look that is only slow.
    let subscriptions = SubscriptionOptions { lease: 72 * HOUR, ..SubscriptionOptions::default() };
    let options = Options { public_url: url.map(str::to_owned), subscriptions, ..options() };
    let node = house.node_with(options).await;
    node.engine.open_inbox(&house.inbox()).await.unwrap();
    node
}

async fn subscription(node: &Node, scope: &Scope) -> Value {
    let hook = inbound::get(&node.engine, &node.again(scope).await).await.unwrap();
    serde_json::to_value(hook.subscription).unwrap()
}

async fn until(node: &Node, scope: &Scope, state: &str) -> Value {
    node.wait_for(state, async || Some(subscription(node, scope).await).filter(|found| found["state"] == state)).await
}

/// Lets simulated time pass in steps that the worker can follow.
async fn pass(house: &House, hours: u32) {
    for _ in 0..hours {
        house.hands.advance(HOUR);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Lets simulated time pass until it holds, but no more than so many hours.
async fn pass_until(house: &House, hours: u32, holds: impl AsyncFn() -> bool) {
    for _ in 0..hours {
        if holds().await {
            return;
        }
        pass(house, 1).await;
    }
    assert!(holds().await, "not within {hours} hours");
}

const HERE: Option<&str> = Some("https://connect.example");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_ends_is_renewed_before_and_one_that_was_dropped_is_made_again_within_a_day() {
    let house = house();
    let node = node(&house, HERE).await;
    let workers = node.start();
    let scope = node.connect().await;
    let active = until(&node, &scope, "active").await;
    assert_eq!(active["expires_at"], "2026-02-03T10:00:00.000000Z", "{active}");
    let there = house.source.broker.there();
    assert!(there.len() == 1 && there[0].starts_with("https://connect.example/hooks/con_"), "{there:?}");
    pass(&house, 10 * 24).await;
    let asked = house.source.broker.asked();
    let renewed = asked.iter().filter(|what| **what == "renew").count();
    assert_eq!((house.source.broker.lapsed(), asked.len() - renewed), (0, 1), "{asked:?}");
    assert!((5..=15).contains(&renewed), "about daily: {renewed}");

    house.source.broker.forget_all();
    pass_until(&house, 28, async || house.source.broker.there() == there).await;
    until(&node, &scope, "active").await;
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_told_once_tried_less_and_less_often_and_bother_no_sync() {
    let house = house();
    house.source.broker.trouble(Some(refused));
    let node = node(&house, HERE).await;
    let workers = node.start();
    let scope = node.connect_with(&json!({"interval_seconds": 3600})).await;
    node.until_status(&scope, "online").await;
    let failing = until(&node, &scope, "failing").await;
    assert_eq!(failing["last_error"]["message"], "the client is unknown; mend it");
    pass(&house, 24).await;
    let asked = house.source.broker.asked().len();
    assert!((3..=40).contains(&asked), "hourly in the end: {asked}");
    assert_eq!(node.status(&scope).await, "online");
    assert_eq!(node.events(&scope, "connection.reauthorization_required").await.len(), 0);
    assert_eq!(node.events(&scope, "subscription.*").await.len(), 1);
    house.source.broker.trouble(None);
    pass_until(&house, 4, async || subscription(&node, &scope).await["state"] == "active").await;
    let told = node.events(&scope, "subscription.*").await;
    assert_eq!(told.last().unwrap()["type"], "subscription.active");

    // What cannot be removed is given up after a while.
    house.source.broker.trouble(Some(refused));
    connections::delete(&node.engine, &node.again(&scope).await, false).await.unwrap();
    until(&node, &scope, "removing").await;
    pass_until(&house, 100, async || subscription(&node, &scope).await["state"] == "by_hand").await;
    let asked = house.source.broker.asked().len();
    assert!(asked <= 40, "{asked}");
    pass(&house, 12).await;
    assert_eq!(house.source.broker.asked(), [""; 0]);
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_that_passes_is_told_nobody_and_one_that_lasts_is() {
    let house = house();
    let node = node(&house, HERE).await;
    let workers = node.start();
    let scope = node.connect().await;
    until(&node, &scope, "active").await;
    house.source.broker.asked();
    house.source.broker.trouble(Some(unreachable));
    pass_until(&house, 28, async || !house.source.broker.asked().is_empty()).await;
    let seen = node.wait_for("an error", async || {
        Some(subscription(&node, &scope).await).filter(|seen| !seen["last_error"].is_null())
    });
    let seen = seen.await;
    assert_eq!((&seen["state"], &seen["last_error"]["code"]), (&json!("active"), &json!("SYSTEM_UNREACHABLE")));
    house.source.broker.trouble(None);
    pass_until(&house, 4, async || subscription(&node, &scope).await["last_error"].is_null()).await;
    assert_eq!(node.events(&scope, "subscription.*").await.len(), 1);

    house.source.broker.trouble(Some(unreachable));
    pass_until(&house, 40, async || subscription(&node, &scope).await["state"] == "failing").await;
    let told = node.events(&scope, "subscription.*").await;
    assert_eq!(told.last().unwrap()["data"]["code"], "SYSTEM_UNREACHABLE");
    assert_eq!(node.status(&scope).await, "online");
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_for_another_place_take_the_subscription_with_them() {
    let house = house();
    let node = node(&house, HERE).await;
    let workers = node.start();
    let scope = node.connect().await;
    until(&node, &scope, "active").await;
    let there = house.source.broker.there();
    let mut credentials = credentials("another-password");
    for (url, asked) in [("acme.example", vec!["renew"]), ("other.example", vec!["unsubscribe", "subscribe"])] {
        house.source.broker.asked();
        credentials["url"] = format!("https://{url}").into();
        connections::reconnect(&node.engine, &node.again(&scope).await, credentials.clone()).await.unwrap();
        let mut seen = Vec::new();
        node.wait_for(url, async || {
            seen.extend(house.source.broker.asked());
            (seen.len() >= asked.len()).then_some(())
        })
        .await;
        assert_eq!(seen, asked);
        node.wait_for("there", async || (house.source.broker.there() == there).then_some(())).await;
        until(&node, &scope, "active").await;
    }
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_address_it_is_done_by_hand_until_the_server_has_one() {
    for no_address in [None, Some("http://connect.example"), Some("connect.example")] {
        let house = house();
        let before = node(&house, no_address).await;
        let workers = before.start();
        let scope = before.connect().await;
        let by_hand = until(&before, &scope, "by_hand").await;
        before.wait_for("why", async || subscription(&before, &scope).await["why"].as_str().map(str::to_owned)).await;
        assert!(by_hand["why"].as_str().unwrap().contains("public_url"), "{by_hand}");
        workers.stop(Duration::from_secs(5)).await;
        assert_eq!(house.source.broker.asked(), [""; 0]);

        let after = node(&house, HERE).await;
        let workers = after.start();
        until(&after, &scope, "active").await;
        workers.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_nodes_one_asks_and_what_is_given_up_meanwhile_does_not_stay() {
    let house = house();
    let nodes = [node(&house, HERE).await, node(&house, HERE).await, node(&house, HERE).await];
    house.source.broker.slow(Duration::from_millis(400));
    let workers: Vec<_> = nodes.iter().map(Node::start).collect();
    let scope = nodes[0].connect().await;
    nodes[0].wait_for("asked", async || (!house.source.broker.there().is_empty()).then_some(())).await;
    // The answer is on its way.
    connections::delete(&nodes[1].engine, &scope, false).await.unwrap();
    nodes[0].wait_for("gone", async || house.source.broker.there().is_empty().then_some(())).await;
    until(&nodes[2], &scope, "by_hand").await;
    assert_eq!(house.source.broker.asked(), ["subscribe", "unsubscribe"]);
    for workers in workers {
        workers.stop(Duration::from_secs(5)).await;
    }
}
