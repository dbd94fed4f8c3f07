//! Every connector runs the kit's conformance suite, and leaves no promise of its declaration untried.

use trunnion_kit::conform::{Options, Report, run};

use super::client::Client;
use super::systems::{System, connectors, simulated, simulated_without, tryton};

/// `untried` are the promises that the system has no data for, each with the reason why that is so.
async fn conforms(system: &str, subject: &System, options: &Options, untried: &[(&str, &str)]) {
    let connectors = connectors();
    let connector = connectors.get(system).unwrap();
    let report = run(connector, &subject.credentials, &subject.wrong, Some(&subject.sim.control), options).await;
    let mut excused: Vec<&str> = untried.iter().map(|(promise, _)| *promise).collect();
    if subject.is_shared {
        // Other tests write to it before or meanwhile, so there may be data where it had none.
        excused.retain(|promise| report.untried().contains(promise));
    }
    assert!(report.failures.is_empty() && report.untried() == excused, "{}", shown(&report));
}

fn shown(report: &Report) -> String {
    format!("{report}\nthe promises that the test says cannot be tried are others than these")
}

#[tokio::test]
async fn sap_s4hana_keeps_the_promises_of_its_declaration() {
    sap_conforms(&simulated("sap-s4hana", 60).await).await;
}

#[tokio::test]
async fn sap_s4hana_keeps_them_where_purchase_orders_are_offered_over_odata_v2_only() {
    sap_conforms(&simulated_without("sap-s4hana", 60, &["odata-v4"]).await).await;
}

async fn sap_conforms(system: &System) {
    // The field is one of those that the system turns into capitals.
    let options = Options::default().with_example("purchase_order/vendor_reference", "Q-4711");
    let options = received(&Client::new("sap-s4hana", system), options, "S/1010/101A").await;
    let options = options
        .with_example("item/order_unit", "EA")
        .with_example("work_order/tasks/planned_hours", "1.5")
        .with_example("work_order/location_remote_id", "F/1010-PRD-L1")
        .with_example("work_order/type", "YA01")
        .with_example("work_order/planned_start", "2027-01-15T08:00:00.000000Z")
        .with_example("work_order/planned_end", "2027-01-15T16:00:00.000000Z")
        .with_example("purchase_requisition/requested_by", "MILLER")
        .with_example("purchase_requisition/lines/location_remote_id", "S/1010/101A")
        .with_example("service_request/type", "M1")
        .with_example("service_request/location_remote_id", "F/1010-PRD-L1")
        // A gauge with a group of codes; it was read just now, and SAP keeps whole seconds.
        .with_example("meter_reading/meter_remote_id", "105")
        .with_example("meter_reading/condition", "GOOD")
        .with_example("meter_reading/read_by", "MILLER")
        .with_example("meter_reading/read_at", this_second(&system.sim));
    let untried = [("item: read manufacturer", "the simulator's products have none")];
    conforms("sap-s4hana", system, &options, &untried).await;
}

fn this_second(sim: &trunnion_kit::sim::Sim) -> String {
    let seconds = sim.control.now().as_second();
    trunnion_model::time::rfc3339(trunnion_model::time::from_micros(seconds * 1_000_000))
}

/// Examples for goods receipts: of a new order that is large enough for all of them.
async fn received(client: &Client, options: Options, location: &str) -> Options {
    let mut order = client.order().await;
    order["lines"][0]["quantity"] = "1000".into();
    // Some systems take one line of a receipt for each line of the order.
    let line = order["lines"][0].clone();
    order["lines"] = vec![line; 3].into();
    let id = client.create("purchase_order", &order, "RECEIVED").await.unwrap();
    let lines = client.one("purchase_order", &id).await["lines"].as_array().unwrap().clone();
    let line = lines[0].clone();
    let keys: Vec<serde_json::Value> = lines.iter().map(|line| line["remote_line_id"].clone()).collect();
    let today = jiff::tz::TimeZone::UTC.to_datetime(client.link.source_now()).date().to_string();
    options
        .with_example("goods_receipt/purchase_order_remote_id", id)
        .with_example("goods_receipt/received_on", today)
        .with_example("goods_receipt/delivery_note", "DN-4711")
        .with_example("goods_receipt/lines/purchase_order_remote_line_id", keys)
        .with_example("goods_receipt/lines/item_remote_id", line["item_remote_id"].as_str().unwrap())
        .with_example("goods_receipt/lines/unit", line["unit"].as_str().unwrap())
        .with_example("goods_receipt/lines/location_remote_id", location)
        .with_example("goods_receipt/lines/lot", "LOT-1")
}

#[tokio::test]
async fn netsuite_keeps_the_promises_of_its_declaration() {
    let system = simulated("netsuite", 60).await;
    let options =
        Options::default().with_example("vendor/address/region", "BY").with_example("item/gtin", "4012345678901");
    let options = options.with_example("purchase_requisition/requested_by", "Dana Whitfield");
    let options = received(&Client::new("netsuite", &system), options, "2").await;
    let untried = [("invoice: read lines/account", "the simulator's bills have no lines for an account")];
    conforms("netsuite", &system, &options, &untried).await;
}

#[tokio::test]
async fn tryton_keeps_the_promises_of_its_declaration() {
    let Some(system) = tryton().await else { return };
    let untried = [
        ("goods_receipt: read delivery_note", "the seeded receipt has none"),
        ("invoice: read invoiced_on", "the seeded invoices are drafts"),
        ("invoice: read lines/description", "the seeded lines say nothing"),
        ("invoice: read memo", "the seeded invoices have none"),
        ("invoice: read number", "the seeded invoices are drafts"),
        ("invoice: read posted_on", "the seeded invoices are drafts"),
        ("invoice: read reference", "the seeded invoices have none"),
        ("invoice: read vendor_invoice_number", "the seeded invoices have none"),
        ("item: read description", "the seeded products have none"),
        ("vendor: read address/region", "the seeded country has no subdivisions"),
        ("vendor: read tax_id", "the seeded parties have none"),
    ];
    // The only currency of the seeded data; an untouched database has no vendor that shows it.
    let options = Options::default().with_example("vendor/currency", "USD");
    // The storage zone of the one warehouse.
    let options = received(&Client::new("tryton", &system), options, "3").await;
    conforms("tryton", &system, &options, &untried).await;
}
