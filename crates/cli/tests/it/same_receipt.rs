//! Goods are received by one body in three systems, whose ways to do it have nothing in common.

use serde_json::{Value, json};

use crate::matrix::cutter::{Asked, Cut, Cutter};
use crate::process::{Api, Server};
use crate::proxy::Proxy;
use crate::tryton::{Tryton, connect, sandbox, skipped, sync_now, synced};

/// The simulators, each with a place for spare parts.
const SIMULATED: [(&str, &str); 2] = [("sap-s4hana", "1010/101A"), ("netsuite", "Cleveland Spares Store")];
/// Where the real one puts goods away.
const STORAGE: &str = "STO";

async fn sent(api: &Api, path: &str, body: &Value, key: &str) -> Value {
    let reply = api.send(reqwest::Method::POST, path, Some(body), Some(key)).await;
    assert_eq!(reply.status, 201, "{path}: {}", reply.body);
    reply.body
}

/// An order of two lines over a spare part that all systems know.
async fn order(api: &Api, key: &str) -> Value {
    let vendor = json!({"name": "Northgate Bearings Ltd", "currency": "USD", "address": {"city": "Pittsburgh", "country": "US"}});
    let vendor = sent(api, "/vendors", &vendor, "vendor").await;
    let line = |quantity: &str| json!({"item_sku": "SP-0001", "quantity": quantity, "unit": "EA", "unit_price": "12.50", "required_on": "2027-01-15"});
    let body = json!({"vendor_id": vendor["id"], "currency": "USD", "lines": [line("10"), line("4")]});
    sent(api, "/purchase-orders", &body, key).await
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

/// What a body says reads back, raises the stock, and is not taken beyond what was ordered. Gives order and receipt.
async fn some_of_a_line(api: &Api, system: &str, place: &str) -> (Value, Value) {
    let order = order(api, "order").await;
    let before = on_hand(api, place).await;
    let body = json!({
        "purchase_order_id": order["id"],
        "lines": [{"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "3", "location_code": place}],
    });
    let receipt = sent(api, "/goods-receipts", &body, "receipt").await;
    assert_eq!((&receipt["status"], &receipt["purchase_order_id"]), (&json!("posted"), &order["id"]), "{system}");
    let [line] = receipt["lines"].as_array().expect("lines").as_slice() else { panic!("{system}: {receipt}") };
    assert_eq!((&line["item_sku"], &line["quantity"], &line["unit"]), (&json!("SP-0001"), &json!("3"), &json!("EA")));
    assert_eq!(line["purchase_order_remote_line_id"], order["lines"][0]["remote_line_id"], "{system}");
    let after = on_hand(api, place).await;
    assert!((after - before - 3.0).abs() < 1e-9, "{system}: {before} {after}");
    // The other line waits still, and so does the rest of this one.
    let line = json!({"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "8", "location_code": place});
    let much = json!({"purchase_order_id": order["id"], "lines": [line]});
    let refused = api.send(reqwest::Method::POST, "/goods-receipts", Some(&much), Some("much")).await;
    assert_eq!((refused.status, &refused.body["code"]), (502, &json!("SYSTEM_REJECTED")), "{system}: {}", refused.body);
    (order, receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_receipt_reads_back_equal_and_raises_the_stock_in_tryton_and_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place) in SIMULATED {
        let (_simulator, api) = sandbox(&server, data.path(), system, 30).await;
        some_of_a_line(&api, system, place).await;
    }
    let Some(tryton) = Tryton::find() else { return skipped("a receipt") };
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let (order, receipt) = some_of_a_line(&api, "tryton", STORAGE).await;
    let theirs = tryton.client("receipts_of", &json!({"id": order["remote_id"]}));
    let line = order["lines"][0]["remote_line_id"].as_str().unwrap();
    let rest = order["lines"][1]["remote_line_id"].as_str().unwrap();
    assert_eq!(
        theirs["shipments"],
        json!([{"id": receipt["remote_id"], "state": "done", "lines": [{"line": line, "quantity": "3", "to": "IN"}],
            "put_away": [{"quantity": "3", "to": STORAGE}]}]),
        "{theirs}"
    );
    // As its own client would have left it: the purchase waits for the rest.
    assert_eq!(
        theirs["waiting"],
        json!([{"line": line, "quantity": "7"}, {"line": rest, "quantity": "4"}]),
        "{theirs}"
    );
}

/// Goods for the order, by the action; gives the receipt.
async fn receive(api: &Api, order: &Value, body: Option<&Value>, key: &str) -> crate::process::Reply {
    let at = format!("/purchase-orders/{}/receive", order["id"].as_str().expect("an id"));
    api.send(reqwest::Method::POST, &at, body, Some(key)).await
}

/// An order is received in part by its action, and then as far as it is open. Gives the order.
async fn line_by_line(server: &Server, api: &Api, system: &str, place: &str) -> Value {
    let own: Value = api.get("/connection").await;
    let said: Value = server
        .api(server.key.as_deref().unwrap())
        .get(&format!("/connections/{}/capabilities", own["id"].as_str().unwrap()))
        .await;
    assert!(said["entities"]["purchase_order"]["actions"].as_array().unwrap().contains(&json!("receive")), "{system}");
    let order = order(api, "order").await;
    let before = on_hand(api, place).await;
    let wrong = json!({"location_code": "nowhere", "lines": [{"position": 7}, {"quantity": "1"}]});
    let refused = receive(api, &order, Some(&wrong), "first").await;
    let pointers: Vec<&Value> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!((refused.status, pointers), (422, vec![&json!("/lines/0/position"), &json!("/lines/1")]), "{system}");
    let nowhere = json!({"location_code": "nowhere", "lines": [{"position": 1}]});
    let refused = receive(api, &order, Some(&nowhere), "first").await;
    assert_eq!(
        (refused.status, &refused.body["errors"][0]["pointer"]),
        (422, &json!("/location_code")),
        "{system}: {}",
        refused.body
    );

    // Nothing of this used up the key.
    let some = json!({"location_code": place, "received_on": null, "lines": [{"position": 2, "quantity": "1"}]});
    let came = receive(api, &order, Some(&some), "first").await;
    assert_eq!(
        (came.status, &came.body["status"], &came.body["purchase_order_id"]),
        (201, &json!("posted"), &order["id"]),
        "{system}: {}",
        came.body
    );
    assert_eq!(came.body["lines"][0]["quantity"], "1", "{system}: {}", came.body);
    let again = receive(api, &order, Some(&some), "first").await;
    assert_eq!((again.status, &again.body["id"]), (201, &came.body["id"]), "{system}");
    assert_eq!(again.headers["idempotency-replayed"], "true");

    let all = json!({"location_code": place});
    let rest = receive(api, &order, Some(&all), "rest").await;
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
    let after = on_hand(api, place).await;
    assert!((after - before - 14.0).abs() < 1e-9, "{system}: {before} {after}");
    // The repeat gives the first answer, though nothing is open any more.
    let again = receive(api, &order, Some(&all), "rest").await;
    assert_eq!((again.status, &again.body["id"]), (201, &rest.body["id"]), "{system}");
    let nothing = receive(api, &order, None, "more").await;
    assert_eq!((nothing.status, &nothing.body["code"]), (409, &json!("CONFLICT")), "{system}: {}", nothing.body);
    let now: Value = api.get(&format!("/purchase-orders/{}", order["id"].as_str().unwrap())).await;
    assert!(now["version"].as_i64() > order["version"].as_i64(), "{system}: {now}");
    let receipts: Value = api.get("/goods-receipts?limit=500").await;
    let ours =
        receipts["data"].as_array().unwrap().iter().filter(|one| one["purchase_order_id"] == order["id"]).count();
    assert_eq!(ours, 2, "{system}");
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_received_line_by_line_and_then_all_that_is_open_in_tryton_and_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place) in SIMULATED {
        let (_simulator, api) = sandbox(&server, data.path(), system, 30).await;
        line_by_line(&server, &api, system, place).await;
    }
    let Some(tryton) = Tryton::find() else { return skipped("receiving an order") };
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let order = line_by_line(&server, &api, "tryton", STORAGE).await;
    let theirs = tryton.client("receipts_of", &json!({"id": order["remote_id"]}));
    assert_eq!((theirs["shipments"].as_array().unwrap().len(), &theirs["waiting"]), (2, &json!([])), "{theirs}");
    let now: Value = api.get(&format!("/purchase-orders/{}", order["id"].as_str().unwrap())).await;
    assert_eq!(now["status"], "received", "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_whose_receipt_was_not_answered_are_received_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, place) in SIMULATED {
        let (simulator, api) = sandbox(&server, data.path(), system, 30).await;
        let order = order(&api, "order").await;
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

/// Each of the calls by which the real system receives goods is done without an answer, one in a receipt each.
#[tokio::test(flavor = "multi_thread")]
async fn goods_whose_receipt_tryton_did_not_answer_are_received_once() {
    let Some(tryton) = Tryton::find() else { return skipped("a receipt without an answer") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let proxy = Proxy::start(&tryton.url).await;
    let cutter = Cutter::start(&proxy.url).await;
    let api = connect(&server, "tryton", tryton.credentials_at(&cutter.url)).await;
    synced(&api).await;
    type Hits = fn(&Asked<'_>) -> bool;
    let cuts: [(&str, Hits); 3] = [
        ("create", |asked| calls(asked, "model.stock.shipment.in.create")),
        ("receive", |asked| calls(asked, "model.stock.shipment.in.receive")),
        ("do", |asked| calls(asked, "model.stock.shipment.in.do")),
    ];
    for (cut, hits) in cuts {
        let order = order(&api, cut).await;
        let before = on_hand(&api, STORAGE).await;
        let fired = cutter.fired();
        cutter.plan(Cut::Answer, (0, 1), hits);
        proxy.forget();
        let body = json!({"location_code": STORAGE, "delivery_note": format!("DN {cut}")});
        let came = receive(&api, &order, Some(&body), &format!("cut-{cut}")).await;
        assert_eq!((came.status, &came.body["status"]), (201, &json!("posted")), "{cut}: {}", came.body);
        assert_eq!(came.body["delivery_note"], body["delivery_note"], "{cut}: {}", came.body);
        assert_eq!(cutter.fired(), fired + 1, "{cut}: nothing was cut");
        let made = proxy.calls("stock.shipment.in.create").len();
        let looked = proxy.calls("stock.shipment.in.search_read");
        let searched = looked.iter().any(|call| call["params"][0].to_string().contains("\"like\""));
        assert_eq!((made, searched), (1, true), "{cut}: {looked:?}");
        let after = on_hand(&api, STORAGE).await;
        assert!((after - before - 14.0).abs() < 1e-9, "{cut}: {before} {after}");
        let theirs = tryton.client("receipts_of", &json!({"id": order["remote_id"]}));
        assert_eq!((theirs["shipments"].as_array().unwrap().len(), &theirs["waiting"]), (1, &json!([])), "{theirs}");
    }
}

/// Whether a request calls that method.
pub(crate) fn calls(asked: &Asked<'_>, method: &str) -> bool {
    let called: Value = serde_json::from_slice(asked.body).unwrap_or_default();
    called["method"] == method
}
