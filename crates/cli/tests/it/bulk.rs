//! Many orders in one call to a system that takes five requests at a time, refuses some, and is cut off, by a server
//! that is killed: all are there, once. `TRUNNION_TEST_BULK_ITEMS` says how many orders there are.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::process::{Api, Server};
use crate::tryton::{records, sandbox};

/// One step of progress on a busy machine, and the leases of a dead server.
const PATIENCE: Duration = Duration::from_secs(120);

fn count() -> usize {
    std::env::var("TRUNNION_TEST_BULK_ITEMS").ok().and_then(|count| count.parse().ok()).unwrap_or(150)
}

fn order(vendor: &Value, place: usize) -> Value {
    let line = json!({"item_sku": "SP-0001", "quantity": (place + 1).to_string(), "unit": "EA", "unit_price": "5", "required_on": "2027-01-15"});
    let record = json!({"vendor_id": vendor, "ordered_on": "2026-11-23", "currency": "USD", "lines": [line]});
    json!({"idempotency_key": format!("bulk-{place}"), "record": record})
}

/// Waits until at least `settled` items have their outcome; the bulk then.
async fn until(api: &Api, at: &str, settled: i64) -> Value {
    let mut seen = (-1, Instant::now());
    loop {
        let bulk: Value = api.get(at).await;
        let now = ["succeeded", "failed"].iter().filter_map(|state| bulk[*state].as_i64()).sum::<i64>();
        if now >= settled {
            return bulk;
        }
        if now > seen.0 {
            seen = (now, Instant::now());
        }
        assert!(seen.1.elapsed() < PATIENCE, "no progress in {PATIENCE:?}: {bulk}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn survive(system: &str, database: Option<&str>) {
    let count = count();
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path(), database);
    let (simulator, api) = sandbox(&server, data.path(), system, 20).await;
    let before = records(&api, "purchase-orders").await.len();
    let address = json!({"city": "Pittsburgh", "country": "US"});
    let vendor = json!({"name": "Northgate", "currency": "USD", "address": address});
    let vendor = api.send(Method::POST, "/vendors", Some(&vendor), Some("vendor")).await;
    assert_eq!(vendor.status, 201, "{}", vendor.body);

    let control = Api::new(&simulator.url, "");
    for path in [
        "limit_at_once?most=5",
        "fault?spec=429:every=9,retry_after=1,path=urchaseOrder",
        "fault?spec=cut-after:every=97,method=POST",
    ] {
        assert_eq!(control.send(Method::POST, &format!("/_control/{path}"), None, None).await.status, 204, "{path}");
    }
    let items: Vec<Value> = (0..count).map(|place| order(&vendor.body["id"], place)).collect();
    let began = Instant::now();
    let accepted = api.post("/purchase-orders/bulk", &items.into()).await;
    assert_eq!((accepted.status, &accepted.body["total"]), (202, &json!(count)), "{}", accepted.body);
    let at = format!("/bulks/{}", accepted.body["id"].as_str().unwrap());
    let total = i64::try_from(count).expect("few");
    let part = until(&api, &at, total / 3).await;
    assert!(part["succeeded"].as_i64() < Some(total), "it is killed in the middle: {part}");

    server.process.kill();
    server = Server::start(data.path(), database);
    let api = server.api(api.token());
    let bulk = until(&api, &at, total).await;
    eprintln!("{system}: {count} orders in {:?}, killed once", began.elapsed());
    assert_eq!((&bulk["succeeded"], &bulk["state"]), (&json!(total), &json!("done")), "{bulk}");

    let most: Value = control.get("/_control/most_in_flight").await;
    assert!(most.as_i64() <= Some(5), "{most} requests at once");
    control.send(Method::POST, "/_control/clear_faults", None, None).await;
    let mut quantities: BTreeMap<String, usize> = BTreeMap::new();
    let orders = at_the_source(&api).await;
    for order in orders.values().filter(|order| order["vendor_id"] == vendor.body["id"]) {
        *quantities.entry(order["lines"][0]["quantity"].as_str().expect("a quantity").to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = (1..=count).map(|quantity| (quantity.to_string(), 1)).collect();
    assert_eq!((quantities, orders.len()), (expected, before + count));
}

/// All orders after everything was read again and compared.
async fn at_the_source(api: &Api) -> BTreeMap<String, Value> {
    let reply = api.post("/syncs", &json!({"entities": ["purchase_order"], "mode": "verify"})).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let id = reply.body["data"][0]["id"].as_str().expect("a run").to_owned();
    let end = Instant::now() + PATIENCE;
    loop {
        let run: Value = api.get(&format!("/syncs/{id}")).await;
        match run["state"].as_str() {
            Some("succeeded") => return records(api, "purchase-orders").await,
            state => assert!(state != Some("failed") && Instant::now() < end, "{run}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_orders_in_one_call_survive_limits_cuts_and_a_kill_on_sqlite() {
    survive("sap-s4hana", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_orders_in_one_call_survive_limits_cuts_and_a_kill_on_postgres() {
    match Database::create("bulk") {
        Some(database) => survive("netsuite", Some(&database.url())).await,
        None => eprintln!("not run: TRUNNION_TEST_POSTGRES names no server"),
    }
}
