//! What is required: left out, it is refused by us and nothing is sent; sent all the same, the system refuses it. What we
//! require for a reason of our own, the system takes. And nothing else is required.

use reqwest::Method;
use serde_json::{Map, Value};

use super::place::Place;
use super::{samples, vendor};

/// A field that must be given, as `currency` or `lines/quantity`.
struct Needed {
    field: String,
    /// Why we require what the system does not.
    because: Option<String>,
}

pub(super) async fn hold(place: &Place) {
    let spec = vendor::spec(place.system);
    let (mut tried, mut wrong) = (0, Vec::new());
    for (entity, said) in place.entities().into_iter().filter(|(_, said)| said["create"] == true) {
        let (needed, path) = (needed(&said["fields"]), place.path(entity));
        assert!(!needed.is_empty(), "{}: nothing is required of a {entity}", place.system);
        for one in &needed {
            tried += 1;
            let told = format!("{} {entity}/{}", place.system, one.field);
            let full = samples::create(place, entity).await;
            let planned = place.planned(Method::POST, &path, Some(&full)).await;
            let planned = planned.unwrap_or_else(|reply| panic!("{told}: {}", reply.body)).remove(0);

            let (body, pointer) =
                without(&full, &one.field).unwrap_or_else(|| panic!("{told}: the sample has no such field"));
            let before = place.writes().await.len();
            let refused = place.send(Method::POST, &path, Some(&body)).await;
            let pointers = refused.body["errors"].as_array().into_iter().flatten().map(|error| &error["pointer"]);
            assert!(
                refused.status == 422 && pointers.clone().eq([&pointer]),
                "{told} without {pointer}: {}",
                refused.body
            );
            assert_eq!(place.writes().await.len(), before, "{told}: something was sent");

            let less = vendor::without(place.system, vendor::entity(&spec, entity), &one.field, &planned);
            match (sent(place, entity, &less).await, &one.because) {
                (Err(_), None) => {
                    // It was for this that it was refused.
                    let all = sent(place, entity, &planned).await;
                    all.unwrap_or_else(|refusal| panic!("{told}: the whole request is refused too: {refusal}"));
                }
                (Ok(made), Some(_)) => undone(place, entity, &planned, made).await,
                (Ok(_), None) => wrong.push(format!("{told}: the system takes {less}")),
                (Err(refusal), Some(why)) => wrong.push(format!("{told}: we say `{why}`, but it refuses: {refusal}")),
            }
        }
        let least = only(&samples::create(place, entity).await, &needed);
        let made = place.send(Method::POST, &path, Some(&least)).await;
        assert_eq!(
            made.status, 201,
            "{} {entity}: what is required is not enough: {least}: {}",
            place.system, made.body
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!("{}: {tried} required fields", place.system);
}

/// Sends a create past us, to its end: where an order is saved and then confirmed, both.
async fn sent(place: &Place, entity: &str, planned: &Value) -> Result<Value, String> {
    let planned = vendor::with_key(planned, &place.unique());
    let made = place.straight(&planned).await?;
    if (place.system, entity) == ("tryton", "purchase_order") {
        let step = |method: &str| {
            let mut step = planned.clone();
            step["body"]["method"] = format!("model.purchase.purchase.{method}").into();
            step["body"]["params"][0] = made.clone();
            step
        };
        for method in ["quote", "confirm"] {
            if let Err(refusal) = place.straight(&step(method)).await {
                // A quotation can be cancelled, a draft need not be; then it can go.
                let _cancelled = place.straight(&step("cancel")).await;
                place.straight(&step("delete")).await.expect("what was refused is deleted");
                return Err(refusal);
            }
        }
    }
    Ok(made)
}

/// Takes away from the real system, which is shared, what lacks what every record of ours has.
async fn undone(place: &Place, entity: &str, planned: &Value, made: Value) {
    if let ("tryton", "vendor" | "goods_receipt") = (place.system, entity) {
        let mut step = planned.clone();
        let create = planned["body"]["method"].as_str().expect("a method");
        step["body"]["method"] = create.replace(".create", ".delete").into();
        step["body"]["params"][0] = made;
        // Those of the moves that the create took are others now.
        if let Some(context) = step["body"]["params"].as_array_mut().and_then(|all| all.last_mut()?.as_object_mut()) {
            context.remove("_timestamp");
        }
        place.straight(&step).await.expect("it is deleted");
    }
}

fn needed(fields: &Value) -> Vec<Needed> {
    let mut found = Vec::new();
    let mut add = |said: &Value, field: String| {
        if said["required_on_create"] == true {
            found.push(Needed { field, because: said["required_because"].as_str().map(str::to_owned) });
        }
    };
    for (name, said) in fields.as_object().into_iter().flatten() {
        add(said, name.clone());
        for (inner, said) in said["fields"].as_object().into_iter().flatten() {
            add(said, format!("{name}/{inner}"));
        }
    }
    found
}

/// The names by which a body may give a field: a reference has three.
fn given<'b>(body: &'b Map<String, Value>, field: &str) -> Option<&'b String> {
    let stem = field.strip_suffix("_id").filter(|stem| !stem.ends_with("_remote_line"));
    let names = |name: &str| match stem {
        Some(stem) => ["_id", "_remote_id", "_code", "_sku"].iter().any(|end| name == format!("{stem}{end}")),
        None => name == field,
    };
    body.keys().find(|name| names(name))
}

/// The body without a field, and the pointer by which its lack is told.
fn without(body: &Value, field: &str) -> Option<(Value, Value)> {
    let mut body = body.clone();
    let (outer, inner) = field.split_once('/').unwrap_or((field, ""));
    let name = given(body.as_object()?, outer)?.clone();
    if inner.is_empty() {
        body.as_object_mut()?.remove(&name);
        return Some((body, format!("/{outer}").into()));
    }
    let below = &mut body[&name];
    let is_list = below.is_array();
    let below = if is_list { &mut below[0] } else { below };
    let name = given(below.as_object()?, inner)?.clone();
    below.as_object_mut()?.remove(&name);
    Some((body, if is_list { format!("/{outer}/0/{inner}") } else { format!("/{outer}/{inner}") }.into()))
}

/// The body with only what is required.
fn only(body: &Value, needed: &[Needed]) -> Value {
    let is_needed = |field: &str| needed.iter().any(|one| one.field == field);
    let of = |name: &str| {
        let stem = ["_remote_id", "_code", "_sku"].iter().find_map(|end| name.strip_suffix(end));
        stem.map_or_else(|| name.to_owned(), |stem| format!("{stem}_id"))
    };
    let mut least = Map::new();
    for (name, value) in body.as_object().expect("an object") {
        if !is_needed(&of(name)) {
            continue;
        }
        let inner = |value: &Value| -> Value {
            let kept = value.as_object().expect("an object").iter();
            kept.filter(|(inner, _)| is_needed(&format!("{name}/{}", of(inner))))
                .map(|(inner, value)| (inner.clone(), value.clone()))
                .collect::<Map<_, _>>()
                .into()
        };
        let value = match value {
            Value::Array(items) => items.iter().map(inner).collect(),
            Value::Object(_) => inner(value),
            plain => plain.clone(),
        };
        least.insert(name.clone(), value);
    }
    Value::Object(least)
}
