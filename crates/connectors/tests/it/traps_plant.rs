//! What is peculiar to stock, receipts and maintenance, and once cost somebody a wrong record.

use serde_json::{Value, json};
use trunnion_kit::error::Error;

use super::client::{Client, control, data};
use super::systems::simulated;

const SAP: &str = "sap-s4hana";
const NETSUITE: &str = "netsuite";

/// An order of two lines, and its lines as they are read back.
async fn ordered(client: &Client) -> (String, Vec<Value>) {
    let mut order = client.order().await;
    order["lines"] = vec![order["lines"][0].clone(); 2].into();
    let id = client.create("purchase_order", &order, "TRAP01").await.unwrap();
    let lines = client.one("purchase_order", &id).await["lines"].as_array().unwrap().clone();
    (id, lines)
}

#[tokio::test]
async fn sap_equipment_that_was_moved_is_one_asset_with_its_current_validity_row() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let before = client.one("asset", "10000001").await;
    control(&system, "reassign_equipment?id=10000001").await;
    let assets = client.read("asset", None, 500).await;
    assert_eq!(assets.len(), 30);
    let after = client.one("asset", "10000001").await;
    assert_ne!(before["cost_center"], after["cost_center"]);
    assert_eq!(after, data(assets.iter().find(|asset| asset.remote_id == "10000001").unwrap()));
}

#[tokio::test]
async fn sap_stock_of_one_place_comes_in_several_rows_and_pages_do_not_cut_a_level_in_two() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let whole: Vec<_> = client.read("inventory_level", None, 500).await.iter().map(data).collect();
    assert!(whole.iter().any(|level| level["quality_hold"] != "0" && level["on_hand"] != "0"));
    for limit in [1, 2, 50] {
        let paged: Vec<_> = client.read("inventory_level", None, limit * 7).await.iter().map(data).collect();
        assert_eq!(paged, whole, "pages of {}", limit * 7);
    }
    control(&system, "page_cap?rows=5").await;
    let capped: Vec<_> = client.read("inventory_level", None, 20).await.iter().map(data).collect();
    assert_eq!(capped, whole);
}

#[tokio::test]
async fn sap_a_goods_receipt_reads_back_with_the_items_that_its_answer_did_not_show() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let (order, lines) = ordered(&client).await;
    let line = json!({"purchase_order_remote_line_id": lines[1]["remote_line_id"], "quantity": "3"});
    let body = json!({"purchase_order_remote_id": order, "delivery_note": "DN-1", "lines": [line]});
    let id = client.create("goods_receipt", &body, "TRAPRECEIPT").await.unwrap();
    let receipt = client.one("goods_receipt", &id).await;
    assert_eq!((&receipt["lines"][0]["quantity"], &receipt["delivery_note"]), (&json!("3"), &json!("DN-1")));
    assert_eq!(receipt["lines"][0]["purchase_order_remote_line_id"], lines[1]["remote_line_id"]);
    assert_eq!(receipt["lines"][0]["location_remote_id"], "S/1010/101A", "from the connection's form");
    assert_eq!(id.split_once('/').map(|(year, _)| year.len()), Some(4), "{id}");
}

#[tokio::test]
async fn sap_more_than_was_ordered_is_refused_in_saps_own_words() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let (order, lines) = ordered(&client).await;
    let line = json!({"purchase_order_remote_line_id": lines[0]["remote_line_id"], "quantity": "5"});
    let body = json!({"purchase_order_remote_id": order, "lines": [line]});
    let refused = client.create("goods_receipt", &body, "TRAPMUCH").await.unwrap_err();
    let Error::Rejected(message) = refused else { panic!("{refused:?}") };
    assert!(message.text.starts_with("PO quantity exceeded by 1 "), "{}", message.text);
}

#[tokio::test]
async fn sap_places_of_all_kinds_form_one_tree() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let places = client.read("location", None, 3).await;
    let ids: Vec<&str> = places.iter().map(|place| place.remote_id.as_str()).collect();
    for place in places.iter().map(data) {
        let parent = place["parent_remote_id"].as_str();
        assert!(parent.is_none_or(|parent| ids.contains(&parent)), "{place}");
    }
    for kind in ["F/", "P/", "S/"] {
        assert!(ids.iter().any(|id| id.starts_with(kind)), "{kind}: {ids:?}");
    }
    for level in client.read("inventory_level", None, 500).await.iter().map(data) {
        assert!(ids.contains(&level["location_remote_id"].as_str().unwrap()), "{level}");
    }
}

#[tokio::test]
async fn netsuite_lines_that_a_receipt_is_not_about_stay_open() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let (order, lines) = ordered(&client).await;
    let key = &lines[1]["remote_line_id"];
    let line = json!({"purchase_order_remote_line_id": key, "quantity": "3", "location_remote_id": "2"});
    let body = json!({"purchase_order_remote_id": order, "lines": [line]});
    let id = client.create("goods_receipt", &body, "trapreceipt").await.unwrap();
    let read = client.one("purchase_order", &order).await;
    let received: Vec<_> = read["lines"].as_array().unwrap().iter().map(|line| &line["quantity_received"]).collect();
    assert_eq!(received, [&json!("0"), &json!("3")]);
    let receipt = client.one("goods_receipt", &id).await;
    assert_eq!(
        (receipt["lines"].as_array().unwrap().len(), &receipt["lines"][0]["purchase_order_remote_line_id"]),
        (1, key)
    );
}

#[tokio::test]
async fn netsuite_a_receipt_that_is_sent_twice_is_refused_the_second_time_and_found_by_its_key() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let (order, lines) = ordered(&client).await;
    let line = json!({"purchase_order_remote_line_id": lines[0]["remote_line_id"], "quantity": "1", "location_remote_id": "2"});
    let body = json!({"purchase_order_remote_id": order, "lines": [line]});
    let id = client.create("goods_receipt", &body, "trapdouble").await.unwrap();
    assert!(matches!(client.create("goods_receipt", &body, "trapdouble").await, Err(Error::Rejected(_))));
    let (connector, entity) = (client.connector(), client.entity("goods_receipt"));
    let found = connector.vendor.find_written(&client.link, entity, "trapdouble").await.unwrap();
    assert_eq!(found, Some(id));
}

#[tokio::test]
async fn netsuite_a_line_that_the_order_does_not_wait_for_is_refused_before_anything_is_made() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let (order, _) = ordered(&client).await;
    let receipts = client.read("goods_receipt", None, 500).await.len();
    let line = json!({"purchase_order_remote_line_id": "1", "quantity": "1"});
    let body = json!({"purchase_order_remote_id": order, "lines": [line]});
    let refused = client.create("goods_receipt", &body, "trapline").await.unwrap_err();
    let Error::Rejected(message) = refused else { panic!("{refused:?}") };
    assert_eq!(message.field.as_deref(), Some("lines.0.purchase_order_remote_line_id"));
    assert_eq!(client.read("goods_receipt", None, 500).await.len(), receipts);
}

/// Sets the stock of a level as a PATCH of `on_hand` would; gives the level before and after.
async fn counted(system: &'static str, wanted: &str) -> (Value, Value) {
    let simulator = simulated(system, 1).await;
    let client = Client::new(system, &simulator);
    let levels = client.read("inventory_level", None, 500).await;
    let id = levels.iter().find(|level| data(level)["on_hand"] != "0").unwrap().remote_id.clone();
    let before = client.one("inventory_level", &id).await;
    client.update("inventory_level", &id, &json!({"on_hand": wanted})).await.unwrap();
    (before, client.one("inventory_level", &id).await)
}

#[tokio::test]
async fn stock_is_set_by_posting_the_difference_and_nothing_else_of_the_level_changes() {
    for system in [SAP, NETSUITE] {
        for wanted in ["1000", "0.5"] {
            let (mut before, mut after) = counted(system, wanted).await;
            assert_eq!(after["on_hand"], wanted, "{system}");
            // What is available follows from what is on hand.
            for level in [&mut before, &mut after] {
                level.as_object_mut().unwrap().retain(|name, _| name != "on_hand" && name != "available");
            }
            assert_eq!(after, before, "{system}");
        }
    }
}

#[tokio::test]
async fn sap_a_work_order_moves_by_saps_functions_and_refuses_what_is_not_next() {
    let system = simulated(SAP, 1).await;
    let client = Client::new(SAP, &system);
    let body = json!({"title": "Replace the seal", "type": "YA01", "asset_remote_id": "10000002"});
    let id = client.create("work_order", &body, "TRAPWORK").await.unwrap();
    let refused = client.act("work_order", &id, "close").await.unwrap_err();
    assert!(matches!(&refused, Error::Rejected(message) if message.text.contains("CRTD")), "{refused:?}");
    for (step, status) in [
        ("schedule", "scheduled"),
        ("release", "in_progress"),
        ("complete", "completed"),
        ("close", "closed"),
        ("open_again", "completed"),
        ("resume", "in_progress"),
    ] {
        client.act("work_order", &id, step).await.unwrap();
        assert_eq!(client.one("work_order", &id).await["status"], status, "{step}");
    }
    client.update("work_order", &id, &json!({"title": "Replace both seals", "priority": "low"})).await.unwrap();
    let changed = client.one("work_order", &id).await;
    assert_eq!((&changed["title"], &changed["priority"]), (&json!("Replace both seals"), &json!("low")));
}
