//! Lists, single records and events.

use std::collections::BTreeSet;

use serde_json::json;

use crate::acme::Acme;
use crate::answers::get;
use crate::app::{Connected, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn paging_skips_and_repeats_nothing_whatever_comes_in_between() {
    let app = TestApp::start(Acme::with_vendors(120)).await;
    let ours = app.connect().await;
    for sort in ["", "&sort=modified_at", "&sort=-modified_at"] {
        let before = app.acme.count();
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let list = app.send(get(&format!("/api/v1/vendors?limit=7{sort}{cursor}")).token(&ours.token)).await.ok();
            seen.extend(list["data"].as_array().unwrap().iter().map(|record| record["remote_id"].to_string()));
            pages += 1;
            if pages == 3 {
                app.acme.add("Newcomer", &json!({}));
                sync(&app, &ours).await;
            }
            match list["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "repeated with {sort:?}");
        let old: Vec<String> = (1001..1001 + before).map(|id| format!("\"{id}\"")).collect();
        assert!(old.iter().all(|id| distinct.contains(id)), "skipped with {sort:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_found_by_either_id_and_has_its_version_as_etag() {
    let app = TestApp::start(Acme::with_vendors(2)).await;
    let ours = app.connect().await;
    let found = app.send(get("/api/v1/vendors/remote:1002").token(&ours.token)).await;
    assert_eq!(found.ok()["name"], "Vendor 1");
    assert_eq!(found.header("etag"), "\"1\"");
    let path = format!("/api/v1/vendors/{}?include=raw", found.json()["id"].as_str().unwrap());
    let again = app.send(get(&path).token(&ours.token)).await.ok();
    assert_eq!((&again["id"], &again["raw"]["Id"]), (&found.json()["id"], &json!("1002")));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_and_a_long_poll_answers_when_one_comes() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let ours = app.connect().await;
    let all = app.send(get("/api/v1/events?limit=500").token(&ours.token)).await.ok();
    let sequences: Vec<i64> =
        all["data"].as_array().unwrap().iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, (1..=sequences.len() as i64).collect::<Vec<_>>());
    let after = all["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/events?wait=20&types=vendor.created&after={after}");
    let poll = app.send(get(&path).token(&ours.token));
    let change = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        app.acme.add("Newcomer", &json!({}));
        sync(&app, &ours).await;
    };
    let (answer, ()) = tokio::join!(poll, change);
    assert_eq!(answer.ok()["data"][0]["data"]["name"], "Newcomer", "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_records_versions_are_listed_and_each_is_read_at_its_time() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let ours = app.connect().await;
    for name in ["Second", "Third"] {
        app.acme.rename("1002", name);
        sync(&app, &ours).await;
    }
    let ask = async |path: &str| app.send(get(path).token(&ours.token)).await;
    let page = ask("/api/v1/vendors/remote:1002/history?limit=2").await.ok();
    let story: Vec<(i64, &str)> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (version["version"].as_i64().unwrap(), version["data"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(story, [(3, "Third"), (2, "Second")]);
    assert_eq!(page["data"][0]["changes"], json!({"name": {"old": "Second", "new": "Third"}}));
    assert_eq!(page["data"][0]["cause"], "incremental");
    let next = format!("/api/v1/vendors/remote:1002/history?cursor={}", page["next_cursor"].as_str().unwrap());
    let first = ask(&next).await.ok();
    assert_eq!((&first["data"][0]["version"], &first["data"][0]["cause"]), (&json!(1), &json!("initial")));
    assert_eq!((first["data"].as_array().unwrap().len(), &first["next_cursor"]), (1, &json!(null)));

    let at = page["data"][1]["timestamp"].as_str().unwrap();
    let then = ask(&format!("/api/v1/vendors/remote:1002?as_of={at}")).await;
    assert_eq!((then.ok()["name"].as_str(), then.header("etag")), (Some("Second"), "\"2\""));
    let narrow = ask(&format!("/api/v1/vendors/remote:1002?fields=name&as_of={at}")).await.ok();
    assert_eq!(narrow.as_object().unwrap().len(), 2, "{narrow}");
    let before = ask("/api/v1/vendors/remote:1002?as_of=2001-01-01T00:00:00Z").await;
    assert_eq!((before.status, before.json()["code"].as_str()), (404, Some("NOT_FOUND")));
    for (query, pointer) in [
        ("as_of=2999-01-01", "/as_of"),
        ("as_of=yesterday", "/as_of"),
        (&format!("as_of={at}&include=raw"), "/include"),
        (&format!("as_of={at}&live=true"), "/live"),
    ] {
        let refused = ask(&format!("/api/v1/vendors/remote:1002?{query}")).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{query}");
    }
    assert_eq!(ask(&format!("/api/v1/vendors?as_of={at}")).await.status, 400, "not of lists");
    assert_eq!(ask("/api/v1/vendors/remote:9/history").await.status, 404);
}

async fn sync(app: &TestApp, ours: &Connected) {
    let ask = crate::answers::post("/api/v1/syncs").token(&ours.token).json(&json!({"entities": ["vendors"]}));
    let answer = app.send(ask).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    app.wait_for_sync(ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_as_they_came_are_listed_by_the_systems_own_name() {
    let app = TestApp::start(Acme::with_vendors(5)).await;
    let ours = app.connect().await;
    let first = app.send(get("/api/v1/raw/Vendors?limit=3&count=true").token(&ours.token)).await.ok();
    assert_eq!(first["count"], 5);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.send(get(&format!("/api/v1/raw/Vendors?limit=3&cursor={cursor}")).token(&ours.token)).await.ok();
    assert_eq!(second["next_cursor"], json!(null));
    let rows: Vec<_> = [&first, &second].into_iter().flat_map(|page| page["data"].as_array().unwrap()).collect();
    let ids: BTreeSet<_> = rows.iter().map(|row| row["raw"]["Id"].as_str().unwrap()).collect();
    assert_eq!(ids, BTreeSet::from(["1001", "1002", "1003", "1004", "1005"]));
    let found = app.send(get("/api/v1/vendors/remote:1002?include=raw").token(&ours.token)).await.ok();
    let row = rows.iter().find(|row| row["remote_id"] == "1002").unwrap();
    assert_eq!((&row["id"], &row["raw"]), (&found["id"], &found["raw"]));
    assert_eq!(row.get("name"), None, "what we made of it is not shown");

    let named = app.send(get("/api/v1/raw/Vendors?entity=vendor&limit=1").token(&ours.token)).await.ok();
    assert_eq!(named["data"].as_array().unwrap().len(), 1);
    let unknown = app.send(get("/api/v1/raw/Suppliers").token(&ours.token)).await;
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (404, Some("NOT_FOUND")));
    assert!(unknown.json()["detail"].as_str().unwrap().contains("Vendors"), "{}", unknown.json());
    let other = app.send(get("/api/v1/raw/Vendors?entity=item").token(&ours.token)).await;
    assert_eq!(other.status, 404, "{}", other.json());
    let wrong = app.send(get("/api/v1/raw/Vendors?fields=name").token(&ours.token)).await;
    assert_eq!(wrong.status, 400, "{}", wrong.json());
}
