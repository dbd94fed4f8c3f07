//! Equipment and functional locations.
//!
//! A change of where a piece of equipment belongs ends its row of today and opens another one: the same number with
//! another end of validity. The row that holds now ends on 31 December 9999.

use super::functions::Parameters;
use super::maintenance::current_equipment;
use super::{Messages, Now, change};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::read::etag;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{END_OF_TIME, TICKS_PER_DAY};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

const FIRST_NUMBER: u64 = 10_000_001;

/// What an assignment consists of: another value opens another validity row.
const ASSIGNMENT: [&str; 4] = ["FunctionalLocationLabelName", "SuperordinateEquipment", "PlantSection", "CostCenter"];

pub(in super::super) fn create_equipment(world: &mut World, now: Now<'_>, mut row: Node) -> Result<u64, Refusal> {
    if row.text("Equipment").is_empty() {
        let highest = world.table(Family::Equipment).last().and_then(|last| last.text("Equipment").parse().ok());
        row.set_text("Equipment", highest.map_or(FIRST_NUMBER, |highest: u64| highest + 1).to_string());
    } else if current_equipment(world, row.text("Equipment")).is_some() {
        let text = format!("Equipment {} already exists", row.text("Equipment"));
        return Err(Refusal::business(vec![Message::new("IE/002", text, "Equipment")]));
    }
    row.set("ValidityEndDate", Value::Ticks(END_OF_TIME));
    if *row.get("ValidityStartDate") == Value::Initial {
        row.set("ValidityStartDate", Value::Ticks(now.day()));
    }
    row.set("CreationDate", Value::Ticks(now.day()));
    row.set_text("CreatedByUser", now.user.to_owned());
    row.set("EquipmentIsAvailable", Value::Bool(true));
    finish(world, now, &mut row)?;
    Ok(world.insert(Family::Equipment, row))
}

/// Saves a changed row; what is no longer valid cannot be changed, and a new assignment is a new row.
pub(super) fn save_equipment(world: &mut World, now: Now<'_>, place: u64, mut row: Node) -> Result<(), Refusal> {
    if *row.get("ValidityEndDate") != Value::Ticks(END_OF_TIME) {
        let text = "Only the time segment that is valid now can be changed";
        return Err(Refusal::business(vec![Message::new("IE/054", text, "ValidityEndDate")]));
    }
    finish(world, now, &mut row)?;
    let at = usize::try_from(place).unwrap_or(usize::MAX);
    let old = world.table(Family::Equipment).get(at).cloned();
    let moved = old.filter(|old| ASSIGNMENT.iter().any(|name| old.get(name) != row.get(name)));
    match moved {
        Some(mut old) if *old.get("ValidityStartDate") != Value::Ticks(now.day()) => {
            old.set("ValidityEndDate", Value::Ticks(now.day() - TICKS_PER_DAY));
            world.replace(Family::Equipment, place, old);
            row.set("ValidityStartDate", Value::Ticks(now.day()));
            world.insert(Family::Equipment, row);
        }
        _ => world.replace(Family::Equipment, place, row),
    }
    Ok(())
}

fn finish(world: &World, now: Now<'_>, row: &mut Node) -> Result<(), Refusal> {
    row.default_text("EquipmentCategory", "M");
    row.default_text("MaintenancePlant", "1010");
    let mut found = Messages::new();
    let mut say = |code, text: String, target: &str| found.push(Message::new(code, text, target));
    if row.text("EquipmentName").is_empty() {
        say("IE/003", "Enter Description of the equipment".to_owned(), "EquipmentName");
    }
    let plant = row.text("MaintenancePlant").to_owned();
    match org::plant_company(&plant) {
        None => say("IE/004", format!("Maintenance plant {plant} does not exist"), "MaintenancePlant"),
        Some(company) => row.set_text("CompanyCode", company),
    }
    let label = row.text("FunctionalLocationLabelName").to_owned();
    let location = world.table(Family::Places).iter().find(|place| place.text("FunctionalLocationLabelName") == label);
    match location {
        None if !label.is_empty() => {
            say("IL/001", format!("Functional location {label} does not exist"), "FunctionalLocationLabelName");
        }
        _ => {
            let text = |name: &str| location.map(|place| place.text(name).to_owned()).unwrap_or_default();
            let (key, name) = (text("FunctionalLocation"), text("FunctionalLocationName"));
            row.set_text("FunctionalLocation", key);
            row.set_text("FunctionalLocationName", name);
            row.set("EquipmentIsInstalled", if label.is_empty() { Value::Initial } else { Value::Bool(true) });
        }
    }
    let superior = row.text("SuperordinateEquipment");
    if !superior.is_empty() && current_equipment(world, superior).is_none() {
        say("IE/001", format!("Equipment {superior} does not exist"), "SuperordinateEquipment");
    }
    if !found.is_empty() {
        return Err(Refusal::business(found));
    }
    bump(now, row);
    Ok(())
}

pub(in super::super) fn create_place(world: &mut World, now: Now<'_>, mut row: Node) -> Result<u64, Refusal> {
    let label = row.text("FunctionalLocationLabelName").to_owned();
    row.default_text("FunctionalLocation", &label);
    let key = row.text("FunctionalLocation").to_owned();
    if key.is_empty() || world.find(Family::Places, &key).is_ok() {
        let text =
            if key.is_empty() { "Enter Functional Location".to_owned() } else { format!("{key} already exists") };
        return Err(Refusal::business(vec![Message::new("IL/002", text, "FunctionalLocation")]));
    }
    row.default_text("FunctionalLocationLabelName", &key);
    row.set("CreationDate", Value::Ticks(now.day()));
    row.set("FunctionalLocationIsActive", Value::Bool(true));
    bump(now, &mut row);
    Ok(world.insert(Family::Places, row))
}

pub(super) fn save_place(world: &mut World, now: Now<'_>, place: u64, mut row: Node) -> Result<(), Refusal> {
    bump(now, &mut row);
    world.replace(Family::Places, place, row);
    Ok(())
}

/// Sets or takes back a status of a piece of equipment.
pub(super) fn call(
    world: &mut World,
    now: Now<'_>,
    function: &str,
    given: &Parameters,
    if_match: Option<&str>,
) -> Result<(), Refusal> {
    let (number, end) = (given.text("Equipment"), given.value("ValidityEndDate"));
    let table = world.table(Family::Equipment);
    let at = table.iter().position(|row| row.text("Equipment") == number && *row.get("ValidityEndDate") == end);
    let Some(at) = at else { return Err(Refusal::not_found("Equipment")) };
    let mut row = table[at].clone();
    change::precondition(etag(&row).as_deref(), if_match)?;
    let (flag, on) = match function {
        "SetEquipmentToInactive" => ("EquipmentIsInactive", true),
        "ResetEquipmentFromInactive" => ("EquipmentIsInactive", false),
        "SetEquipToMarkedForDeletion" => ("EquipmentIsMarkedForDeletion", true),
        _ => ("EquipmentIsMarkedForDeletion", false),
    };
    if row.flag(flag) == on {
        let text = format!("{flag} is {} (EQU {number})", if on { "set already" } else { "not set" });
        return Err(Refusal::business(vec![Message::new("BS/007", text, "Equipment")]));
    }
    row.set(flag, if on { Value::Bool(true) } else { Value::Initial });
    row.set("EquipmentIsAvailable", if on { Value::Initial } else { Value::Bool(true) });
    bump(now, &mut row);
    world.replace(Family::Equipment, at as u64, row);
    Ok(())
}

/// Gives a piece of equipment to another cost centre, as a colleague at the screen would: opens a validity row.
pub(in super::super) fn reassign(world: &mut World, now: Now<'_>, number: &str) -> bool {
    let rows = world.table(Family::Equipment);
    let Some(at) = rows.iter().rposition(|row| row.text("Equipment") == number) else { return false };
    let mut row = rows[at].clone();
    let other = if row.text("CostCenter") == "10101301" { "10101302" } else { "10101301" };
    row.set_text("CostCenter", other);
    save_equipment(world, now, at as u64, row).is_ok()
}

fn bump(now: Now<'_>, row: &mut Node) {
    super::bump_seconds(now, row);
    row.set_text("LastChangedByUser", now.user.to_owned());
}
