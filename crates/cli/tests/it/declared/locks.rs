//! What is locked: in each status that the document names, a change is refused by us and nothing is sent; sent all the same,
//! the system refuses it. What we lock for a reason of our own, the system takes. In every other status the change is made.

use reqwest::Method;
use serde_json::{Map, Value};

use super::place::Place;
use super::samples;
use super::samples::{at, change, change_of, standing};

/// Statuses that no record of ours gets into and that no seeded record has, each with the reason. `unknown` is none.
const UNREACHED: [(&str, &str, &str, &str); 4] = [
    ("netsuite", "purchase_order", "draft", "orders are planned by the system's own supply planning only"),
    (
        "netsuite",
        "purchase_requisition",
        "cancelled",
        "a requisition is cancelled by a button of the system's own page only",
    ),
    ("tryton", "purchase_order", "closed", "a purchase is over when it is invoiced, too"),
    ("sap-s4hana", "service_request", "cancelled", "no function of the service takes a notification back"),
];

/// What a lock is about.
enum Deed {
    Change(Map<String, Value>),
    Delete,
}

pub(super) async fn hold(place: &Place) {
    let (mut tried, mut wrong, mut unreached) = (0, Vec::new(), Vec::new());
    for (entity, said) in place.entities() {
        let statuses = said["fields"]["status"]["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
        for lock in [said, &said["delete_lock"]].into_iter().chain(fields(said).map(|(_, field)| field)) {
            let states = lock["locked_in"].as_array().into_iter().flatten();
            wrong.extend(
                states
                    .filter(|state| !statuses.contains(state))
                    .map(|state| format!("{} {entity}: locked in {state}, which it never is", place.system)),
            );
        }
        for status in statuses.iter().filter_map(Value::as_str).filter(|status| *status != "unknown") {
            let mut deeds: Vec<(Deed, &Value)> = Vec::new();
            let changes = said["fields"]
                .as_object()
                .into_iter()
                .flatten()
                .any(|(name, field)| name != "status" && field["on_update"] == true);
            if changes {
                deeds.push((Deed::Change(change(place, entity)), said));
            }
            for (name, field) in fields(said) {
                if locked(field, status) && !locked(said, status) {
                    deeds.push((Deed::Change(change_of(place, entity, name)), field));
                }
            }
            if said["delete"] == true {
                deeds.push((Deed::Delete, &said["delete_lock"]));
            }
            if deeds.is_empty() {
                continue;
            }
            let Some(record) = standing(place, entity, status).await else {
                unreached.push((place.system, entity, status));
                continue;
            };
            for (deed, lock) in deeds {
                tried += 1;
                wrong.extend(one(place, entity, status, &record, &deed, lock).await.err());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let is_excused = |one: &(&str, &str, &str)| UNREACHED.iter().any(|(a, b, c, _)| one == &(*a, *b, *c));
    unreached.retain(|one| !is_excused(one));
    assert!(unreached.is_empty(), "statuses that no record is in: {unreached:?}");
    eprintln!("{}: {tried} locks", place.system);
}

fn fields(said: &Value) -> impl Iterator<Item = (&String, &Value)> {
    said["fields"].as_object().into_iter().flatten()
}

fn locked(said: &Value, status: &str) -> bool {
    said["locked_in"].as_array().is_some_and(|states| states.iter().any(|state| state == status))
}

async fn one(
    place: &Place,
    entity: &str,
    status: &str,
    record: &Value,
    deed: &Deed,
    lock: &Value,
) -> Result<(), String> {
    let told = format!("{} {entity} that is {status}", place.system);
    let (method, body, refusal) = match deed {
        Deed::Change(body) => (Method::PATCH, Some(Value::Object(body.clone())), 422),
        Deed::Delete => (Method::DELETE, None, 409),
    };
    let told = format!("{told}: {method} {}", body.as_ref().map(Value::to_string).unwrap_or_default());
    let before = place.writes().await.len();
    let reply = place.send(method.clone(), &at(place, entity, record), body.as_ref()).await;
    if !locked(lock, status) {
        return if reply.status == 200 {
            Ok(())
        } else {
            Err(format!("{told}: not locked, and refused: {}", reply.body))
        };
    }
    if reply.status != refusal {
        return Err(format!("{told}: locked, and answered {}: {}", reply.status, reply.body));
    }
    if let Deed::Change(body) = deed {
        let pointer = format!("/{}", body.keys().next().expect("a member"));
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{told}: {}", reply.body);
    }
    assert_eq!(place.writes().await.len(), before, "{told}: something was sent");
    let (planned, other) = elsewhere(place, entity, &method, body.as_ref()).await;
    for request in planned {
        let sent = place.straight(&about(&request, record)).await;
        // It was for the status that it was refused.
        if let Err(refusal) = place.straight(&about(&request, &other)).await {
            return Err(format!("{told}: refused of a record that is not locked too: {refusal}"));
        }
        match (sent, lock["locked_by"] == "us") {
            (Err(_), false) | (Ok(_), true) => {}
            (Ok(_), false) => return Err(format!("{told}: the system takes it: {}", request["url"])),
            (Err(refusal), true) => {
                return Err(format!("{told}: we say that it is ours, but the system refuses: {refusal}"));
            }
        }
    }
    Ok(())
}

/// What the same deed would be to a record on which it is legal, with that record's id in a form that can be replaced.
async fn elsewhere(place: &Place, entity: &str, method: &Method, body: Option<&Value>) -> (Vec<Value>, Value) {
    for way in samples::ways(place, entity) {
        let Some(other) = samples::went(place, entity, &way).await else { continue };
        if let Ok(planned) = place.planned(method.clone(), &at(place, entity, &other), body).await {
            let id = other["remote_id"].as_str().expect("an id");
            return (planned.iter().map(|request| marked(request, id)).collect(), other);
        }
    }
    panic!("{}: no {entity} can be changed by {method}", place.system)
}

const MARK: &str = "THE-RECORD";

/// The request with the record's id marked: in the address, or in what is called.
fn marked(request: &Value, id: &str) -> Value {
    let mut request = request.clone();
    let url = request["url"].as_str().expect("an address").to_owned();
    if request["body"]["params"].is_array() {
        let text = request["body"].to_string();
        let text = text
            .replace(&format!("[{id}]"), &format!("[\"{MARK}\"]"))
            .replace(&format!(",{id}\""), &format!(",{MARK}\""));
        request["body"] = serde_json::from_str(&text).expect("JSON");
    } else {
        request["url"] = url
            .replace(&format!("'{id}'"), &format!("'{MARK}'"))
            .replace(&format!("/{id}"), &format!("/{MARK}"))
            .into();
        assert_ne!(request["url"], url, "{request}: no {id}");
    }
    request
}

/// The request about that record, whatever its version.
fn about(request: &Value, record: &Value) -> Value {
    let id = record["remote_id"].as_str().expect("an id");
    let text = request.to_string().replace(&format!("\"{MARK}\""), id).replace(MARK, id);
    let mut request: Value = serde_json::from_str(&text).expect("JSON");
    if request["headers"]["if-match"].is_string() {
        request["headers"]["if-match"] = "*".into();
    }
    // The lock by time stamp is the other record's.
    let context =
        request.pointer_mut("/body/params").and_then(Value::as_array_mut).and_then(|params| params.last_mut());
    if let Some(context) = context.and_then(Value::as_object_mut) {
        context.remove("_timestamp");
    }
    request
}
