//! Credentials that stop working, and new ones.

use std::time::Duration;

use serde_json::json;
use trunnion_engine::services::connections;
use trunnion_engine::{authenticate, scope};

use super::harness::{House, credentials, new_connection};
use super::source::{Trouble, wrong_password};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_connection_goes_on_after_a_reconnect_also_on_another_node() {
    let house = House::new();
    house.source.vendors(15);
    let (node, other) = (house.node().await, house.node().await);
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    node.until_quiet(&scope).await;
    house.source.trouble_pages([Some(wrong_password as Trouble)]);
    house.source.trouble_probes(Some(wrong_password));
    node.request(&scope, "vendor", "incremental").await;
    node.until_status(&scope, "reauthorization_required").await;

    let check = connections::check(&node.engine, &node.again(&scope).await).await.unwrap();
    assert!(!check.ok && check.error.unwrap().code == "REAUTHORIZATION_REQUIRED");
    assert_eq!(house.source.probes(), 2, "one at connecting, one to be sure; a parked connection is not asked");

    // Wrong ones change nothing.
    let refused =
        connections::reconnect(&other.engine, &node.again(&scope).await, credentials("wrong")).await.unwrap_err();
    assert_eq!((refused.code(), house.source.probes()), ("AUTHENTICATION_FAILED", 3));
    assert_eq!(node.status(&scope).await, "reauthorization_required");

    house.source.trouble_probes(None);
    let connected = connections::reconnect(&other.engine, &node.again(&scope).await, credentials("new")).await.unwrap();
    assert_eq!(connected.connection.status, "online");
    node.wait_for("success", async || node.plan(&scope, "vendor").await.last_error.is_none().then_some(())).await;
    node.until_status(&scope, "online").await;
    let told: Vec<_> =
        node.events(&scope, "connection.*").await.into_iter().map(|event| event["type"].clone()).collect();
    let expected = [
        "connection.created",
        "connection.status_changed",
        "connection.status_changed",
        "connection.reauthorization_required",
        "connection.status_changed",
        "connection.reauthorized",
    ];
    assert_eq!(told, expected);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_token_dies_with_a_reconnect_and_a_disconnected_connection_comes_back() {
    let house = House::new();
    let node = house.node().await;
    let engine = &node.engine;
    let caller = node.caller().await;
    let made = connections::create(engine, &caller, new_connection(&json!({}))).await.unwrap();
    let here = scope(engine, &caller, Some(&made.connection.id)).await.unwrap();
    connections::delete(engine, &here, false).await.unwrap();
    let here = scope(engine, &caller, Some(&made.connection.id)).await.unwrap();
    let back = connections::reconnect(engine, &here, credentials("new")).await.unwrap();
    assert_eq!(back.connection.status, "syncing");
    assert_eq!(authenticate(engine, &made.token).await.unwrap_err().status(), 401);
    authenticate(engine, &back.token).await.unwrap();
    let workers = node.start();
    node.wait_for("online", async || {
        let now = scope(engine, &caller, Some(&made.connection.id)).await.unwrap();
        (now.connection().status == "online").then_some(())
    })
    .await;
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_finds_refused_credentials_parks_the_connection() {
    let house = House::new();
    let node = house.node().await;
    let scope = node.connect().await;
    assert!(connections::check(&node.engine, &scope).await.unwrap().ok);
    house.source.trouble_probes(Some(wrong_password));
    let check = connections::check(&node.engine, &scope).await.unwrap();
    assert!(!check.ok);
    assert_eq!(check.connection.status, "reauthorization_required");
    assert_eq!(house.source.probes(), 4, "the check, and one to be sure");
    assert_eq!(node.events(&scope, "connection.reauthorization_required").await.len(), 1);
}
