//! Creates: checked first, one effect, whatever happens on the way.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use trunnion_engine::services::{operations, writes};
use trunnion_engine::{Scope, ServiceError};

use super::harness::{House, Node};
use super::source::{Mishap, Trouble, rejected, unreachable, wrong_password};

const MINUTE: Duration = Duration::from_secs(60);

fn vendor() -> Value {
    json!({"name": "Pumps", "code": "P1"})
}

/// A node with synced vendors and items, and nothing running.
async fn synced(house: &House) -> (Node, Scope) {
    house.source.vendors(2);
    house.source.put("vendor", "0003", json!({"Code": "V2", "Name": "Twin"}));
    house.source.put("item", "77", json!({"Sku": "BOLT", "Name": "Bolt"}));
    let node = house.node().await;
    let scope = node.connect().await;
    let workers = node.start();
    node.until_status(&scope, "online").await;
    node.until_quiet(&scope).await;
    workers.stop(MINUTE).await;
    (node, scope)
}

async fn operation(node: &Node, scope: &Scope, error: &ServiceError) -> Value {
    let id = error.operation().unwrap().to_string();
    operations::get(&node.engine, scope, &id).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_created_record_is_read_back_stored_and_told() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    let body = json!({
        "vendor_code": "V1",
        "currency": "EUR",
        "lines": [{"item_sku": "BOLT", "quantity": "2.50", "unit": "EA"}],
    });
    let written = node.create(&scope, "purchase-orders", "k1", body).await.unwrap();
    assert!(!written.replayed);
    let stored = written.result.unwrap();
    let record: Value = serde_json::from_str(&stored.json).unwrap();
    assert_eq!((stored.status, stored.version), (201, 1));
    assert_eq!(record["vendor_remote_id"], "0001");
    assert_eq!(record["lines"][0]["item_remote_id"], "77");
    assert_eq!(record["lines"][0]["quantity"], "2.5");
    let listed = node.list(&scope, "purchase-orders", &[]).await;
    assert_eq!(listed["data"], json!([record]));
    assert_eq!(node.events(&scope, "purchase_order.created").await[0]["data"], record);
    let told = node.events(&scope, "operation.*").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["type"], "operation.succeeded");
    let sent = &house.source.rows("purchase_order")[0];
    assert_eq!(sent["Lines"], json!([{"Item": "77", "Quantity": "2.5", "Unit": "PC"}]));
    assert_eq!(sent["Ref"].as_str().unwrap().len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_problems_of_a_body_are_told_at_once_where_the_caller_made_them() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    let body = json!({
        "vendor_code": "V2",
        "memo": "longer than twenty characters",
        "nonsense": 1,
        "lines": [
            {"item_sku": "NUT", "quantity": "1"},
            {"quantity": 1.5, "item_remote_id": "77"},
            {"item_id": "itm_00000000000000000000000000", "item_sku": "BOLT", "quantity": "1"},
            {"item_id": "itm_00000000000000000000000000", "quantity": "1"},
            {"quantity": "1"},
        ],
    });
    let error = node.create(&scope, "purchase-orders", "k1", body).await.unwrap_err();
    assert_eq!(error.code(), "VALIDATION_FAILED");
    let pointers: Vec<&str> = error.errors().iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/currency",
            "/lines/0/item_sku",
            "/lines/1/quantity",
            "/lines/2/item_id",
            "/lines/3/item_id",
            "/lines/4/item_id",
            "/memo",
            "/nonsense",
            "/vendor_code",
        ],
        "{:#?}",
        error.errors()
    );
    let ambiguous = &error.errors()[8].message;
    assert!(ambiguous.contains("0002") && ambiguous.contains("0003"), "{ambiguous}");
    assert_eq!(house.source.creates(), 0);
    // The key is still free.
    node.create(&scope, "vendors", "k1", vendor()).await.unwrap().result.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_has_one_effect_under_twenty_calls_at_once() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.slow_creates(Duration::from_millis(50));
    let calls = (0..20).map(|_| node.create(&scope, "vendors", "same", vendor()));
    let all: Vec<writes::Written> = join_all(calls).await.into_iter().map(|written| written.unwrap()).collect();
    assert_eq!(house.source.creates(), 1);
    assert_eq!(all.iter().filter(|written| !written.replayed).count(), 1);
    let first = all[0].result.clone().unwrap();
    assert!(all.iter().all(|written| written.result.as_ref() == Ok(&first) && written.operation == all[0].operation));
    assert_eq!(node.events(&scope, "operation.*").await.len(), 1);
    let later = node.create(&scope, "vendors", "same", json!({"code": "P1", "name": "Pumps"})).await.unwrap();
    assert!(later.replayed && later.result == Ok(first));
    let other = node.create(&scope, "vendors", "same", json!({"name": "Other"})).await.unwrap_err();
    assert_eq!(other.code(), "IDEMPOTENCY_CONFLICT");
    let nameless = writes::create(&node.engine, &scope, "vendors", None, vendor(), &[]).await.unwrap_err();
    assert_eq!(nameless.errors()[0].pointer, "/Idempotency-Key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_was_lost_is_found_and_not_doubled() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.mishaps([Mishap::LostAnswer]);
    let written = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    assert!(written.result.is_ok(), "{written:?}");
    assert_eq!((house.source.creates(), house.source.rows("vendor").len()), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_takes_effect_a_moment_after_its_answer_was_lost_is_not_doubled() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    // Between the first search and the second.
    house.source.mishaps([Mishap::LateEffect(40)]);
    let written = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    assert!(written.result.is_ok(), "{written:?}");
    assert_eq!((house.source.creates(), house.source.rows("vendor").len()), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_certainly_did_not_arrive_is_sent_once_more() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.mishaps([Mishap::LostRequest]);
    let written = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    assert!(written.result.is_ok(), "{written:?}");
    assert_eq!((house.source.creates(), house.source.rows("vendor").len()), (2, 4));
    house.source.mishaps([Mishap::LostRequest, Mishap::LostRequest]);
    let error = node.create(&scope, "vendors", "k2", vendor()).await.unwrap().result.unwrap_err();
    assert_eq!(error.code(), "OUTCOME_UNKNOWN");
    assert_eq!(house.source.creates(), 4, "twice and no more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_again_before_a_search_succeeded_and_recovery_finds_the_record() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.mishaps([Mishap::LostAnswer]);
    house.source.trouble_searches(Some(unreachable));
    let error = node.create(&scope, "vendors", "k1", vendor()).await.unwrap().result.unwrap_err();
    assert_eq!(error.code(), "OUTCOME_UNKNOWN");
    assert_eq!(operation(&node, &scope, &error).await["state"], "unknown");
    let again = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    assert!(again.replayed && again.result.is_err());
    // The system stays down for a while.
    let workers = node.start();
    house.hands.advance(2 * MINUTE);
    let searched = house.source.searches();
    node.wait_for("a search", async || (house.source.searches() > searched).then_some(())).await;
    house.source.trouble_searches(None);
    node.wait_for("succeeded", async || {
        house.hands.advance(2 * MINUTE);
        (operation(&node, &scope, &error).await["state"] == "succeeded").then_some(())
    })
    .await;
    assert_eq!((house.source.creates(), house.source.rows("vendor").len()), (1, 4));
    let replayed = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    assert!(replayed.replayed && replayed.result.unwrap().json.contains("Pumps"));
    let told: Vec<Value> =
        node.events(&scope, "operation.*").await.into_iter().map(|event| event["type"].clone()).collect();
    assert_eq!(told, ["operation.unknown", "operation.succeeded"]);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_while_sending_leaves_one_effect() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.slow_creates(Duration::from_secs(3600));
    house.source.mishaps([Mishap::LostAnswer]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (dying, dying_scope) = (node.engine.clone(), scope.clone());
    runtime.spawn(async move { writes::create(&dying, &dying_scope, "vendors", Some("k1"), vendor(), &[]).await });
    node.wait_for("sending", async || (house.source.creates() == 1).then_some(())).await;
    runtime.shutdown_background();
    // What the dead node sent takes effect.
    house.source.slow_creates(Duration::ZERO);
    let workers = node.start();
    house.hands.advance(5 * MINUTE);
    let written = node.wait_for("settled", async || node.create(&scope, "vendors", "k1", vendor()).await.ok()).await;
    assert!(written.replayed && written.result.is_ok(), "{written:?}");
    assert!(house.source.searches() >= 1, "it searched before it sent");
    assert_eq!(house.source.rows("vendor").len(), 4);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_cannot_be_read_back_is_not_sent_again() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.trouble_reading_back([unreachable as Trouble; 2]);
    let error = node.create(&scope, "vendors", "k1", vendor()).await.unwrap().result.unwrap_err();
    assert_eq!(error.code(), "OUTCOME_UNKNOWN");
    assert!(error.detail().contains("was created"), "{error}");
    assert_eq!(operation(&node, &scope, &error).await["remote_id"], "9003");
    let workers = node.start();
    house.hands.advance(2 * MINUTE);
    node.wait_for("succeeded", async || (operation(&node, &scope, &error).await["state"] == "succeeded").then_some(()))
        .await;
    assert_eq!((house.source.creates(), house.source.searches()), (1, 0));
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_an_outcome_with_the_systems_words_and_is_replayed() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.mishaps([Mishap::Refused(rejected)]);
    let error = node.create(&scope, "vendors", "k1", vendor()).await.unwrap().result.unwrap_err();
    assert_eq!((error.code(), error.status()), ("SYSTEM_REJECTED", 502));
    let said = error.vendor().unwrap();
    assert_eq!((said.code.as_deref(), said.message.as_str()), (Some("PO/17"), "vendor is blocked"));
    let again = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    assert!(again.replayed && again.result == Err(error));
    assert_eq!(house.source.creates(), 1);
    assert_eq!(node.events(&scope, "operation.failed").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_park_the_connection_and_the_next_write_sends_nothing() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    house.source.mishaps([Mishap::Refused(wrong_password)]);
    house.source.trouble_probes(Some(wrong_password));
    let error = node.create(&scope, "vendors", "k1", vendor()).await.unwrap().result.unwrap_err();
    assert_eq!(error.code(), "REAUTHORIZATION_REQUIRED");
    assert_eq!(node.status(&scope).await, "reauthorization_required");
    let next = node.create(&node.again(&scope).await, "vendors", "k2", vendor()).await.unwrap_err();
    assert_eq!(next.code(), "REAUTHORIZATION_REQUIRED");
    assert_eq!(house.source.creates(), 1);
    assert_eq!(node.events(&scope, "connection.reauthorization_required").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_offered_is_refused_plainly() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    let code = |result: Result<writes::Written, ServiceError>| result.unwrap_err().code();
    assert_eq!(code(node.create(&scope, "items", "k", json!({})).await), "UNSUPPORTED_OPERATION");
    assert_eq!(code(node.create(&scope, "assets", "k", json!({})).await), "UNSUPPORTED_OPERATION");
    assert_eq!(code(node.create(&scope, "nonsense", "k", json!({})).await), "NOT_FOUND");
    assert_eq!(code(node.create(&scope, "vendors", "k", json!([])).await), "VALIDATION_FAILED");
    let dry = super::harness::params(&[("dry_run", "true")]);
    assert_eq!(
        code(writes::create(&node.engine, &scope, "vendors", Some("k"), vendor(), &dry).await),
        "UNSUPPORTED_OPERATION"
    );
    assert_eq!(writes::update(&node.engine, &scope, "vendors", "ven_x").code(), "UNSUPPORTED_OPERATION");
    assert_eq!(house.source.creates(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_gets_its_stored_answer_whatever_became_of_the_connection() {
    let house = House::new();
    let (node, scope) = synced(&house).await;
    let first = node.create(&scope, "vendors", "k1", vendor()).await.unwrap();
    let _workers = node.start();
    house.source.trouble_pages([Some(wrong_password as Trouble)]);
    house.source.trouble_probes(Some(wrong_password));
    node.request(&scope, "vendor", "incremental").await;
    node.until_status(&scope, "reauthorization_required").await;
    let parked = node.again(&scope).await;
    let again = node.create(&parked, "vendors", "k1", vendor()).await.unwrap();
    assert!(again.replayed && again.result == first.result);
    let other = node.create(&parked, "vendors", "k1", json!({"nonsense": true})).await.unwrap_err();
    assert_eq!(other.code(), "IDEMPOTENCY_CONFLICT");
    let new = node.create(&parked, "vendors", "k2", vendor()).await.unwrap_err();
    assert_eq!(new.code(), "REAUTHORIZATION_REQUIRED");
}
