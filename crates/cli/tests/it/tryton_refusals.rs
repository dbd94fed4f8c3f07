//! What the real ERP refuses half way leaves nothing behind, and what its users may not do is told as that.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server};
use crate::same_order::create;
use crate::same_stock::own_part;
use crate::tryton::{Tryton, connect, records, skipped, synced, synced_but};

/// Our level of that part in the storage zone.
async fn level(api: &Api, part: &str) -> Value {
    let levels = records(api, "inventory-levels").await;
    levels.into_values().find(|level| level["item_sku"] == part && level["location_code"] == "STO").expect("the level")
}

async fn post(api: &Api, at: &str, body: &Value, key: &str) -> (u16, Value) {
    let reply = api.send(Method::POST, at, Some(body), Some(key)).await;
    (reply.status, reply.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tryton_refuses_to_receive_is_taken_back_and_waits_as_before() {
    let Some(tryton) = Tryton::find() else { return skipped("a refused receipt") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let order = create(&api).await;
    let waiting = tryton.client("receipts_of", &json!({"id": order["remote_id"]}))["waiting"].clone();
    let at = format!("/purchase-orders/{}/receive", order["id"].as_str().unwrap());
    // Tryton warns of a day that is still to come.
    let early = json!({"received_on": "2099-01-01", "lines": [{"position": 1, "quantity": "3"}]});
    let (status, body) = post(&api, &at, &early, "early").await;
    assert_eq!((status, &body["code"]), (502, &json!("SYSTEM_REJECTED")), "{body}");
    assert!(body["vendor"]["message"].as_str().unwrap().contains("future"), "{body}");
    let theirs = tryton.client("receipts_of", &json!({"id": order["remote_id"]}));
    assert_eq!((&theirs["shipments"], theirs["waiting"].as_array().unwrap().len()), (&json!([]), 3), "{theirs}");
    assert_eq!(theirs["waiting"], waiting);
    // A place outside of the warehouse is refused before anything is saved, as are two places for one shipment.
    let lines = json!([{"position": 1, "location_code": "STO"}, {"position": 2, "location_code": "IN"}]);
    let (status, body) = post(&api, &at, &json!({"lines": lines}), "two").await;
    assert_eq!((status, &body["errors"][0]["pointer"]), (502, &json!("/lines/1/location_id")), "{body}");
    let (status, body) = post(&api, &at, &json!({"location_code": "SUP"}), "out").await;
    assert_eq!((status, &body["code"]), (502, &json!("SYSTEM_REJECTED")), "{body}");
    let theirs = tryton.client("receipts_of", &json!({"id": order["remote_id"]}));
    assert_eq!((&theirs["shipments"], &theirs["waiting"]), (&json!([]), &waiting), "{theirs}");
    // Nothing of this is in the way of what really came, the day before.
    let (status, body) = post(&api, &at, &json!({"received_on": "2026-11-24"}), "came").await;
    assert_eq!(
        (status, &body["status"], &body["received_on"]),
        (201, &json!("posted"), &json!("2026-11-24")),
        "{body}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_tryton_has_assigned_to_others_is_not_taken() {
    let Some(tryton) = Tryton::find() else { return skipped("stock that is assigned") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let part = own_part("R");
    tryton.client("stocked", &json!({"sku": part, "unit": "u", "quantity": 10}));
    assert_eq!(tryton.client("reserve", &json!({"sku": part, "quantity": 8})), "assigned");
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let at = format!("/inventory-levels/{}", level(&api, &part).await["id"].as_str().unwrap());
    let (status, body) =
        post(&api, &format!("{at}/adjust"), &json!({"quantity": "-3", "reason": "lost"}), "lost").await;
    assert_eq!((status, &body["code"]), (502, &json!("SYSTEM_REJECTED")), "{body}");
    let to = json!({"quantity": "3", "to_location_code": "IN"});
    let (status, body) = post(&api, &format!("{at}/transfer"), &to, "moved").await;
    assert_eq!((status, &body["code"]), (502, &json!("SYSTEM_REJECTED")), "{body}");
    let left = tryton.client("internal_shipments", &json!({"sku": part}));
    assert_eq!((left.as_array().unwrap().len(), &left[0]["reference"]), (1, &json!("for somebody else")), "{left}");
    let (status, body) =
        post(&api, &format!("{at}/adjust"), &json!({"quantity": "-2", "reason": "lost"}), "less").await;
    assert_eq!((status, &body["on_hand"]), (200, &json!("8")), "{body}");
    let nowhere = json!({"quantity": "1", "to_location_code": "WH"});
    let (status, body) = post(&api, &format!("{at}/transfer"), &nowhere, "house").await;
    assert_eq!((status, &body["code"]), (502, &json!("SYSTEM_REJECTED")), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tryton_storekeeper_receives_counts_and_adjusts_but_makes_no_items() {
    let Some(tryton) = Tryton::find() else { return skipped("a storekeeper's work") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let part = own_part("S");
    tryton.client("stocked", &json!({"sku": part, "unit": "u", "quantity": 10}));
    let buyer = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&buyer).await;
    let order = create(&buyer).await;
    let mut credentials = tryton.right_credentials();
    credentials["username"] = "storekeeper".into();
    let api = connect(&server, "tryton", credentials).await;
    synced_but(&api, &["invoice"]).await;
    let connection: Value = api.get("/connection").await;
    let said = format!("/connections/{}/capabilities", connection["id"].as_str().unwrap());
    let said: Value = server.api(server.key.as_deref().unwrap()).get(&said).await;
    let may = |entity: &str, what: &str| said["entities"][entity]["rights"][what]["allowed"].clone();
    assert_eq!(
        [
            may("goods_receipt", "create"),
            may("inventory_level", "update"),
            may("item", "create"),
            may("item", "update")
        ],
        [json!(true), json!(true), json!(false), json!(false)],
        "{said:#}"
    );
    let at = format!("/purchase-orders/remote:{}/receive", order["remote_id"].as_str().unwrap());
    let (status, body) = post(&api, &at, &json!({}), "receive").await;
    assert_eq!((status, &body["status"]), (201, &json!("posted")), "{body}");
    let at = format!("/inventory-levels/{}", level(&api, &part).await["id"].as_str().unwrap());
    let counted = api.send(Method::PATCH, &at, Some(&json!({"on_hand": "9"})), None).await;
    assert_eq!((counted.status, &counted.body["on_hand"]), (200, &json!("9")), "{}", counted.body);
    let (status, body) =
        post(&api, &format!("{at}/adjust"), &json!({"quantity": "-1", "reason": "lost"}), "lost").await;
    assert_eq!((status, &body["on_hand"]), (200, &json!("8")), "{body}");
    let item = json!({"sku": own_part("N"), "name": "Never made", "unit": "EA"});
    let (status, body) = post(&api, "/items", &item, "item").await;
    assert_eq!((status, &body["code"]), (403, &json!("PERMISSION_DENIED")), "{body}");
}
