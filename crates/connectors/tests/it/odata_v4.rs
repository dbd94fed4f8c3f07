//! Purchase orders over version 4 of OData, where SAP offers them: the same records, and the same writes, as over version 2.

use std::time::Duration;

use serde_json::{Value, json};
use trunnion_kit::error::Error;
use trunnion_model::record::Incoming;

use super::client::{Client, asked, control, newest};
use super::systems::{System, simulated, simulated_without};

const SAP: &str = "sap-s4hana";

/// Two links to one system: the first is offered version 4, the second was made when it was not.
async fn both_ways(records: usize) -> (System, Client, Client) {
    let system = simulated(SAP, records).await;
    control(&system, "odata_v4?on=false").await;
    let older = Client::new(SAP, &system);
    older.read("purchase_order", None, 500).await;
    control(&system, "odata_v4?on=true").await;
    let newer = Client::new(SAP, &system);
    newer.read("purchase_order", None, 500).await;
    system.sim.control.clear_requests();
    (system, newer, older)
}

/// Without what only tells when and how it was read.
fn essence(mut records: Vec<Incoming>) -> Vec<Incoming> {
    for record in &mut records {
        record.volatile.raw_hash = None;
        (record.raw, record.remote_modified_at) = (String::new(), None);
    }
    records
}

fn paths(system: &System, part: &str) -> usize {
    system.sim.control.requests().into_iter().filter(|logged| logged.path.contains(part)).count()
}

#[tokio::test]
async fn the_records_are_the_same_over_either_version() {
    let (system, newer, older) = both_ways(120).await;
    let (over_v4, over_v2) =
        (newer.read("purchase_order", None, 50).await, older.read("purchase_order", None, 50).await);
    assert!(over_v4[0].raw.contains("\"_PurchaseOrderItem\"") && over_v2[0].raw.contains("\"to_PurchaseOrderItem\""));
    let millis = |records: &[Incoming]| -> Vec<i64> {
        records.iter().map(|record| record.remote_modified_at.unwrap() / 1_000).collect()
    };
    assert_eq!(millis(&over_v4), millis(&over_v2), "version 2 shows three digits, version 4 all");
    assert_eq!(over_v4.len(), 120);
    let hashes = |records: &[Incoming]| records.iter().map(Incoming::content_hash).collect::<Vec<_>>();
    assert_eq!(hashes(&over_v4), hashes(&over_v2));
    assert_eq!(essence(over_v4), essence(over_v2));
    assert_eq!((paths(&system, "/odata4/"), paths(&system, "/odata/")), (4, 4), "{:?}", asked(&system));
}

#[tokio::test]
async fn what_changed_lately_is_asked_for_in_either_version() {
    let (system, newer, older) = both_ways(40).await;
    let before = newest(&older.read("purchase_order", None, 500).await);
    system.sim.control.move_clock_ahead(Duration::from_secs(60));
    control(&system, "touch_purchase_order?id=4500000007").await;
    let since = before.checked_add(Duration::from_secs(30)).unwrap();
    let changed = newer.read("purchase_order", Some(since), 500).await;
    assert_eq!(changed.iter().map(|order| order.remote_id.as_str()).collect::<Vec<_>>(), ["4500000007"]);
    assert_eq!(essence(changed), essence(older.read("purchase_order", Some(since), 500).await));
}

#[tokio::test]
async fn pages_that_the_server_cuts_short_are_not_the_end() {
    let (system, newer, _) = both_ways(60).await;
    control(&system, "page_cap?rows=7").await;
    assert_eq!(newer.read("purchase_order", None, 50).await.len(), 60);
}

#[tokio::test]
async fn what_is_offered_is_asked_once_and_not_with_each_page() {
    let system = simulated(SAP, 60).await;
    let client = Client::new(SAP, &system);
    assert_eq!(client.read("purchase_order", None, 20).await.len(), 60);
    assert_eq!(asked(&system), ["200 GET PurchaseOrder"; 5], "one question, three pages and the end");
    let system = simulated_without(SAP, 60, &["odata-v4"]).await;
    let client = Client::new(SAP, &system);
    assert_eq!(client.read("purchase_order", None, 20).await.len(), 60);
    assert_eq!(asked(&system)[0], "404 GET PurchaseOrder");
    assert_eq!(asked(&system)[1..], ["200 GET A_PurchaseOrder"; 4]);
}

#[tokio::test]
async fn a_service_that_is_closed_to_the_user_or_taken_away_leads_back_to_version_2() {
    let system = simulated(SAP, 10).await;
    system.sim.control.add_fault("403:next=1".parse().unwrap());
    let client = Client::new(SAP, &system);
    assert_eq!(client.read("purchase_order", None, 20).await.len(), 10);
    assert_eq!(asked(&system)[1], "200 GET A_PurchaseOrder");

    let client = Client::new(SAP, &system);
    assert_eq!(client.read("purchase_order", None, 20).await.len(), 10);
    control(&system, "odata_v4?on=false").await;
    let window = trunnion_kit::vendor::Window { limit: 20, ..Default::default() };
    let spec = client.entity("purchase_order");
    let refused = client.connector().vendor.page(&client.link, spec, &window).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    assert_eq!(client.read("purchase_order", None, 20).await.len(), 10, "the next try asks what is offered");
}

#[tokio::test]
async fn an_order_is_the_same_whichever_way_it_was_created_and_changed() {
    let (system, newer, older) = both_ways(10).await;
    let mut seen = Vec::new();
    for (client, key) in [(&newer, "written4"), (&older, "written2")] {
        let mut order = client.order().await;
        let mut second = order["lines"][0].clone();
        second["quantity"] = "2.5".into();
        order["lines"].as_array_mut().unwrap().push(second);
        order["ordered_on"] = "2026-12-24".into();
        order["reference"] = "ours".into();
        order["payment_terms"] = "0001".into();
        let id = client.create("purchase_order", &order, key).await.unwrap();
        let vendor = &client.connector().vendor;
        let found = vendor.find_written(&client.link, client.entity("purchase_order"), key).await.unwrap();
        assert_eq!(found.as_deref(), Some(id.as_str()));
        let created = newer.one("purchase_order", &id).await;
        assert_eq!(created, older.one("purchase_order", &id).await);

        let line = |place: usize| created["lines"][place]["remote_line_id"].clone();
        let mut added = order["lines"][0].clone();
        added["required_on"] = "2027-05-05".into();
        let change = json!({
            "reference": null, "vendor_reference": "Q-1",
            "lines": [
                {"remote_line_id": line(0), "quantity": "7", "unit_price": "12.5", "required_on": "2027-04-04"},
                {"remote_line_id": line(1), "closed": true},
                added,
            ],
        });
        client.update("purchase_order", &id, &change).await.unwrap();
        let mut changed = newer.one("purchase_order", &id).await;
        assert_eq!(changed, older.one("purchase_order", &id).await);
        assert_eq!((changed.get("reference"), &changed["vendor_reference"]), (None, &json!("Q-1")));
        assert_eq!(changed["lines"].as_array().unwrap().len(), 3);
        assert_eq!(changed["lines"][0]["required_on"], "2027-04-04");
        changed.as_object_mut().unwrap().remove("number");
        seen.push(changed);

        client.act("purchase_order", &id, "close").await.unwrap();
        assert_eq!(newer.one("purchase_order", &id).await["status"], "closed");
        let other = client.create("purchase_order", &order, &format!("{key}x")).await.unwrap();
        client.act("purchase_order", &other, "cancel").await.unwrap();
        let cancelled = newer.one("purchase_order", &other).await;
        assert_eq!(cancelled["status"], "cancelled");
        assert_eq!(cancelled, older.one("purchase_order", &other).await);
    }
    assert_eq!(seen[0], seen[1]);
    let writes = |part: &str| {
        let logged = system.sim.control.requests().into_iter();
        logged.filter(|logged| logged.path.contains(part) && logged.method != "GET").count()
    };
    // Over version 4 a change of several rows is one request, whatever their number.
    assert_eq!((writes("/odata4/"), writes("/odata/")), (5, 12), "{:?}", asked(&system));
}

/// An order of that many lines over version 4, whose every line is changed and which is then cancelled: the requests of each.
async fn counted(lines: usize) -> (usize, usize) {
    let (system, newer, _) = both_ways(10).await;
    let mut order = newer.order().await;
    order["lines"] = vec![order["lines"][0].clone(); lines].into();
    let id = newer.create("purchase_order", &order, "counted").await.unwrap();
    let before = newer.one("purchase_order", &id).await;
    let each =
        |line: &Value| json!({"remote_line_id": line["remote_line_id"], "quantity": "9", "required_on": "2027-06-01"});
    let change: Vec<Value> = before["lines"].as_array().unwrap().iter().map(each).collect();
    system.sim.control.clear_requests();
    newer.update("purchase_order", &id, &json!({"reference": "all", "lines": change})).await.unwrap();
    // One of them reads the order, as it is before.
    let changed = system.sim.control.requests().len() - 1;
    let read = newer.one("purchase_order", &id).await;
    let as_wanted = |line: &Value| line["quantity"] == "9" && line["required_on"] == "2027-06-01";
    assert!(read["lines"].as_array().unwrap().iter().all(as_wanted) && read["reference"] == "all", "{read}");
    system.sim.control.clear_requests();
    newer.act("purchase_order", &id, "cancel").await.unwrap();
    let cancelled = system.sim.control.requests().len() - 1;
    assert_eq!(newer.one("purchase_order", &id).await["status"], "cancelled");
    (changed, cancelled)
}

#[tokio::test]
async fn a_change_of_several_rows_is_one_request_however_many_they_are() {
    assert_eq!(counted(1).await, (1, 1));
    assert_eq!(counted(5).await, (1, 1));
}

#[tokio::test]
async fn a_change_of_which_one_row_is_refused_changes_no_row_and_tells_which_it_was() {
    let (_system, newer, _) = both_ways(10).await;
    let mut order = newer.order().await;
    order["lines"] = vec![order["lines"][0].clone(); 3].into();
    let id = newer.create("purchase_order", &order, "refused").await.unwrap();
    let before = newer.one("purchase_order", &id).await;
    let change = json!({"reference": "half", "lines": [
        {"remote_line_id": "00010", "quantity": "5"}, {"remote_line_id": "00020", "quantity": "0"}]});
    let refused = newer.update("purchase_order", &id, &change).await.unwrap_err();
    let Error::Rejected(message) = &refused else { panic!("{refused:?}") };
    assert!(message.text.contains("Item 00020: Enter Quantity"), "{}", message.text);
    assert_eq!(newer.one("purchase_order", &id).await, before);
}

#[tokio::test]
async fn a_changeset_whose_answer_was_lost_is_unclear_and_was_done_whole_or_not_at_all() {
    for (fault, quantity) in [("cut-after", "5"), ("cut-mid", "5"), ("cut-before", "4"), ("503", "4")] {
        let (system, newer, _) = both_ways(10).await;
        let mut order = newer.order().await;
        order["lines"] = vec![order["lines"][0].clone(); 3].into();
        let id = newer.create("purchase_order", &order, "lost").await.unwrap();
        let lines = ["00010", "00020", "00030"].map(|line| json!({"remote_line_id": line, "quantity": "5"}));
        system.sim.control.add_fault(format!("{fault}:next=1,path=$batch").parse().unwrap());
        let unclear = newer.update("purchase_order", &id, &json!({"lines": lines})).await.unwrap_err();
        assert!(matches!(unclear, Error::OutcomeUnknown(_)), "{fault}: {unclear:?}");
        let read = newer.one("purchase_order", &id).await;
        assert!(read["lines"].as_array().unwrap().iter().all(|line| line["quantity"] == quantity), "{fault}: {read}");
    }
}

#[tokio::test]
async fn a_service_without_batches_is_changed_row_by_row() {
    for status in [404, 405, 501] {
        let (system, newer, _) = both_ways(10).await;
        let id = newer.create("purchase_order", &newer.order().await, "rows").await.unwrap();
        control(&system, &format!("batches?status={status}")).await;
        let change = json!({"reference": "rows", "lines": [{"remote_line_id": "00010", "quantity": "5"}]});
        newer.update("purchase_order", &id, &change).await.unwrap();
        let read = newer.one("purchase_order", &id).await;
        assert_eq!((&read["reference"], &read["lines"][0]["quantity"]), (&json!("rows"), &json!("5")));
        let patches = asked(&system).iter().filter(|asked| asked.contains(" PATCH ")).count();
        assert_eq!(patches, 2, "{:?}", asked(&system));
    }
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_meanwhile_is_refused() {
    let (system, newer, _) = both_ways(10).await;
    let spec = newer.entity("purchase_order");
    let page = newer.connector().vendor.one(&newer.link, spec, "4500000003").await.unwrap();
    let rows = page.rows().unwrap();
    control(&system, "touch_purchase_order?id=4500000003").await;
    let body = json!({"reference": "late"});
    let setting = |_: &str| None;
    let cx = trunnion_kit::mapping::WriteContext { setting: &setting, write_key: "" };
    let change = trunnion_kit::mapping::to_change(spec, body.as_object().unwrap(), Default::default(), &cx).unwrap();
    let target = trunnion_kit::vendor::Target { remote_id: "4500000003", row: &rows[0] };
    let refused = newer.connector().vendor.update(&newer.link, spec, target, change).await;
    assert!(matches!(refused, Err(Error::Changed(_))), "{refused:?}");
    assert_ne!(newer.one("purchase_order", "4500000003").await.get("reference"), Some(&json!("late")));
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_and_what_is_wrong_with_one_is_told() {
    let (system, newer, _) = both_ways(10).await;
    let mut order = newer.order().await;
    system.sim.control.add_fault("cut-after:next=1,method=POST".parse().unwrap());
    let lost = newer.create("purchase_order", &order, "lost0001").await;
    assert!(matches!(lost, Err(Error::OutcomeUnknown(_))), "{lost:?}");
    let spec = newer.entity("purchase_order");
    let found = newer.connector().vendor.find_written(&newer.link, spec, "lost0001").await.unwrap();
    assert_eq!(found.as_deref(), Some("4500000010"));

    order["vendor_remote_id"] = Value::from("99999999");
    let refused = newer.create("purchase_order", &order, "wrong001").await.unwrap_err();
    let Error::Rejected(message) = refused else { panic!("{refused:?}") };
    assert!(message.text.contains("99999999 does not exist"), "{message:?}");
}

#[tokio::test]
async fn the_keys_of_all_orders_are_listed_over_version_4() {
    let (_system, newer, older) = both_ways(30).await;
    let spec = newer.entity("purchase_order");
    for client in [&newer, &older] {
        let page = client.connector().vendor.keys(&client.link, spec, Some("4500000004"), 5).await.unwrap();
        let keys: Vec<String> = page.rows().unwrap().iter().map(|row| client.key("purchase_order", row)).collect();
        assert_eq!(keys, ["4500000005", "4500000006", "4500000007", "4500000008", "4500000009"]);
    }
}

#[tokio::test]
async fn goods_for_an_order_of_version_4_are_received_over_version_2() {
    let (_system, newer, _) = both_ways(5).await;
    let order = newer.order().await;
    let id = newer.create("purchase_order", &order, "received").await.unwrap();
    let item = newer.one("purchase_order", &id).await["lines"][0].clone();
    let spec = newer.entity("purchase_order");
    let received = async || {
        let page = newer.connector().vendor.one(&newer.link, spec, &id).await.unwrap();
        let rows = page.rows().unwrap();
        let target = trunnion_kit::vendor::Target { remote_id: &id, row: &rows[0] };
        newer.connector().vendor.received(&newer.link, spec, target).await.unwrap()[0].1.to_string()
    };
    assert_eq!(received().await, "0");
    let receipt = json!({
        "purchase_order_remote_id": id,
        "lines": [{
            "purchase_order_remote_line_id": item["remote_line_id"], "quantity": "3",
            "location_remote_id": "S/1010/101A",
        }],
    });
    newer.create("goods_receipt", &receipt, "receipt1").await.unwrap();
    assert_eq!(received().await, "3");
}
