//! Fields that a customer adds to the system while it is connected.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::{mapping, records, syncs};
use trunnion_kit::custom::CustomField;

use super::harness::{House, Node};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// What was made later has a later id.
const TICK: Duration = Duration::from_millis(1);

fn rating() -> CustomField {
    CustomField {
        list: None,
        at: "Rating".to_owned(),
        to: "Rating".to_owned(),
        form: "text".to_owned(),
        label: "Rating".to_owned(),
        max_length: Some(1),
        precision: None,
        options: Vec::new(),
        on_create: true,
        on_update: true,
    }
}

async fn sync(node: &Node, scope: &Scope) -> Value {
    let request = syncs::SyncRequest { entities: Some(vec!["vendor".to_owned()]), mode: None };
    let runs = syncs::request(&node.engine, scope, request).await.unwrap();
    node.engine.sync_due().await.unwrap();
    syncs::get(&node.engine, scope, runs[0]["id"].as_str().unwrap()).await.unwrap()
}

async fn ratings(node: &Node, scope: &Scope) -> Vec<Value> {
    custom(node, scope).await.iter().map(|fields| fields["Rating"].clone()).collect()
}

/// The vendors' custom fields.
async fn custom(node: &Node, scope: &Scope) -> Vec<Value> {
    let page = node.list(scope, "vendors", &[("limit", "100")]).await;
    page["data"].as_array().unwrap().iter().map(|vendor| vendor["custom_fields"].clone()).collect()
}

/// Another name for the field.
async fn rename(node: &Node, scope: &Scope, name: &str) {
    let body = json!({"entities": {"vendors": {"custom_fields": {"Rating": {"name": name}}}}});
    mapping::put(&node.engine, scope, &serde_json::from_value(body).unwrap()).await.unwrap();
}

/// Of the last version of each vendor.
async fn causes(node: &Node, scope: &Scope) -> Vec<String> {
    let vendors = node.list(scope, "vendors", &[("limit", "100")]).await;
    let mut causes = Vec::new();
    for vendor in vendors["data"].as_array().unwrap() {
        let history = records::history(&node.engine, scope, "vendors", vendor["id"].as_str().unwrap(), &[]).await;
        let history = history.unwrap();
        causes.push(history["data"][0]["cause"].as_str().unwrap().to_owned());
    }
    causes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_comes_later_is_found_within_a_day_and_filled_for_what_did_not_change() {
    let house = House::new();
    house.source.vendors(3);
    let node = house.node().await;
    let scope = node.connect_with(&json!({"interval_seconds": null, "strict": true})).await;
    while !node.engine.sync_due().await.unwrap().is_empty() {}
    let asked = house.source.asked_for_custom_fields();
    assert_eq!((ratings(&node, &scope).await, asked > 0), (vec![Value::Null; 3], true));

    house.source.customise(rating());
    house.hands.advance(HOUR);
    assert_eq!(sync(&node, &scope).await["mode"], "incremental");
    assert_eq!(house.source.asked_for_custom_fields(), asked, "the system is not asked with every sync");

    for (key, code, rating) in [("0001", "V1", "A"), ("0002", "V2", "")] {
        house.source.put_silently("vendor", key, json!({"Code": code, "Name": "Acme", "Rating": rating}));
    }
    house.hands.advance(24 * HOUR);
    let run = sync(&node, &scope).await;
    assert_eq!((&run["mode"], &run["seen"], &run["updated"]), (&json!("full"), &json!(3), &json!(1)), "{run}");
    let mut found = ratings(&node, &scope).await;
    found.sort_by_key(Value::is_null);
    assert_eq!(found, [json!("A"), Value::Null, Value::Null]);
    assert_eq!(node.events(&scope, "schema.*").await, Vec::<Value>::new(), "what was asked for is no surprise");
    assert_eq!(node.plan(&scope, "vendor").await.quarantined, 0);

    house.hands.advance(25 * HOUR);
    let run = sync(&node, &scope).await;
    assert_eq!((&run["mode"], &run["updated"]), (&json!("incremental"), &json!(0)), "{run}");
}

/// Of the vendors, the newest first.
async fn runs(node: &Node, scope: &Scope) -> Vec<Value> {
    let mut runs = syncs::list(&node.engine, scope, &[]).await.unwrap().data;
    runs.retain(|run| run["entity"] == "vendor");
    runs
}

/// What a sync read before the names changed is read again after it, whichever sync it was.
async fn renamed_halfway(mode: Option<&str>) {
    let house = House::new();
    house.source.customise(rating());
    for number in 0..25 {
        let row = json!({"Code": format!("V{number}"), "Name": "Acme", "Rating": "A"});
        house.source.put("vendor", &format!("{number:04}"), row);
    }
    let node = house.node().await;
    let mut meter = house.source.meter(if mode.is_some() { 1_000 } else { 0 });
    let scope = node.connect().await;
    if let Some(mode) = mode {
        while !node.engine.sync_due().await.unwrap().is_empty() {}
        meter = house.source.meter(0);
        house.hands.advance(TICK);
        node.request(&scope, "vendor", mode).await;
    }
    let workers = node.start();
    node.wait_for("a page of three", async || {
        let pages = runs(&node, &scope).await.first().map_or(0, |run| run["pages"].as_i64().unwrap());
        // Others may take the permit: one more.
        if pages == 0 && meter.available_permits() == 0 {
            meter.add_permits(1);
        }
        (pages > 0).then_some(())
    })
    .await;
    house.hands.advance(TICK);
    rename(&node, &scope, "grade").await;
    meter.add_permits(1_000);
    node.wait_for("the new name everywhere", async || {
        custom(&node, &scope).await.iter().all(|fields| *fields == json!({"grade": "A"})).then_some(())
    })
    .await;
    node.until(&scope, "vendor", "idle").await;
    assert_eq!(custom(&node, &scope).await.len(), 25);
    assert_eq!(causes(&node, &scope).await, vec!["remap"; 25]);
    let runs = runs(&node, &scope).await;
    assert_eq!((&runs[0]["cause"], &runs[0]["mode"]), (&json!("remap"), &json!("full")), "{runs:?}");
    assert_eq!(runs.len(), if mode.is_some() { 3 } else { 2 }, "once is enough: {runs:?}");
    workers.stop(HOUR).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_chosen_while_a_sync_goes_on_hold_for_what_it_had_read() {
    for mode in [None, Some("full"), Some("incremental")] {
        renamed_halfway(mode).await;
    }
}
