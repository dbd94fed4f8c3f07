//! The same item, made and changed by one body each in systems that keep items in ways of their own, and never twice. What
//! they say at the source is read by clients that others wrote.

use reqwest::Method;
use serde_json::{Value, json};
use trunnion_connectors::netsuite::sim::Options;

use crate::peers::read;
use crate::process::{Api, Server, Simulator};
use crate::same_change::foretold;
use crate::same_stock::own_part;
use crate::tryton::{Tryton, connect, records, sandbox, skipped, sync_now, synced};

/// A system, and what it calls the nearest thing to a delete.
const SYSTEMS: [(&str, &str); 2] = [("sap-s4hana", "flag"), ("netsuite", "inactivate")];
/// Kinds of items that all of them have.
const KINDS: [&str; 3] = ["inventory", "non_inventory", "service"];

fn body(sku: &str, kind: &str) -> Value {
    json!({"sku": sku, "name": "Cartridge seal 45 mm", "type": kind, "unit": "EA"})
}

fn pick(from: &Value, like: &Value) -> Value {
    like.as_object().expect("an object").keys().map(|name| (name.clone(), from[name].clone())).collect()
}

/// All items with that number as others read them: name, kind and unit in the system's own words.
fn at_the_source(simulator: &Simulator, system: &str, sku: &str) -> Option<Vec<[String; 3]>> {
    let credential = |name: &str| simulator.credentials[name].as_str().unwrap_or_default().to_owned();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if system == "sap-s4hana" {
        let (user, password, filter) = (credential("username"), credential("password"), format!("Product eq '{sku}'"));
        let rows = |set: &str, members: [&str; 2]| {
            let [first, second] = members;
            let login = [&*simulator.url, &user, &password, "API_PRODUCT_SRV", set, &filter, first, second];
            read("sap_read.py", &login)
        };
        let (products, texts) = (
            rows("A_Product", ["ProductType", "BaseUnit"])?,
            rows("A_ProductDescription", ["Language", "ProductDescription"])?,
        );
        let [said] = texts.as_array()?.as_slice() else { panic!("{texts}") };
        assert_eq!(said["Language"], "EN", "{texts}");
        let one = |row: &Value| [text(&said["ProductDescription"]), text(&row["ProductType"]), text(&row["BaseUnit"])];
        return Some(products.as_array()?.iter().map(one).collect());
    }
    let Options { account, tba, .. } = Options::default();
    let get = |path: String| {
        let login = [&tba.consumer_key, &tba.consumer_secret, &tba.token, &tba.token_secret];
        let all = [&[&*simulator.url, &account][..], &login.map(String::as_str), &[&*path]].concat();
        read("netsuite_read.py", &all)
    };
    let mut found = Vec::new();
    for kind in ["inventoryItem", "nonInventoryPurchaseItem", "servicePurchaseItem"] {
        let listed = get(format!("/record/v1/{kind}?q=itemId IS \"{sku}\""))?;
        for one in listed["items"].as_array()? {
            let record = get(format!("/record/v1/{kind}/{}", one["id"].as_str()?))?;
            found.push([text(&record["displayName"]), kind.to_owned(), text(&record["purchaseUnit"]["refName"])]);
        }
    }
    Some(found)
}

/// The same of the real ERP, by its own client.
fn products(tryton: &Tryton, sku: &str) -> Vec<[String; 3]> {
    let found = tryton.client("products", &json!({"sku": sku}));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |row: &Value| [text(&row["name"]), text(&row["type"]), text(&row["unit"])];
    found.as_array().expect("a list").iter().map(one).collect()
}

/// What the source calls a kind.
fn theirs(system: &str, kind: &str) -> &'static str {
    match (system, kind) {
        ("sap-s4hana", "inventory") => "HAWA",
        ("sap-s4hana", "non_inventory") => "NLAG",
        ("sap-s4hana", _) => "SERV",
        ("tryton", "service") => "service",
        ("tryton", _) => "goods",
        (_, "inventory") => "inventoryItem",
        (_, "non_inventory") => "nonInventoryPurchaseItem",
        _ => "servicePurchaseItem",
    }
}

/// An item of each kind is made, made again with the same key, renamed, and taken out of use.
async fn life(api: &Api, system: &str, mode: &str, kind: &str, seen: &dyn Fn(&str) -> Option<Vec<[String; 3]>>) {
    let sku = own_part(&format!("TR-{}", kind.replace('_', "-"))).to_uppercase();
    let wanted = body(&sku, kind);
    let made = api.send(Method::POST, "/items", Some(&wanted), Some(&sku)).await;
    assert_eq!(made.status, 201, "{system} {kind}: {}", made.body);
    assert_eq!(pick(&made.body, &wanted), wanted, "{system}");
    let again = api.send(Method::POST, "/items", Some(&wanted), Some(&sku)).await;
    assert_eq!((&again.body, &again.headers["idempotency-replayed"]), (&made.body, &"true".parse().unwrap()));
    let at = format!("/items/{}", made.body["id"].as_str().expect("an id"));
    let stored: Value = api.get(&at).await;
    assert_eq!(stored, made.body, "{system}: the answer is the record as it is read later");
    // A number is an item's own.
    let double = api.send(Method::POST, "/items", Some(&wanted), Some(&format!("{sku}-double"))).await;
    assert_eq!((double.status, &double.body["code"]), (502, &json!("SYSTEM_REJECTED")), "{system}: {}", double.body);
    assert_eq!(double.body["errors"][0]["pointer"], "/sku", "{system}: {}", double.body);

    let name = json!({"name": "Cartridge seal 45 mm, pair"});
    let renamed = api.send(Method::PATCH, &at, Some(&name), None).await;
    assert_eq!((renamed.status, &renamed.body["name"]), (200, &name["name"]), "{system} {kind}: {}", renamed.body);
    assert_eq!(renamed.body["version"].as_i64(), made.body["version"].as_i64().map(|version| version + 1));
    if let Some(found) = seen(&sku) {
        let unit = if system == "tryton" { "u" } else { "EA" };
        let expected = ["Cartridge seal 45 mm, pair", theirs(system, kind), unit].map(str::to_owned);
        assert_eq!(found, [expected], "{system} {kind}");
    }
    let run = sync_now(api, "item").await;
    assert_eq!((&run["created"], &run["updated"]), (&json!(0), &json!(0)), "{system}: {run}");
    let off = api.send(Method::DELETE, &format!("{at}?mode={mode}"), None, None).await;
    assert_eq!(off.status, 200, "{system}: {}", off.body);
    assert!(off.body["active"] == false || !off.body["deleted_at"].is_null(), "{system}: {}", off.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_item_is_made_renamed_and_taken_out_of_use_in_tryton_and_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, mode) in SYSTEMS {
        let (simulator, api) = sandbox(&server, data.path(), system, 10).await;
        for kind in KINDS {
            life(&api, system, mode, kind, &|sku| at_the_source(&simulator, system, sku)).await;
        }
    }
    let Some(tryton) = Tryton::find() else { return skipped("an item's life") };
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    for kind in KINDS {
        life(&api, "tryton", "inactivate", kind, &|sku| Some(products(&tryton, sku))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_whose_making_was_not_answered_is_there_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, _) in SYSTEMS {
        let (simulator, api) = sandbox(&server, data.path(), system, 10).await;
        let (method, path) = if system == "netsuite" { ("PUT", "servicePurchaseItem") } else { ("POST", "A_Product") };
        for (cut, sku) in [("cut-after", "TR-DONE"), ("cut-before", "TR-UNDONE")] {
            simulator.fault(&format!("{cut}:next=1,method={method},path={path}")).await;
            let made = api.send(Method::POST, "/items", Some(&body(sku, "service")), Some(sku)).await;
            assert_eq!((made.status, &made.body["sku"]), (201, &json!(sku)), "{system} {cut}: {}", made.body);
            let sent = simulator.requests().await;
            let sent = sent.iter().filter(|asked| asked.method == method && asked.path.contains(path)).count();
            assert_eq!(sent, if cut == "cut-after" { 1 } else { 3 }, "{system} {cut}");
            if let Some(found) = at_the_source(&simulator, system, sku) {
                assert_eq!(found.len(), 1, "{system}: {found:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_an_item_foretells_what_is_sent() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for (system, mode) in SYSTEMS {
        let (simulator, api) = sandbox(&server, data.path(), system, 10).await;
        for kind in KINDS {
            let sku = format!("TR-DRY-{}", kind.to_uppercase());
            foretold(&api, &simulator, Method::POST, "/items", Some(&body(&sku, kind))).await;
            let made: Value = api.get("/operations?limit=1").await;
            let at = format!("/items/{}", made["data"][0]["outcome"]["body"]["id"].as_str().unwrap());
            foretold(&api, &simulator, Method::PATCH, &at, Some(&json!({"name": "Other"}))).await;
            foretold(&api, &simulator, Method::DELETE, &format!("{at}?mode={mode}"), None).await;
        }
    }
}

/// Each kind of item is a record type of its own there, and a change under another one's address finds nothing.
#[tokio::test(flavor = "multi_thread")]
async fn netsuite_items_of_all_kinds_are_changed_where_they_are() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    let (simulator, api) = sandbox(&server, data.path(), "netsuite", 5).await;
    // Kinds that are not made here are there all the same.
    for kind in ["lotNumberedInventoryItem", "serializedInventoryItem", "serviceResaleItem", "nonInventorySaleItem"] {
        let ask =
            json!({"method": "POST", "path": format!("/services/rest/record/v1/{kind}"), "body": {"itemId": kind}});
        let made = api.send(Method::POST, "/passthrough", Some(&ask), None).await;
        assert_eq!((made.status, &made.body["status"]), (200, &json!(204)), "{kind}: {}", made.body);
    }
    sync_now(&api, "item").await;
    let before = simulator.requests().await.len();
    let (mut kinds, all) = (std::collections::BTreeSet::new(), records(&api, "items").await);
    for (remote_id, item) in &all {
        let change = json!({"description": format!("seen as {}", item["type"])});
        let reply = api.send(Method::PATCH, &format!("/items/remote:{remote_id}"), Some(&change), None).await;
        assert_eq!((reply.status, &reply.body["description"]), (200, &change["description"]), "{}", reply.body);
    }
    for asked in simulator.requests().await.split_off(before).iter().filter(|asked| asked.method == "PATCH") {
        assert_eq!(asked.status, 204, "{asked:?}");
        kinds.extend(asked.path.split('/').nth_back(1).map(str::to_owned));
    }
    let expected = [
        "assemblyItem",
        "inventoryItem",
        "lotNumberedInventoryItem",
        "nonInventoryPurchaseItem",
        "nonInventoryResaleItem",
        "nonInventorySaleItem",
        "serializedInventoryItem",
        "servicePurchaseItem",
        "serviceResaleItem",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
