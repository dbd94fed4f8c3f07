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

async fn sync(app: &TestApp, ours: &Connected) {
    let ask = crate::answers::post("/api/v1/syncs").token(&ours.token).json(&json!({"entities": ["vendors"]}));
    let answer = app.send(ask).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    app.wait_for_sync(ours).await;
}
