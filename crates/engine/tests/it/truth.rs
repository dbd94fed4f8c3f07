//! What a sync believes, and what it does not: deletions, rows that cannot be mapped, drift, and repeated failures.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::{deletions, quarantine, records, syncs};

use super::harness::{House, Node, params};
use super::source::{Trouble, rejected};

const MINUTE: Duration = Duration::from_secs(60);

fn bolts(house: &House, count: usize) {
    for number in 0..count {
        house.source.put("item", &format!("{number:03}"), json!({"Sku": format!("S{number}"), "Name": "Bolt"}));
    }
}

/// One run of an entity on a node without background work; the run when it is over.
async fn sync(house: &House, node: &Node, scope: &Scope, entity: &str, mode: &str) -> Value {
    // Later than anything that is stored, as it is outside of tests.
    house.hands.advance(MINUTE);
    let request = syncs::SyncRequest { entities: Some(vec![entity.to_owned()]), mode: Some(mode.to_owned()) };
    let runs = syncs::request(&node.engine, scope, request).await.unwrap();
    node.engine.sync_due().await.unwrap();
    syncs::get(&node.engine, scope, runs[0]["id"].as_str().unwrap()).await.unwrap()
}

async fn connected(house: &House) -> (Node, Scope) {
    let node = house.node().await;
    let scope = node.connect().await;
    while !node.engine.sync_due().await.unwrap().is_empty() {}
    (node, scope)
}

async fn count(node: &Node, scope: &Scope, path: &str) -> usize {
    node.list(scope, path, &[("limit", "500")]).await["data"].as_array().unwrap().len()
}

async fn held(node: &Node, scope: &Scope) -> Vec<Value> {
    deletions::list(&node.engine, scope, &[]).await.unwrap().data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_vanishes_is_deleted_and_one_that_comes_back_is_updated() {
    let house = House::new();
    bolts(&house, 12);
    let (node, scope) = connected(&house).await;
    house.source.remove("item", "004");
    let run = sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!((&run["deleted"], &run["state"]), (&json!(1), &json!("succeeded")), "{run}");
    let deleted = node.events(&scope, "item.deleted").await;
    assert_eq!(deleted.len(), 1);
    assert_eq!((&deleted[0]["data"]["remote_id"], &deleted[0]["data"]["name"]), (&json!("004"), &json!("Bolt")));
    assert_eq!(count(&node, &scope, "items").await, 11);
    assert_eq!(node.plan(&scope, "item").await.records, 11);

    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(node.events(&scope, "item.deleted").await.len(), 1, "once");

    house.source.put("item", "004", json!({"Sku": "S4", "Name": "Bolt"}));
    sync(&house, &node, &scope, "item", "incremental").await;
    let back = node.events(&scope, "item.updated").await;
    assert_eq!(back.len(), 1);
    assert!(back[0]["previous"]["deleted_at"].is_string() && back[0]["data"]["deleted_at"].is_null(), "{back:?}");
    assert_eq!(back[0]["data"]["version"], 3);
    assert_eq!(node.plan(&scope, "item").await.records, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_sync_notices_rows_that_vanished_from_an_entity_with_a_watermark() {
    let house = House::new();
    house.source.vendors(30);
    let (node, scope) = connected(&house).await;
    for key in ["0003", "0017"] {
        house.source.remove("vendor", key);
    }
    sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!(count(&node, &scope, "vendors").await, 30, "a watermark does not see them");
    sync(&house, &node, &scope, "vendor", "full").await;
    assert_eq!(count(&node, &scope, "vendors").await, 28);
    assert_eq!(node.events(&scope, "vendor.deleted").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_source_loses_much_by_mistake_nothing_is_deleted_until_it_is_accepted() {
    let house = House::new();
    bolts(&house, 100);
    let (node, scope) = connected(&house).await;
    for number in 0..40 {
        house.source.remove("item", &format!("{number:03}"));
    }
    let run = sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!((&run["state"], &run["held"], &run["deleted"]), (&json!("succeeded"), &json!(40), &json!(0)), "{run}");
    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(count(&node, &scope, "items").await, 100);
    assert!(node.events(&scope, "item.deleted").await.is_empty());
    let told = node.events(&scope, "deletion.held").await;
    assert_eq!(told.len(), 1, "once: {told:?}");
    let waiting = held(&node, &scope).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["id"], told[0]["data"]["id"]);
    let id = waiting[0]["id"].as_str().unwrap();
    let facts = [&waiting[0]["gone"], &waiting[0]["total"], &waiting[0]["reason"], &waiting[0]["state"]];
    assert_eq!(facts, [&json!(40), &json!(100), &json!("threshold"), &json!("held")]);

    // One that is seen again before somebody decides is not deleted.
    house.source.put("item", "007", json!({"Sku": "S7", "Name": "Bolt"}));
    let seen = records::get(&node.engine, &scope, "items", "remote:007", &params(&[("live", "true")])).await;
    assert!(seen.is_ok());
    let accepted = deletions::accept(&node.engine, &scope, id).await.unwrap();
    assert_eq!(accepted["state"], "accepted");
    assert_eq!(count(&node, &scope, "items").await, 61);
    let deleted = node.events(&scope, "item.deleted").await;
    assert_eq!(deleted.len(), 39);
    assert_eq!(deletions::accept(&node.engine, &scope, id).await.unwrap(), accepted, "again is the same");
    assert_eq!(deletions::refuse(&node.engine, &scope, id).await.unwrap_err().code(), "CONFLICT");
    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(count(&node, &scope, "items").await, 61);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_deletion_is_not_asked_about_again_and_one_whose_rows_come_back_is_withdrawn() {
    let house = House::new();
    bolts(&house, 100);
    let (node, scope) = connected(&house).await;
    let lost: Vec<String> = (0..40).map(|number| format!("{number:03}")).collect();
    for key in &lost {
        house.source.remove("item", key);
    }
    sync(&house, &node, &scope, "item", "incremental").await;
    let id = held(&node, &scope).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(deletions::refuse(&node.engine, &scope, &id).await.unwrap()["state"], "refused");
    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(node.events(&scope, "deletion.held").await.len(), 1);
    assert_eq!(count(&node, &scope, "items").await, 100);

    house.source.remove("item", "050");
    sync(&house, &node, &scope, "item", "incremental").await;
    let told = node.events(&scope, "deletion.held").await;
    assert_eq!((told.len(), &told[1]["data"]["gone"]), (2, &json!(41)), "more is gone than was refused");

    for key in lost.iter().map(String::as_str).chain(["050"]) {
        house.source.put("item", key, json!({"Sku": "S", "Name": "Bolt"}));
    }
    sync(&house, &node, &scope, "item", "incremental").await;
    assert!(held(&node, &scope).await.iter().all(|held| held["state"] == "withdrawn"));
    let id = held(&node, &scope).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(deletions::accept(&node.engine, &scope, &id).await.unwrap_err().code(), "CONFLICT");
    assert!(node.events(&scope, "item.deleted").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_leaves_out_rows_that_are_there_deletes_nothing() {
    let house = House::new();
    bolts(&house, 200);
    let (node, scope) = connected(&house).await;
    // Fewer than the guard's share: 15 of 200, then 30 of 200.
    house.source.hide(Some("00"));
    let run = sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!((&run["held"], count(&node, &scope, "items").await), (&json!(0), 200), "each was asked for");
    house.source.remove("item", "110");
    bolts(&house, 200);
    house.source.hide(Some("0"));
    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(held(&node, &scope).await[0]["reason"], "threshold");
    house.source.hide(None);
    sync(&house, &node, &scope, "item", "incremental").await;
    house.source.hide(Some("19"));
    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(count(&node, &scope, "items").await, 200);
    assert!(node.events(&scope, "item.deleted").await.is_empty());
    house.source.hide(Some(""));
    sync(&house, &node, &scope, "item", "incremental").await;
    assert_eq!(held(&node, &scope).await[0]["reason"], "empty");
    assert_eq!(count(&node, &scope, "items").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_mapped_is_set_aside_and_the_others_go_on() {
    let house = House::new();
    let order = |quantity: &str| {
        let line = json!({"Item": "1", "Quantity": quantity, "Unit": "PC"});
        json!({"Status": "O", "Vendor": "1", "Currency": "EUR", "Lines": [line]})
    };
    for (key, quantity) in [("4710", "1"), ("4711", "three"), ("4712", "2")] {
        house.source.put("purchase_order", key, order(quantity));
    }
    let (node, scope) = connected(&house).await;
    assert_eq!(count(&node, &scope, "purchase-orders").await, 2);
    let plan = node.plan(&scope, "purchase_order").await;
    assert_eq!((plan.state.as_str(), plan.quarantined, plan.last_error.is_none()), ("idle", 1, true));
    let aside = quarantine::list(&node.engine, &scope, &[]).await.unwrap().data;
    assert_eq!(aside.len(), 1);
    assert_eq!((&aside[0]["remote_id"], &aside[0]["field"]), (&json!("4711"), &json!("lines/0/quantity")));
    assert_eq!(aside[0]["raw"]["Lines"][0]["Quantity"], "three");

    let id = aside[0]["id"].as_str().unwrap();
    house.hands.advance(MINUTE);
    let again = quarantine::retry(&node.engine, &scope, id).await.unwrap();
    assert_eq!((&again["outcome"], &again["row"]["tries"]), (&json!("quarantined"), &json!(2)));

    // Mended without a new time of change: the next run asks for it by itself.
    house.source.put("purchase_order", "4711", order("3"));
    sync(&house, &node, &scope, "purchase_order", "incremental").await;
    assert_eq!(count(&node, &scope, "purchase-orders").await, 3);
    assert_eq!(node.plan(&scope, "purchase_order").await.quarantined, 0);
    assert_eq!(quarantine::retry(&node.engine, &scope, id).await.unwrap_err().code(), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_which_nothing_can_be_mapped_fails_the_run() {
    let house = House::new();
    let (node, scope) = connected(&house).await;
    for number in 0..30 {
        let line = json!({"Item": "1", "Quantity": "many", "Unit": "PC"});
        let order = json!({"Status": "O", "Vendor": "1", "Currency": "EUR", "Lines": [line]});
        house.source.put("purchase_order", &format!("{number:03}"), order);
    }
    let run = sync(&house, &node, &scope, "purchase_order", "incremental").await;
    assert_eq!(run["state"], "succeeded", "pages of ten may be as they are: {run}");
    assert_eq!(node.plan(&scope, "purchase_order").await.quarantined, 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verifying_repairs_what_differs_and_says_how_much() {
    let house = House::new();
    house.source.vendors(20);
    let (node, scope) = connected(&house).await;
    house.hands.advance(60 * MINUTE);
    assert_eq!(sync(&house, &node, &scope, "vendor", "verify").await["drift"], 0);
    house.source.put("vendor", "0001", json!({"Code": "V1", "Name": "Later"}));
    sync(&house, &node, &scope, "vendor", "incremental").await;
    // Changed past the clock that the watermark trusts, one of them; and one as it should be.
    house.source.put_silently("vendor", "0004", json!({"Code": "V4", "Name": "Silent"}));
    house.source.put("vendor", "0005", json!({"Code": "V5", "Name": "Said so"}));
    house.source.remove("vendor", "0006");
    sync(&house, &node, &scope, "vendor", "incremental").await;
    let name = async |key: &str| {
        let found = records::get(&node.engine, &scope, "vendors", &format!("remote:{key}"), &[]).await.unwrap();
        serde_json::from_str::<Value>(&found.json).unwrap()["name"].clone()
    };
    assert_eq!((name("0004").await, name("0005").await), (json!("Acme"), json!("Said so")));
    let run = sync(&house, &node, &scope, "vendor", "verify").await;
    let facts = (&run["drift"], &run["mode"], &run["updated"], &run["deleted"]);
    assert_eq!(facts, (&json!(2), &json!("verify"), &json!(1), &json!(1)), "{run}");
    assert_eq!(name("0004").await, "Silent");
    assert_eq!(count(&node, &scope, "vendors").await, 19);
    assert_eq!(sync(&house, &node, &scope, "vendor", "verify").await["drift"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_failures_are_one_incident_with_one_event() {
    let house = House::new();
    let (node, scope) = connected(&house).await;
    for _ in 0..3 {
        house.source.trouble_pages([Some(rejected as Trouble)]);
        assert_eq!(sync(&house, &node, &scope, "vendor", "incremental").await["state"], "failed");
    }
    assert_eq!(node.events(&scope, "sync.failed").await.len(), 1);
    assert!(node.plan(&scope, "vendor").await.failing_since.is_some());
    sync(&house, &node, &scope, "vendor", "incremental").await;
    assert!(node.plan(&scope, "vendor").await.failing_since.is_none());
    house.source.trouble_pages([Some(rejected as Trouble)]);
    sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!(node.events(&scope, "sync.failed").await.len(), 2, "another incident");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_read_asks_the_system_and_stores_what_it_says() {
    let house = House::new();
    house.source.vendors(2);
    let (node, scope) = connected(&house).await;
    house.hands.advance(MINUTE);
    house.source.put("vendor", "0001", json!({"Code": "V1", "Name": "Fresh"}));
    house.source.put("vendor", "0009", json!({"Code": "V9", "Name": "Unheard"}));
    let get = async |id: &str, live: &str| {
        let found = records::get(&node.engine, &scope, "vendors", id, &params(&[("live", live)])).await;
        found.map(|found| serde_json::from_str::<Value>(&found.json).unwrap())
    };
    assert_eq!(get("remote:0001", "false").await.unwrap()["name"], "Acme");
    assert_eq!(get("remote:0001", "true").await.unwrap()["name"], "Fresh");
    assert_eq!(get("remote:0009", "true").await.unwrap()["name"], "Unheard");
    assert_eq!(get("remote:0077", "true").await.unwrap_err().code(), "NOT_FOUND");
    house.source.remove("vendor", "0002");
    assert!(get("remote:0002", "true").await.unwrap()["deleted_at"].is_string());
    let kinds: Vec<Value> = node.events(&scope, "vendor.*").await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds[2..], [json!("vendor.updated"), json!("vendor.created"), json!("vendor.deleted")]);
}
