//! From a unified body to the system's, with every problem told at once.

use serde_json::{Map, Value};
use trunnion_kit::json::Node;
use trunnion_kit::mapping::{Change, FieldProblem, Standing, WriteContext, to_change, to_vendor};
use trunnion_kit::spec::{Create, EntitySpec};

use super::resolve::Resolved;
use crate::error::FieldError;
use crate::links::Live;

/// The system's body of a body that was resolved.
pub(super) fn vendor_body(
    live: &Live,
    spec: &EntitySpec,
    create: &Create,
    body: &Map<String, Value>,
    write_key: &str,
) -> Result<Node<'static>, Vec<FieldProblem>> {
    let setting = |name: &str| live.link.setting(name).map(str::to_owned);
    to_vendor(spec, create, body, &WriteContext { setting: &setting, write_key })
}

/// The system's form of a change that was resolved.
pub(super) fn vendor_change(
    live: &Live,
    spec: &EntitySpec,
    change: &Map<String, Value>,
    standing: Standing<'_>,
) -> Result<Change, Vec<FieldProblem>> {
    let setting = |name: &str| live.link.setting(name).map(str::to_owned);
    to_change(spec, change, standing, &WriteContext { setting: &setting, write_key: "" })
}

/// What is wrong with a body, of resolving and mapping together, said of the members that the caller gave.
pub(super) fn problems(live: &Live, spec: &EntitySpec, create: &Create, resolved: &Resolved) -> Vec<FieldError> {
    let mut all = resolved.problems.clone();
    let sample = "0".repeat(create.write_key_length);
    let Err(found) = vendor_body(live, spec, create, &resolved.body, &sample) else { return all };
    for FieldProblem { pointer, message } in found {
        let pointer = match resolved.given.get(&pointer) {
            Some(given) => given.clone(),
            None => as_reference(&resolved.body, &pointer),
        };
        // A reference that could not be resolved is not missing as well.
        let stem = reference_stem(&pointer);
        let told = all
            .iter()
            .any(|known| known.pointer == pointer || reference_stem(&known.pointer) == stem && stem.is_some());
        if !told {
            all.push(FieldError { pointer, message });
        }
    }
    all.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    all
}

/// A reference that is not there at all is asked for by the name of our id.
pub(super) fn as_reference(body: &Map<String, Value>, pointer: &str) -> String {
    let there = pointer.split('/').skip(1).try_fold(None::<&Value>, |here, step| {
        let next = match here {
            None => body.get(step),
            Some(Value::Object(object)) => object.get(step),
            Some(Value::Array(items)) => step.parse::<usize>().ok().and_then(|place| items.get(place)),
            Some(_) => None,
        };
        next.map(Some)
    });
    match pointer.strip_suffix("_remote_id") {
        Some(stem) if there.is_none() => format!("{stem}_id"),
        _ => pointer.to_owned(),
    }
}

/// `/lines/0/item` of `/lines/0/item_id`, `/lines/0/item_remote_id` and `/lines/0/item_sku`; the names of natural keys are
/// the last word.
fn reference_stem(pointer: &str) -> Option<&str> {
    let keys = trunnion_model::catalog::entities().iter().filter_map(|entity| entity.natural_key);
    let mut endings = ["_remote_id", "_id"].into_iter().chain(keys);
    endings.find_map(|ending| pointer.strip_suffix(ending)).map(|stem| stem.trim_end_matches('_'))
}
