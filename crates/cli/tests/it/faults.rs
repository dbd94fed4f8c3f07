//! Many seeded writes while the line to the system is cut before and after it acts: at the source each intended thing is
//! there exactly once, and each operation ends in a true state.
//!
//! `TRUNNION_TEST_FAULT_RUNS` sets how many runs there are for each system.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::process::{Api, Server, Simulator};
use crate::tryton::{connect, records, sandbox, synced};

/// Runs of each system; so few that the test stays short.
const RUNS: u64 = 4;

/// A small generator (`SplitMix64`), so that a run can be repeated by its seed.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("small")
    }
}

/// A write that was not confirmed is taken up in the background; its outcome is waited for.
async fn settled(api: &Api, reply: crate::process::Reply) -> (u16, Value) {
    if reply.body["code"] != "OUTCOME_UNKNOWN" {
        return (reply.status, reply.body);
    }
    let path = format!("/operations/{}", reply.body["operation_id"].as_str().expect("an operation"));
    let end = Instant::now() + Duration::from_secs(150);
    loop {
        let operation: Value = api.get(&path).await;
        if operation["state"] == "succeeded" || operation["state"] == "failed" {
            let status = operation["outcome"]["status"].as_u64().expect("a status");
            return (u16::try_from(status).expect("a status"), operation["outcome"]["body"].clone());
        }
        assert!(Instant::now() < end, "{operation}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Where the requests that write go: reads by POST are left alone.
fn written_at(system: &str) -> &'static str {
    if system == "netsuite" { "/record/v1/" } else { "/sap/opu/odata" }
}

/// One run: a vendor or an order is made, and the order changed, with a cut somewhere. How many vendors and lines there
/// are to be, by the name of the vendor and the id of the order.
async fn run(system: &str, simulator: &Api, api: &Api, seed: u64) -> (String, Option<(String, usize)>) {
    let mut chance = Seeded(seed);
    let cuts = ["cut-before", "cut-after", "503", "cut-mid"];
    let mut fault = async |method: &str| {
        let cut = cuts[usize::try_from(chance.below(4)).expect("small")];
        let count = 1 + chance.below(2);
        if chance.below(4) > 0 {
            let spec = format!("{cut}:next={count},method={method},path={}", written_at(system));
            let told = simulator.send(Method::POST, &format!("/_control/fault?spec={spec}"), None, None).await;
            assert!(told.status < 300, "{spec}: {}", told.body);
        }
    };
    // SAP takes the changes of an order's rows as one batch.
    let (create, change) = if system == "netsuite" { ("PUT", "PATCH") } else { ("POST", "POST") };
    let name = format!("Seed {seed}");
    fault(create).await;
    let address = json!({"line1": "1 Kiln Lane", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
    let vendor = json!({"name": name, "currency": "USD", "address": address});
    let key = format!("vendor-{seed}");
    let (status, vendor) = settled(api, api.send(Method::POST, "/vendors", Some(&vendor), Some(&key)).await).await;
    assert_eq!(status, 201, "seed {seed}: {vendor}");

    fault(create).await;
    let line = |sku: &str| json!({"item_sku": sku, "quantity": "2", "unit": "EA", "unit_price": "5", "required_on": "2027-01-15"});
    let order = json!({"vendor_id": vendor["id"], "ordered_on": "2026-11-23", "currency": "USD", "lines": [line("SP-0001"), line("SP-0002")]});
    let key = format!("order-{seed}");
    let (status, order) =
        settled(api, api.send(Method::POST, "/purchase-orders", Some(&order), Some(&key)).await).await;
    assert_eq!(status, 201, "seed {seed}: {order}");

    fault(change).await;
    let remote_id = order["remote_id"].as_str().expect("an id").to_owned();
    let changes =
        json!({"vendor_reference": format!("Q{seed}"), "lines": [{"position": 1, "quantity": "7"}, line("SP-0009")]});
    let path = format!("/purchase-orders/remote:{remote_id}");
    let (status, changed) =
        settled(api, api.send(Method::PATCH, &path, Some(&changes), Some(&format!("c-{seed}"))).await).await;
    assert_eq!((status, &changed["lines"][0]["quantity"]), (200, &json!("7")), "seed {seed}: {changed}");
    (name, Some((remote_id, 3)))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_are_given_one_key_at_once_have_one_effect() {
    let Some(database) = Database::create("faults") else {
        eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let one = Server::start(data.path(), Some(&database.url()));
    let other = Server::start(data.path(), Some(&database.url()));
    let simulator = Simulator::start(data.path(), "sap-s4hana", 5);
    let api = connect(&one, "sap-s4hana", simulator.credentials.clone()).await;
    synced(&api).await;
    let beside = other.api(api.token());
    let before = records(&api, "vendors").await.len();
    let control = Api::new(&simulator.url, "");
    control.send(Method::POST, "/_control/fault?spec=cut-after:every=3,method=POST", None, None).await;
    let address = json!({"city": "Pittsburgh", "country": "US"});
    for seed in 0..5 {
        let vendor = json!({"name": format!("Both {seed}"), "currency": "USD", "address": address});
        let key = format!("both-{seed}");
        let ask =
            async |api: &Api| settled(api, api.send(Method::POST, "/vendors", Some(&vendor), Some(&key)).await).await;
        let (left, right) = tokio::join!(ask(&api), ask(&beside));
        assert_eq!((left.0, &left), (201, &right), "seed {seed}");
    }
    control.send(Method::POST, "/_control/clear_faults", None, None).await;
    let fresh = connect(&one, "sap-s4hana", simulator.credentials.clone()).await;
    synced(&fresh).await;
    let vendors = records(&fresh, "vendors").await;
    assert_eq!(vendors.len(), before + 5);
    for seed in 0..5 {
        assert_eq!(
            vendors.values().filter(|vendor| vendor["name"] == format!("Both {seed}")).count(),
            1,
            "seed {seed}"
        );
    }
}

async fn matrix(system: &'static str) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (simulator, api) = sandbox(&server, data.path(), system, 20).await;
    let before = (records(&api, "vendors").await.len(), records(&api, "purchase-orders").await.len());
    let control = Api::new(&simulator.url, "");
    let runs = std::env::var("TRUNNION_TEST_FAULT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let mut orders = BTreeMap::new();
    // One after the other: a fault is for the next request, whoever sends it.
    for seed in 0..runs {
        let (_, order) = run(system, &control, &api, seed).await;
        orders.extend(order);
        control.send(Method::POST, "/_control/clear_faults", None, None).await;
    }
    // Another connection reads the source from the beginning: it knows nothing of what was written.
    let other = connect(&server, system, simulator.credentials.clone()).await;
    synced(&other).await;
    let (vendors, all) = (records(&other, "vendors").await, records(&other, "purchase-orders").await);
    let count = usize::try_from(runs).expect("few");
    assert_eq!((vendors.len(), all.len()), (before.0 + count, before.1 + count), "{system}");
    for seed in 0..runs {
        let named = vendors.values().filter(|vendor| vendor["name"] == format!("Seed {seed}")).count();
        assert_eq!(named, 1, "{system}, seed {seed}");
    }
    for (remote_id, lines) in orders {
        assert_eq!(all[&remote_id]["lines"].as_array().expect("lines").len(), lines, "{system}: {}", all[&remote_id]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_to_sap_have_one_effect_whatever_is_cut() {
    matrix("sap-s4hana").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_to_netsuite_have_one_effect_whatever_is_cut() {
    matrix("netsuite").await;
}
