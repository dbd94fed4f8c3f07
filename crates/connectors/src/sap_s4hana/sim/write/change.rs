//! `PATCH`, `MERGE` and `DELETE` of one row, with the check of its version.

use axum::http::StatusCode;

use super::{Messages, Now, assets, body, maintenance, notifications, orders, partners, products, requisitions};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::{Node, Steps};
use crate::sap_s4hana::sim::read::{Resource, etag, resolve};
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::world::World;

/// One existing row in a copy of its document.
struct Target {
    document: Node,
    place: u64,
    steps: Steps,
}

pub(in super::super) fn update(
    world: &mut World,
    now: Now<'_>,
    family: Family,
    path: &str,
    if_match: Option<&str>,
    body: &[u8],
) -> Result<(), Refusal> {
    let Target { document: old, place, steps } = target(world, family, path, "PATCH", if_match)?;
    let mut document = old.clone();
    let Some(row) = document.descend_mut(&steps) else { return Err(Refusal::not_found(path)) };
    let entity = row.entity;
    if !entity.updatable {
        return Err(Refusal::not_allowed("PATCH", entity.set));
    }
    let changes = body::changes(entity, &body::object(body)?)?;
    let moved = changes.iter().find(|(column, value)| entity.properties[*column].key && row.values[*column] != *value);
    if let Some((column, _)) = moved {
        let text = format!("Key property {} cannot be changed", entity.properties[*column].name);
        return Err(Refusal::property(text));
    }
    let fixed: Messages = match family {
        Family::Requisitions => requisitions::fixed(row, &changes),
        _ => orders::fixed(row, &changes),
    };
    if !fixed.is_empty() {
        return Err(Refusal::business(fixed));
    }
    for (column, value) in &changes {
        row.values[*column] = value.clone();
    }
    if family == Family::Orders {
        orders::align(&mut document, &steps, entity.set, &changes);
    }
    save(world, now, place, &old, document)
}

pub(in super::super) fn delete(
    world: &mut World,
    now: Now<'_>,
    family: Family,
    path: &str,
    if_match: Option<&str>,
) -> Result<(), Refusal> {
    let Target { document: old, place, steps } = target(world, family, path, "DELETE", if_match)?;
    let mut document = old.clone();
    let Some((&(slot, index), above)) = steps.split_last() else {
        // An order's header is deleted only by archiving.
        return Err(Refusal::not_implemented("DELETE_ENTITY", old.entity.set));
    };
    let Some(parent) = document.descend_mut(above) else { return Err(Refusal::not_found(path)) };
    let Some(row) = parent.children[slot].get_mut(index) else { return Err(Refusal::not_found(path)) };
    let set = row.entity.set;
    if !row.entity.deletable {
        return Err(Refusal::not_allowed("DELETE", set));
    }
    if set == "A_PurchaseOrderItem" {
        orders::delete_item(row)?;
    } else {
        parent.children[slot].remove(index);
        if family == Family::Orders {
            orders::align(&mut document, &steps, set, &[]);
        }
    }
    save(world, now, place, &old, document)
}

/// Puts a changed document back, by the rules of its family.
pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, old: &Node, document: Node) -> Result<(), Refusal> {
    match document.entity.family {
        Family::Orders => orders::save(world, now, place, old, document),
        Family::Partners => partners::save(world, now, place, document),
        Family::Products => products::save(world, now, place, document),
        Family::Places => assets::save_place(world, now, place, document),
        Family::Equipment => assets::save_equipment(world, now, place, document),
        Family::Maintenance => maintenance::save(world, now, place, document),
        Family::Notifications => notifications::save(world, now, place, document),
        Family::Requisitions => requisitions::save(world, now, place, old, document),
        Family::GoodsMovements
        | Family::Stock
        | Family::Invoices
        | Family::MeasuringPoints
        | Family::MeasurementDocuments => Err(Refusal::not_allowed("PATCH", document.entity.set)),
    }
}

fn target(world: &World, family: Family, path: &str, method: &str, if_match: Option<&str>) -> Result<Target, Refusal> {
    let (document, place, steps) = match resolve(world, family, path)?.0 {
        Resource::Row { document, place, steps } => (document.into_owned(), place, steps),
        Resource::Set(entity) | Resource::Children { entity, .. } => {
            return Err(Refusal::not_allowed(method, entity.set));
        }
        Resource::Nothing => return Err(Refusal::not_found(path)),
    };
    let version = document.chain(&steps).and_then(|chain| chain.last().and_then(|row| etag(row)));
    precondition(version.as_deref(), if_match).map(|()| Target { document, place, steps })
}

/// Whether a change of a row with that version may go on.
pub(in super::super) fn precondition(version: Option<&str>, if_match: Option<&str>) -> Result<(), Refusal> {
    let code = "/IWFND/CM_MGW/097";
    let refuse = |status, text: &str| {
        let mut refusal = Refusal::business(vec![Message::new(code, text, "")]);
        refusal.status = status;
        Err(refusal)
    };
    match (version, if_match) {
        (Some(_), None) => {
            refuse(StatusCode::PRECONDITION_REQUIRED, "The request is required to be conditional: send If-Match")
        }
        (Some(version), Some(given)) if given != "*" && !given.split(',').any(|one| one.trim() == version) => {
            refuse(StatusCode::PRECONDITION_FAILED, "The entity was changed since it was read")
        }
        _ => Ok(()),
    }
}
