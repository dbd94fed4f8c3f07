//! Trouble of every kind against a clock: what it makes of the connection, who is bothered, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::{connections, health};
use trunnion_kit::error::{Error, VendorMessage};

use super::harness::{House, Node};
use super::source::{Trouble, unreachable, wrong_password};

const MINUTE: Duration = Duration::from_secs(60);

fn throttled() -> Error {
    Error::RateLimited { after: None }
}

fn untrusted() -> Error {
    Error::Untrusted("the certificate of acme.example is not trusted: it has expired".into())
}

fn forbidden() -> Error {
    Error::Permission(VendorMessage { text: "no authorization for VENDOR".into(), ..Default::default() })
}

async fn health(node: &Node, scope: &Scope) -> Value {
    serde_json::to_value(health::get(&node.engine, &node.again(scope).await).await.unwrap()).unwrap()
}

/// The statuses that the connection's events told of, in order.
async fn told(node: &Node, scope: &Scope) -> Vec<String> {
    let events = node.events(scope, "connection.status_changed").await;
    events.iter().map(|event| event["data"]["status"].as_str().unwrap().to_owned()).collect()
}

/// Lets simulated time pass in steps that the workers can follow.
async fn pass(house: &House, minutes: u32) {
    for _ in 0..minutes * 4 {
        house.hands.advance(MINUTE / 4);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_of_trouble_bothers_nobody_and_ends_by_itself() {
    let kinds: [(Trouble, &str, &str); 3] = [
        (unreachable, "offline", "SYSTEM_UNREACHABLE"),
        (throttled, "degraded", "RATE_LIMIT_EXCEEDED"),
        (untrusted, "offline", "CERTIFICATE_NOT_TRUSTED"),
    ];
    for (trouble, status, cause) in kinds {
        let house = House::new();
        let node = house.node().await;
        let workers = node.start();
        let scope = node.connect_with(&json!({"interval_seconds": 300})).await;
        node.until_status(&scope, "online").await;
        house.source.break_down(Some(trouble));
        pass(&house, 10).await;
        node.until_status(&scope, status).await;
        let (probes, pages) = (house.source.probes(), house.source.pages_asked());
        pass(&house, 50).await;
        assert_eq!(node.status(&scope).await, status);
        let seen = health(&node, &scope).await;
        assert_eq!((&seen["cause"], &seen["incidents"][0]["resolved_at"]), (&json!(cause), &Value::Null), "{seen}");
        assert_eq!(seen["incidents"].as_array().unwrap().len(), 1, "one incident per cause: {seen}");
        if status == "offline" {
            assert_eq!(house.source.pages_asked(), pages, "the breaker is open: no sync knocks");
            assert!(house.source.probes() - probes <= 8, "{} probes in 50 minutes", house.source.probes() - probes);
        }

        house.source.break_down(None);
        // One step back off at most, whose longest is 15 minutes.
        pass(&house, 16).await;
        node.until_status(&scope, "online").await;
        assert_eq!(node.events(&scope, "connection.reauthorization_required,connection.reauthorized").await.len(), 0);
        let told = told(&node, &scope).await;
        assert!(!told.contains(&"reauthorization_required".to_owned()), "{told:?}");
        assert_eq!(told.last().unwrap(), "online");
        let seen = health(&node, &scope).await;
        assert!(seen["cause"].is_null() && !seen["incidents"][0]["resolved_at"].is_null(), "{seen}");
        let uptime = seen["uptime"]["last_24_hours"].as_f64().unwrap();
        assert_eq!(uptime < 0.5, status == "offline", "{uptime}");
        workers.stop(MINUTE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_by_mistake_parks_nothing_and_costs_one_login() {
    let house = House::new();
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    house.source.trouble_pages([Some(wrong_password as Trouble)]);
    node.request(&scope, "vendor", "incremental").await;
    node.until(&scope, "vendor", "failed").await;
    assert_eq!((node.status(&scope).await.as_str(), house.source.probes()), ("online", 2));
    node.request(&scope, "vendor", "incremental").await;
    node.until(&scope, "vendor", "idle").await;
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_are_found_by_a_probe_where_nothing_else_is_going_on() {
    let house = House::new();
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    house.source.trouble_probes(Some(wrong_password));
    pass(&house, 31).await;
    node.until_status(&scope, "reauthorization_required").await;
    assert_eq!(house.source.probes(), 3, "one at connecting, the probe, and one to be sure");
    pass(&house, 60).await;
    assert_eq!(house.source.probes(), 3);
    assert_eq!(node.events(&scope, "connection.reauthorization_required").await.len(), 1);
    let seen = health(&node, &scope).await;
    assert_eq!((&seen["cause"], &seen["message"]), (&json!("PASSWORD_EXPIRED"), &json!("password expired")));

    house.source.trouble_probes(None);
    let again = super::harness::credentials("new");
    connections::reconnect(&node.engine, &node.again(&scope).await, again).await.unwrap();
    node.until_status(&scope, "online").await;
    assert!(!health(&node, &scope).await["incidents"][0]["resolved_at"].is_null());
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_permission_degrades_its_entity_alone_until_that_works_again() {
    let house = House::new();
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    house.source.trouble_pages([Some(forbidden as Trouble)]);
    node.request(&scope, "vendor", "incremental").await;
    node.until_status(&scope, "degraded").await;
    let incident = health(&node, &scope).await["incidents"][0].clone();
    assert_eq!((&incident["cause"], &incident["entity"]), (&json!("PERMISSION_DENIED"), &json!("vendor")));
    node.request(&scope, "item", "incremental").await;
    node.until(&scope, "item", "idle").await;
    assert_eq!(node.status(&scope).await, "degraded", "another entity's success says nothing of this one");
    node.request(&scope, "vendor", "incremental").await;
    node.until_status(&scope, "online").await;
    workers.stop(MINUTE).await;
}
