//! Fields that a customer added to a system: found, read, named, described and written, by one body of test for both systems.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Api, Server, Simulator};
use crate::same_order::{create, order};
use crate::tryton::{connect, synced};

/// The fields of a system's orders that the test uses.
struct Fields {
    system: &'static str,
    text: &'static str,
    flag: &'static str,
    date: &'static str,
    of_line: &'static str,
}

const SYSTEMS: [Fields; 2] = [
    Fields {
        system: "sap-s4hana",
        text: "YY1_CostObject_PDH",
        flag: "YY1_Urgent_PDH",
        date: "YY1_BudgetDate_PDH",
        of_line: "YY1_Machine_PDI",
    },
    Fields {
        system: "netsuite",
        text: "custbody_requisition_no",
        flag: "custbody_urgent",
        date: "custbody_needed_by",
        of_line: "custcol_machine",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn custom_fields_are_read_named_described_and_written_alike_in_both_systems() {
    for fields in SYSTEMS {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), None);
        let simulator = Simulator::start(data.path(), fields.system, 40);
        let api = connect(&server, fields.system, simulator.credentials.clone()).await;
        synced(&api).await;
        let own: Value = api.get("/connection").await;
        let application = server.api(server.key.as_deref().expect("a key"));
        let at = format!("/connections/{}", own["id"].as_str().expect("an id"));

        told(&application, &at, &fields).await;
        if fields.system == "netsuite" {
            listed(&application, &at, &api).await;
        }
        let before = filled(&api, fields.text).await;
        named(&application, &at, &fields, &before).await;
        let after = until_named(&api, &before).await;
        assert_eq!(after["custom_fields"]["cost_object"], before["custom_fields"][fields.text]);
        assert!(after["custom_fields"][fields.text].is_null(), "{after}");
        let path = format!("/purchase-orders/{}/history", after["id"].as_str().expect("an id"));
        let history: Value = api.get(&path).await;
        assert_eq!(history["data"][0]["cause"], "remap", "{history}");
        written(&api, &fields).await;
    }
}

/// What the system told, as mapping, schema and capabilities show it.
async fn told(application: &Api, at: &str, fields: &Fields) {
    let mapping: Value = application.get(&format!("{at}/mapping")).await;
    let order = &mapping["entities"]["purchase_order"];
    let kind = |name: &str| order["custom_fields"][name]["type"].clone();
    assert_eq!([kind(fields.text), kind(fields.flag), kind(fields.date)], ["string", "boolean", "date"], "{mapping}");
    assert_eq!(order["lines"]["custom_fields"][fields.of_line]["type"], "string", "{mapping}");
    assert!(order["checked_at"].is_string(), "{mapping}");
    let schema: Value = application.get(&format!("{at}/schema?entity=purchase_order")).await;
    let described = &schema["properties"]["custom_fields"]["properties"];
    assert_eq!(
        (&described[fields.date]["format"], &described[fields.flag]["type"]),
        (&json!("date"), &json!("boolean"))
    );
    let of_line = &schema["properties"]["lines"]["items"]["properties"]["custom_fields"]["properties"];
    assert_eq!(of_line[fields.of_line]["type"], "string", "{schema}");
    let capabilities: Value = application.get(&format!("{at}/capabilities")).await;
    let can = &capabilities["entities"]["purchase_order"];
    assert_eq!(can["custom_fields"][fields.text]["on_update"], true, "{can}");
    assert_eq!(can["fields"]["lines"]["custom_fields"][fields.of_line]["on_create"], true, "{can}");
}

/// A field that is one of a list of the customer's is described with the list, which is checked before anything is sent.
async fn listed(application: &Api, at: &str, api: &Api) {
    let capabilities: Value = application.get(&format!("{at}/capabilities")).await;
    let project = &capabilities["entities"]["purchase_order"]["custom_fields"]["custbody_project"];
    assert_eq!(project["enum"], json!(["1", "2", "3"]), "{project}");
    let orders: Value = api.get("/purchase-orders?limit=100").await;
    let orders = orders["data"].as_array().expect("orders");
    assert!(orders.iter().any(|order| order["custom_fields"]["custbody_project"] == "2"), "{orders:?}");
    let open = orders.iter().find(|order| order["status"] == "approved").expect("an order that is open");
    let path = format!("/purchase-orders/{}", open["id"].as_str().expect("an id"));
    let wrong = json!({ "custom_fields": { "custbody_project": "4" } });
    let refused = api.send(Method::PATCH, &path, Some(&wrong), None).await;
    assert_eq!(refused.body["errors"][0]["message"], "must be one of: 1, 2, 3", "{}", refused.body);
}

/// An order in which somebody filled the field, with its raw form.
async fn filled(api: &Api, field: &str) -> Value {
    let page: Value = api.get("/purchase-orders?limit=100&include=raw").await;
    let orders = page["data"].as_array().expect("orders");
    let found = orders.iter().find(|order| order["custom_fields"][field].is_string()).expect("an order with the field");
    assert_eq!(found["custom_fields"][field], found["raw"][field], "{found}");
    found.clone()
}

/// One field gets a name, another is hidden; names that cannot be are refused, and trying stores nothing.
async fn named(application: &Api, at: &str, fields: &Fields, before: &Value) {
    let choice = |custom: Value| json!({ "entities": { "purchase-orders": { "custom_fields": custom } } });
    let wrong = choice(json!({ fields.text: { "name": "two words" }, "nothing": { "hidden": true } }));
    let refused = application.send(Method::PUT, &format!("{at}/mapping"), Some(&wrong), None).await;
    let place = |rest: &str| format!("/entities/purchase-orders/custom_fields/{rest}");
    let mut wanted = [place(&format!("{}/name", fields.text)), place("nothing")];
    wanted.sort_unstable();
    assert_eq!(
        (refused.status, sorted(refused.pointers())),
        (422, wanted.iter().map(String::as_str).collect()),
        "{}",
        refused.body
    );
    let same = choice(json!({ fields.text: { "name": "one" }, fields.date: { "name": "one" } }));
    let refused = application.send(Method::PUT, &format!("{at}/mapping"), Some(&same), None).await;
    assert_eq!(refused.status, 422, "{}", refused.body);

    let good = choice(json!({ fields.text: { "name": "cost_object" }, fields.flag: { "hidden": true } }));
    let tried = application.send(Method::POST, &format!("{at}/mapping/preview"), Some(&good), None).await;
    let rows = tried.body["entities"]["purchase_order"].as_array().expect("rows");
    assert!((1..=3).contains(&rows.len()), "{}", tried.body);
    for row in rows {
        let (ours, theirs) = (&row["record"]["custom_fields"]["cost_object"], &row["raw"][fields.text]);
        assert!(ours == theirs || ours.is_null() && (theirs.is_null() || theirs == ""), "{row}");
        assert!(row["record"]["custom_fields"][fields.flag].is_null(), "{row}");
    }
    let chosen = application.send(Method::PUT, &format!("{at}/mapping"), Some(&good), None).await;
    assert_eq!(chosen.status, 200, "{}", chosen.body);
    // What was answered can be given back, and changes nothing.
    let again = application.send(Method::PUT, &format!("{at}/mapping"), Some(&chosen.body), None).await;
    assert_eq!((again.status, &again.body), (200, &chosen.body));
    assert!(before["custom_fields"][fields.text].is_string());
}

/// The record once a full sync has brought it up to date.
async fn until_named(api: &Api, before: &Value) -> Value {
    let path = format!("/purchase-orders/{}", before["id"].as_str().expect("an id"));
    for _ in 0..600 {
        let order: Value = api.get(&path).await;
        if order["custom_fields"]["cost_object"].is_string() {
            return order;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the order never got its new name: {}", api.get::<Value>("/syncs").await);
}

/// In a new order and its lines, and in a change; what cannot be is refused before anything is sent.
async fn written(api: &Api, fields: &Fields) {
    let other = create(api).await;
    let mut body = order(&other["vendor_id"]);
    body["custom_fields"] = json!({ "cost_object": "CO-4711", fields.date: "2027-01-31" });
    body["lines"][0]["custom_fields"] = json!({ fields.of_line: "PRESS-7" });
    let made = api.send(Method::POST, "/purchase-orders", Some(&body), Some("custom")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["custom_fields"]["cost_object"], "CO-4711", "{}", made.body);
    assert_eq!(made.body["custom_fields"][fields.date], "2027-01-31", "{}", made.body);
    assert_eq!(made.body["lines"][0]["custom_fields"][fields.of_line], "PRESS-7", "{}", made.body);
    let path = format!("/purchase-orders/{}", made.body["id"].as_str().expect("an id"));

    let wrong = json!({ "custom_fields": { fields.flag: true, fields.date: "soon", "nothing": 1 } });
    let refused = api.send(Method::PATCH, &path, Some(&wrong), None).await;
    let mut wanted: Vec<String> =
        [fields.flag, fields.date, "nothing"].iter().map(|name| format!("/custom_fields/{name}")).collect();
    wanted.sort_unstable();
    assert_eq!(
        (refused.status, sorted(refused.pointers())),
        (422, wanted.iter().map(String::as_str).collect()),
        "{}",
        refused.body
    );

    let line = &made.body["lines"][0]["remote_line_id"];
    let change = json!({
        "custom_fields": { "cost_object": "CO-1", fields.date: null },
        "lines": [{ "remote_line_id": line, "custom_fields": { fields.of_line: "PRESS-8" } }],
    });
    let changed = api.send(Method::PATCH, &path, Some(&change), Some("change")).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["custom_fields"]["cost_object"], "CO-1", "{}", changed.body);
    assert!(changed.body["custom_fields"][fields.date].is_null(), "{}", changed.body);
    assert_eq!(changed.body["lines"][0]["custom_fields"][fields.of_line], "PRESS-8", "{}", changed.body);
}

fn sorted(mut pointers: Vec<&str>) -> Vec<&str> {
    pointers.sort_unstable();
    pointers
}
