//! Changes, moves and deletes of records that are there: only what is missing, once, whatever happens on the way.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use trunnion_engine::services::writes;
use trunnion_engine::{Scope, ServiceError};

use super::harness::{House, Node, done, params};
use super::source::{Mishap, rejected};

/// An order of two lines in that state, synced.
async fn order(house: &House, status: &str) -> (Node, Scope) {
    house.source.vendors(2);
    house.source.put("item", "77", json!({"Sku": "BOLT", "Name": "Bolt"}));
    let line = |no: &str, quantity: &str| json!({"No": no, "Item": "77", "Quantity": quantity, "Unit": "PC"});
    let row = json!({"Status": status, "Vendor": "0001", "Currency": "EUR", "Memo": "old",
        "Lines": [line("1", "5"), line("2", "6")]});
    house.source.put("purchase_order", "A1", row);
    let node = house.node().await;
    let scope = node.connect().await;
    let workers = node.start();
    node.until_status(&scope, "online").await;
    node.until_quiet(&scope).await;
    workers.stop(Duration::from_secs(60)).await;
    (node, scope)
}

const ORDER: &str = "remote:A1";

fn record(written: Result<writes::Written, ServiceError>) -> Value {
    let stored = written.unwrap().result.unwrap();
    assert_eq!(stored.status, 200);
    serde_json::from_str(&stored.json).unwrap()
}

async fn patch(node: &Node, scope: &Scope, body: Value) -> Result<writes::Written, ServiceError> {
    node.update(scope, "purchase-orders", ORDER, body, None).await
}

/// The refusal, whether it came before or after the operation began.
fn refusal(written: Result<writes::Written, ServiceError>) -> ServiceError {
    written.and_then(|written| written.result.map(|stored| panic!("{stored:?}"))).unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_sends_what_differs_and_is_read_back_stored_and_told() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    let body = json!({"memo": "new", "currency": "EUR", "vendor_code": "V1",
        "lines": [{"position": 2, "quantity": "7"}, {"item_sku": "BOLT", "quantity": "1"}]});
    let changed = record(patch(&node, &scope, body.clone()).await);
    assert_eq!((&changed["memo"], &changed["version"]), (&json!("new"), &json!(2)));
    let quantities: Vec<&Value> = changed["lines"].as_array().unwrap().iter().map(|line| &line["quantity"]).collect();
    assert_eq!(quantities, ["5", "7", "1"]);
    assert_eq!(house.source.changes(), [r#"update {"Memo":"new"}"#]);
    let told = node.events(&scope, "purchase_order.updated").await;
    assert_eq!((told.len(), &told[0]["previous"]["memo"]), (1, &json!("old")));
    assert_eq!(node.events(&scope, "operation.succeeded").await.len(), 1);
    // A line that is added is added each time; all the rest is there already.
    let again = record(
        patch(&node, &scope, json!({"memo": "new", "lines": [{"remote_line_id": "2", "quantity": "7.0"}]})).await,
    );
    assert_eq!(again["version"], 2);
    assert_eq!(house.source.changes().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_answer_was_lost_is_not_made_again() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    house.source.mishaps([Mishap::LostAnswer]);
    let added = json!({"lines": [{"item_sku": "BOLT", "quantity": "1"}]});
    let changed = record(patch(&node, &scope, added).await);
    assert_eq!((changed["lines"].as_array().unwrap().len(), house.source.changes().len()), (3, 1));
    house.source.mishaps([Mishap::LostRequest]);
    let changed = record(patch(&node, &scope, json!({"memo": "sent twice"})).await);
    assert_eq!((&changed["memo"], house.source.changes().len()), (&json!("sent twice"), 3));
    house.source.mishaps([Mishap::LostRequest, Mishap::LostRequest, Mishap::LostRequest]);
    assert_eq!(refusal(patch(&node, &scope, json!({"memo": "never"})).await).code(), "OUTCOME_UNKNOWN");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_reached_by_as_many_calls_as_it_needs_and_a_cut_way_goes_on() {
    let house = House::new();
    let (node, scope) = order(&house, "D").await;
    house.source.mishaps([Mishap::LostAnswer, Mishap::LostRequest]);
    let closed = record(patch(&node, &scope, json!({"status": "closed", "reference": "R"})).await);
    assert_eq!((&closed["status"], &closed["reference"]), (&json!("closed"), &json!("R")));
    // The fields first; what was lost on the way there is found out by looking.
    assert_eq!(house.source.changes(), [r#"update {"Reference":"R"}"#, "set", "set", "Approve", "Close"]);
    let again = record(patch(&node, &scope, json!({"status": "closed"})).await);
    assert_eq!(again["version"], closed["version"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_illegal_move_is_refused_with_the_legal_ones_named() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    let told = refusal(patch(&node, &scope, json!({"status": "draft"})).await);
    assert_eq!(told.errors()[0].pointer, "/status");
    assert_eq!(told.errors()[0].message, "cannot become `draft`: from `approved` this system can go to closed");
    let act = |action: &'static str| {
        writes::act(&node.engine, &scope, "purchase-orders", (ORDER, action), writes::Manner::default(), &[])
    };
    assert_eq!(refusal(act("cancel").await.map(done)).code(), "VALIDATION_FAILED");
    assert_eq!(refusal(act("dance").await.map(done)).code(), "NOT_FOUND");
    assert_eq!(record(act("close").await.map(done))["status"], "closed");
    let told = refusal(patch(&node, &scope, json!({"memo": "x"})).await);
    assert_eq!(told.errors()[0].message, "cannot be changed while the status is `closed`: it is over");
    assert_eq!(house.source.changes(), ["Close"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_judged_by_what_the_system_says_now() {
    let house = House::new();
    let (node, scope) = order(&house, "C").await;
    let mut row = house.source.rows("purchase_order").remove(0);
    row["Status"] = "O".into();
    house.source.put("purchase_order", "A1", row);
    assert_eq!(record(patch(&node, &scope, json!({"memo": "open again"})).await)["memo"], "open again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_not_the_records_is_refused_and_both_are_named() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    let with = async |version: &str, memo: &str| {
        node.update(&scope, "purchase-orders", ORDER, json!({"memo": memo}), Some(version)).await
    };
    assert_eq!(record(with("\"1\"", "one").await)["version"], 2);
    let stale = refusal(with("\"1\"", "two").await);
    assert_eq!((stale.code(), stale.detail()), ("VERSION_MISMATCH", "The record has version 2, not 1.".to_owned()));
    // Somebody else changed it in the system, and no sync has seen that yet.
    let mut row = house.source.rows("purchase_order").remove(0);
    row["Reference"] = "theirs".into();
    house.source.put("purchase_order", "A1", row);
    let stale = refusal(with("\"2\"", "three").await);
    assert_eq!((stale.code(), stale.detail()), ("VERSION_MISMATCH", "The record has version 3, not 2.".to_owned()));
    assert_eq!(house.source.changes().len(), 1);
    assert_eq!(refusal(with("7", "x").await).errors()[0].pointer, "/If-Match");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_to_one_record_come_one_after_the_other_on_all_nodes() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    let other = house.node().await;
    house.source.slow_creates(Duration::from_millis(15));
    let one = |place: usize| {
        let node = if place.is_multiple_of(2) { &node } else { &other };
        // Each reads the record after the one before was done, so none overwrites another's line.
        patch(node, &scope, json!({"lines": [{"item_sku": "BOLT", "quantity": place.to_string()}]}))
    };
    let all = join_all((1..=6).map(one)).await;
    let mut versions: Vec<i64> = all.into_iter().map(|written| record(written)["version"].as_i64().unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5, 6, 7]);
    assert_eq!(house.source.rows("purchase_order")[0]["Lines"].as_array().unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_between_two_calls_leaves_the_rest_to_another() {
    let house = House::new();
    let (node, scope) = order(&house, "D").await;
    house.source.slow_creates(Duration::from_secs(3600));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (dying, dying_scope) = (node.engine.clone(), scope.clone());
    runtime.spawn(async move {
        let manner = writes::Manner { idempotency_key: Some("k1"), ..writes::Manner::default() };
        writes::update(&dying, &dying_scope, "purchase-orders", ORDER, json!({"status": "closed"}), manner, &[]).await
    });
    node.wait_for("sending", async || (house.source.changes().len() == 1).then_some(())).await;
    runtime.shutdown_background();
    house.source.slow_creates(Duration::ZERO);
    let _workers = node.start();
    house.hands.advance(Duration::from_secs(300));
    let read = async || {
        let manner = writes::Manner { idempotency_key: Some("k1"), ..writes::Manner::default() };
        writes::update(&node.engine, &scope, "purchase-orders", ORDER, json!({"status": "closed"}), manner, &[])
            .await
            .ok()
            .map(done)
    };
    let written = node.wait_for("settled", read).await;
    assert!(written.replayed);
    assert_eq!(record(Ok(written))["status"], "closed");
    // The first call was lost with its node; nothing was made twice that had taken effect.
    assert_eq!(house.source.changes(), ["set", "set", "Approve", "Close"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_deleted_where_the_system_can_and_else_only_by_name() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    let delete = |path: &'static str, id: &'static str, given: &'static [(&str, &str)]| {
        let (node, scope) = (&node, &scope);
        async move {
            writes::delete(&node.engine, scope, path, id, writes::Manner::default(), &params(given)).await.map(done)
        }
    };
    let told = refusal(delete("vendors", "remote:0001", &[]).await);
    assert_eq!(told.code(), "UNSUPPORTED_OPERATION");
    assert!(told.detail().contains("?mode=inactivate"), "{}", told.detail());
    assert_eq!(record(delete("vendors", "remote:0001", &[("mode", "inactivate")]).await)["active"], false);
    assert_eq!(refusal(delete("vendors", "remote:0001", &[("mode", "close")]).await).code(), "UNSUPPORTED_OPERATION");
    house.source.mishaps([Mishap::LostAnswer]);
    let gone = record(delete("purchase-orders", ORDER, &[]).await);
    assert!(!gone["deleted_at"].is_null() && gone["memo"] == "old", "{gone}");
    assert_eq!(house.source.rows("purchase_order"), Vec::<Value>::new());
    assert_eq!(node.events(&scope, "purchase_order.deleted").await.len(), 1);
    assert_eq!(refusal(delete("purchase-orders", ORDER, &[]).await).code(), "CONFLICT");
    assert_eq!(house.source.changes(), ["set", "delete"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_system_refused_is_a_stored_outcome() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    house.source.mishaps([Mishap::Refused(rejected)]);
    let told = refusal(patch(&node, &scope, json!({"memo": "x"})).await);
    assert_eq!((told.code(), told.vendor().unwrap().message.as_str()), ("SYSTEM_REJECTED", "vendor is blocked"));
    assert_eq!(node.events(&scope, "operation.failed").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_prefers_not_to_wait_gets_the_operation() {
    let house = House::new();
    let (node, scope) = order(&house, "O").await;
    let manner = writes::Manner { respond_async: true, idempotency_key: Some("k"), ..writes::Manner::default() };
    let ask = || writes::update(&node.engine, &scope, "purchase-orders", ORDER, json!({"memo": "later"}), manner, &[]);
    let writes::Answer::Accepted(operation) = ask().await.unwrap() else { panic!("not accepted") };
    let events = async || (!node.events(&scope, "operation.succeeded").await.is_empty()).then_some(());
    node.wait_for("done", events).await;
    let writes::Answer::Accepted(same) = ask().await.unwrap() else { panic!("not accepted") };
    assert_eq!((&same["id"], &same["state"]), (&operation["id"], &json!("succeeded")));
}
