//! Lists of records: ids only, in pages, filtered by `q`.

use super::*;

async fn ids(sandbox: &Sandbox, kind: &str, q: &str) -> Vec<String> {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish();
    let answer = sandbox.get(&format!("/record/v1/{kind}?{query}")).await;
    assert_eq!(answer.status, 200, "{q}: {}", answer.body);
    answer.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_shows_ids_and_links_only_in_pages_that_link_to_each_other() {
    let sandbox = Sandbox::new().await;
    let page = sandbox.get("/record/v1/purchaseOrder?limit=60&offset=60").await;
    assert_eq!(page.header("content-type"), "application/vnd.oracle.resource+json; type=collection");
    let page = page.body;
    assert_eq!((&page["count"], &page["offset"], &page["totalResults"]), (&json!(60), &json!(60), &json!(200)));
    assert_eq!(page["hasMore"], true);
    let href = format!("{}/services/rest/record/v1/purchaseOrder", sandbox.sim.url);
    assert_eq!(
        page["items"][0],
        json!({ "id": "20061", "links": [{ "rel": "self", "href": format!("{href}/20061") }] })
    );
    let links: Vec<(&str, &str)> = page["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (link["rel"].as_str().unwrap(), link["href"].as_str().unwrap()))
        .collect();
    let rels: Vec<&str> = links.iter().map(|(rel, _)| *rel).collect();
    assert_eq!(rels, ["first", "prev", "next", "last", "self"]);
    assert_eq!(links[2].1, format!("{href}?limit=60&offset=120"));
    let last = sandbox.get("/record/v1/purchaseOrder?limit=60&offset=180").await.body;
    assert_eq!((&last["count"], &last["hasMore"]), (&json!(20), &json!(false)));
}

#[tokio::test]
async fn limits_and_offsets_that_do_not_fit_are_refused() {
    let sandbox = Sandbox::new().await;
    for (parameters, error) in [
        ("limit=0", "400 INVALID_REQUEST limit"),
        ("limit=1001", "400 INVALID_REQUEST limit"),
        ("limit=x", "400 INVALID_REQUEST limit"),
        ("limit=50&offset=25", "400 INVALID_REQUEST offset"),
        ("limit=1000&offset=100000", "400 INVALID_REQUEST offset"),
        ("page=2", "400 INVALID_REQUEST page"),
    ] {
        assert_eq!(sandbox.get(&format!("/record/v1/vendor?{parameters}")).await.error(), error, "{parameters}");
    }
}

#[tokio::test]
async fn a_list_ends_after_a_hundred_thousand_rows() {
    let sandbox = Sandbox::with(Options { records: 100_500, ..Options::default() }).await;
    let last = sandbox.get("/record/v1/purchaseOrder?limit=1000&offset=99000").await.body;
    assert_eq!(
        (&last["count"], &last["hasMore"], &last["totalResults"]),
        (&json!(1_000), &json!(false), &json!(100_000))
    );
}

#[tokio::test]
async fn the_q_filter_knows_the_operators_and_binds_and_before_or() {
    let sandbox = Sandbox::new().await;
    let all = ids(&sandbox, "vendor", "entityId EMPTY_NOT").await.len();
    assert_eq!(all, 40);
    assert_eq!(ids(&sandbox, "inventoryItem", "itemId IS \"SP-0003\"").await, ["1003"]);
    assert_eq!(ids(&sandbox, "inventoryItem", "itemId START_WITH SP-").await.len(), 12);
    assert_eq!(ids(&sandbox, "inventoryItem", "displayName CONTAIN \"roller bearing\"").await, ["1002"]);
    assert_eq!(ids(&sandbox, "inventoryItem", "id ANY_OF [1001, 1003, 77]").await, ["1001", "1003"]);
    assert_eq!(ids(&sandbox, "inventoryItem", "cost BETWEEN [140, 150]").await, ["1002"]);
    assert_eq!(ids(&sandbox, "vendor", "externalId IS SUP-0008").await, ["109"]);
    assert_eq!(ids(&sandbox, "purchaseOrder", "externalId IS LEGACY-0000020").await, ["20021"]);
    let bound = ids(&sandbox, "inventoryItem", "itemId IS SP-0001 OR itemId START_WITH SP- AND cost GREATER 600").await;
    assert_eq!(bound, ["1001", "1007"]);
    let grouped =
        ids(&sandbox, "inventoryItem", "(itemId IS SP-0001 OR itemId START_WITH SP-) AND cost GREATER 600").await;
    assert_eq!(grouped, ["1007"]);
    let recent = ids(&sandbox, "purchaseOrder", "tranDate ON_OR_AFTER 2/20/2026").await;
    let older = ids(&sandbox, "purchaseOrder", "tranDate BEFORE 2/20/2026").await;
    assert!(!recent.is_empty() && recent.len() + older.len() == 200);
    for wrong in ["tranDate AFTER 2026-02-20", "nope IS 1", "memo", "memo LIKE x", "(memo EMPTY", "memo IS \"x"] {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", wrong).finish();
        let refused = sandbox.get(&format!("/record/v1/purchaseOrder?{query}")).await;
        assert_eq!(refused.error(), "400 INVALID_REQUEST q", "{wrong}");
    }
}
