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
