//! Where a field of ours stands in a request of the vendor's: the declaration says it, and what its hooks make of it is here.

use serde_json::Value;
use trunnion_kit::spec::{EntitySpec, Spec};
use trunnion_model::catalog::Kind;

/// What a hook moves to another place: system, entity, our field, and the member of the request.
const MOVED: [(&str, &str, &str, &str); 11] = [
    ("sap-s4hana", "meter_reading", "read_at", "MsmtRdngDate"),
    ("sap-s4hana", "item", "name", "to_Description"),
    ("sap-s4hana", "goods_receipt", "purchase_order_id", "to_MaterialDocumentItem/0/PurchaseOrder"),
    ("sap-s4hana", "purchase_requisition", "requested_by", "to_PurchaseReqnItem/0/RequisitionerName"),
    ("sap-s4hana", "purchase_requisition", "currency", "to_PurchaseReqnItem/0/PurReqnItemCurrency"),
    ("sap-s4hana", "purchase_requisition", "lines/location_id", "to_PurchaseReqnItem/0/Plant"),
    ("netsuite", "goods_receipt", "lines/purchase_order_remote_line_id", "item/items/0/orderLine"),
    // The moves are the order's and the lines', and say by themselves how much.
    ("tryton", "goods_receipt", "purchase_order_id", "incoming_moves"),
    ("tryton", "goods_receipt", "lines", "incoming_moves"),
    ("tryton", "goods_receipt", "lines/purchase_order_remote_line_id", "incoming_moves"),
    ("tryton", "goods_receipt", "lines/quantity", "incoming_moves/1"),
];

/// Whole groups that a hook moves, by what the declaration calls their place.
const MOVED_GROUPS: [(&str, &str, &str, &str); 1] =
    [("sap-s4hana", "work_order", "@parts", "to_MaintenanceOrderOperation/0/to_MaintOrderOpComponent_2")];

/// What stands in the address: the part that goes with the field.
const IN_ADDRESS: [(&str, &str, &str, &str); 2] = [
    ("netsuite", "item", "type", "/record/v1/"),
    ("netsuite", "goods_receipt", "purchase_order_id", "/purchaseOrder/"),
];

pub(super) fn spec(system: &str) -> std::sync::Arc<Spec> {
    let connectors = trunnion_connectors::catalogue().unwrap_or_else(|findings| panic!("{findings:#?}"));
    connectors.get(system).expect("a connector").spec.clone()
}

pub(super) fn entity<'s>(spec: &'s Spec, name: &str) -> &'s EntitySpec {
    spec.entities.iter().find(|entity| entity.entity.name == name).expect("an entity")
}

/// The place of a field (`currency`, `lines/quantity`, `lines`) in the body of a create; lines are the first one's.
pub(super) fn member(system: &str, entity: &EntitySpec, field: &str) -> String {
    let name = entity.entity.name;
    if let Some((.., moved)) = MOVED.iter().find(|(a, b, c, _)| (*a, *b, *c) == (system, name, field)) {
        return (*moved).to_owned();
    }
    let (outer, inner) = field.split_once('/').unwrap_or((field, ""));
    let group = entity.groups.iter().find(|group| group.field.name == outer);
    let path = match group {
        None => row(&entity.fields, outer),
        Some(group) if inner.is_empty() => group.to.to_string(),
        Some(group) => {
            let first = if matches!(group.field.kind, Kind::List(_)) { "/0" } else { "" };
            format!("{}{first}/{}", group.to, row(&group.fields, inner))
        }
    };
    let moved = MOVED_GROUPS.iter().find(|(a, b, c, _)| (*a, *b) == (system, name) && path.starts_with(c));
    let path = moved.map_or(path.clone(), |(.., from, to)| path.replacen(from, to, 1));
    // Behind an `@` a hook looks up what stands before it.
    // The simulator offers the newer version where one is declared.
    let path = entity.source.v4.as_ref().map_or(path.clone(), |v4| v4.names.path(&path));
    let known: Vec<&str> = path.split('/').take_while(|step| !step.starts_with('@')).collect();
    assert!(!known.is_empty(), "{system}: where {name}/{field} is in a request must be told here (`{path}`)");
    known.join("/")
}

fn row(rows: &[trunnion_kit::spec::Row], name: &str) -> String {
    rows.iter().find(|row| row.name == name).map(|row| row.to.to_string()).expect("a row")
}

/// The request without what the field became.
pub(super) fn without(system: &str, entity: &EntitySpec, field: &str, planned: &Value) -> Value {
    let mut planned = planned.clone();
    let name = entity.entity.name;
    if let Some((.., before)) = IN_ADDRESS.iter().find(|(a, b, c, _)| (*a, *b, *c) == (system, name, field)) {
        let url = planned["url"].as_str().expect("an address");
        let (head, tail) = url.split_once(before).expect("its part of the address");
        let rest = tail.split_once('/').expect("more of the address").1;
        planned["url"] = format!("{head}{before}{rest}").into();
        return planned;
    }
    let path = member(system, entity, field);
    let steps: Vec<&str> = path.split('/').collect();
    assert!(cut(root(&mut planned), &steps), "{system}: {name}/{field} is not at {path} in {planned}");
    planned
}

/// The record in a request: in a remote procedure call it is the first parameter's first.
pub(super) fn root(planned: &mut Value) -> &mut Value {
    let body = &mut planned["body"];
    if body["params"].is_array() { &mut body["params"][0][0] } else { body }
}

/// Takes a member out, and what is empty without it. Whether it was there.
fn cut(here: &mut Value, steps: &[&str]) -> bool {
    let Some((step, rest)) = steps.split_first() else { return false };
    match here {
        Value::Object(members) if rest.is_empty() => members.remove(*step).is_some(),
        Value::Object(members) => {
            let found = members.get_mut(*step).is_some_and(|below| cut(below, rest));
            members.retain(|_, below| !below.as_object().is_some_and(serde_json::Map::is_empty));
            found
        }
        // Rows that are to be made stand behind the word for it.
        Value::Array(items) if items.first().is_some_and(|first| first[0] == "create") => {
            items[0][1].get_mut(step.parse::<usize>().unwrap_or(0)).is_some_and(|below| cut(below, rest))
        }
        Value::Array(items) => match step.parse::<usize>() {
            Ok(at) if at < items.len() && rest.is_empty() => {
                items.remove(at);
                true
            }
            Ok(at) => items.get_mut(at).is_some_and(|item| cut(item, rest)),
            Err(_) => false,
        },
        _ => false,
    }
}

/// The request with a write key of its own instead of the zeros.
pub(super) fn with_key(planned: &Value, unique: &str) -> Value {
    let mut text = planned.to_string();
    for length in (8..=26).rev() {
        let key = format!("{unique:7>length$}");
        let (zeros, key) = ("0".repeat(length), &key[key.len() - length..]);
        text = text
            .replace(&format!("\"{zeros}\""), &format!("\"{key}\""))
            .replace(&format!("eid:{zeros}?"), &format!("eid:{key}?"));
        text = text.replace(&format!("eid:{zeros}\""), &format!("eid:{key}\""));
    }
    serde_json::from_str(&text).expect("JSON")
}
