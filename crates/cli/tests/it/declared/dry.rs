//! A dry run of each operation of each entity sends nothing but reads, and tells the requests that are then sent.

use reqwest::Method;
use serde_json::Value;

use super::place::{Place, Sent};
use super::samples::{self, Way, at};
use crate::same_change::masked;

/// Operations whose later requests need the answer to the first, which a dry run does not have: those are not foretold.
const GO_ON: [(&str, &str, &str, &str); 6] = [
    ("tryton", "purchase_order", "create", "it is quoted and confirmed by the id that it got"),
    ("tryton", "purchase_order", "receive", "the shipment is received and put away by its id"),
    ("tryton", "goods_receipt", "create", "as above"),
    ("tryton", "inventory_level", "update", "the inventory is confirmed by its id"),
    ("tryton", "inventory_level", "adjust", "the shipment is assigned and done by its id"),
    ("tryton", "inventory_level", "transfer", "as above"),
];

/// What is asked of this API.
struct Ask {
    operation: String,
    method: Method,
    path: String,
    body: Option<Value>,
}

pub(super) async fn hold(place: &Place) {
    let mut tried = 0;
    for (entity, said) in place.entities() {
        let mut operations: Vec<String> = Vec::new();
        operations.extend(
            ["create", "update", "delete"].iter().filter(|name| said[**name] == true).map(|name| (*name).to_owned()),
        );
        let modes = said["delete_modes"].as_array().into_iter().flatten();
        operations.extend(modes.map(|mode| format!("?mode={}", mode["mode"].as_str().expect("a mode"))));
        operations
            .extend(said["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        let moves = said["moves"].as_array().into_iter().flatten();
        operations.extend(moves.map(|one| format!("status={}", one["to"].as_str().expect("a status"))));
        operations.dedup();
        for operation in operations {
            tried += 1;
            let (ask, planned) = legal(place, entity, &operation).await;
            compare(place, entity, &ask, &planned).await;
        }
    }
    assert!(tried > 0);
    eprintln!("{}: {tried} operations", place.system);
}

/// The operation on a record on which it is legal, and what its dry run tells.
async fn legal(place: &Place, entity: &str, operation: &str) -> (Ask, Vec<Value>) {
    let mut refusals = Vec::new();
    let ways = if operation == "create" { vec![Way::New] } else { samples::ways(place, entity) };
    for way in ways {
        let Some(ask) = ask(place, entity, operation, &way).await else { continue };
        let before = place.writes().await.len();
        let planned = place.planned(ask.method.clone(), &ask.path, ask.body.as_ref()).await;
        assert_eq!(place.writes().await.len(), before, "{} {entity} {operation}: a dry run wrote", place.system);
        match planned {
            Ok(planned) if !planned.is_empty() => return (ask, planned),
            Ok(_) => refusals.push(format!("{way:?}: nothing to send")),
            Err(reply) => refusals.push(format!("{way:?}: {}", reply.body)),
        }
    }
    panic!("{} {entity} {operation}: on no record: {refusals:#?}", place.system)
}

async fn ask(place: &Place, entity: &str, operation: &str, way: &Way) -> Option<Ask> {
    let operation = operation.to_owned();
    if operation == "create" {
        let body = samples::create(place, entity).await;
        return Some(Ask { operation, method: Method::POST, path: place.path(entity), body: Some(body) });
    }
    let record = samples::went(place, entity, way).await?;
    let at = at(place, entity, &record);
    let (method, path, body) = match operation.as_str() {
        "update"
            if place.said["entities"][entity]["fields"]
                .as_object()
                .into_iter()
                .flatten()
                .all(|(name, field)| name == "status" || field["on_update"] != true) =>
        {
            return None;
        }
        "update" => (Method::PATCH, at, Some(Value::Object(samples::change(place, entity)))),
        "delete" => (Method::DELETE, at, None),
        mode if mode.starts_with('?') => (Method::DELETE, format!("{at}{mode}"), None),
        moved if moved.starts_with("status=") => {
            (Method::PATCH, at, Some(serde_json::json!({"status": moved.trim_start_matches("status=")})))
        }
        action => (Method::POST, format!("{at}/{action}"), samples::action(place, entity, action)),
    };
    Some(Ask { operation, method, path, body })
}

async fn compare(place: &Place, entity: &str, ask: &Ask, planned: &[Value]) {
    let told = format!("{} {entity} {}", place.system, ask.operation);
    let before = place.writes().await.len();
    let reply = place.send(ask.method.clone(), &ask.path, ask.body.as_ref()).await;
    assert!(reply.status < 300, "{told}: {}", reply.body);
    let operations: Value = place.api.get("/operations?limit=1").await;
    let operation = operations["data"][0]["id"].as_str().expect("an operation").to_owned();
    let mut sent: Vec<Sent> = place.writes().await.split_off(before);
    for one in &mut sent {
        one.path = masked(&one.path, &operation);
        let body = masked(&one.body.to_string(), &operation);
        one.body = serde_json::from_str(&body).expect("JSON");
    }
    let planned: Vec<Sent> = planned.iter().map(|one| place.told(one)).collect();
    let goes_on = GO_ON.iter().any(|(a, b, c, _)| (*a, *b, *c) == (place.system, entity, &*ask.operation));
    if goes_on {
        assert!(sent.len() > planned.len(), "{told}: no more than was foretold is sent: {sent:#?}");
        sent.truncate(planned.len());
    }
    assert_eq!(planned, sent, "{told}");
}
