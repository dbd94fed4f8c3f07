//! A sample for each entity and operation: a body that the system takes, and a way into each status. An operation that has
//! none fails its test, so that whoever declares it must think of one.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::place::Place;
use super::vendor;
use crate::tryton::{records, sync_now};

/// Values for a change, by the field: the first one that the entity lets be changed is.
const CHANGES: [(&str, &str); 7] = [
    ("name", "Other name"),
    ("title", "Other title"),
    ("description", "Other words"),
    ("vendor_reference", "Q-1"),
    ("reference", "R-1"),
    ("memo", "By truck"),
    ("on_hand", "77"),
];

/// A body that makes a record with everything in it that is required, new each time.
pub(super) async fn create(place: &Place, entity: &str) -> Value {
    let unique = place.unique();
    match entity {
        "vendor" => json!({
            "name": format!("Sample {unique}"), "currency": "USD",
            "address": {"line1": "8 Foundry Road", "city": "Pittsburgh", "postal_code": "15201", "country": "US"},
        }),
        "item" => json!({"sku": format!("S-{unique}"), "name": "Sample", "type": "inventory", "unit": "EA"}),
        "purchase_order" => {
            let vendor = place.vendor.get_or_init(|| Box::pin(made(place, "vendor"))).await;
            let line = json!({"item_sku": "SP-0001", "quantity": "5", "unit": "EA", "unit_price": "12.5", "required_on": "2027-01-15"});
            json!({"vendor_id": vendor["id"], "currency": "USD", "lines": [line]})
        }
        "purchase_requisition" => {
            let said = &place.said["entities"][entity]["fields"];
            let mut line = json!({"item_sku": "SP-0001", "quantity": "5", "unit": "EA", "unit_price": "12.5"});
            if said["lines"]["fields"]["required_on"]["on_create"] == true {
                line["required_on"] = "2027-01-15".into();
            }
            let mut body = json!({"requested_by": requester(place.system), "description": "Sample", "lines": [line]});
            if said["currency"]["on_create"] == true {
                body["currency"] = "EUR".into();
            }
            body
        }
        "goods_receipt" => {
            let order = Box::pin(made(place, "purchase_order")).await;
            let mut line =
                json!({"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "1"});
            if let Some(shelf) = shelf(place.system) {
                line["location_code"] = shelf.into();
            }
            json!({"purchase_order_id": order["id"], "lines": [line]})
        }
        "work_order" => json!({
            "title": "Sample", "type": "YA01", "tasks": [{"title": "Sample"}],
            "parts": [{"item_sku": "SP-0001", "quantity": "1", "unit": "EA"}],
        }),
        "service_request" => json!({"title": "Sample", "type": "M1"}),
        // A gauge, which takes any value.
        "meter_reading" => {
            json!({"meter_code": "102", "value": "6.25", "unit": "BAR", "read_at": "2024-01-15T08:00:00Z"})
        }
        _ => panic!("{}: there is no sample of a new {entity}", place.system),
    }
}

/// Somebody who may request something.
pub(crate) fn requester(system: &str) -> &'static str {
    if system == "netsuite" { "Dana Whitfield" } else { "MILLER" }
}

/// A record that was just made; of an entity that cannot be, one that is there.
pub(super) async fn made(place: &Place, entity: &str) -> Value {
    if place.said["entities"][entity]["create"] != true {
        return existing(place, entity).await;
    }
    let body = create(place, entity).await;
    let reply = place.send(Method::POST, &place.path(entity), Some(&body)).await;
    assert_eq!(reply.status, 201, "{} {entity} {body}: {}", place.system, reply.body);
    reply.body
}

async fn existing(place: &Place, entity: &str) -> Value {
    let all = async |entity: &str| records(&place.api, place.path(entity).trim_start_matches('/')).await;
    // Receipts of before show in the stock only when it is read, and a change of it is foretold from what was read.
    sync_now(&place.api, "inventory_level").await;
    let stock = all("inventory_level").await;
    let usable = |record: &&Value| record["active"] != false && record["deleted_at"].is_null();
    let here = |record: &&Value| match entity {
        // Enough of it, at the first of two places.
        "inventory_level" => {
            let enough = record["on_hand"]
                .as_str()
                .and_then(|text| text.parse::<f64>().ok())
                .is_some_and(|on_hand| on_hand > 9.0);
            let place = shelf(place.system).is_none_or(|shelf| {
                record["location_code"] == shelf || record["location_remote_id"] == format!("S/{shelf}")
            });
            enough && place && record["item_sku"].as_str().is_some_and(|sku| sku.starts_with("SP-"))
        }
        // What is in stock may not be taken out of use.
        "item" => stock.values().all(|level| level["item_id"] != record["id"]),
        _ => true,
    };
    let records = all(entity).await;
    let found = records.values().filter(usable).find(here);
    found.unwrap_or_else(|| panic!("{}: there is no {entity}", place.system)).clone()
}

/// A body that changes a record.
pub(super) fn change(place: &Place, entity: &str) -> Map<String, Value> {
    let fields = &place.said["entities"][entity]["fields"];
    let found = CHANGES.iter().find(|(name, _)| fields[name]["on_update"] == true);
    let (name, value) = found.unwrap_or_else(|| panic!("{}: there is no sample of a change of {entity}", place.system));
    Map::from_iter([((*name).to_owned(), (*value).into())])
}

/// A body that changes only that field.
pub(super) fn change_of(place: &Place, entity: &str, field: &str) -> Map<String, Value> {
    let found = CHANGES.iter().find(|(name, _)| *name == field);
    let (name, value) =
        found.unwrap_or_else(|| panic!("{}: there is no sample of a change of {entity}/{field}", place.system));
    Map::from_iter([((*name).to_owned(), (*value).into())])
}

/// The body of an action.
pub(super) fn action(place: &Place, entity: &str, action: &str) -> Option<Value> {
    match action {
        "cancel" | "close" | "approve" | "start" | "complete" | "reopen" => None,
        "receive" => Some(shelf(place.system).map_or(json!({}), |shelf| json!({"location_code": shelf}))),
        "adjust" => Some(json!({"quantity": "3", "reason": "found"})),
        "transfer" => Some(json!({"quantity": "1", "to_location_code": other_shelf(place.system)})),
        _ => panic!("{}: there is no sample of {action} of {entity}", place.system),
    }
}

/// Where goods are put.
fn shelf(system: &str) -> Option<&'static str> {
    match system {
        "sap-s4hana" => Some("1010/101A"),
        "netsuite" => Some("Cleveland Spares Store"),
        "tryton" => Some("STO"),
        _ => None,
    }
}

fn other_shelf(system: &str) -> &'static str {
    match system {
        "sap-s4hana" => "1010/101B",
        "netsuite" => "Cleveland Plant",
        "tryton" => "IN",
        _ => panic!("{system}: there is no sample of another place"),
    }
}

/// How a new record is prepared before it is moved to a status, or something is done to it.
#[derive(Clone, Debug)]
pub(super) enum Way {
    New,
    /// Saved past us, and not confirmed as our creates are.
    Saved,
    /// Some of an order's goods came, or all.
    Received(Option<&'static str>),
    Moved(String),
}

/// The ways that a record of the entity can take before the last step.
pub(super) fn ways(place: &Place, entity: &str) -> Vec<Way> {
    let said = &place.said["entities"][entity];
    let mut ways = vec![Way::New];
    if is_confirmed(place, entity) {
        ways.insert(0, Way::Saved);
    }
    if said["actions"].as_array().is_some_and(|actions| actions.contains(&json!("receive"))) {
        ways.extend([Way::Received(Some("1")), Way::Received(None)]);
    }
    ways.extend(targets(said).map(|status| Way::Moved(status.to_owned())));
    ways
}

/// The statuses that some move leads to.
fn targets(said: &Value) -> impl Iterator<Item = &str> {
    said["moves"].as_array().into_iter().flatten().filter_map(|one| one["to"].as_str())
}

/// A new record that went that way; nothing if the system does not let it.
pub(super) async fn went(place: &Place, entity: &str, way: &Way) -> Option<Value> {
    let is_draft = matches!(way, Way::Saved | Way::Moved(_)) && is_confirmed(place, entity);
    let record = if is_draft { saved(place, entity).await } else { made(place, entity).await };
    let at = at(place, entity, &record);
    let reply = match way {
        Way::New | Way::Saved => return Some(record),
        Way::Received(quantity) => {
            let mut body = action(place, entity, "receive")?;
            body["lines"] = json!([{"position": 1}]);
            if let Some(quantity) = quantity {
                body["lines"][0]["quantity"] = (*quantity).into();
            }
            place.send(Method::POST, &format!("{at}/receive"), Some(&body)).await
        }
        Way::Moved(status) => place.send(Method::PATCH, &at, Some(&json!({"status": status}))).await,
    };
    if reply.status >= 300 {
        return None;
    }
    Some(place.api.get(&at).await)
}

/// Whether a create of ours does more than to save the record, so that there are statuses before the one that it has then.
fn is_confirmed(place: &Place, entity: &str) -> bool {
    (place.system, entity) == ("tryton", "purchase_order")
}

async fn saved(place: &Place, entity: &str) -> Value {
    let body = create(place, entity).await;
    let Ok(planned) = place.planned(Method::POST, &place.path(entity), Some(&body)).await else { panic!("{body}") };
    let made = place.straight(&vendor::with_key(&planned[0], &place.unique())).await.expect("it is saved");
    sync_now(&place.api, entity).await;
    place.api.get(&format!("{}/remote:{}", place.path(entity), made[0])).await
}

/// A record that stands so, made so or found.
pub(super) async fn standing(place: &Place, entity: &str, status: &str) -> Option<Value> {
    let is_target = targets(&place.said["entities"][entity]).any(|target| target == status);
    for way in ways(place, entity) {
        // Where one call does not lead there, several do; what was moved elsewhere before is no nearer.
        if matches!(&way, Way::Moved(to) if to != status) {
            continue;
        }
        let Some(record) = went(place, entity, &way).await else { continue };
        if record["status"] == status {
            return Some(record);
        }
        if is_target {
            let moved = json!({"status": status});
            let reply = place.send(Method::PATCH, &at(place, entity, &record), Some(&moved)).await;
            if reply.status == 200 && reply.body["status"] == status {
                return Some(reply.body);
            }
        }
    }
    let all = records(&place.api, place.path(entity).trim_start_matches('/')).await;
    all.into_values().find(|record| record["status"] == status && record["deleted_at"].is_null())
}

/// The address of a record.
pub(super) fn at(place: &Place, entity: &str, record: &Value) -> String {
    format!("{}/{}", place.path(entity), record["id"].as_str().expect("an id"))
}
