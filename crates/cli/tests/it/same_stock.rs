//! Stock is adjusted by a difference and transferred by one body each in three systems, and never twice. What their documents
//! say is read by clients that others wrote.

use reqwest::Method;
use serde_json::{Value, json};
use trunnion_connectors::netsuite::sim::Options;

use crate::matrix::cutter::{Cut, Cutter};
use crate::peers::read;
use crate::process::{Api, Reply, Server, Simulator};
use crate::proxy::Proxy;
use crate::same_change::{Wire, foretold};
use crate::same_receipt::calls;
use crate::tryton::{Tryton, connect, skipped, sync_now, synced};

const PART: &str = "SP-0003";

/// A system with a part of which there is some, and two places for it.
struct Store<'s> {
    system: &'s str,
    part: &'s str,
    place: &'s str,
    there: &'s str,
    /// Stock of which nothing is left is not shown any more.
    gone: bool,
}

const SIMULATED: [Store<'_>; 2] = [
    Store { system: "sap-s4hana", part: PART, place: "1010/101A", there: "1010/101B", gone: true },
    Store { system: "netsuite", part: PART, place: "Cleveland Spares Store", there: "Cleveland Plant", gone: false },
];

/// A store of the real system, with a part of its own: what is in it, other tests count on.
fn real<'s>(tryton: &Tryton, part: &'s str) -> Store<'s> {
    tryton.client("stocked", &json!({"sku": part, "unit": "l", "quantity": 60}));
    Store { system: "tryton", part, place: "STO", there: "IN", gone: true }
}

/// The level of a part at a place, as our records say.
async fn level(api: &Api, part: &str, place: &str) -> Value {
    let places: Value = api.get("/locations?limit=500").await;
    let place =
        places["data"].as_array().expect("places").iter().find(|known| known["code"] == place).expect("the place");
    let levels: Value = api.get("/inventory-levels?limit=500").await;
    let is_it = |level: &&Value| level["item_sku"] == part && level["location_id"] == place["id"];
    levels["data"].as_array().expect("levels").iter().find(is_it).cloned().unwrap_or(Value::Null)
}

fn on_hand(level: &Value) -> f64 {
    level["on_hand"].as_str().map_or(0.0, |text| text.parse().expect("a number"))
}

async fn post(api: &Api, level: &Value, action: &str, body: &Value, key: &str) -> Reply {
    let at = format!("/inventory-levels/{}/{action}", level["id"].as_str().expect("an id"));
    api.send(Method::POST, &at, Some(body), Some(key)).await
}

/// The document that the last operation made, as a client of others' sees it: reason and quantity.
async fn of_simulator(
    api: &Api,
    simulator: &Simulator,
    system: &str,
    action: &str,
    reason: &str,
) -> Option<(String, f64)> {
    let credential = |name: &str| simulator.credentials[name].as_str().unwrap_or_default().to_owned();
    if system == "sap-s4hana" {
        let (user, password) = (credential("username"), credential("password"));
        let filter = format!("MaterialDocumentItemText eq '{reason}' and IsAutomaticallyCreated eq ''");
        let rows = read(
            "sap_read.py",
            &[
                &simulator.url,
                &user,
                &password,
                "API_MATERIAL_DOCUMENT_SRV",
                "A_MaterialDocumentItem",
                &filter,
                "GoodsMovementType",
                "QuantityInEntryUnit",
            ],
        )?;
        let [row] = rows.as_array().expect("rows").as_slice() else { panic!("{action}: {rows}") };
        return Some((
            row["GoodsMovementType"].as_str()?.to_owned(),
            row["QuantityInEntryUnit"].as_str()?.parse().ok()?,
        ));
    }
    let operations: Value = api.get("/operations?limit=1").await;
    let key = operations["data"][0]["id"].as_str()?.strip_prefix("op_")?.to_owned();
    let kind = if action == "adjust" { "inventoryAdjustment" } else { "inventoryTransfer" };
    let Options { account, tba, .. } = Options::default();
    let path = format!("/record/v1/{kind}/eid:{key}");
    let record = read(
        "netsuite_read.py",
        &[&simulator.url, &account, &tba.consumer_key, &tba.consumer_secret, &tba.token, &tba.token_secret, &path],
    )?;
    assert_eq!(record["memo"], reason, "{record}");
    let [line] = record["inventory"]["items"].as_array().expect("lines").as_slice() else { panic!("{record}") };
    Some((kind.to_owned(), line["adjustQtyBy"].as_f64()?))
}

/// A line that can be cut, to a system whose documents somebody else's client reads.
enum Line<'l> {
    Simulated(&'l Simulator, &'l str),
    Real(&'l Tryton, &'l Cutter, &'l str),
}

impl Line<'_> {
    /// The next document is made, and nothing is answered.
    async fn cut(&self, action: &str) {
        match self {
            Self::Simulated(simulator, "netsuite") => {
                let path = if action == "adjust" { "inventoryAdjustment" } else { "inventoryTransfer" };
                simulator.fault(&format!("cut-after:next=1,method=PUT,path={path}")).await;
            }
            Self::Simulated(simulator, _) => {
                simulator.fault("cut-after:next=1,method=POST,path=A_MaterialDocumentHeader").await;
            }
            // Of several calls the first at one time, the last at another.
            Self::Real(_, cutter, _) if action == "adjust" => {
                cutter.plan(Cut::Answer, (0, 1), |asked| calls(asked, "model.stock.shipment.internal.create"));
            }
            Self::Real(_, cutter, _) => {
                cutter.plan(Cut::Answer, (0, 1), |asked| calls(asked, "model.stock.shipment.internal.do"));
            }
        }
    }

    /// Kind and quantity of what an adjustment by -2.5 and a transfer of 30 are.
    fn documents(&self) -> [(&'static str, f64); 2] {
        match self {
            Self::Simulated(_, "netsuite") => [("inventoryAdjustment", -2.5), ("inventoryTransfer", 30.0)],
            Self::Simulated(..) => [("702", 2.5), ("311", 30.0)],
            Self::Real(..) => [("Storage Zone to Lost and Found", 2.5), ("Storage Zone to Input Zone", 30.0)],
        }
    }

    async fn document(&self, api: &Api, action: &str, reason: &str) -> Option<(String, f64)> {
        let (tryton, part) = match self {
            Self::Simulated(simulator, system) => return of_simulator(api, simulator, system, action, reason).await,
            Self::Real(tryton, _, part) => (tryton, part),
        };
        let all = tryton.client("internal_shipments", &json!({"sku": part}));
        let about = |one: &&Value| one["reference"].as_str().is_some_and(|text| text.starts_with(reason));
        let found: Vec<&Value> = all.as_array().expect("a list").iter().filter(about).collect();
        let [one] = found.as_slice() else { panic!("{action}: {all}") };
        let [moved] = one["moves"].as_array().expect("moves").as_slice() else { panic!("{one}") };
        assert_eq!((&one["state"], &moved["state"]), (&json!("done"), &json!("done")), "{one}");
        let way = format!("{} to {}", one["from"].as_str()?, one["to"].as_str()?);
        Some((way, moved["quantity"].as_str()?.parse().ok()?))
    }
}

/// Adjusts and transfers, with answers that are lost, and looks at what became of it here and there.
async fn adjust_and_transfer(server: &Server, api: &Api, store: &Store<'_>, line: &Line<'_>) {
    let Store { system, part, place, there, .. } = *store;
    let own: Value = api.get("/connection").await;
    let said = format!("/connections/{}/capabilities", own["id"].as_str().unwrap());
    let said: Value = server.api(server.key.as_deref().unwrap()).get(&said).await;
    assert_eq!(said["entities"]["inventory_level"]["actions"], json!(["adjust", "transfer"]), "{system}");

    let start = level(api, part, place).await;
    let reply = post(api, &start, "adjust", &json!({"quantity": "40", "reason": "found in the yard"}), "found").await;
    assert_eq!(reply.status, 200, "{system}: {}", reply.body);
    assert!((on_hand(&reply.body) - on_hand(&start) - 40.0).abs() < 1e-9, "{system}: {}", reply.body);
    let again = post(api, &start, "adjust", &json!({"quantity": "40", "reason": "found in the yard"}), "found").await;
    assert_eq!((&again.body, &again.headers["idempotency-replayed"]), (&reply.body, &"true".parse().unwrap()));
    let other = post(api, &start, "adjust", &json!({"quantity": "41", "reason": "found in the yard"}), "found").await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("IDEMPOTENCY_CONFLICT")), "{system}");

    // Without an answer, it is searched for.
    line.cut("adjust").await;
    let less = post(api, &start, "adjust", &json!({"quantity": "-2.5", "reason": "broken"}), "broken").await;
    assert_eq!(less.status, 200, "{system}: {}", less.body);
    assert!((on_hand(&less.body) - on_hand(&start) - 37.5).abs() < 1e-9, "{system}: {}", less.body);
    let [adjusted, transferred] = line.documents();
    if let Some(seen) = line.document(api, "adjust", "broken").await {
        assert_eq!(seen, (adjusted.0.to_owned(), adjusted.1), "{system}");
    }

    let before = level(api, part, there).await;
    let body = json!({"to_location_code": there, "quantity": "30", "reason": "for the line"});
    line.cut("transfer").await;
    let moved = post(api, &start, "transfer", &body, "moved").await;
    assert_eq!(moved.status, 200, "{system}: {}", moved.body);
    assert!((on_hand(&moved.body) - on_hand(&start) - 7.5).abs() < 1e-9, "{system}: {}", moved.body);
    // The other side is known too, before any sync.
    let after = level(api, part, there).await;
    assert!((on_hand(&after) - on_hand(&before) - 30.0).abs() < 1e-9, "{system}: {before} {after}");
    if let Some(seen) = line.document(api, "transfer", "for the line").await {
        assert_eq!(seen, (transferred.0.to_owned(), transferred.1), "{system}");
    }
    let run = sync_now(api, "inventory_level").await;
    assert_eq!(
        (&run["created"], &run["updated"], &run["deleted"]),
        (&json!(0), &json!(0), &json!(0)),
        "{system}: {run}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_adjustment_and_transfer_change_the_stock_of_tryton_and_both_simulators_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for store in SIMULATED {
        let simulator = Simulator::start(data.path(), store.system, 30);
        let api = connect(&server, store.system, simulator.credentials.clone()).await;
        synced(&api).await;
        adjust_and_transfer(&server, &api, &store, &Line::Simulated(&simulator, store.system)).await;
    }
    let Some(tryton) = Tryton::find() else { return skipped("stock that is adjusted and transferred") };
    let part = own_part("A");
    let store = real(&tryton, &part);
    let cutter = Cutter::start(&tryton.url).await;
    let api = connect(&server, "tryton", tryton.credentials_at(&cutter.url)).await;
    synced(&api).await;
    adjust_and_transfer(&server, &api, &store, &Line::Real(&tryton, &cutter, &part)).await;
    assert_eq!(cutter.fired(), 2);
}

/// A number that no other item has.
pub(crate) fn own_part(mark: &str) -> String {
    format!("{mark}-{}-{}", std::process::id(), trunnion_model::time::Clock::system().now_micros())
}

/// What is wrong with a body is told, nothing is sent of it, and a dry run foretells what is sent of one that is right.
async fn refused_and_foretold(api: &Api, store: &Store<'_>, wire: &impl Wire) {
    let Store { system, part, place, there, .. } = *store;
    let start = level(api, part, place).await;
    let some = post(api, &start, "adjust", &json!({"quantity": "5", "reason": "found"}), "some").await;
    assert_eq!(some.status, 200, "{system}: {}", some.body);
    for (action, body, wrong) in [
        ("adjust", json!({"quantity": "0"}), vec!["/quantity", "/reason"]),
        ("adjust", json!({"quantity": 2, "reason": "x".repeat(1_000)}), vec!["/quantity", "/reason"]),
        (
            "adjust",
            json!({"quantity": "-1000000", "reason": "r", "to_location_code": there}),
            vec!["/quantity", "/to_location_code"],
        ),
        ("transfer", json!({"quantity": "-1"}), vec!["/quantity", "/to_location_id"]),
        (
            "transfer",
            json!({"quantity": "1000000", "to_location_code": "nowhere"}),
            vec!["/quantity", "/to_location_code"],
        ),
        ("transfer", json!({"quantity": "1", "to_location_code": place}), vec!["/to_location_id"]),
    ] {
        let reply = post(api, &start, action, &body, "wrong").await;
        assert_eq!((reply.status, reply.pointers()), (422, wrong), "{system} {action} {body}: {}", reply.body);
    }
    let keyless = format!("/inventory-levels/{}/adjust", start["id"].as_str().unwrap());
    let body = json!({"quantity": "1", "reason": "r"});
    let reply = api.send(Method::POST, &keyless, Some(&body), None).await;
    assert_eq!((reply.status, &reply.body["code"]), (400, &json!("VALIDATION_FAILED")), "{system}: {}", reply.body);
    let sync = sync_now(api, "inventory_level").await;
    assert_eq!(sync["updated"], 0, "{system}: {sync}");

    foretold(api, wire, Method::POST, &keyless, Some(&body)).await;
    let transfer = json!({"quantity": "1", "to_location_code": there});
    let path = format!("/inventory-levels/{}/transfer", start["id"].as_str().unwrap());
    foretold(api, wire, Method::POST, &path, Some(&transfer)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_posted_is_refused_by_the_same_words_in_tryton_and_both_simulators() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for store in SIMULATED {
        let simulator = Simulator::start(data.path(), store.system, 30);
        let api = connect(&server, store.system, simulator.credentials.clone()).await;
        synced(&api).await;
        refused_and_foretold(&api, &store, &simulator).await;
    }
    let Some(tryton) = Tryton::find() else { return skipped("stock that cannot be posted") };
    let part = own_part("B");
    let store = real(&tryton, &part);
    let proxy = Proxy::start(&tryton.url).await;
    let api = connect(&server, "tryton", tryton.credentials_at(&proxy.url)).await;
    synced(&api).await;
    refused_and_foretold(&api, &store, &proxy).await;
    let start = level(&api, &part, store.place).await;
    let path = format!("/inventory-levels/{}", start["id"].as_str().unwrap());
    foretold(&api, &proxy, Method::PATCH, &path, Some(&json!({"on_hand": "77.5"}))).await;
}

/// All of it goes to another place, and there it is counted as nothing.
async fn emptied(api: &Api, store: &Store<'_>) {
    let Store { system, part, place, there, gone } = *store;
    let start = level(api, part, place).await;
    let more = post(api, &start, "adjust", &json!({"quantity": "5", "reason": "found"}), "more").await;
    let all = json!({"to_location_code": there, "quantity": more.body["on_hand"]});
    let reply = post(api, &start, "transfer", &all, "all").await;
    assert_eq!(reply.status, 200, "{system}: {}", reply.body);
    // In SAP other kinds of stock may be left there.
    let left = reply.body["deleted_at"].is_null();
    assert!(left || gone, "{system}: {}", reply.body);
    if left {
        assert_eq!(reply.body["on_hand"], "0", "{system}: {}", reply.body);
    }
    let other = level(api, part, there).await;
    let at = format!("/inventory-levels/{}", other["id"].as_str().unwrap());
    let none = api.send(Method::PATCH, &at, Some(&json!({"on_hand": "0"})), None).await;
    assert_eq!(none.status, 200, "{system}: {}", none.body);
    assert!(none.body["on_hand"] == "0" || (gone && !none.body["deleted_at"].is_null()), "{system}: {}", none.body);
}

/// The last stock of a level is counted as nothing, and the line is cut before the answer: what is shown no more was posted.
async fn emptied_unheard(api: &Api, line: &Line<'_>) {
    let levels: Value = api.get("/inventory-levels?limit=500").await;
    let is_some = |level: &Value, kind: &str| level[kind].as_str().is_some_and(|text| text.parse() != Ok(0.0));
    let other = ["quality_hold", "blocked", "in_transit"];
    let is_last = |level: &&Value| is_some(level, "on_hand") && !other.iter().any(|kind| is_some(level, kind));
    let last = levels["data"].as_array().expect("levels").iter().find(is_last).expect("a level of one kind of stock");
    let at = format!("/inventory-levels/{}", last["id"].as_str().unwrap());
    line.cut("adjust").await;
    let none = api.send(Method::PATCH, &at, Some(&json!({"on_hand": "0"})), None).await;
    assert!(none.status == 200 && !none.body["deleted_at"].is_null(), "{}", none.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_of_which_nothing_is_left_is_gone_where_the_system_shows_it_no_more_tryton_among_them() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), None);
    for store in SIMULATED {
        let simulator = Simulator::start(data.path(), store.system, 30);
        let api = connect(&server, store.system, simulator.credentials.clone()).await;
        synced(&api).await;
        emptied(&api, &store).await;
        if store.gone {
            emptied_unheard(&api, &Line::Simulated(&simulator, store.system)).await;
        }
    }
    let Some(tryton) = Tryton::find() else { return skipped("stock of which nothing is left") };
    let part = own_part("C");
    let store = real(&tryton, &part);
    let api = connect(&server, "tryton", tryton.right_credentials()).await;
    synced(&api).await;
    emptied(&api, &store).await;
    let counted = tryton.client("inventories", &json!({"sku": part}));
    assert_eq!(
        counted.as_array().unwrap().last().unwrap(),
        &json!({"state": "done", "lines": [{"sku": part, "quantity": "0"}]}),
        "{counted}"
    );
}
