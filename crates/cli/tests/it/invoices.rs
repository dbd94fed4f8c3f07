//! Invoices are read, add up, lead to their orders, and are read again when something becomes of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server};
use crate::tryton::{Tryton, connect, records, sandbox, skipped, sync_now, synced};

/// A decimal as it is written, in millionths.
fn millionths(value: &Value) -> i128 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no decimal"));
    let (whole, fraction) = text.trim_start_matches('-').split_once('.').unwrap_or((text.trim_start_matches('-'), ""));
    let all: i128 = format!("{whole}{fraction:0<6}").parse().unwrap();
    if text.starts_with('-') { -all } else { all }
}

/// Sums, and references to what is there. How many lines are for an order.
async fn add_up(api: &Api, system: &str) -> usize {
    let (invoices, orders) = (records(api, "invoices").await, records(api, "purchase-orders").await);
    assert!(!invoices.is_empty(), "{system}");
    let mut for_orders = 0;
    for invoice in invoices.values() {
        let (net, tax) = (millionths(&invoice["net_total"]), millionths(&invoice["tax_total"]));
        assert_eq!(net + tax, millionths(&invoice["gross_total"]), "{system}: {invoice}");
        let lines = invoice["lines"].as_array().unwrap();
        let sum: i128 = lines.iter().map(|line| millionths(&line["amount"])).sum();
        assert_eq!(sum, net, "{system}: {invoice}");
        for line in lines {
            let Some(order) = line["purchase_order_remote_id"].as_str() else { continue };
            let order = orders.get(order).unwrap_or_else(|| panic!("{system}: no order for {line}"));
            assert_eq!(line["purchase_order_id"], order["id"]);
            let there = order["lines"].as_array().unwrap().iter();
            let mut there = there.filter(|one| one["remote_line_id"] == line["purchase_order_remote_line_id"]);
            assert!(there.next().is_some(), "{system}: no line for {line}");
            for_orders += 1;
        }
    }
    for_orders
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_add_up_and_lead_to_their_orders_in_tryton_and_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in ["sap-s4hana", "netsuite"] {
        let (_simulator, api) = sandbox(&server, data.path(), system, 60).await;
        assert!(add_up(&api, system).await > 10, "{system}");
        // Nothing of it is changed by hand here.
        let invoice = json!({"vendor_code": "x", "currency": "USD", "lines": []});
        let refused = api.send(Method::POST, "/invoices", Some(&invoice), Some("invoice")).await;
        assert_eq!((refused.status, &refused.body["code"]), (422, &json!("UNSUPPORTED_OPERATION")), "{}", refused.body);
    }
    let Some(tryton) = Tryton::find() else { return skipped("the invoices of the real ERP") };
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    assert!(add_up(&api, "tryton").await > 0);
}

async fn call(api: &Api, function: &str, invoice: &Value, more: &[(&str, &str)]) -> Value {
    let (number, year) = invoice["remote_id"].as_str().unwrap().split_once('/').unwrap();
    let mut query = json!({"SupplierInvoice": format!("'{number}'"), "FiscalYear": format!("'{year}'")});
    for (name, value) in more {
        query[*name] = (*value).into();
    }
    let path = format!("/sap/opu/odata/sap/API_SUPPLIERINVOICE_PROCESS_SRV/{function}");
    let ask = json!({"method": "POST", "path": path, "query": query});
    let reply = api.send(Method::POST, "/passthrough", Some(&ask), None).await;
    assert_eq!((reply.status, &reply.body["status"]), (200, &json!(200)), "{}", reply.body);
    reply.body["body"]["d"][function].clone()
}

/// Invoices have no time of change: what is not posted yet, and what was taken back, is read each time.
#[tokio::test(flavor = "multi_thread")]
async fn sap_an_invoice_that_is_posted_and_taken_back_is_seen_each_time() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (_simulator, api) = sandbox(&server, data.path(), "sap-s4hana", 60).await;
    let all = records(&api, "invoices").await;
    let parked = all.values().find(|invoice| invoice["status"] == "draft").unwrap();
    let at = format!("/invoices/{}", parked["id"].as_str().unwrap());
    assert_eq!(call(&api, "Post", parked, &[]).await, json!({"Success": true}));
    let run = sync_now(&api, "invoice").await;
    assert_eq!((&run["updated"], &run["created"]), (&json!(1), &json!(0)), "{run}");
    assert!(run["seen"].as_u64().unwrap() < all.len() as u64, "what is settled is not read again: {run}");
    let now: Value = api.get(&at).await;
    assert_eq!(now["status"], "posted");

    let today = trunnion_model::time::Clock::system().now().to_string();
    let today = format!("datetime'{}T00:00:00'", &today[..10]);
    let cancelled = call(&api, "Cancel", parked, &[("PostingDate", &today), ("ReversalReason", "'01'")]).await;
    assert_eq!(cancelled["Success"], true, "{cancelled}");
    let run = sync_now(&api, "invoice").await;
    assert_eq!((&run["updated"], &run["created"]), (&json!(1), &json!(1)), "{run}");
    let now: Value = api.get(&at).await;
    assert_eq!(now["status"], "cancelled");
    let back =
        format!("{}%2F{}", cancelled["ReverseDocument"].as_str().unwrap(), cancelled["FiscalYear"].as_str().unwrap());
    let back: Value = api.get(&format!("/invoices/remote:{back}")).await;
    assert_eq!((&back["status"], &back["type"]), (&json!("cancelled"), &json!("credit_note")));
}

#[tokio::test(flavor = "multi_thread")]
async fn netsuite_a_bill_that_is_changed_or_deleted_is_seen_by_the_next_sync() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (_simulator, api) = sandbox(&server, data.path(), "netsuite", 40).await;
    let all = records(&api, "invoices").await;
    let mut ids = all.keys();
    let (changed, deleted) = (ids.next().unwrap(), ids.next().unwrap());
    let path = |id: &str| format!("/services/rest/record/v1/vendorBill/{id}");
    for ask in [
        json!({"method": "PATCH", "path": path(changed), "body": {"memo": "Disputed", "paymentHold": true}}),
        json!({"method": "DELETE", "path": path(deleted)}),
    ] {
        let reply = api.send(Method::POST, "/passthrough", Some(&ask), None).await;
        assert_eq!((reply.status, &reply.body["status"]), (200, &json!(204)), "{}", reply.body);
    }
    sync_now(&api, "invoice").await;
    let now: Value = api.get(&format!("/invoices/remote:{changed}")).await;
    assert_eq!((&now["memo"], &now["payment_blocked"]), (&json!("Disputed"), &json!(true)));
    let gone: Value = api.get(&format!("/invoices/remote:{deleted}")).await;
    assert!(!gone["deleted_at"].is_null(), "{gone}");
}
