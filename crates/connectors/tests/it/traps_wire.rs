//! Traps of the wire: what a system writes, keeps or leaves out otherwise than one would think. Each test is named after one.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_kit::error::Error;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::protocol::suitetalk;
use trunnion_model::record::Incoming;

use super::client::{Client, asked, data, newest, raw};
use super::systems::{simulated, simulated_without};

const SAP: &str = "sap-s4hana";
const NETSUITE: &str = "netsuite";

async fn whole(client: &Client, entity: &str, remote_id: &str) -> Incoming {
    client.read(entity, None, 500).await.into_iter().find(|record| record.remote_id == remote_id).unwrap()
}

#[tokio::test]
async fn sap_a_partner_that_was_never_changed_has_no_time_of_change_and_arrives_all_the_same() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    client.probe().await;
    let before = client.link.source_now();
    let address = json!({"line1": "8 Foundry Road", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
    let vendor = json!({"name": "Never Changed Ltd", "currency": "USD", "address": address});
    let id = client.create("vendor", &vendor, "NEVER1").await.unwrap();
    let found = client.read("vendor", Some(before), 500).await;
    let new = found.iter().find(|vendor| vendor.remote_id == id).expect("the new partner is among what changed since");
    assert_eq!(raw(new)["LastChangeDate"], Value::Null, "a new partner has a time of change");
}

#[tokio::test]
async fn sap_the_time_of_change_is_shown_shorter_than_it_is_stored_and_the_newest_change_is_not_lost() {
    let system = simulated_without(SAP, 40, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let all = client.read("purchase_order", None, 500).await;
    let newest = newest(&all);
    let again = client.read("purchase_order", Some(newest), 500).await;
    let ids: Vec<&str> = again.iter().map(|order| order.remote_id.as_str()).collect();
    let wanted: Vec<&str> = all
        .iter()
        .filter(|order| order.remote_modified_at == Some(newest.as_microsecond()))
        .map(|order| order.remote_id.as_str())
        .collect();
    assert!(!wanted.is_empty() && wanted.iter().all(|id| ids.contains(id)), "{wanted:?} of {ids:?}");
}

#[tokio::test]
async fn sap_a_text_that_is_stored_in_capitals_reads_back_in_capitals_and_is_no_second_change() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let id = client.create("purchase_order", &client.order().await, "CAPITALS").await.unwrap();
    client.update("purchase_order", &id, &json!({"vendor_reference": "quo-17"})).await.unwrap();
    let first = whole(&client, "purchase_order", &id).await;
    assert_eq!(data(&first)["vendor_reference"], "QUO-17");
    client.update("purchase_order", &id, &json!({"vendor_reference": "Quo-17"})).await.unwrap();
    assert_eq!(whole(&client, "purchase_order", &id).await.content_hash(), first.content_hash());
}

#[tokio::test]
async fn sap_an_order_whose_items_are_all_deleted_is_cancelled_although_its_header_says_nothing() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let id = client.create("purchase_order", &client.order().await, "CANCELLED").await.unwrap();
    client.act("purchase_order", &id, "cancel").await.unwrap();
    let order = whole(&client, "purchase_order", &id).await;
    assert_eq!(raw(&order)["PurchasingDocumentDeletionCode"], "", "the header says it");
    assert_eq!(raw(&order)["to_PurchaseOrderItem"]["results"][0]["PurchasingDocumentDeletionCode"], "L");
    assert_eq!(data(&order)["status"], "cancelled");
}

#[tokio::test]
async fn sap_a_day_is_written_as_milliseconds_and_stays_the_day_that_it_is() {
    let system = simulated_without(SAP, 20, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let mut order = client.order().await;
    for (day, key) in [("2027-01-01", "NEWYEAR"), ("2028-02-29", "LEAPDAY"), ("2026-12-31", "LASTDAY")] {
        order["ordered_on"] = day.into();
        order["lines"][0]["required_on"] = day.into();
        let id = client.create("purchase_order", &order, key).await.unwrap();
        let read = whole(&client, "purchase_order", &id).await;
        assert!(raw(&read)["PurchaseOrderDate"].as_str().unwrap().starts_with("/Date("));
        assert_eq!((&data(&read)["ordered_on"], &data(&read)["lines"][0]["required_on"]), (&json!(day), &json!(day)));
    }
}

#[tokio::test]
async fn sap_amounts_have_three_decimals_in_metadata_whatever_the_currency_and_none_of_it_is_shown() {
    let system = simulated_without(SAP, 200, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    let orders = client.read("purchase_order", None, 500).await;
    let yen: Vec<&Incoming> = orders.iter().filter(|order| data(order)["currency"] == "JPY").collect();
    assert!(!yen.is_empty(), "no order is in a currency without decimals");
    for order in yen {
        let row = raw(order);
        let price = &row["to_PurchaseOrderItem"]["results"][0]["NetPriceAmount"];
        assert!(price.as_str().unwrap().contains('.'), "{price}");
        let shown = data(order)["lines"][0]["amount"].as_str().unwrap().to_owned();
        assert!(!shown.ends_with(".000") && !shown.contains("e"), "{shown}");
    }
}

#[tokio::test]
async fn sap_line_numbers_are_texts_with_leading_zeros_and_a_line_is_found_by_them() {
    let system = simulated(SAP, 20).await;
    let client = Client::new(SAP, &system);
    let id = client.create("purchase_order", &client.order().await, "ZEROS").await.unwrap();
    assert_eq!(client.one("purchase_order", &id).await["lines"][0]["remote_line_id"], "00010");
    let change = json!({"lines": [{"remote_line_id": "00010", "quantity": "7"}]});
    client.update("purchase_order", &id, &change).await.unwrap();
    let lines = client.one("purchase_order", &id).await["lines"].clone();
    assert_eq!((lines.as_array().unwrap().len(), &lines[0]["quantity"]), (1, &json!("7")));
}

#[tokio::test]
async fn netsuite_a_misspelled_field_would_be_ignored_in_silence_and_is_refused() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let vendor = client.read("vendor", None, 10).await[0].remote_id.clone();
    let body = Object::from_iter([
        ("entity".into(), Node::Object(Object::from_iter([("id".into(), Node::text(vendor))]))),
        ("meno".into(), Node::text("misspelled")),
    ]);
    let refused = suitetalk::post(&client.link, "purchaseOrder", &Node::Object(body)).await.unwrap_err();
    assert!(matches!(&refused, Error::Rejected(message) if message.text.contains("meno")), "{refused:?}");
    assert_eq!(client.read("purchase_order", None, 50).await.len(), 20);
}

#[tokio::test]
async fn netsuite_a_change_of_stock_does_not_touch_the_item_and_the_level_has_it() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let items = client.read("item", None, 500).await;
    let level = client.read("inventory_level", None, 500).await.remove(0);
    system.sim.control.move_clock_ahead(Duration::from_secs(60));
    client.update("inventory_level", &level.remote_id, &json!({"on_hand": "4711"})).await.unwrap();
    let since = newest(&items).checked_add(Duration::from_secs(1)).unwrap();
    assert_eq!(client.read("item", Some(since), 500).await, Vec::<Incoming>::new(), "the item was touched");
    let levels = client.read("inventory_level", None, 500).await;
    let now = levels.iter().find(|one| one.remote_id == level.remote_id).unwrap();
    assert_eq!(data(now)["on_hand"], "4711");
}

#[tokio::test]
async fn netsuite_a_line_without_its_key_would_be_appended_and_a_change_that_is_sent_twice_appends_none() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    let id = client.create("purchase_order", &client.order().await, "lines001").await.unwrap();
    let line = client.one("purchase_order", &id).await["lines"][0]["remote_line_id"].clone();
    let change = json!({"lines": [{"remote_line_id": line, "quantity": "9"}]});
    for _ in 0..2 {
        client.update("purchase_order", &id, &change).await.unwrap();
    }
    let lines = client.one("purchase_order", &id).await["lines"].clone();
    assert_eq!((lines.as_array().unwrap().len(), &lines[0]["quantity"]), (1, &json!("9")));
}

#[tokio::test]
async fn netsuite_a_pool_that_is_full_answers_bad_request_with_429_and_is_waited_for() {
    let system = simulated(NETSUITE, 20).await;
    let client = Client::new(NETSUITE, &system);
    client.probe().await;
    system.sim.control.clear_requests();
    system.sim.control.add_fault("429:next=2".parse().unwrap());
    assert_eq!(client.read("purchase_order", None, 50).await.len(), 20);
    let refused = asked(&system).iter().filter(|request| request.starts_with("429")).count();
    assert_eq!(refused, 2, "{:?}", asked(&system));
}
