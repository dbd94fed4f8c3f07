//! Traps of SAP's purchase orders, receipts and stock: what one field alone does not say. Each test is named after one.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use trunnion_kit::error::Error;

use super::client::{Client, control, data, newest, raw};
use super::systems::{System, simulated, simulated_without};

const SAP: &str = "sap-s4hana";
const ORDERS: &str = "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV";
const GOODS: &str = "/sap/opu/odata/sap/API_MATERIAL_DOCUMENT_SRV";

async fn older(records: usize) -> (System, Client) {
    let system = simulated_without(SAP, records, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    (system, client)
}

/// An order in SAP's own words, with one item that says what is given beside the usual.
async fn in_saps_words(client: &Client, item: Value) -> String {
    let order = client.order().await;
    let mut whole = json!({
        "PurchaseOrderItem": "10", "Plant": "1010", "Material": order["lines"][0]["item_remote_id"], "OrderQuantity": "3",
        "NetPriceAmount": "20", "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1924992000000)/"}],
    });
    whole.as_object_mut().unwrap().extend(item.as_object().unwrap().clone());
    let body = json!({
        "CompanyCode": "1010", "PurchaseOrderType": "NB", "Supplier": order["vendor_remote_id"], "DocumentCurrency": "EUR",
        "PurchasingOrganization": "1010", "PurchasingGroup": "002", "to_PurchaseOrderItem": [whole],
    });
    let (status, answer) = client.said("POST", &format!("{ORDERS}/A_PurchaseOrder"), &[], Some(body)).await;
    assert_eq!(status, 201, "{answer}");
    answer["d"]["PurchaseOrder"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn sap_a_line_that_is_priced_by_another_unit_than_it_is_ordered_in_has_the_price_of_one_ordered_unit() {
    let system = simulated(SAP, 20).await;
    for _version in [4, 2] {
        let client = Client::new(SAP, &system);
        // Each piece weighs two and a half kilograms; a hundred kilograms cost 20: three pieces are 7.5 kg for 1.5.
        let by_weight = json!({"PurchaseOrderQuantityUnit": "EA", "OrderPriceUnit": "KG", "NetPriceQuantity": "100",
            "OrderPriceUnitToOrderUnitNmrtr": "5", "OrdPriceUnitToOrderUnitDnmntr": "2"});
        let id = in_saps_words(&client, by_weight).await;
        let order = client.one("purchase_order", &id).await;
        let line = &order["lines"][0];
        assert_eq!((&line["unit"], &line["unit_price"], &line["amount"]), (&json!("EA"), &json!("0.5"), &json!("1.5")));
        assert_eq!(order["net_total"], "1.5");
        // A new price is of one piece again.
        let change = json!({"lines": [{"remote_line_id": "00010", "unit_price": "0.75"}]});
        client.update("purchase_order", &id, &change).await.unwrap();
        let line = client.one("purchase_order", &id).await["lines"][0].clone();
        assert_eq!((&line["unit_price"], &line["amount"]), (&json!("0.75"), &json!("2.25")));
        control(&system, "odata_v4?on=false").await;
    }
}

#[tokio::test]
async fn sap_a_piece_is_the_same_unit_in_english_and_as_it_is_called_inside() {
    let (_system, client) = older(20).await;
    for code in ["PC", "ST"] {
        let id = in_saps_words(&client, json!({"PurchaseOrderQuantityUnit": code})).await;
        assert_eq!(client.one("purchase_order", &id).await["lines"][0]["unit"], "PCE", "{code}");
    }
}

#[tokio::test]
async fn sap_a_suppliers_number_may_have_leading_zeros_and_is_the_same_supplier() {
    let (_system, client) = older(20).await;
    let mut order = client.order().await;
    let vendor = order["vendor_remote_id"].as_str().unwrap().to_owned();
    order["vendor_remote_id"] = format!("{vendor:0>10}").into();
    let id = client.create("purchase_order", &order, "ZEROS").await.unwrap();
    assert_eq!(client.one("purchase_order", &id).await["vendor_remote_id"], vendor.as_str());
}

/// The order of the questions by which SAP's own apps tell a status, as far as an order's own fields answer them.
fn told_by_sap(order: &Value) -> &'static str {
    let items = order["to_PurchaseOrderItem"]["results"].as_array().unwrap();
    let is = |item: &Value, name: &str| item[name] == true || item["PurchasingDocumentDeletionCode"] == "L";
    let all = |name: &str| items.iter().all(|item| is(item, name));
    match () {
        () if order["PurchasingDocumentDeletionCode"] != "" || all("PurchasingDocumentDeletionCode") => "cancelled",
        () if order["PurchasingCompletenessStatus"] == true => "draft",
        () if order["PurchasingProcessingStatus"] == "08" => "rejected",
        () if order["ReleaseIsNotCompleted"] == true => "pending_approval",
        () if all("IsCompletelyDelivered") && all("IsFinallyInvoiced") => "closed",
        () if all("IsCompletelyDelivered") => "received",
        () => "approved",
    }
}

#[tokio::test]
async fn sap_a_status_is_told_by_five_fields_in_a_fixed_order_and_by_the_items() {
    let (_system, client) = older(60).await;
    let mut seen = std::collections::BTreeSet::new();
    for order in client.read("purchase_order", None, 100).await {
        let (data, raw) = (data(&order), raw(&order));
        assert_eq!(data["status"], told_by_sap(&raw), "{raw}");
        seen.insert(data["status"].as_str().unwrap().to_owned());
    }
    let all = ["approved", "cancelled", "closed", "draft", "pending_approval", "received", "rejected"];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn sap_there_is_no_total_in_the_header_and_deleted_items_do_not_count() {
    let (_system, client) = older(60).await;
    let number = |value: &Value| trunnion_model::decimal::parse(value.as_str().unwrap()).unwrap();
    let mut with_deleted = 0;
    for order in client.read("purchase_order", None, 100).await.iter().map(data) {
        let lines = order["lines"].as_array().unwrap();
        let kept = lines.iter().filter(|line| line["deleted"] != true);
        let total: trunnion_model::decimal::Decimal = kept.clone().map(|line| number(&line["amount"])).sum();
        assert_eq!(number(&order["net_total"]), total, "{order}");
        with_deleted += usize::from(kept.count() < lines.len());
    }
    assert!(with_deleted > 0, "no order has a deleted item");
}

#[tokio::test]
async fn sap_items_have_no_time_of_change_and_a_changed_item_arrives_with_its_order() {
    let (system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "ITEMS").await.unwrap();
    let since = newest(&client.read("purchase_order", None, 100).await).checked_add(Duration::from_secs(30)).unwrap();
    system.sim.control.move_clock_ahead(Duration::from_secs(60));
    client
        .update("purchase_order", &id, &json!({"lines": [{"remote_line_id": "00010", "quantity": "5"}]}))
        .await
        .unwrap();
    let changed = client.read("purchase_order", Some(since), 100).await;
    assert_eq!(changed.iter().map(|order| order.remote_id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    assert_eq!(data(&changed[0])["lines"][0]["quantity"], "5");
}

#[tokio::test]
async fn sap_an_approved_order_that_becomes_dearer_waits_for_its_release_again() {
    let (system, client) = older(20).await;
    control(&system, "release_strategy?on=true").await;
    let id = client.create("purchase_order", &client.order().await, "DEARER").await.unwrap();
    control(&system, &format!("release_purchase_order?id={id}")).await;
    client.update("purchase_order", &id, &json!({"reference": "cheap"})).await.unwrap();
    assert_eq!(client.one("purchase_order", &id).await["status"], "approved", "what costs nothing needs no release");
    client
        .update("purchase_order", &id, &json!({"lines": [{"remote_line_id": "00010", "unit_price": "13"}]}))
        .await
        .unwrap();
    assert_eq!(client.one("purchase_order", &id).await["status"], "pending_approval");
}

async fn receive(client: &Client, order: &str, line: &str, quantity: &str, key: &str) -> Result<String, Error> {
    let line = json!({"purchase_order_remote_line_id": line, "quantity": quantity});
    client.create("goods_receipt", &json!({"purchase_order_remote_id": order, "lines": [line]}), key).await
}

#[tokio::test]
async fn sap_an_item_of_which_goods_came_cannot_be_deleted() {
    let (_system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "CAME").await.unwrap();
    receive(&client, &id, "00010", "4", "CAME4").await.unwrap();
    let Err(Error::Rejected(message)) = client.act("purchase_order", &id, "cancel").await else { panic!("deleted") };
    assert!(message.text.contains("Item 00010 cannot be deleted"), "{}", message.text);
    assert_eq!(client.one("purchase_order", &id).await["status"], "received");
}

#[tokio::test]
async fn sap_goods_are_not_posted_into_a_closed_period_and_nothing_of_the_document_is() {
    let (_system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "PERIOD").await.unwrap();
    let line = json!({"purchase_order_remote_line_id": "00010", "quantity": "1"});
    let body = json!({"purchase_order_remote_id": id, "received_on": "2020-01-15", "lines": [line]});
    let Err(Error::Rejected(message)) = client.create("goods_receipt", &body, "PERIOD1").await else {
        panic!("posted")
    };
    assert_eq!((message.code.as_deref(), message.field.as_deref()), (Some("M7/053"), Some("PostingDate")));
    let (vendor, spec) = (&client.connector().vendor, client.entity("goods_receipt"));
    assert_eq!(vendor.find_written(&client.link, spec, "PERIOD1").await.unwrap(), None);
}

#[tokio::test]
async fn sap_pieces_with_serial_numbers_are_not_received_without_them_and_nothing_of_the_receipt_is() {
    let (system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "SERIAL").await.unwrap();
    let material = client.one("purchase_order", &id).await["lines"][0]["item_remote_id"].as_str().unwrap().to_owned();
    control(&system, &format!("serialise?material={material}")).await;
    let Err(Error::Rejected(message)) = receive(&client, &id, "00010", "1", "SERIAL1").await else { panic!("posted") };
    assert_eq!(message.code.as_deref(), Some("M7/175"), "{}", message.text);
    let (vendor, spec) = (&client.connector().vendor, client.entity("goods_receipt"));
    assert_eq!(vendor.find_written(&client.link, spec, "SERIAL1").await.unwrap(), None);
    assert_ne!(client.one("purchase_order", &id).await["status"], "received");
}

#[tokio::test]
async fn sap_a_receipt_is_never_changed_and_taken_back_by_another_one_which_is_what_arrives() {
    let (system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "BACK").await.unwrap();
    let receipt = receive(&client, &id, "00010", "4", "BACK4").await.unwrap();
    system.sim.control.move_clock_ahead(Duration::from_secs(3_600));
    let since = client.link.source_now().checked_add(SignedDuration::from_secs(1_800)).unwrap();
    let (year, number) = receipt.split_once('/').unwrap();
    let day = jiff::tz::TimeZone::UTC.to_datetime(client.link.source_now()).date();
    let (year, number, day) = (format!("'{year}'"), format!("'{number}'"), format!("datetime'{day}T00:00:00'"));
    let query = [("MaterialDocumentYear", &*year), ("MaterialDocument", &*number), ("PostingDate", &*day)];
    let (status, answer) = client.said("POST", &format!("{GOODS}/Cancel"), &query, None).await;
    assert_eq!(status, 200, "{answer}");
    let arrived = client.read("goods_receipt", Some(since), 100).await;
    assert_eq!(arrived.len(), 1, "the document that was taken back has no time of change");
    let other = data(&arrived[0]);
    assert_ne!(arrived[0].remote_id, receipt);
    assert_eq!((&other["status"], &other["purchase_order_remote_id"]), (&json!("cancelled"), &json!(id)));
    assert_eq!(client.one("goods_receipt", &receipt).await["status"], "cancelled");
}

#[tokio::test]
async fn sap_the_times_of_partners_and_receipts_are_the_systems_own_and_the_overlap_reaches_back_far_enough() {
    let (system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "ZONE").await.unwrap();
    for minutes in [-600, 330, 720] {
        control(&system, &format!("system_time_zone?minutes={minutes}")).await;
        let receipt = receive(&client, &id, "00010", "1", &format!("ZONE{minutes}")).await.unwrap();
        client.update("vendor", "17300001", &json!({"name": format!("Renamed {minutes}")})).await.unwrap();
        for (entity, wanted) in [("goods_receipt", receipt.as_str()), ("vendor", "17300001")] {
            // As the engine does, from the time of the last run.
            let since = client.link.source_now().checked_sub(client.entity(entity).sync.overlap).unwrap();
            let found = client.read(entity, Some(since), 200).await;
            assert!(found.iter().any(|record| record.remote_id == wanted), "{entity} {minutes}");
        }
    }
}

#[tokio::test]
async fn sap_goods_that_belong_to_others_lie_in_the_same_place_and_are_not_on_hand() {
    let (system, client) = older(1).await;
    let levels = client.read("inventory_level", None, 500).await;
    let level = levels.iter().find(|level| data(level)["on_hand"] != "0").unwrap();
    let [material, plant, location] = level.remote_id.split('/').collect::<Vec<_>>()[..] else { panic!() };
    let query = format!("consign?material={material}&plant={plant}&location={location}&quantity=7000");
    control(&system, &query).await;
    let again = client.read("inventory_level", None, 500).await;
    let again = again.iter().find(|other| other.remote_id == level.remote_id).unwrap();
    assert_eq!(raw(again)["levels"].as_array().unwrap().len(), raw(level)["levels"].as_array().unwrap().len() + 1);
    assert_eq!(data(again), data(level));
}

#[tokio::test]
async fn sap_a_cost_is_the_price_that_the_material_is_valued_by_for_one_unit() {
    let (_system, client) = older(1).await;
    let number = |value: &Value| trunnion_model::decimal::parse(value.as_str().unwrap()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for item in client.read("item", None, 500).await {
        let (data, raw) = (data(&item), raw(&item));
        let Some(valuation) = raw["to_Valuation"]["results"].as_array().and_then(|rows| rows.first()) else { continue };
        let control = valuation["InventoryValuationProcedure"].as_str().unwrap().to_owned();
        let price = &valuation[if control == "S" { "StandardPrice" } else { "MovingAveragePrice" }];
        assert_eq!(number(&data["cost"]) * number(&valuation["PriceUnitQty"]), number(price), "{valuation}");
        seen.insert((control, number(&valuation["PriceUnitQty"]) > trunnion_model::decimal::Decimal::ONE));
    }
    assert!(seen.len() > 1, "all are valued alike: {seen:?}");
}

#[tokio::test]
async fn sap_a_receipt_says_that_its_number_is_an_orders_or_it_would_be_refused() {
    let (system, client) = older(20).await;
    let id = client.create("purchase_order", &client.order().await, "REFTYPE").await.unwrap();
    receive(&client, &id, "00010", "1", "REFTYPE1").await.unwrap();
    let sent = system
        .sim
        .control
        .requests()
        .into_iter()
        .find(|logged| logged.path.contains("MaterialDocumentHeader") && logged.status == 201);
    let mut body: Value = serde_json::from_str(&sent.unwrap().body).unwrap();
    let item = body["to_MaterialDocumentItem"][0].as_object_mut().unwrap();
    assert_eq!(item.remove("GoodsMovementRefDocType"), Some(json!("B")));
    let (status, answer) = client.said("POST", &format!("{GOODS}/A_MaterialDocumentHeader"), &[], Some(body)).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("MM_IM_ODATA_API_MDOC/011")));
}
