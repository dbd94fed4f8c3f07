//! Rows that are stored already: a sync makes no records of them again, unless another revision might make others.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::syncs;

use super::harness::{House, Node};

/// What was made later has a later id.
const TICK: Duration = Duration::from_millis(1);

/// The name is read from another member.
const OTHERWISE: (&str, &str) = (r#"name = { at = "Name", write"#, r#"name = { at = "Code", write"#);

async fn sync(house: &House, node: &Node, scope: &Scope, (entity, mode): (&str, &str)) -> Value {
    house.hands.advance(TICK);
    let request = syncs::SyncRequest { entities: Some(vec![entity.to_owned()]), mode: Some(mode.to_owned()) };
    let runs = syncs::request(&node.engine, scope, request).await.unwrap();
    while !node.engine.sync_due().await.unwrap().is_empty() {}
    let run = syncs::get(&node.engine, scope, runs[0]["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(run["state"], "succeeded", "{run}");
    run
}

/// Created, updated, deleted, unchanged.
fn counts(run: &Value) -> [i64; 4] {
    ["created", "updated", "deleted", "unchanged"].map(|count| run[count].as_i64().unwrap())
}

async fn names(node: &Node, scope: &Scope, path: &str) -> Vec<String> {
    let page = node.list(scope, path, &[("limit", "100")]).await;
    let mut names: Vec<String> =
        page["data"].as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// 25 vendors, synced.
async fn synced() -> (House, Node, Scope) {
    let house = House::new();
    house.source.vendors(25);
    let node = house.node().await;
    let scope = node.connect().await;
    while !node.engine.sync_due().await.unwrap().is_empty() {}
    (house, node, scope)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_sync_makes_no_record_of_a_row_again_and_a_verifying_one_makes_all() {
    let (mut house, node, scope) = synced().await;
    let before = names(&node, &scope, "vendors").await;
    // Nobody may do that: it shows which records are made.
    house.declare(&[OTHERWISE], house.revision());
    let node = house.node().await;
    let scope = node.again(&scope).await;
    let run = sync(&house, &node, &scope, ("vendor", "full")).await;
    assert_eq!((counts(&run), &run["seen"]), ([0, 0, 0, 25], &json!(25)), "{run}");
    assert_eq!(names(&node, &scope, "vendors").await, before);
    let run = sync(&house, &node, &scope, ("vendor", "verify")).await;
    assert_eq!(counts(&run), [0, 25, 0, 0], "{run}");
    assert_ne!(names(&node, &scope, "vendors").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_revision_makes_all_records_again_once() {
    let (mut house, _node, scope) = synced().await;
    house.declare(&[OTHERWISE], None);
    let node = house.node().await;
    let scope = node.again(&scope).await;
    let run = sync(&house, &node, &scope, ("vendor", "full")).await;
    assert_eq!(counts(&run), [0, 25, 0, 0], "{run}");
    let after = names(&node, &scope, "vendors").await;

    house.declare(&[], house.revision());
    let node = house.node().await;
    let scope = node.again(&scope).await;
    let run = sync(&house, &node, &scope, ("vendor", "full")).await;
    assert_eq!(counts(&run), [0, 0, 0, 25], "they are known as that revision made them: {run}");
    assert_eq!(names(&node, &scope, "vendors").await, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_among_known_rows_is_found_and_what_is_gone_too() {
    let (house, node, scope) = synced().await;
    for key in ["0003", "0017"] {
        // The system itself says nothing of it.
        house.source.put_silently("vendor", key, json!({"Code": "C", "Name": "Other"}));
    }
    let row = house.source.rows("vendor").into_iter().find(|row| row["Id"] == "0009").unwrap();
    house.source.remove("vendor", "0009");
    let run = sync(&house, &node, &scope, ("vendor", "full")).await;
    assert_eq!(counts(&run), [0, 2, 1, 22], "{run}");
    let others = names(&node, &scope, "vendors").await.into_iter().filter(|name| name == "Other").count();
    assert_eq!(others, 2);
    // What was deleted is there as it was before, to the letter.
    house.source.put_back("vendor", row);
    let run = sync(&house, &node, &scope, ("vendor", "full")).await;
    assert_eq!(counts(&run), [0, 1, 0, 24], "{run}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_makes_records_of_what_is_new_to_it_only() {
    let mut house = House::new();
    for number in 0..25 {
        house.source.put("item", &format!("{number:04}"), json!({"Sku": format!("S{number}"), "Name": "Bolt"}));
    }
    let node = house.node().await;
    let scope = node.connect().await;
    while !node.engine.sync_due().await.unwrap().is_empty() {}
    house.source.put("item", "0025", json!({"Sku": "S25", "Name": "Nut"}));
    house.declare(&[(r#"name = { at = "Name" }"#, r#"name = { at = "Sku" }"#)], house.revision());
    let node = house.node().await;
    let scope = node.again(&scope).await;
    let run = sync(&house, &node, &scope, ("item", "incremental")).await;
    assert_eq!(counts(&run), [1, 0, 0, 25], "{run}");
    let names = names(&node, &scope, "items").await;
    assert_eq!((names[0].as_str(), names[25].as_str()), ("Bolt", "S25"));
}
