//! The SAP connector against an OData server that others wrote (npm, `@sap-ux/fe-mockserver-core`), in versions 4 and 2. It is
//! given the metadata of our simulator and rows of its own, and knows nothing of purchasing: it keeps what it is sent.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use trunnion_kit::http::Request;
use trunnion_model::time::Timestamp;

use super::client::{Client, data};
use super::systems::simulated;

const SAP: &str = "sap-s4hana";
const V2: &str = "/sap/opu/odata/sap/API_PURCHASEORDER_PROCESS_SRV";
const V4: &str = "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001";

/// The server of others, killed with the test.
struct Foreign {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // It may have ended already.
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Nothing where it is not installed.
async fn foreign(service: &str, rows: &[(&str, Value)]) -> Option<Foreign> {
    let Ok(modules) = std::env::var("TRUNNION_TEST_ODATA_NODE_MODULES") else {
        println!("skipped: it needs the OData server that `cargo xtask test` installs");
        return None;
    };
    let simulator = simulated(SAP, 1).await;
    let client = Client::new(SAP, &simulator);
    let url = format!("{}{service}/$metadata", simulator.sim.url);
    let metadata = client.link.call(Request::get(url.parse().unwrap())).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let file = write("metadata.xml", metadata.text().unwrap());
    for (set, rows) in rows {
        write(&format!("{set}.json"), &rows.to_string());
    }
    let services = json!([{"urlPath": service, "metadataPath": file, "mockdataPath": folder.path()}]);
    let (process, port) = start(&modules, &services);
    Some(Foreign { process, url: format!("http://127.0.0.1:{port}"), _folder: folder })
}

fn start(modules: &str, services: &Value) -> (Child, String) {
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/odata_server.cjs");
    let node = std::env::var("TRUNNION_TEST_RECEIVE_NODE").unwrap_or_else(|_| "node".to_owned());
    let mut command = Command::new(node);
    command.arg(script).arg(modules).arg(services.to_string()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let port = lines.map(Result::unwrap).find(|line| line.parse::<u16>().is_ok());
    (process, port.unwrap())
}

fn connected(foreign: &Foreign) -> Client {
    let credentials = json!({
        "auth": "basic", "url": foreign.url, "username": "u", "password": "p", "company_code": "1010",
        "purchasing_organization": "1010", "purchasing_group": "001", "plant": "1010",
    });
    Client::with(SAP, &credentials)
}

/// Three orders; `date` and `instant` write them as the version does.
fn orders(deletion: &str, date: &dyn Fn(&str, i64) -> Value, instant: &dyn Fn(&str, i64) -> Value) -> Value {
    let order = |number: i64| {
        json!({
            "PurchaseOrder": format!("450000000{number}"), "CompanyCode": "1010", "Supplier": "17300001",
            "DocumentCurrency": "EUR", "PurchaseOrderDate": date("2025-01-10", 1_736_467_200_000),
            "CreationDate": date("2025-01-10", 1_736_467_200_000), "PurchasingProcessingStatus": "02", deletion: "",
            "LastChangeDateTime": instant(&format!("2025-01-1{number}T08:00:00.000Z"), 1_736_496_000_000 + number * 86_400_000),
            "ExchangeRate": "1.00000", "PaymentTerms": "0001",
        })
    };
    (0..3).map(order).collect()
}

fn items(schedule: &str, keys: [&str; 2], date: &dyn Fn(&str, i64) -> Value) -> Value {
    let item = |number: i64| {
        let order = format!("450000000{number}");
        json!({
            "PurchaseOrder": order, "PurchaseOrderItem": "00010", "Material": "SP-1", "OrderQuantity": "12.500",
            "PurchaseOrderQuantityUnit": "EA", "NetPriceAmount": "8.400", "NetPriceQuantity": "2",
            "PurchaseOrderItemText": "Bearing", "PurchasingDocumentDeletionCode": "", "TaxCode": "",
            "IsCompletelyDelivered": false, "IsFinallyInvoiced": false,
            schedule: [{
                keys[0]: order, keys[1]: "00010", "ScheduleLine": "0001",
                "ScheduleLineDeliveryDate": date("2025-03-01", 1_740_787_200_000),
            }],
        })
    };
    (0..3).map(item).collect()
}

async fn version_4() -> Option<Foreign> {
    let text = |text: &str, _: i64| json!(text);
    let rows = [
        ("PurchaseOrder", orders("PurchaseOrderDeletionCode", &text, &text)),
        ("PurchaseOrderItem", items("_PurchaseOrderScheduleLineTP", ["PurchaseOrder", "PurchaseOrderItem"], &text)),
    ];
    foreign(V4, &rows).await
}

async fn version_2() -> Option<Foreign> {
    let date = |_: &str, millis: i64| json!(format!("/Date({millis})/"));
    let instant = |_: &str, millis: i64| json!(format!("/Date({millis}+0000)/"));
    let rows = [
        ("A_PurchaseOrder", orders("PurchasingDocumentDeletionCode", &date, &instant)),
        ("A_PurchaseOrderItem", items("to_ScheduleLine", ["PurchasingDocument", "PurchasingDocumentItem"], &date)),
    ];
    foreign(V2, &rows).await
}

#[tokio::test]
async fn a_server_of_others_gives_the_same_records_over_either_version() {
    let (Some(newer), Some(older)) = (version_4().await, version_2().await) else { return };
    let (newer, older) = (connected(&newer), connected(&older));
    let over_v4 = newer.read("purchase_order", None, 2).await;
    assert_eq!(over_v4.len(), 3);
    let data = data(&over_v4[1]);
    assert_eq!(
        (&data["number"], &data["ordered_on"], &data["status"]),
        (&json!("4500000001"), &json!("2025-01-10"), &json!("approved"))
    );
    let line = &data["lines"][0];
    assert_eq!(
        (&line["quantity"], &line["unit_price"], &line["amount"]),
        (&json!("12.5"), &json!("4.2"), &json!("52.5"))
    );
    assert_eq!((&line["required_on"], &line["remote_line_id"]), (&json!("2025-03-01"), &json!("00010")));
    assert!(over_v4[1].raw.contains("\"_PurchaseOrderItem\""), "{}", over_v4[1].raw);
    let over_v2 = older.read("purchase_order", None, 2).await;
    assert!(over_v2[1].raw.contains("\"to_PurchaseOrderItem\""), "{}", over_v2[1].raw);
    for (one, other) in over_v4.iter().zip(&over_v2) {
        assert_eq!((&one.data, one.content_hash()), (&other.data, other.content_hash()));
        assert_eq!((&one.remote_id, one.remote_modified_at), (&other.remote_id, other.remote_modified_at));
    }
    let since: Timestamp = "2025-01-12T00:00:00Z".parse().unwrap();
    let changed = newer.read("purchase_order", Some(since), 2).await;
    assert_eq!(changed.iter().map(|order| order.remote_id.as_str()).collect::<Vec<_>>(), ["4500000002"]);
}

#[tokio::test]
async fn a_server_of_others_is_written_to_over_version_4() {
    let Some(foreign) = version_4().await else { return };
    writes(&connected(&foreign)).await;
}

#[tokio::test]
async fn a_server_of_others_is_written_to_over_version_2() {
    let Some(foreign) = version_2().await else { return };
    writes(&connected(&foreign)).await;
}

async fn writes(client: &Client) {
    let order = json!({
        "vendor_remote_id": "17300001", "currency": "EUR", "ordered_on": "2026-02-03", "reference": "ours",
        "lines": [{
            "item_remote_id": "SP-2", "quantity": "3", "unit": "EA", "unit_price": "2.5", "required_on": "2026-04-05",
        }],
    });
    let id = client.create("purchase_order", &order, "key00001").await.unwrap();
    let vendor = &client.connector().vendor;
    let found = vendor.find_written(&client.link, client.entity("purchase_order"), "key00001").await.unwrap();
    assert_eq!(found.as_deref(), Some(id.as_str()));
    let created = client.one("purchase_order", &id).await;
    assert_eq!((&created["ordered_on"], &created["reference"]), (&json!("2026-02-03"), &json!("ours")));
    let line = &created["lines"][0];
    assert_eq!(
        (&line["quantity"], &line["unit_price"], &line["required_on"]),
        (&json!("3"), &json!("2.5"), &json!("2026-04-05"))
    );

    let change = json!({
        "vendor_reference": "Q-7", "payment_terms": null,
        "lines": [{"remote_line_id": "00010", "quantity": "20", "unit_price": "9.5"}],
    });
    client.update("purchase_order", "4500000001", &change).await.unwrap();
    let changed = client.one("purchase_order", "4500000001").await;
    assert_eq!((&changed["vendor_reference"], changed.get("payment_terms")), (&json!("Q-7"), None));
    let line = &changed["lines"][0];
    assert_eq!((&line["quantity"], &line["unit_price"]), (&json!("20"), &json!("9.5")));
    assert_eq!(
        client.one("purchase_order", "4500000002").await["lines"][0]["quantity"],
        "12.5",
        "others are as before"
    );

    client.act("purchase_order", "4500000001", "close").await.unwrap();
    assert_eq!(client.one("purchase_order", "4500000001").await["status"], "closed");
}
