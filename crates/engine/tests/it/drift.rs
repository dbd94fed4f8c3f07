//! What a system's rows have, or lack, that nobody expected: told once, listed, acknowledged, and set aside where that is wanted.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::schema_drift::{self, Acknowledgement};
use trunnion_engine::services::{quarantine, records, syncs};

use super::harness::{House, Node, params};
use super::source::{Trouble, unreachable};

const MINUTE: Duration = Duration::from_secs(60);

async fn connected(house: &House, strict: bool) -> (Node, Scope) {
    let node = house.node().await;
    let scope = node.connect_with(&json!({"interval_seconds": null, "strict": strict})).await;
    while !node.engine.sync_due().await.unwrap().is_empty() {}
    (node, scope)
}

async fn sync(house: &House, node: &Node, scope: &Scope, entity: &str, mode: &str) -> Value {
    house.hands.advance(MINUTE);
    let request = syncs::SyncRequest { entities: Some(vec![entity.to_owned()]), mode: Some(mode.to_owned()) };
    let runs = syncs::request(&node.engine, scope, request).await.unwrap();
    node.engine.sync_due().await.unwrap();
    syncs::get(&node.engine, scope, runs[0]["id"].as_str().unwrap()).await.unwrap()
}

async fn told(node: &Node, scope: &Scope) -> Vec<Value> {
    node.events(scope, "schema.*").await
}

async fn found(node: &Node, scope: &Scope, pairs: &[(&str, &str)]) -> Vec<Value> {
    schema_drift::list(&node.engine, scope, &params(pairs)).await.unwrap().data
}

async fn acknowledge(node: &Node, scope: &Scope, given: Value) -> Value {
    let given: Acknowledgement = serde_json::from_value(given).unwrap();
    schema_drift::acknowledge(&node.engine, scope, given).await.unwrap()
}

/// `kind field value` of each, sorted: what was found in one page has no order.
fn names(found: &[Value]) -> Vec<String> {
    let text = |found: &Value, name: &str| found[name].as_str().unwrap_or("-").to_owned();
    let mut names: Vec<String> = found
        .iter()
        .map(|one| format!("{} {} {}", text(one, "kind"), text(one, "field"), text(one, "value")))
        .collect();
    names.sort();
    names
}

async fn stored(node: &Node, scope: &Scope, path: &str) -> usize {
    node.list(scope, path, &[("limit", "500")]).await["data"].as_array().unwrap().len()
}

async fn aside(node: &Node, scope: &Scope) -> Vec<Value> {
    quarantine::list(&node.engine, scope, &[]).await.unwrap().data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sync_learns_and_what_is_new_after_it_is_told_once_counted_and_acknowledged() {
    let house = House::new();
    house.source.vendors(25);
    let (node, scope) = connected(&house, false).await;
    sync(&house, &node, &scope, "vendor", "full").await;
    assert_eq!((told(&node, &scope).await.len(), found(&node, &scope, &[]).await.len()), (0, 0));

    for key in ["0003", "0004"] {
        house.source.put("vendor", key, json!({"Code": 7, "Name": "Acme", "Rating": {"Stars": 5}}));
    }
    sync(&house, &node, &scope, "vendor", "incremental").await;
    let events = told(&node, &scope).await;
    let data: Vec<Value> = events.iter().map(|event| event["data"].clone()).collect();
    assert_eq!(names(&data), ["new_field Rating -", "retyped_field Code -"]);
    let facts = [&data[0]["type_before"], &data[0]["type_now"], &data[1]["type_now"], &data[1]["remote_id"]];
    assert_eq!(facts, [&json!("string"), &json!("number"), &json!("object"), &json!("0003")]);
    let listed = found(&node, &scope, &[("entity", "vendors"), ("state", "open")]).await;
    assert_eq!(names(&listed), ["new_field Rating -", "retyped_field Code -"]);
    assert!(listed.iter().all(|one| one["records"] == 2 && one["state"] == "open"), "{listed:?}");
    assert_eq!(node.plan(&scope, "vendor").await.schema_drift, 2);
    assert_eq!(stored(&node, &scope, "vendors").await, 25, "the records are stored all the same");

    house.source.put("vendor", "0005", json!({"Code": 8, "Name": "Acme", "Rating": {"Stars": 1}}));
    sync(&house, &node, &scope, "vendor", "full").await;
    assert_eq!(told(&node, &scope).await.len(), 2, "once");
    let one = found(&node, &scope, &[("kind", "new_field")]).await;
    assert_eq!((one.len(), &one[0]["records"]), (1, &json!(5)));

    let id = one[0]["id"].as_str().unwrap();
    assert_eq!(acknowledge(&node, &scope, json!({"ids": [id]})).await["acknowledged"], 1);
    assert_eq!(acknowledge(&node, &scope, json!({"ids": [id]})).await["acknowledged"], 0, "again is the same");
    assert_eq!(node.plan(&scope, "vendor").await.schema_drift, 1);
    assert_eq!(acknowledge(&node, &scope, json!({"entity": "items"})).await["acknowledged"], 0);
    assert_eq!(acknowledge(&node, &scope, json!({})).await["acknowledged"], 1);
    sync(&house, &node, &scope, "vendor", "full").await;
    house.source.put("vendor", "0006", json!({"Code": "V6", "Name": "Acme", "Rating": {"Stars": "five"}}));
    sync(&house, &node, &scope, "vendor", "incremental").await;
    let events = told(&node, &scope).await;
    assert_eq!(
        (events.len(), &events[2]["data"]["field"]),
        (3, &json!("Rating/Stars")),
        "what was accepted is known inside"
    );
    assert_eq!(found(&node, &scope, &[("state", "acknowledged")]).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_a_complete_reading_does_not_show_any_more_vanished() {
    let house = House::new();
    house.source.vendors(30);
    let (node, scope) = connected(&house, false).await;
    for number in 1..=30 {
        house.source.put("vendor", &format!("{number:04}"), json!({"Name": "Acme"}));
    }
    sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!(told(&node, &scope).await.len(), 0, "some rows may lack it");
    sync(&house, &node, &scope, "vendor", "full").await;
    let events = told(&node, &scope).await;
    assert_eq!(events.len(), 1, "{events:?}");
    let data = &events[0]["data"];
    assert_eq!(
        (&data["kind"], &data["field"], &data["type_now"]),
        (&json!("vanished_field"), &json!("Code"), &Value::Null)
    );
    sync(&house, &node, &scope, "vendor", "full").await;
    assert_eq!(told(&node, &scope).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_without_one_of_ours_is_listed_from_the_first_sync_on_and_told_after_it() {
    let house = House::new();
    let order = |status: &str| json!({"Status": status, "Vendor": "1", "Currency": "EUR", "Lines": []});
    house.source.put("purchase_order", "1", order("Y"));
    house.source.put("purchase_order", "2", order("O"));
    let (node, scope) = connected(&house, false).await;
    assert_eq!(names(&found(&node, &scope, &[]).await), ["unmapped_value status Y"]);
    assert!(told(&node, &scope).await.is_empty());
    house.source.put("purchase_order", "3", order("Z"));
    house.source.put("purchase_order", "4", order("Y"));
    sync(&house, &node, &scope, "purchase_order", "incremental").await;
    let events = told(&node, &scope).await;
    assert_eq!((events.len(), &events[0]["data"]["value"]), (1, &json!("Z")));
    assert_eq!(stored(&node, &scope, "purchase-orders").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_without_one_of_ours_is_told_of_at_once_if_one_record_is_read_alone() {
    let house = House::new();
    let order = |status: &str| json!({"Status": status, "Vendor": "1", "Currency": "EUR", "Lines": []});
    house.source.put("purchase_order", "1", order("O"));
    let (node, scope) = connected(&house, false).await;
    house.source.put("purchase_order", "1", order("Y"));
    let live = [("live", "true")];
    for _ in 0..2 {
        records::get(&node.engine, &scope, "purchase-orders", "remote:1", &params(&live)).await.unwrap();
    }
    let events = told(&node, &scope).await;
    assert_eq!((events.len(), &events[0]["data"]["value"]), (1, &json!("Y")));
    sync(&house, &node, &scope, "purchase_order", "full").await;
    assert_eq!(told(&node, &scope).await.len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_connection_sets_aside_what_nobody_acknowledged_and_stores_it_after() {
    let house = House::new();
    house.source.vendors(5);
    let (node, scope) = connected(&house, true).await;
    house.source.put("vendor", "0002", json!({"Code": "V2", "Name": "Newer", "Rating": 5}));
    house.source.put("vendor", "0003", json!({"Code": "V3", "Name": "Newer"}));
    let run = sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!(
        (&run["state"], &run["quarantined"], &run["updated"]),
        (&json!("succeeded"), &json!(1), &json!(1)),
        "{run}"
    );
    let name = async |key: &str| {
        let found = records::get(&node.engine, &scope, "vendors", &format!("remote:{key}"), &[]).await.unwrap();
        serde_json::from_str::<Value>(&found.json).unwrap()["name"].clone()
    };
    assert_eq!((name("0002").await, name("0003").await), (json!("Acme"), json!("Newer")), "the last good state stays");
    let rows = aside(&node, &scope).await;
    assert_eq!((rows.len(), &rows[0]["field"], &rows[0]["raw"]["Rating"]), (1, &json!("Rating"), &json!(5)));
    assert_eq!(rows[0]["problem"], "schema drift: a new field (number)");
    assert_eq!(told(&node, &scope).await.len(), 1);

    // One that nobody looks for by a sync is refused too.
    house.source.put("vendor", "0004", json!({"Code": "V4", "Name": "Live", "Other": true}));
    let live = records::get(&node.engine, &scope, "vendors", "remote:0004", &params(&[("live", "true")])).await;
    let live: Value = serde_json::from_str(&live.unwrap().json).unwrap();
    assert_eq!(live["name"], "Acme", "the last good state is answered");
    assert_eq!((name("0004").await, aside(&node, &scope).await.len()), (json!("Acme"), 2));
    assert_eq!(told(&node, &scope).await.len(), 2);

    let id = rows[0]["id"].as_str().unwrap();
    let again = quarantine::retry(&node.engine, &scope, id).await.unwrap();
    assert_eq!(again["outcome"], "quarantined", "not before it is acknowledged");
    assert_eq!(acknowledge(&node, &scope, json!({"entity": "vendor"})).await["acknowledged"], 2);
    assert_eq!(quarantine::retry(&node.engine, &scope, id).await.unwrap()["outcome"], "stored");
    assert_eq!(name("0002").await, "Newer");
    sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!(
        (name("0004").await, aside(&node, &scope).await.len()),
        (json!("Live"), 0),
        "the next run tries by itself"
    );
    assert_eq!(told(&node, &scope).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_which_all_is_drift_fails_a_strict_run_which_goes_on_after_it_is_acknowledged() {
    let house = House::declared(&[("page = 10", "page = 40")]);
    house.source.vendors(30);
    let (node, scope) = connected(&house, true).await;
    for number in 1..=30 {
        house.source.put("vendor", &format!("{number:04}"), json!({"Code": "V", "Name": "Newer", "Rating": 5}));
    }
    let run = sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!((&run["state"], &run["error"]["code"]), (&json!("failed"), &json!("UNMAPPABLE_RECORD")), "{run}");
    assert_eq!(aside(&node, &scope).await.len(), 0);
    assert_eq!(names(&found(&node, &scope, &[]).await), ["new_field Rating -"]);
    assert_eq!(told(&node, &scope).await.len(), 1);
    acknowledge(&node, &scope, json!({})).await;
    let run = sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!((&run["state"], &run["updated"]), (&json!("succeeded"), &json!(30)), "{run}");
    assert_eq!(told(&node, &scope).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_sync_that_breaks_off_goes_on_learning() {
    let house = House::new();
    house.source.vendors(45);
    house.source.put("vendor", "0044", json!({"Code": "V", "Name": "Acme", "Late": 1}));
    house.source.trouble_pages([None, None, None, None, Some(unreachable as Trouble)]);
    let (node, scope) = connected(&house, false).await;
    for _ in 0..6 {
        house.hands.advance(MINUTE);
        while !node.engine.sync_due().await.unwrap().is_empty() {}
    }
    assert_eq!(stored(&node, &scope, "vendors").await, 45);
    assert_eq!(names(&found(&node, &scope, &[]).await), [""; 0]);
    house.source.put("vendor", "0001", json!({"Code": "V", "Name": "Acme", "Newer": 1}));
    sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!(told(&node, &scope).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declared_as_volatile_makes_no_change_and_is_no_drift() {
    let house = House::declared(&[(
        r#"source = { set = "Vendors", key = "Id" }"#,
        r#"source = { set = "Vendors", key = "Id", volatile = ["Seen", "Code"] }"#,
    )]);
    let row = |code: &str, seen: Value, name: &str| json!({"Code": code, "Name": name, "Seen": seen});
    house.source.put("vendor", "1", row("A", json!({"by": "x"}), "Acme"));
    let (node, scope) = connected(&house, true).await;
    let record = async || node.list(&scope, "vendors", &[("include", "raw")]).await["data"][0].clone();
    house.source.put("vendor", "1", row("B", json!(["y"]), "Acme"));
    let run = sync(&house, &node, &scope, "vendor", "incremental").await;
    assert_eq!((&run["seen"], &run["unchanged"]), (&json!(1), &json!(1)), "{run}");
    let now = record().await;
    assert_eq!((&now["version"], &now["code"]), (&json!(1), &json!("A")));
    house.source.put("vendor", "1", row("C", json!(3), "Newer"));
    sync(&house, &node, &scope, "vendor", "incremental").await;
    let now = record().await;
    assert_eq!((&now["version"], &now["code"], &now["raw"]["Seen"]), (&json!(2), &json!("C"), &json!(3)));
    assert_eq!(node.events(&scope, "vendor.updated").await.len(), 1);
    assert!(found(&node, &scope, &[]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_wrongly_is_refused_with_its_place() {
    let house = House::new();
    let (node, scope) = connected(&house, false).await;
    for (pairs, pointer) in [
        (("entity", "planes"), "/entity"),
        (("kind", "odd"), "/kind"),
        (("state", "odd"), "/state"),
        (("cursor", "odd"), "/cursor"),
        (("since", "odd"), "/since"),
    ] {
        let refused = schema_drift::list(&node.engine, &scope, &params(&[pairs])).await.unwrap_err();
        assert!(format!("{refused:?}").contains(pointer), "{refused:?}");
    }
    let other = "drf_01k8n3v5j2x4w6y8z0a1b2c3d4";
    for (given, pointer) in [
        (json!({"ids": ["x"]}), "/ids/0"),
        (json!({"ids": [other]}), "/ids"),
        (json!({"entity": "planes"}), "/entity"),
        (json!({"ids": [other], "entity": "vendors"}), "/entity"),
        (json!({"ids": vec![other; 501]}), "/ids"),
    ] {
        let given: Acknowledgement = serde_json::from_value(given).unwrap();
        let refused = schema_drift::acknowledge(&node.engine, &scope, given).await.unwrap_err();
        assert!(format!("{refused:?}").contains(pointer), "{refused:?}");
    }
}
