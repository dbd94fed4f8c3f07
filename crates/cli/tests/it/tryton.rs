//! The whole path against a real ERP: connect, sync, read, write, checked by the ERP's own client.
//!
//! `cargo xtask test` starts the ERP and says where it is (`TRUNNION_TEST_TRYTON…`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server, Simulator};
use crate::proxy::Proxy;

/// The real system, or `None` where nobody started it.
pub(crate) struct Tryton {
    pub(crate) url: String,
    database: String,
    user: String,
    password: String,
    python: String,
}

impl Tryton {
    pub(crate) fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(format!("TRUNNION_TEST_TRYTON{name}"));
        if let Err(missing) = variable("") {
            assert!(std::env::var_os("CI").is_none(), "CI must test against the real ERP: {missing}");
            return None;
        }
        let [url, database, user, password, python] =
            ["", "_DB", "_USER", "_PASSWORD", "_PYTHON"].map(|name| variable(name).expect("all variables or none"));
        Some(Self { url, database, user, password, python })
    }

    pub(crate) fn credentials(&self, url: &str, password: &str) -> Value {
        json!({"auth": "session", "url": url, "database": self.database, "username": self.user, "password": password})
    }

    pub(crate) fn right_credentials(&self) -> Value {
        self.credentials_at(&self.url)
    }

    /// The right ones, for somebody between.
    pub(crate) fn credentials_at(&self, url: &str) -> Value {
        self.credentials(url, &self.password)
    }

    /// What the ERP's own client says.
    pub(crate) fn client(&self, command: &str, given: &Value) -> Value {
        self.script("tryton_client.py", &[command, &given.to_string()])
    }

    /// So many random changes by the ERP's own client; how many of each kind.
    fn churn(&self, seed: u64, count: usize) -> Value {
        self.script("tryton_churn.py", &[&seed.to_string(), &count.to_string()])
    }

    fn script(&self, name: &str, given: &[&str]) -> Value {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
        let url = format!("{}/{}/rpc/", self.url, self.database);
        let mut call = Command::new(&self.python);
        call.arg(script).args([&url, &self.user, &self.password]).args(given);
        let output = call.output().expect("the client runs");
        assert!(output.status.success(), "{given:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("the client answers JSON")
    }
}

/// Connects `system` and gives a client with the connection's token.
pub(crate) async fn connect(server: &Server, system: &str, credentials: Value) -> Api {
    let manager = server.api(server.key.as_deref().expect("a first start"));
    let body = json!({"system": system, "credentials": credentials, "customer": {"id": system, "name": "Acme"}});
    let reply = manager.post("/connections", &body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    server.api(reply.body["token"].as_str().expect("a token"))
}

/// A simulator with so many records, connected and synced.
pub(crate) async fn sandbox(server: &Server, directory: &Path, system: &str, records: usize) -> (Simulator, Api) {
    let simulator = Simulator::start(directory, system, records);
    let api = connect(server, system, simulator.credentials.clone()).await;
    synced(&api).await;
    (simulator, api)
}

/// Until every entity of the connection was synced once.
pub(crate) async fn synced(api: &Api) {
    synced_but(api, &[]).await;
}

/// Until every entity was synced once, but for those that the system refuses to the user: they fail, and say why.
pub(crate) async fn synced_but(api: &Api, refused: &[&str]) {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let status: Value = api.get("/sync-status").await;
        let all = status["data"].as_array().expect("a list");
        let is_refused = |entity: &Value| refused.iter().any(|name| entity["entity"] == *name);
        let (without, entities): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|entity| is_refused(entity));
        assert!(entities.iter().all(|entity| entity["state"] != "failed"), "{status}");
        let told =
            |entity: &Value| entity["last_error"]["message"].as_str().is_some_and(|text| text.contains("not allowed"));
        assert!(without.iter().all(|entity| entity["state"] != "failed" || told(entity)), "{status}");
        if entities.iter().all(|entity| entity["state"] == "idle" && !entity["last_success_at"].is_null()) {
            return;
        }
        assert!(Instant::now() < end, "{status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One incremental run of an entity; the run when it is over.
pub(crate) async fn sync_now(api: &Api, entity: &str) -> Value {
    let reply = api.post("/syncs", &json!({"entities": [entity], "mode": "incremental"})).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    let id = reply.body["data"][0]["id"].as_str().expect("a run").to_owned();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let run: Value = api.get(&format!("/syncs/{id}")).await;
        if run["state"] == "succeeded" {
            return run;
        }
        assert!(run["state"] != "failed" && Instant::now() < end, "{run}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All records of an entity, by remote id.
pub(crate) async fn records(api: &Api, path: &str) -> BTreeMap<String, Value> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page: Value = api.get(&format!("/{path}?limit=50{cursor}")).await;
        for record in page["data"].as_array().expect("a list") {
            let before = all.insert(record["remote_id"].as_str().expect("an id").to_owned(), record.clone());
            assert!(before.is_none(), "{record} came twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

pub(crate) fn skipped(what: &str) {
    eprintln!("skipped: {what} needs the real ERP that `cargo xtask test` starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn tryton_refuses_a_wrong_password_after_one_login_attempt() {
    let Some(tryton) = Tryton::find() else { return skipped("a refused login") };
    let data = tempfile::tempdir().unwrap();
    let (server, proxy) = (Server::start(data.path(), None), Proxy::start(&tryton.url).await);
    let manager = server.api(server.key.as_deref().unwrap());
    let credentials = tryton.credentials(&proxy.url, "not-the-password");
    let body = json!({"system": "tryton", "credentials": credentials, "customer": {"id": "c", "name": "C"}});
    let reply = manager.post("/connections", &body).await;
    assert_eq!((reply.status, &reply.body["code"]), (422, &json!("AUTHENTICATION_FAILED")), "{}", reply.body);
    assert!(reply.body["detail"].as_str().unwrap().contains("not accepted"), "{}", reply.body);
    assert_eq!(reply.body["vendor"]["status"], 401);
    assert_eq!(proxy.calls("common.db.login").len(), 1);
    let connections: Value = manager.get("/connections").await;
    assert_eq!(connections["data"], json!([]), "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tryton_user_who_may_not_see_something_is_refused_with_its_name() {
    let Some(tryton) = Tryton::find() else { return skipped("a missing right") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let mut credentials = tryton.right_credentials();
    credentials["username"] = "visitor".into();
    let manager = server.api(server.key.as_deref().unwrap());
    let body = json!({"system": "tryton", "credentials": credentials, "customer": {"id": "c", "name": "C"}});
    let reply = manager.post("/connections", &body).await;
    assert_eq!((reply.status, &reply.body["code"]), (403, &json!("PERMISSION_DENIED")), "{}", reply.body);
    assert!(reply.body["detail"].as_str().unwrap().contains("purchase.purchase"), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_tells_what_its_tryton_user_may_do() {
    let Some(tryton) = Tryton::find() else { return skipped("a user's rights") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let mut credentials = tryton.right_credentials();
    // Made with the database: works with stock, sees purchases, and makes none.
    credentials["username"] = "storekeeper".into();
    let (theirs, ours) =
        (connect(&server, "tryton", credentials).await, connect(&server, "tryton", tryton.right_credentials()).await);
    synced_but(&theirs, &["invoice"]).await;
    // What he may not see is told by its own sync, and the connection is as well as any other.
    let end = Instant::now() + Duration::from_secs(30);
    while theirs.get::<Value>("/connection").await["status"] != "online" {
        assert!(Instant::now() < end, "{}", theirs.get::<Value>("/connection").await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let syncs: Value = theirs.get("/sync-status").await;
    let invoices = syncs["data"].as_array().unwrap().iter().find(|sync| sync["entity"] == "invoice").unwrap();
    assert_eq!(invoices["last_error"]["code"], "PERMISSION_DENIED", "{invoices}");
    let capabilities = async |api: &Api| {
        let connection: Value = api.get("/connection").await;
        let path = format!("/connections/{}/capabilities", connection["id"].as_str().unwrap());
        server.api(server.key.as_deref().unwrap()).get::<Value>(&path).await["entities"]["purchase_order"].clone()
    };
    let limited = capabilities(&theirs).await;
    let rights = &limited["rights"];
    assert_eq!((&rights["read"]["allowed"], &rights["read"]["by"]), (&json!(true), &json!("system")), "{limited}");
    assert_eq!((&rights["create"]["allowed"], &limited["create"]), (&json!(false), &json!(false)), "{limited}");
    assert!(limited["why_not"]["create"].as_str().unwrap().contains("no right"), "{limited}");
    // And it is so: the system refuses what it says it does.
    let vendor = records(&theirs, "vendors").await.into_values().next().unwrap()["id"].clone();
    let item = records(&theirs, "items").await.into_values().next().unwrap()["id"].clone();
    let order = json!({
        "vendor_id": vendor, "currency": "USD",
        "lines": [{"item_id": item, "quantity": "1", "unit_price": "2.00"}]
    });
    let refused = theirs.send(Method::POST, "/purchase-orders", Some(&order), Some("keeper-1")).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("PERMISSION_DENIED")), "{}", refused.body);
    let whole = capabilities(&ours).await;
    assert_eq!((&whole["rights"]["create"]["allowed"], &whole["create"]), (&json!(true), &json!(true)), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tryton_records_equal_what_its_own_client_lists() {
    let Some(tryton) = Tryton::find() else { return skipped("a comparison of all records") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    equal_what_the_client_lists(&tryton, &api).await;
}

/// Every record of every entity, field by field, and none more.
async fn equal_what_the_client_lists(tryton: &Tryton, api: &Api) {
    let theirs = tryton.client("dump", &Value::Null);
    let list = |name: &str| theirs[name].as_array().unwrap().clone();
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();

    let ours = records(api, "vendors").await;
    assert_eq!(ours.len(), list("vendors").len());
    for row in list("vendors") {
        let record = &ours[&id(&row)];
        assert_eq!((&record["name"], &record["code"], &record["email"]), (&row["name"], &row["code"], &row["email"]));
        assert_eq!((&record["address"]["city"], &record["address"]["line1"]), (&row["city"], &row["line1"]));
    }
    let ours = records(api, "items").await;
    assert_eq!(ours.len(), list("items").len());
    for row in list("items") {
        let record = &ours[&id(&row)];
        assert_eq!((&record["sku"], &record["name"], &record["cost"]), (&row["sku"], &row["name"], &row["cost"]));
        assert_eq!(record["remote_unit"], row["unit"]);
    }
    let ours = records(api, "locations").await;
    assert_eq!(ours.len(), list("locations").len());
    for row in list("locations") {
        let record = &ours[&id(&row)];
        assert_eq!(
            (&record["code"], &record["name"], &record["remote_type"]),
            (&row["code"], &row["name"], &row["type"])
        );
        assert_eq!(record["parent_remote_id"], row["parent"]);
    }
    let ours: Vec<Value> = records(api, "inventory-levels").await.into_values().collect();
    assert_eq!(ours.len(), list("stock").len());
    for row in list("stock") {
        let same =
            |level: &&Value| level["location_remote_id"] == row["location"] && level["item_remote_id"] == row["item"];
        assert_eq!(ours.iter().find(same).unwrap()["on_hand"], row["quantity"], "{row}");
    }
    let ours = records(api, "purchase-orders").await;
    assert_eq!(ours.len(), list("purchases").len());
    for row in list("purchases") {
        let record = &ours[&id(&row)];
        for (field, theirs) in [
            ("number", "number"),
            ("remote_status", "state"),
            ("vendor_remote_id", "vendor"),
            ("ordered_on", "ordered_on"),
            ("currency", "currency"),
            ("net_total", "net_total"),
            ("reference", "reference"),
        ] {
            assert_eq!(record[field], row[theirs], "{field} of {row}");
        }
        let lines = |value: &Value, fields: [&str; 5]| -> Vec<[Value; 5]> {
            value["lines"].as_array().unwrap().iter().map(|line| fields.map(|field| line[field].clone())).collect()
        };
        let expected = lines(&row, ["item", "quantity", "unit", "unit_price", "amount"]);
        assert_eq!(
            lines(record, ["item_remote_id", "quantity", "remote_unit", "unit_price", "amount"]),
            expected,
            "{row}"
        );
    }
    let ours = records(api, "goods-receipts").await;
    assert_eq!(ours.len(), list("receipts").len());
    for row in list("receipts") {
        let record = &ours[&id(&row)];
        assert_eq!(
            (&record["number"], &record["vendor_remote_id"], &record["remote_status"]),
            (&row["number"], &row["vendor"], &row["state"])
        );
        // A shipment's moves have no order of their own.
        let lines = |of: &Value, item: &str| {
            let lines = of["lines"].as_array().unwrap().iter();
            let mut lines: Vec<String> = lines.map(|line| format!("{} {}", line[item], line["quantity"])).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(lines(record, "item_remote_id"), lines(&row, "item"), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tryton_change_arrives_by_a_sync_that_asks_only_for_what_changed() {
    let Some(tryton) = Tryton::find() else { return skipped("an incremental sync") };
    let data = tempfile::tempdir().unwrap();
    let (server, proxy) = (Server::start(data.path(), None), Proxy::start(&tryton.url).await);
    let api = connect(&server, "tryton", tryton.credentials_at(&proxy.url)).await;
    synced(&api).await;
    let (remote_id, before) = records(&api, "vendors").await.into_iter().next_back().unwrap();
    let after: Value = api.get("/connection").await;
    let name = format!("Renamed {}", std::process::id());
    tryton.client("rename_party", &json!({"id": remote_id, "name": name}));
    proxy.forget();
    let run = sync_now(&api, "vendor").await;

    let record: Value = api.get(&format!("/vendors/remote:{remote_id}")).await;
    assert_eq!((&record["name"], &record["version"]), (&json!(name), &json!(before["version"].as_i64().unwrap() + 1)));
    assert_eq!((&run["updated"], &run["created"]), (&json!(1), &json!(0)), "{run}");
    // Beside the listing of all ids, by which deletions are noticed.
    let mut asked = proxy.calls("party.party.search_read");
    asked.retain(|call| call["params"][4] != json!(["id"]));
    assert!(
        !asked.is_empty() && asked.iter().all(|call| call["params"][0].to_string().contains("last_modified_at")),
        "{asked:?}"
    );
    let sequence = after["last_sequence"].as_i64().unwrap();
    let events: Value = api.get(&format!("/events?after={sequence}&types=vendor.*")).await;
    let updates: Vec<&Value> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["data"]["remote_id"] == json!(remote_id))
        .collect();
    assert_eq!(updates.len(), 1);
    assert_eq!((&updates[0]["type"], &updates[0]["previous"]["name"]), (&json!("vendor.updated"), &before["name"]));
}

/// Changes come in bursts while syncs go on; after each burst one sync more, and the store equals the ERP. The number of changes
/// is `TRUNNION_TEST_TRYTON_EDITS`, the choices follow from `TRUNNION_TEST_TRYTON_SEED`.
#[tokio::test(flavor = "multi_thread")]
async fn tryton_equals_the_store_after_bursts_of_random_edits_and_deletes() {
    let Some(tryton) = Tryton::find().map(Arc::new) else { return skipped("random edits") };
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().expect("a number"));
    let (edits, seed) = (number("TRUNNION_TEST_TRYTON_EDITS", 30), number("TRUNNION_TEST_TRYTON_SEED", 1));
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let bursts = 5;
    for burst in 0..bursts {
        let (client, count) = (tryton.clone(), usize::try_from(edits.div_ceil(bursts)).unwrap());
        let churn = tokio::task::spawn_blocking(move || client.churn(seed * 100 + burst, count));
        while !churn.is_finished() {
            sync_all(&api).await;
        }
        let done = churn.await.unwrap();
        sync_all(&api).await;
        equal_what_the_client_lists(&tryton, &api).await;
        eprintln!("burst {burst}: equal after {done}");
    }
    // The system is the same as before: whatever its users write, that is no drift.
    let drift: Value = api.get("/schema-drift?limit=500").await;
    assert_eq!(drift["data"], json!([]), "{drift:#}");
}

/// One incremental run of each entity, until they are over.
async fn sync_all(api: &Api) {
    let status: Value = api.get("/sync-status").await;
    for entity in status["data"].as_array().unwrap() {
        sync_now(api, entity["entity"].as_str().unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tryton_gets_a_vendor_and_an_order_once_however_often_they_are_sent() {
    let Some(tryton) = Tryton::find() else { return skipped("a write") };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    let name = format!("Northgate {}", std::process::id());
    let address = json!({"line1": "8 Foundry Road", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
    let vendor = json!({"name": name, "email": "orders@northgate.example", "address": address});
    let first = api.send(Method::POST, "/vendors", Some(&vendor), Some("v1")).await;
    let again = api.send(Method::POST, "/vendors", Some(&vendor), Some("v1")).await;
    assert_eq!((first.status, again.status), (201, 201), "{} {}", first.body, again.body);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let theirs = tryton.client("parties_called", &json!({"name": name}));
    assert_eq!(theirs.as_array().unwrap().len(), 1);
    assert_eq!((&theirs[0]["email"], &theirs[0]["city"]), (&json!("orders@northgate.example"), &json!("Pittsburgh")));

    let line = |sku: &str, quantity: &str, price: &str| json!({"item_sku": sku, "quantity": quantity, "unit": "EA", "unit_price": price, "required_on": "2027-01-15"});
    let order = json!({"vendor_id": first.body["id"], "ordered_on": "2026-11-23", "currency": "USD", "reference": "REQ-1",
        "lines": [line("SP-0001", "10", "12.5"), line("SP-0002", "4", "103.95")]});
    let created = api.send(Method::POST, "/purchase-orders", Some(&order), Some("o1")).await;
    assert_eq!((created.status, &created.body["status"]), (201, &json!("approved")), "{}", created.body);
    let again = api.send(Method::POST, "/purchase-orders", Some(&order), Some("o1")).await;
    assert_eq!(again.body, created.body);
    let theirs = tryton.client("purchases_of", &json!({"id": first.body["remote_id"]}));
    assert_eq!(theirs.as_array().unwrap().len(), 1, "{theirs}");
    let expected = json!([
        {"item": theirs[0]["lines"][0]["item"], "sku": "SP-0001", "quantity": "10", "unit": "u", "unit_price": "12.5", "amount": "125", "required_on": "2027-01-15"},
        {"item": theirs[0]["lines"][1]["item"], "sku": "SP-0002", "quantity": "4", "unit": "u", "unit_price": "103.95", "amount": "415.8", "required_on": "2027-01-15"},
    ]);
    assert_eq!(theirs[0]["lines"], expected);
    assert_eq!(
        (&theirs[0]["reference"], &theirs[0]["ordered_on"], &theirs[0]["net_total"]),
        (&json!("REQ-1"), &json!("2026-11-23"), &json!("540.8"))
    );
    let mut changed = order.clone();
    changed["lines"][0]["quantity"] = json!("11");
    let other = api.send(Method::POST, "/purchase-orders", Some(&changed), Some("o1")).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("IDEMPOTENCY_CONFLICT")));
}
