//! Real time: what changes in a simulated system, by whomever, is told by its own kind of hook, and what was not told is found.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server, Simulator};
use crate::same_order::create;
use crate::tryton::{connect, synced};

/// Within a second as a rule, which only a machine that does nothing else can promise.
const LONGEST: Duration = Duration::from_secs(10);

/// How the system is told where its hooks go, and how the next one gets lost.
struct System {
    name: &'static str,
    subscribe: &'static str,
    lose: &'static str,
}

const SYSTEMS: [System; 2] = [
    System { name: "sap-s4hana", subscribe: "subscribe", lose: "lose_events" },
    System { name: "netsuite", subscribe: "install_script", lose: "lose_posts" },
];

/// As part of a URL.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn control(simulator: &Simulator, command: &str) -> u16 {
    Api::new(&simulator.url, "").post(&format!("/_control/{command}"), &json!(null)).await.status
}

async fn until(what: impl AsyncFn() -> bool, limit: Duration) -> Duration {
    let began = Instant::now();
    while !what().await {
        assert!(began.elapsed() < limit, "not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

async fn updates(api: &Api, id: &str) -> usize {
    let log: Value = api.get("/events?types=purchase_order.updated&limit=500").await;
    log["data"].as_array().expect("events").iter().filter(|event| event["data"]["id"] == id).count()
}

async fn a_change_is_told_and_a_lost_one_is_found(directory: &Path, system: &System) {
    let server = Server::start(directory, None);
    let simulator = Simulator::start(directory, system.name, 30);
    let api = connect(&server, system.name, simulator.credentials.clone()).await;
    synced(&api).await;
    let application = server.api(server.key.as_deref().expect("a key"));
    let connection: Value = api.get("/connection").await;
    let path = format!("/connections/{}/inbound-hook", connection["id"].as_str().expect("an id"));
    let made = application.post(&path, &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let part = |name: &str| encoded(made.body[name].as_str().expect("a text"));
    let subscribe = format!("{}?url={}&secret={}", system.subscribe, part("url"), part("secret"));
    assert_eq!(control(&simulator, &subscribe).await, 204, "the receiver agrees");

    let orders: Value = api.get("/purchase-orders?limit=20").await;
    let order = orders["data"]
        .as_array()
        .expect("orders")
        .iter()
        .find(|order| order["status"] == "approved" || order["status"] == "sent");
    let order = order.unwrap_or(&orders["data"][0]).clone();
    let (id, remote) = (order["id"].as_str().expect("an id"), order["remote_id"].as_str().expect("an id"));
    let version = |order: &Value| order["version"].as_i64().expect("a version");
    let read = async || -> Value { api.get(&format!("/purchase-orders/{id}")).await };
    let touch = format!("touch_purchase_order?id={remote}");
    assert_eq!(control(&simulator, &touch).await, 204);
    let took = until(async || version(&read().await) > version(&order), LONGEST).await;
    eprintln!("{}: a user's change is visible after {took:?}", system.name);
    assert_eq!(updates(&api, id).await, 1);

    // Another program makes and changes an order by the system's own API, through a connection of its own.
    let other = connect(&server, system.name, simulator.credentials.clone()).await;
    synced(&other).await;
    let made = create(&other).await;
    let at = format!("/purchase-orders/remote:{}", made["remote_id"].as_str().expect("an id"));
    let there = async || api.send(Method::GET, &at, None, None).await;
    let took = until(async || there().await.status == 200, LONGEST).await;
    eprintln!("{}: another program's order is visible {took:?} after it was made", system.name);
    let theirs = format!("/purchase-orders/{}", made["id"].as_str().expect("an id"));
    let body = json!({"vendor_reference": "QUO-17"});
    let began = Instant::now();
    let changed = other.send(Method::PATCH, &theirs, Some(&body), None).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    until(async || there().await.body["vendor_reference"] == "QUO-17", LONGEST).await;
    eprintln!("{}: its change is visible {:?} after it was asked for", system.name, began.elapsed());
    let log: Value = api.get("/events?types=purchase_order.*&limit=500").await;
    let of = |kind: &str| {
        let of_order = |event: &&Value| event["data"]["remote_id"] == made["remote_id"] && event["type"] == kind;
        log["data"].as_array().expect("events").iter().filter(of_order).count()
    };
    assert_eq!((of("purchase_order.created"), of("purchase_order.updated")), (1, 1), "{log}");

    let counts = async || {
        let state: Value = application.get(&path).await;
        (state["told_24h"].as_i64().expect("a number"), state["missed_24h"].as_i64().expect("a number"))
    };
    let (told, missed) = counts().await;
    // Told: the user's change, the other program's vendor and order, and the order's change.
    assert_eq!((told, missed), (4, 0));
    assert_eq!(control(&simulator, &format!("{}?count=1", system.lose)).await, 204);
    let before = read().await;
    assert_eq!(control(&simulator, &touch).await, 204);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(version(&read().await), version(&before), "nobody told");
    api.post("/syncs", &json!({"entities": ["purchase-orders"]})).await;
    until(async || version(&read().await) > version(&before), Duration::from_secs(30)).await;
    assert_eq!(counts().await, (4, 1));
    assert_eq!(updates(&api, id).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudevents_behind_a_handshake_make_an_order_current_and_a_lost_one_is_counted() {
    let data = tempfile::tempdir().unwrap();
    a_change_is_told_and_a_lost_one_is_found(data.path(), &SYSTEMS[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_installed_script_makes_an_order_current_and_a_lost_post_is_counted() {
    let data = tempfile::tempdir().unwrap();
    a_change_is_told_and_a_lost_one_is_found(data.path(), &SYSTEMS[1]).await;
}
