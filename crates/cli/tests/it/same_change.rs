//! The same change, three systems: a real ERP and two simulators are changed by one body per operation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server, Simulator};
use crate::proxy::Proxy;
use crate::same_order::create;
use crate::tryton::{Tryton, connect, sandbox, skipped, sync_now, synced};

/// A vendor is renamed, and later no longer to be used.
async fn vendor(api: &Api, order: &Value) {
    let id = order["vendor_id"].as_str().expect("an id");
    let before: Value = api.get(&format!("/vendors/{id}")).await;
    let renamed = json!({"name": "Northgate Bearings and Seals"});
    let reply = api.send(Method::PATCH, &format!("/vendors/{id}"), Some(&renamed), None).await;
    assert_eq!((reply.status, &reply.body["name"]), (200, &renamed["name"]), "{}", reply.body);
    assert_eq!(reply.body["version"], before["version"].as_i64().expect("a version") + 1);
    let read: Value = api.get(&format!("/vendors/{id}")).await;
    assert_eq!(read, reply.body);
    // The next sync sees the change and finds nothing new in it.
    let run = sync_now(api, "vendor").await;
    assert_eq!((&run["updated"], &run["created"]), (&json!(0), &json!(0)), "{run}");

    let refused = api.send(Method::DELETE, &format!("/vendors/{id}?mode=close"), None, None).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("UNSUPPORTED_OPERATION")), "{}", refused.body);
    let off = api.send(Method::DELETE, &format!("/vendors/{id}?mode=inactivate"), None, Some("off")).await;
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)), "{}", off.body);
    let again = api.send(Method::DELETE, &format!("/vendors/{id}?mode=inactivate"), None, Some("off")).await;
    assert_eq!((again.status, &again.headers["idempotency-replayed"]), (200, &"true".parse().unwrap()));
}

/// Lines are changed and added, the order is cancelled, and then nothing of it can be changed.
async fn order(api: &Api, order: &Value) {
    let at = format!("/purchase-orders/{}", order["id"].as_str().expect("an id"));
    let added =
        json!({"item_sku": "SP-0010", "quantity": "3", "unit": "EA", "unit_price": "2.5", "required_on": "2027-02-01"});
    let body = json!({"vendor_reference": "QUO-17", "lines": [
        {"position": 1, "quantity": "12", "unit_price": "12.25"},
        {"remote_line_id": order["lines"][1]["remote_line_id"], "required_on": "2027-03-01"},
        added,
    ]});
    let reply = api.send(Method::PATCH, &at, Some(&body), Some("change")).await;
    assert_eq!((reply.status, &reply.body["vendor_reference"]), (200, &json!("QUO-17")), "{}", reply.body);
    let lines = &reply.body["lines"];
    assert_eq!(
        (&lines[0]["quantity"], &lines[0]["unit_price"], &lines[0]["amount"]),
        (&json!("12"), &json!("12.25"), &json!("147"))
    );
    assert_eq!((&lines[1]["required_on"], &lines[1]["quantity"]), (&json!("2027-03-01"), &json!("4")));
    assert_eq!(
        (&lines[3]["item_sku"], &lines[3]["quantity"], &lines[3]["amount"]),
        (&json!("SP-0010"), &json!("3"), &json!("7.5"))
    );
    assert_eq!(lines.as_array().expect("lines").len(), 4);
    assert_eq!(reply.body["net_total"], "585.1");
    let run = sync_now(api, "purchase_order").await;
    assert_eq!(run["updated"], 0, "{run}");

    let wrong =
        json!({"currency": "EUR", "net_total": "1", "status": "draft", "lines": [{"position": 9, "quantity": "1"}]});
    let refused = api.send(Method::PATCH, &at, Some(&wrong), None).await;
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/currency", "/lines/0/position", "/net_total", "/status"], "{}", refused.body);

    let cancelled = api.send(Method::POST, &format!("{at}/cancel"), None, None).await;
    assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("cancelled")), "{}", cancelled.body);
    let late = api.send(Method::PATCH, &at, Some(&json!({"vendor_reference": "QUO-18"})), None).await;
    assert_eq!((late.status, &late.body["errors"][0]["pointer"]), (422, &json!("/vendor_reference")), "{}", late.body);
    let again = api.send(Method::POST, &format!("{at}/cancel"), None, None).await;
    assert_eq!((again.status, &again.body["version"]), (200, &cancelled.body["version"]), "{}", again.body);
}

/// Method, path and body of a request that writes.
pub(crate) type Sent = (String, String, String);

/// A line to a system.
pub(crate) trait Wire {
    /// The requests so far that write.
    async fn writes(&self) -> Vec<Sent>;

    /// Whether a request needs the answer to one before it, so that no dry run can foretell it.
    fn needs_an_answer(&self, _sent: &Sent) -> bool {
        false
    }
}

impl Wire for Simulator {
    async fn writes(&self) -> Vec<Sent> {
        let is_write = |path: &str| !path.contains("suiteql") && !path.contains("/token");
        let all = self.requests().await;
        let writes = all.iter().filter(|asked| asked.method != "GET" && is_write(&asked.path));
        writes.map(|asked| (asked.method.clone(), asked.path.clone(), asked.body.clone())).collect()
    }
}

impl Wire for Proxy {
    async fn writes(&self) -> Vec<Sent> {
        self.writes().into_iter().map(|(path, body)| ("POST".to_owned(), path, body.to_string())).collect()
    }

    /// The buttons of a document name it by the id that it got.
    fn needs_an_answer(&self, (_, _, body): &Sent) -> bool {
        let call: Value = serde_json::from_str(body).expect("a call");
        let method = call["method"].as_str().expect("a method");
        !method.ends_with(".create") && !method.ends_with(".write")
    }
}

/// What a dry run foretells is what is sent then, and it sends nothing that changes anything.
pub(crate) async fn foretold(api: &Api, wire: &impl Wire, method: Method, path: &str, body: Option<&Value>) {
    let before = wire.writes().await.len();
    let plan = api
        .send(method.clone(), &format!("{path}{}dry_run=true", if path.contains('?') { '&' } else { '?' }), body, None)
        .await;
    assert_eq!((plan.status, &plan.body["dry_run"]), (200, &json!(true)), "{}", plan.body);
    assert_eq!(wire.writes().await.len(), before, "a dry run wrote");
    let told = plan.body.to_string();
    assert!(!told.to_lowercase().contains("authorization") && !told.contains("cookie"), "{told}");
    let reply = api.send(method, path, body, Some(&format!("{path}-{before}"))).await;
    assert!(reply.status < 300, "{}", reply.body);
    let operations: Value = api.get("/operations?limit=1").await;
    let operation = operations["data"][0]["id"].as_str().expect("an operation").to_owned();
    let mut sent: Vec<Sent> =
        wire.writes().await.split_off(before).into_iter().map(|sent| without_key(sent, &operation)).collect();
    let told = |one: &Value| -> Sent {
        let url: reqwest::Url = one["url"].as_str().expect("an address").parse().expect("an address");
        let body = match &one["body"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        (one["method"].as_str().expect("a method").to_owned(), url.path().to_owned(), body)
    };
    let planned: Vec<Sent> = plan.body["requests"].as_array().expect("requests").iter().map(told).collect();
    assert!(!planned.is_empty(), "{}", plan.body);
    if sent.len() > planned.len() {
        assert!(sent.split_off(planned.len()).iter().all(|sent| wire.needs_an_answer(sent)), "{planned:?}");
    }
    assert_eq!(planned, sent);
}

/// The request with its write key in zeros, as a dry run tells it: the key is the end of the operation's id.
fn without_key((method, path, body): Sent, operation: &str) -> Sent {
    let body = serde_json::from_str::<Value>(&body).map_or(body, |body| body.to_string());
    (method, masked(&path, operation), masked(&body, operation))
}

/// A text with the operation's write key in zeros.
pub(crate) fn masked(text: &str, operation: &str) -> String {
    let mut ends = (8..=26).rev().filter_map(|length| operation.get(operation.len() - length..));
    let found = ends.find(|end| text.contains(end));
    found.map_or(text.to_owned(), |key| text.replace(key, &"0".repeat(key.len())))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_changes_read_back_equal_from_tryton_and_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in ["sap-s4hana", "netsuite"] {
        let (_simulator, api) = sandbox(&server, data.path(), system, 50).await;
        let made = create(&api).await;
        order(&api, &made).await;
        vendor(&api, &made).await;
    }
    let Some(tryton) = Tryton::find() else {
        eprintln!("skipped: the real ERP was not started");
        return;
    };
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let made = create(&api).await;
    let at = format!("/purchase-orders/{}", made["id"].as_str().unwrap());
    let reply = api.send(Method::PATCH, &at, Some(&json!({"reference": "REQ-9", "memo": "by truck"})), None).await;
    assert_eq!((reply.status, &reply.body["memo"]), (200, &json!("by truck")), "{}", reply.body);
    let theirs = tryton.client("purchases_of", &json!({"id": made["vendor_remote_id"]}));
    assert_eq!(theirs[0]["reference"], "REQ-9", "{theirs}");
    vendor(&api, &made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_foretells_what_is_sent_and_sends_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for system in ["sap-s4hana", "netsuite"] {
        let (simulator, api) = sandbox(&server, data.path(), system, 50).await;
        let address = json!({"line1": "1 Kiln Lane", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
        let vendor = json!({"name": "Kiln Supplies", "currency": "USD", "address": address});
        foretold(&api, &simulator, Method::POST, "/vendors", Some(&vendor)).await;
        let made = create(&api).await;
        let at = format!("/purchase-orders/{}", made["id"].as_str().unwrap());
        let change = json!({"vendor_reference": "Q1", "lines": [{"position": 1, "quantity": "11"}, {"position": 2, "quantity": "5"}]});
        foretold(&api, &simulator, Method::PATCH, &at, Some(&change)).await;
        let vendor = format!("/vendors/{}", made["vendor_id"].as_str().unwrap());
        foretold(&api, &simulator, Method::PATCH, &vendor, Some(&json!({"name": "Kiln and Sons"}))).await;
        foretold(&api, &simulator, Method::POST, &format!("{at}/cancel"), None).await;
        let line = json!({"item_sku": "SP-0001", "quantity": "9", "unit": "EA", "unit_price": "5", "required_on": "2027-01-15"});
        let order = json!({"vendor_remote_id": made["vendor_remote_id"], "currency": "USD", "lines": [line]});
        foretold(&api, &simulator, Method::POST, "/purchase-orders", Some(&order)).await;
        let orders: Value = api.get("/operations?limit=1").await;
        let order = orders["data"][0]["outcome"]["body"].clone();
        let place = if system == "netsuite" { "Cleveland Spares Store" } else { "1010/101A" };
        let line = json!({"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "3", "location_code": place});
        let receipt = json!({"purchase_order_id": order["id"], "lines": [line]});
        foretold(&api, &simulator, Method::POST, "/goods-receipts", Some(&receipt)).await;
        foretold(
            &api,
            &simulator,
            Method::POST,
            &format!("/purchase-orders/{}/close", order["id"].as_str().unwrap()),
            None,
        )
        .await;
        // Which level a list begins with is chance: it may be of an item that is no longer used, or the one that was just received.
        let levels: Value = api.get("/inventory-levels?limit=500").await;
        let is_ours = |level: &&Value| level["item_sku"] == "SP-0003" && level["on_hand"] != "77";
        let level = levels["data"].as_array().unwrap().iter().find(is_ours).unwrap();
        let level = format!("/inventory-levels/{}", level["id"].as_str().unwrap());
        foretold(&api, &simulator, Method::PATCH, &level, Some(&json!({"on_hand": "77"}))).await;
        // Last, because nothing can be ordered there any more.
        foretold(&api, &simulator, Method::DELETE, &format!("{vendor}?mode=inactivate"), None).await;
        if system == "netsuite" {
            let items: Value = api.get("/items?filter[sku]=SP-0003").await;
            let item = format!("/items/{}", items["data"][0]["id"].as_str().unwrap());
            foretold(&api, &simulator, Method::PATCH, &item, Some(&json!({"manufacturer": "SKF"}))).await;
            foretold(&api, &simulator, Method::DELETE, &format!("{item}?mode=inactivate"), None).await;
        } else {
            let work = json!({"title": "Replace the bearing", "type": "YA01"});
            foretold(&api, &simulator, Method::POST, "/work-orders", Some(&work)).await;
            let all: Value = api.get("/operations?limit=1").await;
            let work = format!("/work-orders/{}", all["data"][0]["outcome"]["body"]["id"].as_str().unwrap());
            foretold(&api, &simulator, Method::PATCH, &work, Some(&json!({"title": "Replace both"}))).await;
            foretold(&api, &simulator, Method::POST, &format!("{work}/start"), None).await;
            let request = json!({"title": "It leaks", "type": "M1"});
            foretold(&api, &simulator, Method::POST, "/service-requests", Some(&request)).await;
            let reading = json!({"meter_code": "102", "value": "6.25", "read_at": "2024-01-15T08:00:00Z"});
            foretold(&api, &simulator, Method::POST, "/meter-readings", Some(&reading)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_foretells_what_is_sent_to_tryton_but_for_what_needs_an_answer() {
    let Some(tryton) = Tryton::find() else { return skipped("what a dry run foretells") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let proxy = Proxy::start(&tryton.url).await;
    let api = connect(&server, "tryton", tryton.credentials_at(&proxy.url)).await;
    synced(&api).await;
    let made = create(&api).await;
    let vendor = json!({"name": "Kiln Supplies", "currency": "USD", "email": "kiln@supplies.example"});
    foretold(&api, &proxy, Method::POST, "/vendors", Some(&vendor)).await;
    let line =
        json!({"item_sku": "SP-0001", "quantity": "9", "unit": "EA", "unit_price": "5", "required_on": "2027-01-15"});
    let order = json!({"vendor_remote_id": made["vendor_remote_id"], "currency": "USD", "lines": [line]});
    foretold(&api, &proxy, Method::POST, "/purchase-orders", Some(&order)).await;
    let line = json!({"purchase_order_remote_line_id": made["lines"][0]["remote_line_id"], "quantity": "3", "location_code": "STO"});
    let receipt = json!({"purchase_order_id": made["id"], "delivery_note": "DN-1", "lines": [line]});
    foretold(&api, &proxy, Method::POST, "/goods-receipts", Some(&receipt)).await;
    let receive = format!("/purchase-orders/{}/receive", made["id"].as_str().unwrap());
    foretold(&api, &proxy, Method::POST, &receive, None).await;
    let vendor = format!("/vendors/{}", made["vendor_id"].as_str().unwrap());
    foretold(&api, &proxy, Method::PATCH, &vendor, Some(&json!({"name": "Kiln and Sons"}))).await;
}
