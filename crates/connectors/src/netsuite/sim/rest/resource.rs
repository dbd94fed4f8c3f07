//! Which record, line or list a request is about, and what may be done with it.

use std::sync::PoisonError;

use axum::http::{Method, StatusCode};

use super::super::data::{Record, Saved, Store, Type, script_name, type_named};
use super::super::node::Node;
use super::super::reply::{Failure, Outcome, resource, saved, singular};
use super::super::script;
use super::super::server::{App, Call};
use super::read::{Form, line_node, record_node, sublist_node};
use super::{list, metadata, write};

/// Where one record is: by internal id or by external id.
pub(super) enum Place {
    Id(u64),
    External(String),
}

/// Answers a request below `/services/rest/record/v1/`; `path` is what follows.
pub(in super::super) fn handle(app: &App, call: &Call, path: &[&str]) -> Outcome {
    match path {
        ["metadata-catalog"] => metadata::catalog(call),
        ["metadata-catalog", name] => metadata::schema(call, name),
        [name] => {
            let kind = type_named(name).ok_or_else(|| Failure::unknown_type(name))?;
            match call.method {
                Method::GET => list::list(&read(app), call, kind),
                Method::POST => {
                    call.only_parameters(&[])?;
                    submitted(app, call, &write::create(app, call, kind)?, "create")
                }
                _ => Err(Failure::method()),
            }
        }
        [name, id] => {
            let kind = type_named(name).ok_or_else(|| Failure::unknown_type(name))?;
            one(app, call, kind, &place(id)?)
        }
        ["purchaseOrder", id, "!transform", "itemReceipt"] if call.method == Method::POST => {
            call.only_parameters(&[])?;
            submitted(app, call, &write::receive(app, call, &place(id)?)?, "create")
        }
        [_, _, "!transform", ..] => Err(Failure::not_simulated("other transformations than a receipt's")),
        [name, id, sublist] => {
            let kind = type_named(name).ok_or_else(|| Failure::unknown_type(name))?;
            lines(app, call, kind, &place(id)?, sublist, None)
        }
        [name, id, sublist, line] => {
            let kind = type_named(name).ok_or_else(|| Failure::unknown_type(name))?;
            lines(app, call, kind, &place(id)?, sublist, Some(line))
        }
        _ => Err(Failure::missing()),
    }
}

/// The id of the record at that place, if it exists.
pub(super) fn locate(store: &Store, kind: &Type, place: &Place) -> Option<u64> {
    match place {
        Place::Id(id) => Some(*id),
        Place::External(external_id) => store.by_external(kind.family, external_id),
    }
}

fn one(app: &App, call: &Call, kind: &'static Type, place: &Place) -> Outcome {
    match call.method {
        Method::GET => {
            call.only_parameters(&["fields", "expandSubResources", "simpleEnumFormat"])?;
            let store = read(app);
            let record = found(&store, kind, place)?;
            Ok(singular(&record_node(&store, &record, &call.base, &Form::of(call, kind)?)))
        }
        Method::PATCH => {
            call.only_parameters(&["replace"])?;
            submitted(app, call, &write::update(app, call, kind, place)?, "edit")
        }
        Method::PUT => {
            call.only_parameters(&["replace"])?;
            let event = if locate(&read(app), kind, place).is_some() { "edit" } else { "create" };
            submitted(app, call, &write::upsert(app, call, kind, place)?, event)
        }
        Method::DELETE => {
            call.only_parameters(&[])?;
            let id = locate(&read(app), kind, place);
            let deleted = write::delete(app, kind, place)?;
            script::after_submit(app, &script_name(kind), &id.unwrap_or_default().to_string(), "delete");
            Ok(deleted)
        }
        _ => Err(Failure::method()),
    }
}

fn lines(app: &App, call: &Call, kind: &'static Type, place: &Place, sublist: &str, line: Option<&str>) -> Outcome {
    if call.method != Method::GET {
        return Err(Failure::method());
    }
    let store = read(app);
    let record = found(&store, kind, place)?;
    let sublist = kind.sublist.filter(|known| known.name == sublist).ok_or_else(Failure::missing)?;
    let form = Form::of(call, kind)?;
    let Some(key) = line else {
        let node = sublist_node(&store, &record, sublist, &call.base, &form);
        return Ok(resource(StatusCode::OK, "collection", node.to_json()));
    };
    let is_it = |line: &&_| super::read::line_key(line, sublist) == key;
    let line = record.lines.iter().find(is_it).ok_or_else(Failure::missing)?;
    let node: Node = line_node(&store, &record, line, sublist, &call.base, &form);
    Ok(singular(&node))
}

fn found<'a>(store: &'a Store, kind: &Type, place: &Place) -> Result<std::borrow::Cow<'a, Record>, Failure> {
    locate(store, kind, place).and_then(|id| store.get(kind, id)).ok_or_else(Failure::missing)
}

fn place(text: &str) -> Result<Place, Failure> {
    match text.strip_prefix("eid:") {
        Some(external_id) if !external_id.is_empty() => Ok(Place::External(external_id.to_owned())),
        Some(_) => Err(Failure::missing()),
        None => text.parse().map(Place::Id).map_err(|_| Failure::missing()),
    }
}

/// Answers where the record is, after its scripts ran.
fn submitted(app: &App, call: &Call, made: &Saved, event: &str) -> Outcome {
    script::after_submit(app, &script_name(made.kind), &made.id.to_string(), event);
    Ok(saved(&format!("{}/record/v1/{}/{}", call.base, made.kind.name, made.id)))
}

fn read(app: &App) -> std::sync::RwLockReadGuard<'_, Store> {
    app.store.read().unwrap_or_else(PoisonError::into_inner)
}
