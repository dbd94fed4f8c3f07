//! Stock is adjusted by a difference and transferred by one body each in two systems, and never twice. What their documents
//! say is read by clients that others wrote.

use reqwest::Method;
use serde_json::{Value, json};
use trunnion_connectors::netsuite::sim::Options;

use crate::peers::read;
use crate::process::{Api, Reply, Server, Simulator};
use crate::same_change::foretold;
use crate::tryton::{Tryton, connect, sync_now, synced};

const PART: &str = "SP-0003";

/// The level of the part at a place, as our records say.
async fn level(api: &Api, place: &str) -> Value {
    let places: Value = api.get("/locations?limit=500").await;
    let place =
        places["data"].as_array().expect("places").iter().find(|known| known["code"] == place).expect("the place");
    let levels: Value = api.get("/inventory-levels?limit=500").await;
    let is_it = |level: &&Value| level["item_sku"] == PART && level["location_id"] == place["id"];
    levels["data"].as_array().expect("levels").iter().find(is_it).cloned().unwrap_or(Value::Null)
}

fn on_hand(level: &Value) -> f64 {
    level["on_hand"].as_str().map_or(0.0, |text| text.parse().expect("a number"))
}

async fn post(api: &Api, level: &Value, action: &str, body: &Value, key: &str) -> Reply {
    let at = format!("/inventory-levels/{}/{action}", level["id"].as_str().expect("an id"));
    api.send(Method::POST, &at, Some(body), Some(key)).await
}

fn pointers(reply: &Reply) -> Vec<&str> {
    let errors = reply.body["errors"].as_array().into_iter().flatten();
    errors.filter_map(|error| error["pointer"].as_str()).collect()
}

/// The document that the last operation made, as a client of others' sees it: reason and quantity.
async fn document(api: &Api, simulator: &Simulator, system: &str, action: &str, reason: &str) -> Option<(String, f64)> {
    let credential = |name: &str| simulator.credentials[name].as_str().unwrap_or_default().to_owned();
    if system == "sap-s4hana" {
        let (user, password) = (credential("username"), credential("password"));
        let filter = format!("MaterialDocumentItemText eq '{reason}' and IsAutomaticallyCreated eq ''");
        let rows = read(
            "sap_read.py",
            &[
                &simulator.url,
                &user,
                &password,
                "API_MATERIAL_DOCUMENT_SRV",
                "A_MaterialDocumentItem",
                &filter,
                "GoodsMovementType",
                "QuantityInEntryUnit",
            ],
        )?;
        let [row] = rows.as_array().expect("rows").as_slice() else { panic!("{action}: {rows}") };
        return Some((
            row["GoodsMovementType"].as_str()?.to_owned(),
            row["QuantityInEntryUnit"].as_str()?.parse().ok()?,
        ));
    }
    let operations: Value = api.get("/operations?limit=1").await;
    let key = operations["data"][0]["id"].as_str()?.strip_prefix("op_")?.to_owned();
    let kind = if action == "adjust" { "inventoryAdjustment" } else { "inventoryTransfer" };
    let Options { account, tba, .. } = Options::default();
    let path = format!("/record/v1/{kind}/eid:{key}");
    let record = read(
        "netsuite_read.py",
        &[&simulator.url, &account, &tba.consumer_key, &tba.consumer_secret, &tba.token, &tba.token_secret, &path],
    )?;
    assert_eq!(record["memo"], reason, "{record}");
    let [line] = record["inventory"]["items"].as_array().expect("lines").as_slice() else { panic!("{record}") };
    Some((kind.to_owned(), line["adjustQtyBy"].as_f64()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_adjustment_and_transfer_change_the_stock_of_both_simulators_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place, there, kinds) in [
        ("sap-s4hana", "1010/101A", "1010/101B", ["702", "311"]),
        ("netsuite", "Cleveland Spares Store", "Cleveland Plant", ["inventoryAdjustment", "inventoryTransfer"]),
    ] {
        let simulator = Simulator::start(data.path(), system, 30);
        let api = connect(&server, system, simulator.credentials.clone()).await;
        synced(&api).await;
        let own: Value = api.get("/connection").await;
        let said = format!("/connections/{}/capabilities", own["id"].as_str().unwrap());
        let said: Value = server.api(server.key.as_deref().unwrap()).get(&said).await;
        assert_eq!(said["entities"]["inventory_level"]["actions"], json!(["adjust", "transfer"]), "{system}");

        let start = level(&api, place).await;
        let reply =
            post(&api, &start, "adjust", &json!({"quantity": "40", "reason": "found in the yard"}), "found").await;
        assert_eq!(reply.status, 200, "{system}: {}", reply.body);
        assert!((on_hand(&reply.body) - on_hand(&start) - 40.0).abs() < 1e-9, "{system}: {}", reply.body);
        let again =
            post(&api, &start, "adjust", &json!({"quantity": "40", "reason": "found in the yard"}), "found").await;
        assert_eq!((&again.body, &again.headers["idempotency-replayed"]), (&reply.body, &"true".parse().unwrap()));
        let other =
            post(&api, &start, "adjust", &json!({"quantity": "41", "reason": "found in the yard"}), "found").await;
        assert_eq!((other.status, &other.body["code"]), (422, &json!("IDEMPOTENCY_CONFLICT")), "{system}");

        // Without an answer, it is searched for.
        let path = if system == "netsuite" { "inventoryAdjustment" } else { "A_MaterialDocumentHeader" };
        let method = if system == "netsuite" { "PUT" } else { "POST" };
        simulator.fault(&format!("cut-after:next=1,method={method},path={path}")).await;
        let less = post(&api, &start, "adjust", &json!({"quantity": "-2.5", "reason": "broken"}), "broken").await;
        assert_eq!(less.status, 200, "{system}: {}", less.body);
        assert!((on_hand(&less.body) - on_hand(&start) - 37.5).abs() < 1e-9, "{system}: {}", less.body);
        let wanted = if system == "netsuite" { -2.5 } else { 2.5 };
        if let Some(seen) = document(&api, &simulator, system, "adjust", "broken").await {
            assert_eq!(seen, (kinds[0].to_owned(), wanted), "{system}");
        }

        let before = level(&api, there).await;
        let body = json!({"to_location_code": there, "quantity": "30", "reason": "for the line"});
        let path = if system == "netsuite" { "inventoryTransfer" } else { path };
        simulator.fault(&format!("cut-after:next=1,method={method},path={path}")).await;
        let moved = post(&api, &start, "transfer", &body, "moved").await;
        assert_eq!(moved.status, 200, "{system}: {}", moved.body);
        assert!((on_hand(&moved.body) - on_hand(&start) - 7.5).abs() < 1e-9, "{system}: {}", moved.body);
        // The other side is known too, before any sync.
        let after = level(&api, there).await;
        assert!((on_hand(&after) - on_hand(&before) - 30.0).abs() < 1e-9, "{system}: {before} {after}");
        if let Some(seen) = document(&api, &simulator, system, "transfer", "for the line").await {
            assert_eq!(seen, (kinds[1].to_owned(), 30.0), "{system}");
        }
        let run = sync_now(&api, "inventory_level").await;
        assert_eq!(
            (&run["created"], &run["updated"], &run["deleted"]),
            (&json!(0), &json!(0), &json!(0)),
            "{system}: {run}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_posted_is_refused_by_the_same_words_and_nothing_is_sent() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place, there) in
        [("sap-s4hana", "1010/101A", "1010/101B"), ("netsuite", "Cleveland Spares Store", "Cleveland Plant")]
    {
        let simulator = Simulator::start(data.path(), system, 30);
        let api = connect(&server, system, simulator.credentials.clone()).await;
        synced(&api).await;
        let start = level(&api, place).await;
        let some = post(&api, &start, "adjust", &json!({"quantity": "5", "reason": "found"}), "some").await;
        assert_eq!(some.status, 200, "{system}: {}", some.body);
        for (action, body, wrong) in [
            ("adjust", json!({"quantity": "0"}), vec!["/quantity", "/reason"]),
            ("adjust", json!({"quantity": 2, "reason": "x".repeat(1_000)}), vec!["/quantity", "/reason"]),
            (
                "adjust",
                json!({"quantity": "-1000000", "reason": "r", "to_location_code": there}),
                vec!["/quantity", "/to_location_code"],
            ),
            ("transfer", json!({"quantity": "-1"}), vec!["/quantity", "/to_location_id"]),
            (
                "transfer",
                json!({"quantity": "1000000", "to_location_code": "nowhere"}),
                vec!["/quantity", "/to_location_code"],
            ),
            ("transfer", json!({"quantity": "1", "to_location_code": place}), vec!["/to_location_id"]),
        ] {
            let reply = post(&api, &start, action, &body, "wrong").await;
            assert_eq!((reply.status, pointers(&reply)), (422, wrong), "{system} {action} {body}: {}", reply.body);
        }
        let keyless = format!("/inventory-levels/{}/adjust", start["id"].as_str().unwrap());
        let body = json!({"quantity": "1", "reason": "r"});
        let reply = api.send(Method::POST, &keyless, Some(&body), None).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!("VALIDATION_FAILED")), "{system}: {}", reply.body);
        let sync = sync_now(&api, "inventory_level").await;
        assert_eq!(sync["updated"], 0, "{system}: {sync}");

        foretold(&api, &simulator, Method::POST, &keyless, Some(&body)).await;
        let transfer = json!({"quantity": "1", "to_location_code": there});
        let path = format!("/inventory-levels/{}/transfer", start["id"].as_str().unwrap());
        foretold(&api, &simulator, Method::POST, &path, Some(&transfer)).await;
    }
    let Some(tryton) = Tryton::find() else {
        eprintln!("skipped: the real ERP was not started");
        return;
    };
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let levels: Value = api.get("/inventory-levels?limit=1").await;
    let reply = post(&api, &levels["data"][0], "adjust", &json!({"quantity": "1", "reason": "r"}), "no").await;
    assert_eq!((reply.status, &reply.body["code"]), (422, &json!("UNSUPPORTED_OPERATION")), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_of_which_nothing_is_left_is_gone_where_the_system_shows_it_no_more() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place, there, gone) in [
        ("sap-s4hana", "1010/101A", "1010/101B", true),
        ("netsuite", "Cleveland Spares Store", "Cleveland Plant", false),
    ] {
        let simulator = Simulator::start(data.path(), system, 30);
        let api = connect(&server, system, simulator.credentials.clone()).await;
        synced(&api).await;
        let start = level(&api, place).await;
        let more = post(&api, &start, "adjust", &json!({"quantity": "5", "reason": "found"}), "more").await;
        let all = json!({"to_location_code": there, "quantity": more.body["on_hand"]});
        let reply = post(&api, &start, "transfer", &all, "all").await;
        assert_eq!(reply.status, 200, "{system}: {}", reply.body);
        // In SAP other kinds of stock may be left there.
        let left = reply.body["deleted_at"].is_null();
        assert!(left || gone, "{system}: {}", reply.body);
        if left {
            assert_eq!(reply.body["on_hand"], "0", "{system}: {}", reply.body);
        }
        let other = level(&api, there).await;
        let at = format!("/inventory-levels/{}", other["id"].as_str().unwrap());
        let none = api.send(Method::PATCH, &at, Some(&json!({"on_hand": "0"})), None).await;
        assert_eq!(none.status, 200, "{system}: {}", none.body);
        assert!(none.body["on_hand"] == "0" || (gone && !none.body["deleted_at"].is_null()), "{system}: {}", none.body);
    }
}
