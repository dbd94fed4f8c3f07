//! Webhooks over real sockets: what arrives, what is tried again, and that one receiver does not delay another.

use std::time::Duration;

use serde_json::json;
use trunnion_engine::services::webhooks::{self, EndpointWithSecret, NewEndpoint};
use trunnion_engine::services::{connections, syncs};
use trunnion_engine::{Caller, Scope, ServiceError};

use super::harness::{House, Node, new_connection, params};
use super::receiver::{Mood, Receiver};

async fn endpoint(node: &Node, caller: &Caller, receiver: &Receiver) -> EndpointWithSecret {
    let new: NewEndpoint = serde_json::from_value(json!({"url": receiver.url})).unwrap();
    webhooks::create(&node.engine, caller, new).await.unwrap()
}

async fn state(node: &Node, caller: &Caller, endpoint: &EndpointWithSecret) -> String {
    webhooks::get(&node.engine, caller, &endpoint.endpoint.id).await.unwrap().state
}

/// The secret that was shown once.
fn secret(made: &EndpointWithSecret) -> &str {
    made.secret.as_deref().unwrap()
}

/// A connection whose log holds a few events.
async fn connect(node: &Node, caller: &Caller) -> Scope {
    let new = new_connection(&json!({"interval_seconds": null}));
    let connected = connections::create(&node.engine, caller, new).await.unwrap();
    trunnion_engine::scope(&node.engine, caller, Some(&connected.connection.id)).await.unwrap()
}

/// Waits until the first syncs are over, and until that was told: an entity that has not begun is idle too.
async fn until_synced(node: &Node, scope: &Scope) {
    node.wait_for("first syncs", async || {
        let all = syncs::status(&node.engine, scope).await.unwrap();
        all.iter().all(|plan| plan.initial_done && plan.state == "idle").then_some(())
    })
    .await;
    node.until_status(scope, "online").await;
}

/// Waits until the receiver has every event of the log, at least once.
async fn until_complete(node: &Node, scope: &Scope, receiver: &Receiver) -> usize {
    until_synced(node, scope).await;
    node.wait_for("all events", async || {
        let log = node.events(scope, "*").await;
        let got = receiver.events();
        log.iter().all(|event| got.contains(event)).then_some(log.len())
    })
    .await
}

async fn delivered(node: &Node, caller: &Caller, endpoint: &EndpointWithSecret) -> usize {
    let all = params(&[("state", "delivered"), ("limit", "500")]);
    webhooks::list_deliveries(&node.engine, caller, &endpoint.endpoint.id, &all).await.unwrap().data.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_once_and_the_standards_own_library_accepts_it() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Answers(200)).await;
    let made = endpoint(&node, &caller, &receiver).await;
    let workers = node.start();
    let scope = connect(&node, &caller).await;
    let count = until_complete(&node, &scope, &receiver).await;
    assert!(count > 2, "{count}");
    node.wait_for("delivered", async || (delivered(&node, &caller, &made).await == count).then_some(())).await;
    assert_eq!(receiver.events(), node.events(&scope, "*").await, "each once, and byte for byte what the log says");
    for request in receiver.seen() {
        assert!(request.is_signed_with(secret(&made)), "{request:?}");
        assert!(!request.is_signed_with("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"));
        let event: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(request.header("webhook-id"), event["id"]);
        assert_eq!(request.header("content-type"), "application/json");
    }
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_is_replaced_the_old_one_and_the_new_one_verify() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Answers(204)).await;
    let made = endpoint(&node, &caller, &receiver).await;
    let id = made.endpoint.id.as_str();
    house.hands.advance(Duration::from_secs(1));
    let rotate = serde_json::from_value(json!({"overlap_seconds": 60})).unwrap();
    let new = webhooks::rotate_secret(&node.engine, &caller, id, rotate).await.unwrap().secret.unwrap();
    assert!(webhooks::test(&node.engine, &caller, id, webhooks::Test::default()).await.unwrap().delivered);
    house.hands.advance(Duration::from_secs(61));
    assert!(webhooks::test(&node.engine, &caller, id, webhooks::Test::default()).await.unwrap().delivered);
    let [during, after] = &receiver.seen()[..] else { panic!("two tests were sent") };
    assert!(during.is_signed_with(secret(&made)) && during.is_signed_with(&new));
    assert!(!after.is_signed_with(secret(&made)) && after.is_signed_with(&new));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_down_for_23_hours_gets_everything() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Answers(500)).await;
    let made = endpoint(&node, &caller, &receiver).await;
    let workers = node.start();
    let scope = connect(&node, &caller).await;
    until_complete(&node, &scope, &receiver).await;
    node.wait_for("failing", async || (state(&node, &caller, &made).await == "failing").then_some(())).await;
    // Hour by hour, so that each try is due at some time.
    for _hour in 0..23 {
        house.hands.advance(Duration::from_secs(3_600));
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(delivered(&node, &caller, &made).await, 0);
    receiver.set(Mood::Answers(200));
    node.wait_for("all delivered", async || {
        house.hands.advance(Duration::from_secs(600));
        let count = node.events(&scope, "*").await.len();
        (delivered(&node, &caller, &made).await == count).then_some(())
    })
    .await;
    assert_eq!(state(&node, &caller, &made).await, "active");
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_down_for_three_days_gets_everything_by_a_replay_and_who_polls_has_it_anyway() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Answers(500)).await;
    // It is not to be disabled, however long the tries take here.
    let new = json!({"url": receiver.url, "disable_after_seconds": 90 * 24 * 3600});
    let made = webhooks::create(&node.engine, &caller, serde_json::from_value(new).unwrap()).await.unwrap();
    let id = made.endpoint.id.as_str();
    let workers = node.start();
    let scope = connect(&node, &caller).await;
    until_synced(&node, &scope).await;
    let count = node.events(&scope, "*").await.len();
    let given_up = async || {
        let failed = params(&[("state", "failed"), ("limit", "500")]);
        webhooks::list_deliveries(&node.engine, &caller, id, &failed).await.unwrap().data.len()
    };
    // A failing receiver is tried once in a while, so the days pass in small steps, one for each try.
    let start = house.clock.now_micros();
    while given_up().await < count || house.clock.now_micros() - start < 3 * 24 * 3_600_000_000 {
        let before = receiver.seen().len();
        house.hands.advance(Duration::from_secs(1_200));
        for _look in 0..20 {
            if receiver.seen().len() > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert_eq!(state(&node, &caller, &made).await, "failing");
    receiver.set(Mood::Answers(200));
    let failed_before = receiver.seen().len();
    let replay = serde_json::from_value(json!({"since": "2026-01-31", "which": "failed"})).unwrap();
    webhooks::replay(&node.engine, &caller, id, replay).await.unwrap();
    // Past the minute that a failing endpoint is left alone, and no further: what is in hand for longer than its lease is
    // sent again.
    house.hands.advance(Duration::from_secs(61));
    node.wait_for("all delivered", async || (delivered(&node, &caller, &made).await == count).then_some(())).await;
    let mut arrived: Vec<serde_json::Value> =
        receiver.seen()[failed_before..].iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
    arrived.sort_by_key(|event| event["sequence"].as_i64());
    assert_eq!(arrived, node.events(&scope, "*").await, "each once, and as the log has it for who polls");
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_does_not_delay_another() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let (hanging, healthy) = (Receiver::start(Mood::Hangs).await, Receiver::start(Mood::Answers(200)).await);
    let patient = serde_json::from_value(json!({"url": hanging.url, "timeout_seconds": 30})).unwrap();
    let stuck = webhooks::create(&node.engine, &caller, patient).await.unwrap();
    let made = endpoint(&node, &caller, &healthy).await;
    let workers = node.start();
    let mut count = 0;
    for _connection in 0..8 {
        let scope = connect(&node, &caller).await;
        count += until_complete(&node, &scope, &healthy).await;
    }
    node.wait_for("delivered", async || (delivered(&node, &caller, &made).await == count).then_some(())).await;
    assert_eq!(state(&node, &caller, &stuck).await, "active", "not one try at the other one is given up yet");
    assert!(count > 16 && hanging.seen().len() <= 32, "{count} events; no more than its slots are in the hands of one");
    assert_eq!(delivered(&node, &caller, &stuck).await, 0);
    drop(workers);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_node_was_sending_is_sent_again_with_the_same_id() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Hangs).await;
    let made = endpoint(&node, &caller, &receiver).await;
    let workers = node.start();
    let scope = connect(&node, &caller).await;
    let first = node.wait_for("sending", async || receiver.seen().first().cloned()).await;
    drop(workers);
    drop(node);
    receiver.set(Mood::Answers(200));
    let node = house.node().await;
    let workers = node.start();
    // Enough for what it was syncing, and too little for a delivery's lease: that the node is gone is noticed by its silence.
    house.hands.advance(Duration::from_secs(21));
    let count = until_complete(&node, &scope, &receiver).await;
    node.wait_for("delivered", async || (delivered(&node, &caller, &made).await == count).then_some(())).await;
    let again = receiver.seen().iter().filter(|one| one.header("webhook-id") == first.header("webhook-id")).count();
    assert_eq!(again, 2);
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_disables_and_enabling_and_resending_bring_everything() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Answers(410)).await;
    let made = endpoint(&node, &caller, &receiver).await;
    let id = made.endpoint.id.as_str();
    let workers = node.start();
    let scope = connect(&node, &caller).await;
    node.wait_for("disabled", async || (state(&node, &caller, &made).await == "disabled").then_some(())).await;
    until_synced(&node, &scope).await;
    receiver.set(Mood::Answers(200));
    let enable = serde_json::from_value(json!({"disabled": false})).unwrap();
    webhooks::patch(&node.engine, &caller, id, enable).await.unwrap();
    let failed = webhooks::list_deliveries(&node.engine, &caller, id, &params(&[("state", "failed")])).await.unwrap();
    assert!(!failed.data.is_empty());
    for delivery in &failed.data {
        webhooks::resend(&node.engine, &caller, &delivery.id).await.unwrap();
    }
    let count = node.events(&scope, "*").await.len();
    node.wait_for("delivered", async || (delivered(&node, &caller, &made).await == count).then_some(())).await;
    let detail = webhooks::delivery(&node.engine, &caller, &failed.data[0].id).await.unwrap();
    let answers: Vec<_> = detail.attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(answers, [Some(200), Some(410)]);
    assert_eq!(detail.attempts[0].response_body, "ok");
    let before = receiver.seen().len();
    let replay = serde_json::from_value(json!({"since": "2020-01-01", "types": ["connection.*"]})).unwrap();
    let replay = webhooks::replay(&node.engine, &caller, id, replay).await.unwrap();
    let replay = node
        .wait_for("looked at all", async || {
            let now = webhooks::get_replay(&node.engine, &caller, &replay.id).await.unwrap();
            (now.state == "done").then_some(now)
        })
        .await;
    assert!(replay.scheduled > 0 && replay.looked_at >= replay.scheduled, "{replay:?}");
    let expected = before + usize::try_from(replay.scheduled).unwrap();
    node.wait_for("replayed", async || (receiver.seen().len() == expected).then_some(())).await;
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_follows_connections_by_their_tags_and_sends_each_to_an_address_of_its_own() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    let receiver = Receiver::start(Mood::Answers(200)).await;
    let url = format!("{}/{{connection_id}}", receiver.url);
    let new = serde_json::from_value(json!({"url": url, "connection_tags": ["eu", "test"]})).unwrap();
    webhooks::create(&node.engine, &caller, new).await.unwrap();
    let workers = node.start();
    let mut made = Vec::new();
    for tags in [json!(["eu", "big"]), json!(["us"]), json!([])] {
        let mut new = new_connection(&json!({"interval_seconds": null}));
        new.tags = serde_json::from_value(tags).unwrap();
        let connected = connections::create(&node.engine, &caller, new).await.unwrap();
        made.push(trunnion_engine::scope(&node.engine, &caller, Some(&connected.connection.id)).await.unwrap());
    }
    for scope in &made {
        until_synced(&node, scope).await;
    }
    let wanted = node.events(&made[0], "*").await.len();
    node.wait_for("the first one's events", async || (receiver.seen().len() == wanted).then_some(())).await;

    // A tag that is added later counts from then on.
    let patch = serde_json::from_value(json!({"tags": ["test"]})).unwrap();
    connections::patch(&node.engine, &made[2], patch).await.unwrap();
    syncs::request(&node.engine, &made[2], serde_json::from_value(json!({"mode": "full"})).unwrap()).await.unwrap();
    let place = format!("/hook/{}", made[2].id());
    node.wait_for("the third one's events", async || {
        receiver.seen().iter().any(|request| request.path == place).then_some(())
    })
    .await;
    for request in receiver.seen() {
        let event: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(request.path, format!("/hook/{}", event["connection_id"].as_str().unwrap()));
        assert_ne!(event["connection_id"], made[1].id().to_string());
    }
    let tagged = connections::list(&node.engine, &caller, &params(&[("tag", "test")])).await.unwrap();
    assert_eq!(tagged.data.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), [made[2].id().to_string()]);
    workers.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_could_not_work_is_refused_with_all_that_is_wrong() {
    let house = House::new();
    let node = house.node().await;
    let caller = node.caller().await;
    for (new, pointers) in [
        (json!({"url": "https://10.0.0.1/"}), vec!["/url"]),
        (json!({"url": "http://8.8.8.8/"}), vec!["/url"]),
        (json!({"url": "nonsense", "types": ["vendor.exploded", "vendors.*"]}), vec!["/url", "/types/0", "/types/1"]),
        (json!({"url": "https://a.example/", "connection_ids": ["con_x"]}), vec!["/connection_ids/0"]),
        (json!({"url": "https://{connection_id}.example/"}), vec!["/url"]),
        (json!({"url": "https://a.example/{customer}"}), vec!["/url"]),
        (json!({"url": "https://a.example/", "connection_tags": ["two words"]}), vec!["/connection_tags/0"]),
        (json!({"url": "https://a.example/", "retry": {"first_seconds": 0}}), vec!["/retry/first_seconds"]),
        (json!({"url": "https://a.example/", "retry": {"first_seconds": 1, "longest_seconds": 1}}), vec!["/retry"]),
    ] {
        let parsed: NewEndpoint = serde_json::from_value(new.clone()).unwrap();
        let error = webhooks::create(&node.engine, &caller, parsed).await.unwrap_err();
        let found: Vec<&str> = error.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(found, pointers, "{new}");
    }
    let error = webhooks::get(&node.engine, &caller, "whe_nobody").await.unwrap_err();
    assert!(matches!(error, ServiceError::NotFound { .. }));
}
