//! Creating, changing, upserting and deleting records.

use std::sync::PoisonError;

use super::super::data::{Family, Record, Saved, Type, type_named};
use super::super::reply::{Failure, Outcome, no_content};
use super::super::server::{App, Call};
use super::apply::{Rules, apply};
use super::resource::{Place, locate};

/// POST of a new record.
pub(super) fn create(app: &App, call: &Call, kind: &'static Type) -> Result<Saved, Failure> {
    write(app, call, kind, None, None)
}

/// The transformation of a purchase order into a receipt. What the body does not name is received in full.
pub(super) fn receive(app: &App, call: &Call, place: &Place) -> Result<Saved, Failure> {
    let kind = type_named("purchaseOrder").ok_or_else(Failure::missing)?;
    let body = call.json()?;
    let strict_names = strict_names(call)?;
    let mut store = app.store.write().unwrap_or_else(PoisonError::into_inner);
    let order =
        locate(&store, kind, place).and_then(|id| store.get(kind, id)).ok_or_else(Failure::missing)?.into_owned();
    let start = store.receipt_of(&order)?;
    let lines = start.lines.len();
    // The lines are there already, so that the body's are merged into them by the order's line.
    let (draft, _) = apply(&store, start, &body, &Rules { replace: &[], strict_names, new: false })?;
    if draft.record.lines.len() > lines {
        return Err(Failure::content(
            "item.items",
            "Error while accessing a resource. A receipt's lines are the order's.",
        ));
    }
    store.receive(draft, &order, app.control.now())
}

/// PATCH of a record that exists.
pub(super) fn update(app: &App, call: &Call, kind: &'static Type, place: &Place) -> Result<Saved, Failure> {
    write(app, call, kind, Some(place), None)
}

/// PUT by external id: makes the record or changes it. Lines without a key are appended here too, unless `replace` says
/// otherwise.
pub(super) fn upsert(app: &App, call: &Call, kind: &'static Type, place: &Place) -> Result<Saved, Failure> {
    match place {
        Place::External(external_id) => write(app, call, kind, Some(place), Some(external_id)),
        Place::Id(_) => Err(Failure::method()),
    }
}

pub(super) fn delete(app: &App, kind: &'static Type, place: &Place) -> Outcome {
    if !kind.writable {
        return Err(Failure::method());
    }
    let mut store = app.store.write().unwrap_or_else(PoisonError::into_inner);
    let id = locate(&store, kind, place).ok_or_else(Failure::missing)?;
    let record = store.get(kind, id).ok_or_else(Failure::missing)?.into_owned();
    store.delete(&record, app.control.now())?;
    Ok(no_content())
}

/// `place` is nothing for a new record; with `or_make` a record that is not there is made with that external id.
fn write(
    app: &App,
    call: &Call,
    kind: &'static Type,
    place: Option<&Place>,
    or_make: Option<&str>,
) -> Result<Saved, Failure> {
    if !kind.writable {
        return Err(Failure::method());
    }
    let strict_names = strict_names(call)?;
    let replace: Vec<String> =
        call.parameter("replace").map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default();
    if let Some(unknown) = replace.iter().find(|name| kind.sublist.is_none_or(|sublist| sublist.name != name.as_str()))
    {
        return Err(Failure::parameter("replace", format!("Invalid sublist name '{unknown}'.")));
    }
    let body = call.json()?;
    let mut store = app.store.write().unwrap_or_else(PoisonError::into_inner);
    let existing = place.and_then(|place| locate(&store, kind, place)).and_then(|id| store.get(kind, id));
    let before = existing.map(std::borrow::Cow::into_owned);
    if kind.family == Family::Receipt && before.is_none() {
        return Err(Failure::user("An item receipt is made from its purchase order: use a transformation."));
    }
    if kind.family == Family::Bill && before.is_none() {
        return Err(Failure::not_simulated("bills that are made here"));
    }
    if place.is_some() && before.is_none() && or_make.is_none() {
        return Err(Failure::missing());
    }
    let start = before.clone().unwrap_or_else(|| Record::new(kind, 0));
    let rules = Rules { replace: &replace, strict_names, new: before.is_none() };
    let (mut draft, ignored) = apply(&store, start, &body, &rules)?;
    if let Some(external_id) = or_make {
        draft.record.external_id = Some(external_id.to_owned());
    }
    if !ignored.is_empty() {
        tracing::debug!(?ignored, "the sandbox ignored unknown fields, as NetSuite does by default");
    }
    store.save(draft, before.as_ref(), app.control.now())
}

/// NetSuite's default is to warn, which means: to ignore misspelled fields and to answer 204.
fn strict_names(call: &Call) -> Result<bool, Failure> {
    const HEADER: &str = "X-NetSuite-PropertyNameValidation";
    match call.header(HEADER).map(str::to_ascii_lowercase).as_deref() {
        None | Some("warning" | "ignore") => Ok(false),
        Some("error") => Ok(true),
        Some(other) => Err(Failure::header(HEADER, format!("Invalid header value '{other}'."))),
    }
}
