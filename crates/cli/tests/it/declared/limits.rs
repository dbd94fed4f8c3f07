//! How long, how exact, which words: what the document does not allow is refused by us and nothing is sent; sent all the
//! same, the system refuses it.

use reqwest::Method;
use serde_json::{Value, json};

use super::place::Place;
use super::{samples, vendor};

/// Fields that a hook turns into something else before they are sent, so that a wrong value cannot be sent at all, with the
/// reason.
const NOT_SENT: [(&str, &str, &str, &str); 5] = [
    ("netsuite", "item", "type", "stands in the address, as the record type"),
    ("netsuite", "item", "unit", "sent as the account's own id"),
    ("netsuite", "purchase_requisition", "requested_by", "sent as the account's own id"),
    ("tryton", "vendor", "address/country", "sent as the database's own id"),
    ("tryton", "vendor", "currency", "sent as the database's own id"),
];

pub(super) async fn hold(place: &Place) {
    let spec = vendor::spec(place.system);
    let (mut tried, mut wrong) = (0, Vec::new());
    for (entity, said) in place.entities().into_iter().filter(|(_, said)| said["create"] == true) {
        let mut fields: Vec<(String, &Value)> = Vec::new();
        for (name, field) in said["fields"].as_object().into_iter().flatten() {
            fields.push((name.clone(), field));
            fields.extend(
                field["fields"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(inner, field)| (format!("{name}/{inner}"), field)),
            );
        }
        for (field, limits) in fields.into_iter().filter(|(_, field)| field["on_create"] == true) {
            let Some((good, bad)) = values(limits) else { continue };
            if NOT_SENT.iter().any(|(a, b, c, _)| (*a, *b, *c) == (place.system, entity, &*field)) {
                continue;
            }
            tried += 1;
            let told = format!("{} {entity}/{field} {bad}", place.system);
            let before = place.writes().await.len();
            let (body, pointer) = with(samples::create(place, entity).await, &field, &bad);
            let made_for_it = place.writes().await.len();
            let refused = place.send(Method::POST, &place.path(entity), Some(&body)).await;
            let ours =
                refused.body["errors"].as_array().into_iter().flatten().any(|error| error["pointer"] == *pointer);
            assert!(
                refused.status == 422 && ours,
                "{told}: not refused at {pointer}: {} {}",
                refused.status,
                refused.body
            );
            assert!(before <= made_for_it && place.writes().await.len() == made_for_it, "{told}: something was sent");

            let (body, _) = with(samples::create(place, entity).await, &field, &good);
            let mut planned = match place.planned(Method::POST, &place.path(entity), Some(&body)).await {
                Ok(mut planned) => planned.remove(0),
                Err(reply) => panic!("{told}: {good} is refused: {}", reply.body),
            };
            let path = vendor::member(place.system, vendor::entity(&spec, entity), &field);
            let Some(member) = find(vendor::root(&mut planned), &path) else {
                panic!("{told}: no {path} in {planned}")
            };
            if member.is_array() && member[0]["ProductDescription"].is_string() {
                member[0]["ProductDescription"] = bad.clone();
            } else if member["id"].is_string() {
                member["id"] = bad.clone();
            } else {
                *member = if member.is_number() {
                    serde_json::from_str(bad.as_str().expect("a text")).expect("a number")
                } else {
                    bad.clone()
                };
            }
            let planned = vendor::with_key(&planned, &place.unique());
            if place.straight(&planned).await.is_ok() {
                wrong.push(format!("{told}: the system takes it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!("{}: {tried} limits", place.system);
}

/// A value that a field takes and one that it does not, where it has a limit.
fn values(limits: &Value) -> Option<(Value, Value)> {
    if let Some(longest) = limits["max_length"].as_u64().filter(|_| limits["type"] == "string") {
        let longest = usize::try_from(longest).expect("small");
        return Some((json!("Q".repeat(longest.min(2))), json!("Q".repeat(longest + 1))));
    }
    if let Some(places) = limits["precision"].as_u64() {
        let places = usize::try_from(places).expect("small");
        return Some((json!("1.5"), json!(format!("1.{}", "1".repeat(places + 1)))));
    }
    if let Some(words) = limits["enum"].as_array() {
        return Some((words.first()?.clone(), json!("no_such_word")));
    }
    None
}

/// The body with that value, and the pointer to it.
fn with(mut body: Value, field: &str, value: &Value) -> (Value, String) {
    let (outer, inner) = field.split_once('/').unwrap_or((field, ""));
    if inner.is_empty() {
        body[outer] = value.clone();
        return (body, format!("/{outer}"));
    }
    if body[outer].is_array() {
        body[outer][0][inner] = value.clone();
        return (body, format!("/{outer}/0/{inner}"));
    }
    body[outer][inner] = value.clone();
    (body, format!("/{outer}/{inner}"))
}

fn find<'v>(mut here: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    for step in path.split('/') {
        let rows = if here[0][0] == "create" { &mut here[0][1] } else { here };
        here = match step.parse::<usize>() {
            Ok(place) => rows.get_mut(place)?,
            Err(_) => rows.get_mut(step)?,
        };
    }
    Some(here)
}
