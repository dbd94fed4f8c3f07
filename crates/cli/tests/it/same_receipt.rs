//! Goods are received by one body in two systems, whose ways to do it have nothing in common.

use serde_json::{Value, json};

use crate::process::{Api, Server, Simulator};
use crate::tryton::{connect, sync_now, synced};

async fn sent(api: &Api, path: &str, body: &Value, key: &str) -> Value {
    let reply = api.send(reqwest::Method::POST, path, Some(body), Some(key)).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.body);
    reply.body
}

/// An order of two lines over a spare part that both systems know.
async fn order(api: &Api) -> Value {
    let vendor = json!({"name": "Northgate Bearings Ltd", "currency": "USD", "address": {"city": "Pittsburgh", "country": "US"}});
    let vendor = sent(api, "/vendors", &vendor, "vendor").await;
    let line = |quantity: &str| json!({"item_sku": "SP-0001", "quantity": quantity, "unit": "EA", "unit_price": "12.50", "required_on": "2027-01-15"});
    let body = json!({"vendor_id": vendor["id"], "currency": "USD", "lines": [line("10"), line("4")]});
    sent(api, "/purchase-orders", &body, "order").await
}

/// What is on hand of the part at a place.
async fn on_hand(api: &Api, place: &str) -> f64 {
    sync_now(api, "inventory_level").await;
    let places: Value = api.get("/locations?limit=500").await;
    let places = places["data"].as_array().expect("places");
    let place = &places.iter().find(|known| known["code"] == place).expect("the place")["id"];
    let levels: Value = api.get("/inventory-levels?limit=500").await;
    let of_part = |level: &&Value| level["item_sku"] == "SP-0001" && level["location_id"] == *place;
    let level = levels["data"].as_array().expect("levels").iter().find(of_part);
    level.map_or(0.0, |level| level["on_hand"].as_str().expect("a decimal").parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_receipt_reads_back_equal_and_raises_the_stock_in_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place) in [("sap-s4hana", "1010/101A"), ("netsuite", "Cleveland Spares Store")] {
        let simulator = Simulator::start(data.path(), system, 30);
        let api = connect(&server, system, simulator.credentials.clone()).await;
        synced(&api).await;
        let order = order(&api).await;
        let before = on_hand(&api, place).await;
        let body = json!({
            "purchase_order_id": order["id"],
            "lines": [{"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "3", "location_code": place}],
        });
        let receipt = sent(&api, "/goods-receipts", &body, "receipt").await;
        assert_eq!((&receipt["status"], &receipt["purchase_order_id"]), (&json!("posted"), &order["id"]), "{system}");
        let [line] = receipt["lines"].as_array().expect("lines").as_slice() else { panic!("{system}: {receipt}") };
        assert_eq!(
            (&line["item_sku"], &line["quantity"], &line["unit"]),
            (&json!("SP-0001"), &json!("3"), &json!("EA"))
        );
        assert_eq!(line["purchase_order_remote_line_id"], order["lines"][0]["remote_line_id"], "{system}");
        let after = on_hand(&api, place).await;
        assert!((after - before - 3.0).abs() < 1e-9, "{system}: {before} {after}");
        // The other line waits still, and so does the rest of this one.
        let line = json!({"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "8", "location_code": place});
        let much = json!({"purchase_order_id": order["id"], "lines": [line]});
        let refused = api.send(reqwest::Method::POST, "/goods-receipts", Some(&much), Some("much")).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (502, &json!("SYSTEM_REJECTED")),
            "{system}: {}",
            refused.body
        );
    }
}

/// Goods for the order, by the action; gives the receipt.
async fn receive(api: &Api, order: &Value, body: Option<&Value>, key: &str) -> crate::process::Reply {
    let at = format!("/purchase-orders/{}/receive", order["id"].as_str().expect("an id"));
    api.send(reqwest::Method::POST, &at, body, Some(key)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_received_line_by_line_and_then_all_that_is_open_by_the_same_calls_in_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place) in [("sap-s4hana", "1010/101A"), ("netsuite", "Cleveland Spares Store")] {
        let simulator = Simulator::start(data.path(), system, 30);
        let api = connect(&server, system, simulator.credentials.clone()).await;
        synced(&api).await;
        let own: Value = api.get("/connection").await;
        let said: Value = server
            .api(server.key.as_deref().unwrap())
            .get(&format!("/connections/{}/capabilities", own["id"].as_str().unwrap()))
            .await;
        assert!(
            said["entities"]["purchase_order"]["actions"].as_array().unwrap().contains(&json!("receive")),
            "{system}"
        );
        let order = order(&api).await;
        let before = on_hand(&api, place).await;
        let wrong = json!({"location_code": "nowhere", "lines": [{"position": 7}, {"quantity": "1"}]});
        let refused = receive(&api, &order, Some(&wrong), "first").await;
        let pointers: Vec<&Value> =
            refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(
            (refused.status, pointers),
            (422, vec![&json!("/lines/0/position"), &json!("/lines/1")]),
            "{system}"
        );
        let nowhere = json!({"location_code": "nowhere", "lines": [{"position": 1}]});
        let refused = receive(&api, &order, Some(&nowhere), "first").await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["pointer"]),
            (422, &json!("/location_code")),
            "{system}: {}",
            refused.body
        );

        // Nothing of this used up the key.
        let some = json!({"location_code": place, "received_on": null, "lines": [{"position": 2, "quantity": "1"}]});
        let came = receive(&api, &order, Some(&some), "first").await;
        assert_eq!(
            (came.status, &came.body["status"], &came.body["purchase_order_id"]),
            (201, &json!("posted"), &order["id"]),
            "{system}: {}",
            came.body
        );
        assert_eq!(came.body["lines"][0]["quantity"], "1", "{system}: {}", came.body);
        let again = receive(&api, &order, Some(&some), "first").await;
        assert_eq!((again.status, &again.body["id"]), (201, &came.body["id"]), "{system}");
        assert_eq!(again.headers["idempotency-replayed"], "true");

        let all = json!({"location_code": place});
        let rest = receive(&api, &order, Some(&all), "rest").await;
        assert_eq!(rest.status, 201, "{system}: {}", rest.body);
        let came: Vec<(&Value, &Value)> = rest.body["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (&line["purchase_order_remote_line_id"], &line["quantity"]))
            .collect();
        let lines = &order["lines"];
        assert_eq!(
            came,
            [(&lines[0]["remote_line_id"], &json!("10")), (&lines[1]["remote_line_id"], &json!("3"))],
            "{system}"
        );
        let after = on_hand(&api, place).await;
        assert!((after - before - 14.0).abs() < 1e-9, "{system}: {before} {after}");
        // The repeat gives the first answer, though nothing is open any more.
        let again = receive(&api, &order, Some(&all), "rest").await;
        assert_eq!((again.status, &again.body["id"]), (201, &rest.body["id"]), "{system}");
        let nothing = receive(&api, &order, None, "more").await;
        assert_eq!((nothing.status, &nothing.body["code"]), (409, &json!("CONFLICT")), "{system}: {}", nothing.body);
        let now: Value = api.get(&format!("/purchase-orders/{}", order["id"].as_str().unwrap())).await;
        assert!(now["version"].as_i64() > order["version"].as_i64(), "{system}: {now}");
        let receipts: Value = api.get("/goods-receipts?limit=500").await;
        let ours =
            receipts["data"].as_array().unwrap().iter().filter(|one| one["purchase_order_id"] == order["id"]).count();
        assert_eq!(ours, 2, "{system}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_whose_receipt_was_not_answered_are_received_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place) in [("sap-s4hana", "1010/101A"), ("netsuite", "Cleveland Spares Store")] {
        let simulator = Simulator::start(data.path(), system, 30);
        let api = connect(&server, system, simulator.credentials.clone()).await;
        synced(&api).await;
        let order = order(&api).await;
        let before = on_hand(&api, place).await;
        let path = if system == "netsuite" { "transform" } else { "A_MaterialDocumentHeader" };
        simulator.fault(&format!("cut-after:next=1,method=POST,path={path}")).await;
        let came = receive(&api, &order, Some(&json!({"location_code": place})), "cut").await;
        assert_eq!(came.status, 201, "{system}: {}", came.body);
        let searched = |asked: &crate::process::Asked| {
            asked.method == "GET" && (asked.path.contains("itemReceipt/eid") || asked.query.contains("HeaderText"))
        };
        assert!(simulator.requests().await.iter().any(searched), "{system}: nothing was searched for");
        let after = on_hand(&api, place).await;
        assert!((after - before - 14.0).abs() < 1e-9, "{system}: {before} {after}");
    }
}
