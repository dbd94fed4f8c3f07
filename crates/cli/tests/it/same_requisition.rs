//! The same requisition, made and changed by one body in the systems that take requisitions, and never twice. What they say at
//! the source is read by clients that others wrote.

use reqwest::Method;
use serde_json::{Value, json};
use trunnion_connectors::netsuite::sim::Options;

use crate::declared::samples::requester;
use crate::peers::read;
use crate::process::{Api, Server, Simulator};
use crate::same_change::foretold;
use crate::tryton::{records, sandbox, sync_now};

const SYSTEMS: [&str; 2] = ["sap-s4hana", "netsuite"];

/// One has a day for each line and any currency, the other one day for all and the requester's own currency.
fn body(system: &str, description: &str) -> Value {
    let line = |sku: &str, quantity: &str, price: &str| json!({"item_sku": sku, "quantity": quantity, "unit": "EA", "unit_price": price});
    let mut lines = [line("SP-0001", "10", "12.5"), line("SP-0002", "4", "103.95")];
    let mut body = json!({"requested_by": requester(system), "description": description});
    if system == "sap-s4hana" {
        lines.iter_mut().for_each(|line| line["required_on"] = "2027-01-15".into());
        body["currency"] = "USD".into();
    } else {
        body["required_on"] = "2027-01-15".into();
    }
    body["lines"] = json!(lines);
    body
}

fn said(record: &Value) -> Value {
    let line = |line: &Value| {
        let wanted = ["position", "item_sku", "quantity", "unit", "unit_price", "amount", "quantity_ordered"];
        wanted.iter().map(|name| ((*name).to_owned(), line[*name].clone())).collect::<serde_json::Map<_, _>>()
    };
    let lines: Vec<_> = record["lines"].as_array().expect("lines").iter().map(line).collect();
    json!({
        "status": record["status"], "currency": record["currency"], "net_total": record["net_total"],
        "description": record["description"], "lines": lines,
    })
}

/// All with that description as others read them: who wants it, and of each line how much at which price.
fn at_the_source(simulator: &Simulator, system: &str, description: &str) -> Option<Vec<Value>> {
    let credential = |name: &str| simulator.credentials[name].as_str().unwrap_or_default().to_owned();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if system == "sap-s4hana" {
        let (user, password) = (credential("username"), credential("password"));
        let rows = |set: &str, filter: &str, members: &[&str]| {
            let login = [&*simulator.url, &user, &password, "API_PURCHASEREQ_PROCESS_SRV", set, filter];
            read("sap_read.py", &[&login[..], members].concat())
        };
        let headers = rows(
            "A_PurchaseRequisitionHeader",
            &format!("PurReqnDescription eq '{description}'"),
            &["PurchaseRequisition"],
        )?;
        let mut found = Vec::new();
        for header in headers.as_array()? {
            let filter = format!("PurchaseRequisition eq '{}'", text(&header["PurchaseRequisition"]));
            let members = ["RequisitionerName", "Material", "RequestedQuantity", "PurchaseRequisitionPrice"];
            let items = rows("A_PurchaseRequisitionItem", &filter, &members)?;
            let line = |item: &Value| {
                let number = |name: &str| text(&item[name]).parse::<f64>().expect("a number");
                json!([item["Material"], number("RequestedQuantity"), number("PurchaseRequisitionPrice")])
            };
            let lines: Vec<Value> = items.as_array()?.iter().map(line).collect();
            found.push(json!({"requester": items[0]["RequisitionerName"], "lines": lines}));
        }
        return Some(found);
    }
    let Options { account, tba, .. } = Options::default();
    let get = |path: String| {
        let login = [&tba.consumer_key, &tba.consumer_secret, &tba.token, &tba.token_secret];
        let all = [&[&*simulator.url, &account][..], &login.map(String::as_str), &[&*path]].concat();
        read("netsuite_read.py", &all)
    };
    let listed = get(format!("/record/v1/purchaseRequisition?q=memo IS \"{description}\""))?;
    let mut found = Vec::new();
    for one in listed["items"].as_array()? {
        let record = get(format!("/record/v1/purchaseRequisition/{}", one["id"].as_str()?))?;
        let line = |line: &Value| json!([line["item"]["refName"], line["quantity"], line["estimatedRate"]]);
        let lines: Vec<Value> = record["item"]["items"].as_array()?.iter().map(line).collect();
        found.push(json!({"requester": record["entity"]["refName"], "lines": lines}));
    }
    Some(found)
}

async fn made(api: &Api, body: &Value, key: &str) -> Value {
    let made = api.send(Method::POST, "/purchase-requisitions", Some(body), Some(key)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_requisition_is_made_changed_and_closed_in_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in SYSTEMS {
        let (simulator, api) = sandbox(&server, data.path(), system, 10).await;
        let wanted = body(system, "Spares for line 2");
        let requisition = made(&api, &wanted, "requisition").await;
        let expected = json!({
            "status": "approved", "currency": "USD", "net_total": "540.8", "description": "Spares for line 2",
            "lines": [
                {"position": 1, "item_sku": "SP-0001", "quantity": "10", "unit": "EA", "unit_price": "12.5", "amount": "125", "quantity_ordered": "0"},
                {"position": 2, "item_sku": "SP-0002", "quantity": "4", "unit": "EA", "unit_price": "103.95", "amount": "415.8", "quantity_ordered": "0"},
            ],
        });
        assert_eq!(said(&requisition), expected, "{system}: {requisition}");
        let again = api.send(Method::POST, "/purchase-requisitions", Some(&wanted), Some("requisition")).await;
        assert_eq!(again.body, requisition, "{system}: a repeat is answered as the first was");
        let at = format!("/purchase-requisitions/{}", requisition["id"].as_str().unwrap());
        let stored: Value = api.get(&at).await;
        assert_eq!(stored, requisition, "{system}: the answer is the record as it is read later");

        let change = json!({"description": "Spares for line 3", "lines": [{"position": 2, "quantity": "6"}]});
        let changed = api.send(Method::PATCH, &at, Some(&change), None).await;
        assert_eq!(changed.status, 200, "{system}: {}", changed.body);
        assert_eq!((&changed.body["net_total"], &changed.body["lines"][1]["quantity"]), (&json!("748.7"), &json!("6")));
        if let Some(found) = at_the_source(&simulator, system, "Spares for line 3") {
            let lines = json!([["SP-0001", 10.0, 12.5], ["SP-0002", 6.0, 103.95]]);
            assert_eq!(found, [json!({"requester": requester(system), "lines": lines})], "{system}");
        }
        let closed = api.send(Method::POST, &format!("{at}/close"), None, Some("close")).await;
        assert_eq!((closed.status, &closed.body["status"]), (200, &json!("closed")), "{system}: {}", closed.body);
        // What was written is not news when it is read again.
        let run = sync_now(&api, "purchase_requisition").await;
        assert_eq!((&run["created"], &run["updated"]), (&json!(0), &json!(0)), "{system}: {run}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requisition_whose_making_was_not_answered_is_there_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in SYSTEMS {
        let (simulator, api) = sandbox(&server, data.path(), system, 10).await;
        let (method, path) =
            if system == "netsuite" { ("PUT", "purchaseRequisition") } else { ("POST", "A_PurchaseRequisitionHeader") };
        for (cut, mark) in [("cut-after", "Done"), ("cut-before", "Undone")] {
            simulator.fault(&format!("{cut}:next=1,method={method},path={path}")).await;
            let requisition = made(&api, &body(system, mark), mark).await;
            assert_eq!(requisition["description"], mark, "{system} {cut}");
            if let Some(found) = at_the_source(&simulator, system, mark) {
                assert_eq!(found.len(), 1, "{system} {cut}: {found:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_a_requisition_foretells_what_is_sent() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in SYSTEMS {
        let (simulator, api) = sandbox(&server, data.path(), system, 10).await;
        foretold(&api, &simulator, Method::POST, "/purchase-requisitions", Some(&body(system, "Dry"))).await;
        let operations: Value = api.get("/operations?limit=1").await;
        let at = format!("/purchase-requisitions/{}", operations["data"][0]["outcome"]["body"]["id"].as_str().unwrap());
        foretold(&api, &simulator, Method::PATCH, &at, Some(&json!({"lines": [{"position": 1, "quantity": "3"}]})))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requisitions_in_all_states_are_read_and_lead_to_their_orders() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in SYSTEMS {
        let (_simulator, api) = sandbox(&server, data.path(), system, 40).await;
        let orders = records(&api, "purchase-orders").await;
        let requisitions = records(&api, "purchase-requisitions").await;
        let mut states: Vec<&str> = requisitions.values().filter_map(|one| one["status"].as_str()).collect();
        states.sort_unstable();
        states.dedup();
        let mut expected = vec!["approved", "closed", "ordered", "partially_ordered", "pending_approval", "rejected"];
        if system == "sap-s4hana" {
            expected.extend(["cancelled", "draft"]);
            expected.sort_unstable();
        }
        assert_eq!(states, expected, "{system}");
        let mut linked = 0;
        for line in requisitions.values().flat_map(|one| one["lines"].as_array().unwrap()) {
            let Some(order) = line["purchase_order_remote_id"].as_str() else { continue };
            let lines = orders[order]["lines"].as_array().unwrap();
            let ordered = lines.iter().find(|there| there["remote_line_id"] == line["purchase_order_remote_line_id"]);
            let ordered = ordered.unwrap_or_else(|| panic!("{system}: {line}"));
            assert_eq!((&ordered["quantity"], &ordered["item_sku"]), (&line["quantity_ordered"], &line["item_sku"]));
            assert_eq!(line["purchase_order_id"], orders[order]["id"]);
            linked += 1;
        }
        assert!(linked > 10, "{system}: {linked}");
    }
}

/// Only the items have a time of change there, and an order that is made of them is what changes them.
#[tokio::test(flavor = "multi_thread")]
async fn sap_an_order_made_of_a_requisition_is_seen_by_the_next_sync() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (_simulator, api) = sandbox(&server, data.path(), "sap-s4hana", 10).await;
    let requisition = made(&api, &body("sap-s4hana", "To be ordered"), "requisition").await;
    let vendors = records(&api, "vendors").await;
    let orders = records(&api, "purchase-orders").await;
    let vendor =
        orders.values().find(|order| order["company"] == "1010").unwrap()["vendor_remote_id"].as_str().unwrap();
    assert!(vendors.contains_key(vendor));
    let order = json!({
        "CompanyCode": "1010", "PurchaseOrderType": "NB", "Supplier": vendor, "PurchasingOrganization": "1010", "PurchasingGroup": "001",
        "to_PurchaseOrderItem": [{
            "Plant": "1010", "Material": "SP-0001", "OrderQuantity": "10", "NetPriceAmount": "12.5",
            "PurchaseRequisition": requisition["remote_id"], "PurchaseRequisitionItem": "10",
            "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1799971200000)/"}],
        }],
    });
    let ask = json!({"method": "POST", "path": "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder", "body": order});
    let reply = api.send(Method::POST, "/passthrough", Some(&ask), None).await;
    assert_eq!(reply.body["status"], 201, "{}", reply.body);
    let number = reply.body["body"]["d"]["PurchaseOrder"].as_str().unwrap().to_owned();
    let run = sync_now(&api, "purchase_requisition").await;
    assert_eq!(run["updated"], 1, "{run}");
    let at = format!("/purchase-requisitions/{}", requisition["id"].as_str().unwrap());
    let now: Value = api.get(&at).await;
    assert_eq!((&now["status"], &now["lines"][0]["quantity_ordered"]), (&json!("partially_ordered"), &json!("10")));
    assert_eq!(now["lines"][0]["purchase_order_remote_id"], json!(number));
}
