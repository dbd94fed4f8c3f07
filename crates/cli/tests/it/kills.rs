//! Events are delivered if and only if they were committed, wherever the server that makes and sends them is killed.
//!
//! The server syncs from a simulator, which is what commits; it is killed at random moments of that. What the receiver got in
//! the end is compared with the log. `TRUNNION_TEST_KILLS_SEED` says at which moments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::database::Database;
use crate::moods::{Mood, Receivers};
use crate::process::{Server, Simulator};
use crate::receiver::Receiver;

const SYSTEM: &str = "sap-s4hana";
const RECORDS: usize = 400;
const KILLS: u64 = 6;
const ALLOW: (&str, &str) = ("TRUNNION_WEBHOOKS_ALLOW_NETWORKS", "127.0.0.0/8");
const PATIENCE: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_is_what_was_committed_on_sqlite() {
    survive(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_is_what_was_committed_on_postgres() {
    match Database::create("kills") {
        Some(database) => survive(Some(&database.url())).await,
        None => eprintln!("not run: TRUNNION_TEST_POSTGRES names no server"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_stop_ends_what_it_sends_and_nothing_comes_twice() {
    let directory = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(directory.path(), SYSTEM, 60);
    let receivers = Receivers::default();
    let base = receivers.start().await;
    receivers.add("/slow", Mood::Slow);
    let mut server = Server::start_with(directory.path(), None, &[ALLOW]);
    let key = server.key.clone().expect("a first start prints a key");
    let new = json!({"url": format!("{base}/slow"), "types": ["purchase_order.*"]});
    assert_eq!(server.api(&key).post("/webhook-endpoints", &new).await.status, 201);
    let body = json!({
        "system": SYSTEM, "credentials": simulator.credentials, "customer": {"id": "c1", "name": "Customer"},
        "sync": {"interval_seconds": null},
    });
    assert_eq!(server.api(&key).post("/connections", &body).await.status, 201);
    let end = Instant::now() + PATIENCE;
    let mut stops = 0;
    while receivers.count("/slow") < 60 {
        assert!(Instant::now() < end, "{} arrived", receivers.count("/slow"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        if stops < 3 && receivers.count("/slow") > stops * 15 {
            stops += 1;
            server.process.terminate();
            server = Server::start_with(directory.path(), None, &[ALLOW]);
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(stops > 0);
    let ids: std::collections::BTreeSet<String> = receivers.taken("/slow").into_iter().map(|one| one.id).collect();
    assert_eq!((ids.len(), receivers.count("/slow")), (60, 60));
}

async fn survive(database: Option<&str>) {
    let seed: u64 = std::env::var("TRUNNION_TEST_KILLS_SEED").map_or(11, |text| text.parse().expect("a number"));
    let directory = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(directory.path(), SYSTEM, RECORDS);
    let receiver = Receiver::start().await;
    let mut server = Server::start_with(directory.path(), database, &[ALLOW]);
    let key = server.key.clone().expect("a first start prints a key");
    let made = server.api(&key).post("/webhook-endpoints", &json!({"url": receiver.url})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let body = json!({
        "system": SYSTEM, "credentials": simulator.credentials, "customer": {"id": "c1", "name": "Customer"},
        "sync": {"interval_seconds": null},
    });
    let connected = server.api(&key).post("/connections", &body).await;
    assert_eq!(connected.status, 201, "{}", connected.body);
    let token = connected.body["token"].as_str().unwrap().to_owned();
    for kill in 0..KILLS {
        // From at once to some time later, in an order that looks like none.
        let wait = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(u32::try_from(kill).unwrap() * 9) >> 32) % 700;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        server.process.kill();
        server = Server::start_with(directory.path(), database, &[ALLOW]);
    }
    let end = Instant::now() + PATIENCE;
    let api = server.api(&token);
    loop {
        let status: Value = api.get("/sync-status").await;
        let all = status["data"].as_array().unwrap();
        if all.iter().all(|entity| entity["state"] == "idle" && entity["initial_done"] == true) {
            break;
        }
        assert!(Instant::now() < end, "{status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut log: BTreeMap<String, Value> = BTreeMap::new();
    let mut after = "0".to_owned();
    loop {
        let page: Value = api.get(&format!("/events?limit=500&after={after}")).await;
        let events = page["data"].as_array().unwrap();
        log.extend(events.iter().map(|event| (event["id"].as_str().unwrap().to_owned(), event.clone())));
        after = page["next_cursor"].as_str().unwrap().to_owned();
        if events.is_empty() {
            break;
        }
    }
    assert!(log.len() >= RECORDS, "{}", log.len());
    loop {
        let arrived: BTreeMap<String, Value> = receiver
            .arrived()
            .iter()
            .map(|one| (one.headers["webhook-id"].to_str().unwrap().to_owned(), one.json()))
            .collect();
        for (id, event) in &arrived {
            assert_eq!(log.get(id), Some(event), "an event that is not in the log, or is another there");
        }
        if arrived.len() == log.len() {
            break;
        }
        assert!(Instant::now() < end, "{} of {} events arrived", arrived.len(), log.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
