//! Fields that a customer adds to the system while it is connected.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::{records, syncs};
use trunnion_kit::custom::CustomField;

use super::harness::{House, Node, params};

const HOUR: Duration = Duration::from_secs(60 * 60);

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
    let page = records::list(&node.engine, scope, "vendors", &params(&[("limit", "10")])).await.unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    page["data"].as_array().unwrap().iter().map(|vendor| vendor["custom_fields"]["Rating"].clone()).collect()
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
