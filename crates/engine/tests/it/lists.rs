//! Reading records: paging, filters, forms; and waiting for events.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_engine::Scope;
use trunnion_engine::services::{capabilities, events, records, schemas, systems};

use super::harness::{House, Node, params};

const MINUTE: Duration = Duration::from_secs(60);

async fn with_vendors(house: &House, count: usize) -> (Node, Scope) {
    house.source.vendors(count);
    let node = house.node().await;
    let scope = node.connect().await;
    let workers = node.start();
    node.until_status(&scope, "online").await;
    node.until_quiet(&scope).await;
    workers.stop(MINUTE).await;
    (node, scope)
}

async fn problems(node: &Node, scope: &Scope, pairs: &[(&str, &str)]) -> Vec<String> {
    let error = records::list(&node.engine, scope, "vendors", &params(pairs)).await.unwrap_err();
    error.errors().iter().map(|error| error.pointer.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_neither_skip_nor_repeat_in_any_order() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 23).await;
    for sort in ["", "modified_at", "-modified_at"] {
        let mut seen: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = node.list(&scope, "vendors", &[("limit", "5"), ("sort", sort), ("cursor", &cursor)]).await;
            seen.extend(
                page["data"].as_array().unwrap().iter().map(|row| row["remote_id"].as_str().unwrap().to_owned()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen.len(), 23, "{sort}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 23, "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_belongs_to_its_list() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 5).await;
    let page = node.list(&scope, "vendors", &[("limit", "2"), ("modified_after", "2026-01-01")]).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert!(!cursor.contains('='));
    let same =
        node.list(&scope, "vendors", &[("limit", "3"), ("modified_after", "2026-01-01"), ("cursor", cursor)]).await;
    assert_eq!(same["data"].as_array().unwrap().len(), 3);
    assert_eq!(problems(&node, &scope, &[("cursor", cursor)]).await, ["/cursor"]);
    assert_eq!(
        problems(&node, &scope, &[("modified_after", "2026-01-01"), ("sort", "modified_at"), ("cursor", cursor)]).await,
        ["/cursor"]
    );
    let given = params(&[("modified_after", "2026-01-01"), ("cursor", cursor)]);
    let other = records::list(&node.engine, &scope, "items", &given).await;
    assert_eq!(other.unwrap_err().code(), "VALIDATION_FAILED");
    assert_eq!(problems(&node, &scope, &[("cursor", "bogus")]).await, ["/cursor"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_wrong_parameters_are_told_at_once() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 0).await;
    let given = [
        ("limit", "501"),
        ("modified_after", "yesterday"),
        ("include_deleted", "yes"),
        ("fields", "name,nmae"),
        ("include", "everything"),
        ("sort", "name"),
        ("colour", "red"),
    ];
    let mut found = problems(&node, &scope, &given).await;
    found.sort();
    assert_eq!(found, ["/colour", "/fields", "/include", "/include_deleted", "/limit", "/modified_after", "/sort"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_found_by_both_ids_and_shown_in_parts_and_raw() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 2).await;
    let get = async |id: &str, pairs: &[(&str, &str)]| {
        records::get(&node.engine, &scope, "vendors", id, &params(pairs)).await
    };
    let found = get("remote:0002", &[("include", "raw")]).await.unwrap();
    let record: Value = serde_json::from_str(&found.json).unwrap();
    assert_eq!((record["code"].as_str(), record["raw"]["Code"].as_str(), found.version), (Some("V2"), Some("V2"), 1));
    let part = get(record["id"].as_str().unwrap(), &[("fields", "name,version")]).await.unwrap();
    let id = &record["id"];
    assert_eq!(part.json, format!(r#"{{"id":{id},"name":"Acme","version":1}}"#));
    for unknown in ["remote:9", "ven_00000000000000000000000000", "nonsense", "po_00000000000000000000000000"] {
        assert_eq!(get(unknown, &[]).await.unwrap_err().code(), "NOT_FOUND", "{unknown}");
    }
    let counted = node.list(&scope, "vendors", &[("count", "true"), ("limit", "1"), ("fields", "code")]).await;
    assert_eq!(counted["count"], 2);
    assert_eq!(counted["data"][0].as_object().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modified_bounds_select_what_changed() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 3).await;
    house.hands.advance(MINUTE);
    house.source.put("vendor", "0002", json!({"Code": "V2", "Name": "Newer"}));
    let workers = node.start();
    node.request(&scope, "vendors", "incremental").await;
    node.until(&scope, "vendor", "idle").await;
    let changed = node.list(&scope, "vendors", &[("modified_after", "2026-01-31T10:00:30Z")]).await;
    assert_eq!(changed["data"].as_array().unwrap().len(), 1);
    assert_eq!(changed["data"][0]["name"], "Newer");
    let old = node.list(&scope, "vendors", &[("modified_before", "2026-01-31T11:00:30+01:00")]).await;
    assert_eq!(old["data"].as_array().unwrap().len(), 2);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_is_answered_when_an_event_comes_and_not_before() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 1).await;
    let all = events::list(&node.engine, &scope, &[]).await.unwrap();
    let all: Value = serde_json::from_str(&all).unwrap();
    let cursor = all["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(all["has_more"], false);
    let (engine, waiting) = (node.engine.clone(), scope.clone());
    let began = tokio::time::Instant::now();
    let poll = tokio::spawn(async move {
        let given = params(&[("after", &cursor), ("types", "vendor.*"), ("wait", "30")]);
        events::list(&engine, &waiting, &given).await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!poll.is_finished());
    house.hands.advance(MINUTE);
    house.source.put("vendor", "0001", json!({"Code": "V1", "Name": "Changed"}));
    let workers = node.start();
    node.request(&scope, "vendor", "incremental").await;
    let page: Value = serde_json::from_str(&poll.await.unwrap().unwrap()).unwrap();
    assert_eq!(page["data"][0]["type"], "vendor.updated");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_catalogue_says_what_each_system_can() {
    let house = House::new();
    let node = house.node().await;
    let [system] = systems::list(&node.engine).try_into().unwrap();
    assert_eq!((system.id.as_str(), system.auth_methods[0].auth.as_str()), ("acme", "basic"));
    assert_eq!(system.auth_methods[0].schema["required"], json!(["auth", "url", "username", "password"]));
    let creates: Vec<(&str, bool)> = system.entities.iter().map(|offer| (offer.path.as_str(), offer.create)).collect();
    assert_eq!(creates, [("purchase-orders", true), ("vendors", true), ("items", false)]);
    let matrix = capabilities::of_system(&node.engine, "acme").unwrap();
    assert_eq!(matrix["entities"]["vendor"]["fields"]["name"]["max_length"], 10);
    assert_eq!(
        matrix["entities"]["purchase_order"]["fields"]["lines"]["fields"]["quantity"]["required_on_create"],
        true
    );
    let order = &matrix["entities"]["purchase_order"];
    assert_eq!((&order["locked_in"], &order["because"]), (&json!(["closed"]), &json!("it is over")));
    assert_eq!(
        (&order["delete"], &order["delete_modes"]),
        (&json!(true), &json!([{"mode": "close", "status": "closed"}]))
    );
    assert_eq!(order["actions"], json!(["close", "approve"]));
    assert_eq!(order["moves"][2], json!({"name": "close", "from": ["approved", "remote:R"], "to": "closed"}));
    let field = |name: &str| (order["fields"][name]["on_create"].clone(), order["fields"][name]["on_update"].clone());
    assert_eq!(field("memo"), (json!(true), json!(true)));
    assert_eq!(field("currency"), (json!(true), json!(false)));
    assert_eq!(order["fields"]["currency"]["why_not"], "only when the record is created");
    assert_eq!(field("status"), (json!(false), json!(true)));
    assert_eq!(systems::get(&node.engine, "other").unwrap_err().code(), "NOT_FOUND");
    assert_eq!(schemas::get("purchase-orders").unwrap(), schemas::get("purchase_order").unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_are_checked_against_the_catalogue_and_belong_to_the_cursor() {
    let house = House::new();
    let (node, scope) = with_vendors(&house, 12).await;
    let found = async |pairs: &[(&str, &str)]| {
        let page = node.list(&scope, "vendors", pairs).await;
        page["data"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&[("filter[code]", "V7")]).await, ["V7"]);
    let mut some = found(&[("filter[code:in]", "V7, V9,V99")]).await;
    some.sort();
    assert_eq!(some, ["V7", "V9"]);
    let any = [("filter[code]", "V7"), ("filter[code:starts_with]", "v1"), ("filter_match", "any")];
    assert_eq!(found(&any).await.len(), 5, "V1, V10, V11, V12 and V7");
    assert_eq!(found(&any[..2]).await.len(), 0, "all must hold");
    let page = node.list(&scope, "vendors", &[("filter[name]", "Acme"), ("limit", "5"), ("count", "true")]).await;
    assert_eq!((page["data"].as_array().unwrap().len(), &page["count"]), (5, &json!(12)));
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(found(&[("filter[name]", "Acme"), ("cursor", cursor)]).await.len(), 7);
    assert_eq!(problems(&node, &scope, &[("filter[name]", "Acme Inc"), ("cursor", cursor)]).await, ["/cursor"]);
    let wrong = [
        ("filter[colour]", "red"),
        ("filter[name:like]", "A"),
        ("filter[active]", "maybe"),
        ("filter[active:gt]", "true"),
        ("filter[address]", "x"),
        ("filter[name]", ""),
        ("filter[name", "x"),
        ("filter_match", "some"),
    ];
    let mut told = problems(&node, &scope, &wrong).await;
    told.sort();
    let mut expected: Vec<String> = wrong.iter().map(|(name, _)| format!("/{name}")).collect();
    expected.sort();
    assert_eq!(told, expected);
}
