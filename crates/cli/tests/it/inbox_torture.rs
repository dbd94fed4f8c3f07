//! Webhooks in, while everything goes wrong: the side-car and the server are killed every few seconds and lose their database
//! for a while, under copies, forgeries and any order. What was acknowledged is processed, once, and in order.
//!
//! The crate has the same in its own tests. `TRUNNION_TEST_TORTURE_HOOKS` says how many events there are (600).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use crate::database::Database;
use crate::inbox::{SideCar, serve};
use crate::process::{Api, Server};
use crate::storm::{Storm, until_over};
use crate::tryton::sandbox;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// For the database: longer than a request waits for it.
const AWAY: Duration = Duration::from_secs(6);
/// Without any progress.
const PATIENCE: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 16;

fn count() -> usize {
    std::env::var("TRUNNION_TEST_TORTURE_HOOKS").map_or(600, |text| text.parse().expect("a whole number"))
}

/// The database is gone for [`AWAY`], as far as its users can tell.
fn take_away(database: Option<&Database>, file: &Path) {
    match database {
        Some(database) => database.away(AWAY),
        None => {
            let lock = "import sqlite3, sys, time
file = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
file.execute('begin immediate')
time.sleep(float(sys.argv[2]))
file.execute('rollback')";
            let seconds = AWAY.as_secs_f32().to_string();
            let locked = Command::new("python3").args(["-c", lock]).arg(file).arg(seconds).status();
            assert!(locked.expect("python3 is there").success());
        }
    }
}

/// The storm, and what runs when it is over.
async fn endure<T: Send>(
    storm: &Arc<Storm>,
    running: T,
    start: impl Fn() -> T + Send + Sync,
    take: impl FnOnce() + Send,
) -> T {
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let handle = tokio::runtime::Handle::current();
    // The killer waits for processes, so it has a thread of its own.
    let (requests, (running, kills)) = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let killer = scope.spawn(|| until_over(running, start, take, &over));
            let requests = handle.block_on(storm.rage());
            over.store(true, Ordering::Relaxed);
            (requests, killer.join().expect("the killer ends"))
        })
    });
    eprintln!("{} events, {requests} requests in {:.1?}, {kills} kills", storm.count, began.elapsed());
    running
}

/// A program that notes the ids that it gets, by object.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

async fn program(seen: Seen) -> String {
    let note = async |State(seen): State<Seen>, headers: HeaderMap, body: Bytes| {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        seen.lock().unwrap().push((body["data"]["id"].as_str().unwrap().to_owned(), id));
        StatusCode::NO_CONTENT
    };
    serve(Router::new().route("/", post(note)).with_state(seen)).await
}

async fn the_side_car_endures(database: Option<Database>) {
    let data = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let program = program(seen.clone()).await;
    let url = database.as_ref().map_or_else(|| "sqlite:inbox.db".to_owned(), Database::url);
    let objects = (0..50).map(|number| format!("o{number}")).collect();
    let body = |object: &str| json!({"type": "thing.updated", "data": {"id": object}}).to_string();
    let storm = Storm::new(count(), objects, SECRET.to_owned(), body);
    let start = || {
        let at_once = AT_ONCE.to_string();
        let arguments = ["--forward-to", &program, "--at-once", &at_once, "--database-url", &url];
        let car = SideCar::start(data.path(), SECRET, &arguments);
        storm.door.write().unwrap().clone_from(&car.door);
        car
    };
    let file = data.path().join("inbox.db");
    let car = endure(&storm, start(), start, || take_away(database.as_ref(), &file)).await;
    let acknowledged: BTreeSet<String> = storm.acknowledged().into_iter().collect();
    assert_eq!(acknowledged.len(), storm.count);
    let mut progress = (0, Instant::now());
    let first_of_each = loop {
        // A copy after a crash is told by its id.
        let (mut first, mut known) = (BTreeMap::<String, Vec<String>>::new(), BTreeSet::new());
        let all = seen.lock().unwrap().clone();
        for (object, id) in all {
            if known.insert(id.clone()) {
                first.entry(object).or_default().push(id);
            }
        }
        if known.len() >= acknowledged.len() && car.metric("waiting").await == 0 {
            assert_eq!(known, acknowledged, "not what was acknowledged");
            break first;
        }
        if known.len() > progress.0 {
            progress = (known.len(), Instant::now());
        }
        assert!(progress.1.elapsed() < PATIENCE, "stuck at {} of {}", known.len(), acknowledged.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    for (object, ids) in &first_of_each {
        assert!(storm.in_order(ids), "{object} is out of order");
    }
    let again = seen.lock().unwrap().len() - acknowledged.len();
    eprintln!("{again} came once more, after a kill");
    assert_eq!(car.metric("dead_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_side_car_loses_nothing_that_it_acknowledged_on_sqlite() {
    the_side_car_endures(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_side_car_loses_nothing_that_it_acknowledged_on_postgres() {
    match Database::create("side_car") {
        Some(database) => the_side_car_endures(Some(database)).await,
        None => eprintln!("not run: TRUNNION_TEST_POSTGRES names no server"),
    }
}

/// All pages of a list, whose cursors go into the parameter `cursor`.
async fn all(api: &Api, path: &str, parameter: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Value = api.get(&format!("{path}{cursor}")).await;
        let data = page["data"].as_array().expect("a list");
        found.extend(data.iter().cloned());
        let Some(next) = page["next_cursor"].as_str().filter(|_| !data.is_empty()) else { return found };
        cursor = format!("&{parameter}={next}");
    }
}

/// Changes orders in the system as a user would, until it is told to stop.
async fn change_orders(simulator: &str, orders: &[String], stop: &AtomicBool) -> usize {
    let control = Api::new(simulator, "");
    let mut changes = 0;
    while !stop.load(Ordering::Relaxed) {
        let order = &orders[changes * 7 % orders.len()];
        let touched = control.post(&format!("/_control/touch_purchase_order?id={order}"), &json!(null)).await;
        assert_eq!(touched.status, 204);
        changes += 1;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    changes
}

async fn the_inbound_route_endures(database: Option<Database>) {
    let data = tempfile::tempdir().unwrap();
    let url = database.as_ref().map(Database::url);
    let server = Server::start(data.path(), url.as_deref());
    let (simulator, api) = sandbox(&server, data.path(), "netsuite", 60).await;
    let (key, token) = (server.key.clone().expect("a key"), api.token().to_owned());
    let connection: Value = api.get("/connection").await;
    let path = format!("/connections/{}/inbound-hook", connection["id"].as_str().expect("an id"));
    let made = server.api(&key).post(&path, &json!({})).await.body;
    let address = made["url"].as_str().expect("an address").split_once("/hooks/").expect("a path").1.to_owned();
    let page: Value = api.get("/purchase-orders?limit=50").await;
    let orders = page["data"].as_array().expect("orders").iter();
    let orders: Vec<String> = orders.map(|order| order["remote_id"].as_str().expect("an id").to_owned()).collect();
    let body = |order: &str| json!({"recordType": "purchaseorder", "id": order, "eventType": "edit"}).to_string();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let storm = Storm::new(count(), orders.clone(), secret, body);
    let at = |server: &Server| *storm.door.write().unwrap() = format!("{}/hooks/{address}", server.url);
    at(&server);
    let start = || {
        let server = Server::start(data.path(), url.as_deref());
        at(&server);
        server
    };
    let stop = Arc::new(AtomicBool::new(false));
    let changing = tokio::spawn({
        let (stop, simulator) = (stop.clone(), simulator.url.clone());
        async move { change_orders(&simulator, &orders, &stop).await }
    });
    let file = data.path().join("data/inbox.db");
    let server = endure(&storm, server, start, || take_away(database.as_ref(), &file)).await;
    stop.store(true, Ordering::Relaxed);
    let changes = changing.await.unwrap();
    storm.subside().await;

    let (application, api) = (server.api(&key), server.api(&token));
    let mut progress = (i64::MAX, Instant::now());
    loop {
        let state: Value = application.get(&path).await;
        let waiting = state["inbox"]["waiting"].as_i64().expect("a number");
        if waiting == 0 {
            break;
        }
        if waiting < progress.0 {
            progress = (waiting, Instant::now());
        }
        assert!(progress.1.elapsed() < PATIENCE, "stuck: {state}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Each is there once, as what it is, and nothing else is.
    let done = all(&application, &format!("{path}/messages?state=done&limit=500"), "cursor").await;
    let ids: BTreeSet<&str> = done.iter().map(|message| message["event_id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), done.len(), "one is there twice");
    let acknowledged = storm.acknowledged();
    assert_eq!(ids, acknowledged.iter().map(String::as_str).collect::<BTreeSet<_>>());
    assert_eq!(acknowledged.len(), storm.count + storm.objects.len());
    assert!(all(&application, &format!("{path}/messages?state=dead&limit=500"), "cursor").await.is_empty());

    // Hooks about one order came after the other: every change is one event, its versions without a gap, and nothing is old.
    let events = all(&api, "/events?types=purchase_order.updated&limit=500", "after").await;
    let mut versions = HashMap::<String, i64>::new();
    for event in &events {
        let id = event["data"]["id"].as_str().expect("an id").to_owned();
        let version = event["data"]["version"].as_i64().expect("a version");
        let before = versions.insert(id.clone(), version).unwrap_or(1);
        assert_eq!(version, before + 1, "{id}");
    }
    // This system gives header and lines in two answers. A change between them is seen in two steps: its line, then the rest.
    let (whole, rest): (Vec<_>, Vec<_>) = events.iter().partition(|event| !event["previous"]["lines"].is_null());
    eprintln!("{changes} changes at the system, {} events and {} that complete one", whole.len(), rest.len());
    assert!((1..=changes).contains(&whole.len()), "{} events of {changes} changes: {:?}", events.len(), rest.first());
    let asked = json!({"entities": ["purchase-orders"], "mode": "verify"});
    let run = api.post("/syncs", &asked).await.body["data"][0]["id"].as_str().expect("a run").to_owned();
    let verified = loop {
        let run: Value = api.get(&format!("/syncs/{run}")).await;
        if run["state"] != "running" && run["state"] != "queued" {
            break run;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!((&verified["state"], &verified["drift"]), (&json!("succeeded"), &json!(0)), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbound_route_loses_nothing_that_it_acknowledged_on_sqlite() {
    the_inbound_route_endures(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbound_route_loses_nothing_that_it_acknowledged_on_postgres() {
    match Database::create("inbound") {
        Some(database) => the_inbound_route_endures(Some(database)).await,
        None => eprintln!("not run: TRUNNION_TEST_POSTGRES names no server"),
    }
}
