//! Every connector runs the kit's conformance suite, and leaves no promise of its declaration untried.

use trunnion_kit::conform::{Options, Report, run};

use super::systems::{System, connectors, simulated, tryton};

/// `untried` are the promises that the system has no data for, each with the reason why that is so.
async fn conforms(system: &str, subject: &System, options: &Options, untried: &[(&str, &str)]) {
    let connectors = connectors();
    let connector = connectors.get(system).unwrap();
    let report = run(connector, &subject.credentials, &subject.wrong, Some(&subject.sim.control), options).await;
    let excused: Vec<&str> = untried.iter().map(|(promise, _)| *promise).collect();
    assert!(report.failures.is_empty() && report.untried() == excused, "{}", shown(&report));
}

fn shown(report: &Report) -> String {
    format!("{report}\nthe promises that the test says cannot be tried are others than these")
}

#[tokio::test]
async fn sap_s4hana_keeps_the_promises_of_its_declaration() {
    let system = simulated("sap-s4hana", 60).await;
    // The field is one of those that the system turns into capitals.
    let options = Options::default().with_example("purchase_order/vendor_reference", "Q-4711");
    let untried = [
        ("item: read manufacturer", "the simulator's products have none"),
        ("item: read order_unit", "the simulator's products are bought in their base unit"),
    ];
    conforms("sap-s4hana", &system, &options, &untried).await;
}

#[tokio::test]
async fn netsuite_keeps_the_promises_of_its_declaration() {
    let system = simulated("netsuite", 60).await;
    let options = Options::default().with_example("vendor/address/region", "BY");
    let untried = [("item: read gtin", "the simulator's items have none")];
    conforms("netsuite", &system, &options, &untried).await;
}

#[tokio::test]
async fn tryton_keeps_the_promises_of_its_declaration() {
    let Some(system) = tryton().await else { return };
    let untried = [
        ("goods_receipt: read delivery_note", "the seeded receipt has none"),
        ("item: read description", "the seeded products have none"),
        ("vendor: read address/region", "the seeded country has no subdivisions"),
        ("vendor: read tax_id", "the seeded parties have none"),
    ];
    conforms("tryton", &system, &Options::default(), &untried).await;
}
