//! `POST`: a new document, or a new row below an existing one.

use serde_json::{Map, Value as Json};

use super::{
    Messages, Now, assets, body, goods, maintenance, measurements, notifications, orders, partners, products,
    requisitions,
};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::{Node, Steps};
use crate::sap_s4hana::sim::read::{Resource, Shape};
use crate::sap_s4hana::sim::schema::{Entity, Family, Reach};
use crate::sap_s4hana::sim::world::World;

/// A row that was just created.
pub(in super::super) struct Created {
    pub(in super::super) family: Family,
    pub(in super::super) place: u64,
    pub(in super::super) steps: Steps,
    /// What the answer shows: the row and what was sent with it.
    pub(in super::super) shape: Shape,
    pub(in super::super) warnings: Messages,
}

/// Where a new row is to stand.
enum Under {
    Root(&'static Entity),
    Parent { document: Node, place: u64, parent: Steps, slot: usize, entity: &'static Entity },
}

pub(in super::super) fn create(
    world: &mut World,
    now: Now<'_>,
    family: Family,
    path: &str,
    body: &[u8],
) -> Result<Created, Refusal> {
    let object = body::object(body)?;
    let under = under(world, family, path, &object)?;
    let entity = match &under {
        Under::Root(entity) => entity,
        Under::Parent { entity, .. } => entity,
    };
    let row = body::row(entity, &object)?;
    let mut sent = Vec::new();
    navigations(entity, &object, "", &mut sent);
    let shape = Shape::new(entity, None, Some(&sent.join(",")))?;
    let created = |place, steps, warnings| Created { family, place, steps, shape, warnings };
    match under {
        Under::Root(_) => {
            let (place, warnings) = match family {
                Family::Orders => orders::create(world, now, row)?,
                Family::Partners => (partners::create(world, now, row)?, Vec::new()),
                Family::Products => (products::create(world, now, row)?, Vec::new()),
                Family::GoodsMovements => (goods::post(world, now, row)?, Vec::new()),
                Family::Places => (assets::create_place(world, now, row)?, Vec::new()),
                Family::Equipment => (assets::create_equipment(world, now, row)?, Vec::new()),
                Family::Maintenance => (maintenance::create(world, now, row)?, Vec::new()),
                Family::Notifications => (notifications::create(world, now, row)?, Vec::new()),
                Family::Requisitions => (requisitions::create(world, now, row)?, Vec::new()),
                Family::Invoices => return Err(Refusal::not_implemented("CREATE_DEEP_ENTITY", entity.set)),
                Family::MeasurementDocuments => (measurements::create(world, now, row)?, Vec::new()),
                Family::Stock | Family::MeasuringPoints => return Err(Refusal::not_allowed("POST", entity.set)),
            };
            Ok(created(place, Vec::new(), warnings))
        }
        Under::Parent { document, place, parent, slot, .. } => {
            let steps = add(world, now, (document, place), (&parent, slot), row)?;
            Ok(created(place, steps, Vec::new()))
        }
    }
}

fn under(world: &World, family: Family, path: &str, object: &Map<String, Json>) -> Result<Under, Refusal> {
    match crate::sap_s4hana::sim::read::resolve(world, family, path)?.0 {
        Resource::Set(entity) if !entity.creatable => Err(Refusal::not_allowed("POST", entity.set)),
        Resource::Set(entity) if entity.path.is_empty() => Ok(Under::Root(entity)),
        Resource::Set(entity) => parent_of(world, entity, object),
        Resource::Children { document, place, parent, slot, entity } => {
            Ok(Under::Parent { document: document.into_owned(), place, parent, slot, entity })
        }
        Resource::Row { document, steps, .. } => {
            let set = document.chain(&steps).and_then(|chain| chain.last().map(|row| row.entity.set));
            Err(Refusal::not_allowed("POST", set.unwrap_or_default()))
        }
        Resource::Nothing => Err(Refusal::not_found(path)),
    }
}

/// The parent of a row that is sent to its own set, by the keys in the body.
fn parent_of(world: &World, entity: &'static Entity, object: &Map<String, Json>) -> Result<Under, Refusal> {
    let service = entity.family.service();
    let owner = service.entities.iter().find_map(|owner| {
        let nav = owner.navs.iter().find(|nav| nav.set == entity.set && nav.reach != Reach::Up)?;
        Some((owner, nav))
    });
    let keyed = owner.filter(|(owner, nav)| nav.many && owner.keys.len() < entity.keys.len());
    let Some((owner, nav)) = keyed else { return Err(Refusal::not_implemented("CREATE_ENTITY", entity.set)) };
    let given = |&column: &usize| object.get(entity.properties[column].name).and_then(Json::as_str);
    let mut predicate = Vec::new();
    for (at, key) in owner.keys.iter().enumerate() {
        let name = entity.properties[entity.keys[at]].name;
        let text = given(&entity.keys[at]).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Refusal::property(format!("Property {name} is needed to find the parent")))?;
        predicate.push(format!("{}='{}'", owner.properties[*key].name, text.replace('\'', "''")));
    }
    let path = format!("{}({})/{}", owner.set, predicate.join(","), nav.name);
    under(world, entity.family, &path, object)
}

/// Puts a row below its parent; gives the way to it.
fn add(
    world: &mut World,
    now: Now<'_>,
    (old, place): (Node, u64),
    (parent, slot): (&Steps, usize),
    mut row: Node,
) -> Result<Steps, Refusal> {
    let mut document = old.clone();
    let Some(owner) = document.descend_mut(parent) else { return Err(Refusal::not_found(row.entity.set)) };
    let shared = if row.entity.keys.len() > owner.entity.keys.len() { owner.entity.keys.len() } else { 0 };
    for at in 0..shared {
        row.values[row.entity.keys[at]] = owner.values[owner.entity.keys[at]].clone();
    }
    if let Some(number) = next_number(owner, slot, &row) {
        row = number;
    }
    let entity = row.entity;
    let keys = |row: &Node| -> Vec<String> {
        entity.keys.iter().map(|&column| row.key_text(column).as_text().to_owned()).collect()
    };
    let wanted = keys(&row);
    if owner.children[slot].iter().any(|other| keys(other) == wanted) {
        let text = format!("{} {} already exists", entity.set, wanted.join("/"));
        return Err(Refusal::business(vec![Message::new("/IWBEP/CM_MGW_RT/022", text, "")]));
    }
    owner.children[slot].push(row);
    owner.children[slot].sort_by_key(|row| keys(row));
    let added = owner.children[slot].iter().position(|row| keys(row) == wanted).unwrap_or(0);
    let mut steps = parent.clone();
    steps.push((slot, added));
    if entity.family == Family::Orders {
        orders::align(&mut document, &steps, entity.set, &[]);
    }
    super::change::save(world, now, place, &old, document)?;
    Ok(steps)
}

/// The row with the next free number, if its last key is numbered by the system and was left empty.
fn next_number(owner: &Node, slot: usize, row: &Node) -> Option<Node> {
    let step = match row.entity.set {
        "A_PurchaseOrderItem" | "A_PurchaseRequisitionItem" | "MaintenanceOrderOperation" => 10,
        "A_PurchaseOrderScheduleLine"
        | "MaintenanceNotificationItem"
        | "A_PurOrdAccountAssignment"
        | "A_PurReqnAcctAssgmt"
        | "A_AddressEmailAddress"
        | "A_AddressPhoneNumber" => 1,
        _ => return None,
    };
    let &last_key = match row.entity.set {
        // Its last key is the sub-operation, which is left empty.
        "MaintenanceOrderOperation" => row.entity.keys.get(1)?,
        _ => row.entity.keys.last()?,
    };
    let number = |row: &Node| row.values[last_key].as_text().parse::<u64>().unwrap_or(0);
    if number(row) > 0 {
        return None;
    }
    let highest = owner.children[slot].iter().map(number).max().unwrap_or(0);
    let width = row.entity.properties[last_key].initial_text().len().max(if step == 10 { 4 } else { 0 });
    let mut row = row.clone();
    row.values[last_key] = crate::sap_s4hana::sim::value::Value::text(format!("{:0width$}", highest + step));
    Some(row)
}

/// The paths of the navigations that a body has.
fn navigations(entity: &'static Entity, object: &Map<String, Json>, prefix: &str, found: &mut Vec<String>) {
    for nav in &entity.navs {
        let Some(below) = object.get(nav.name).filter(|below| below.get("__deferred").is_none()) else { continue };
        let path = format!("{prefix}{}", nav.name);
        let rows = below.get("results").unwrap_or(below);
        let objects: Vec<&Map<String, Json>> = match rows {
            Json::Array(rows) => rows.iter().filter_map(Json::as_object).collect(),
            Json::Object(row) => vec![row],
            _ => Vec::new(),
        };
        for row in objects {
            navigations(entity.target(nav), row, &format!("{path}/"), found);
        }
        if !found.contains(&path) {
            found.push(path);
        }
    }
}
