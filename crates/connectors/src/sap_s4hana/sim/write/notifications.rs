//! Maintenance notifications: reported, put in process, completed.

use super::functions::Parameters;
use super::maintenance::current_equipment;
use super::{Messages, Now};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

const FIRST_NUMBER: u64 = 10_000_001;
const TYPES: [&str; 4] = ["M1", "M2", "Y1", "Y2"];

/// What a notification is about.
pub(in super::super) struct Object;

impl Object {
    pub(in super::super) const EQUIPMENT: &'static str = "EAMS_EQUI";
    pub(in super::super) const PLACE: &'static str = "EAMS_FL";
}

/// Phase, its name, the first word of the status, the overall phase.
const PHASES: [(&str, &str, &str, &str); 4] = [
    ("1", "Outstanding", "OSNO", "01"),
    ("2", "Postponed", "NOPO", "02"),
    ("3", "In process", "NOPR", "07"),
    ("4", "Completed", "NOCO", "09"),
];

pub(in super::super) fn create(world: &mut World, now: Now<'_>, mut row: Node) -> Result<u64, Refusal> {
    let last = world.table(Family::Notifications).last();
    let highest = last.and_then(|last| last.text("MaintenanceNotification").parse().ok());
    row.set_text("MaintenanceNotification", highest.map_or(FIRST_NUMBER, |highest: u64| highest + 1).to_string());
    for (date, time) in [("CreationDate", "CreationTime"), ("NotificationCreationDate", "NotificationCreationTime")] {
        if *row.get(date) == Value::Initial {
            row.set(date, Value::Ticks(now.day()));
            row.set(time, Value::Time(stamp::time_of(now.ticks())));
        }
    }
    row.default_text("ReportedByUser", now.user);
    row.set_text("NotificationTimeZone", "UTC");
    phase(&mut row, "1");
    finish(world, now, &mut row)?;
    Ok(world.insert(Family::Notifications, row))
}

pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, mut row: Node) -> Result<(), Refusal> {
    if row.text("NotifProcessingPhase") == "4" {
        let text = format!("Notification {} is completed", row.text("MaintenanceNotification"));
        return Err(Refusal::business(vec![Message::new("IM/002", text, "")]));
    }
    finish(world, now, &mut row)?;
    world.replace(Family::Notifications, place, row);
    Ok(())
}

/// Puts a notification in process, or completes it; gives its place.
pub(super) fn call(world: &mut World, now: Now<'_>, function: &str, given: &Parameters) -> Result<u64, Refusal> {
    let number = given.text("MaintenanceNotification");
    let missing = || Refusal::not_found("MaintenanceNotification");
    let place = world.find(Family::Notifications, &number).map_err(|_| missing())?;
    let mut row = world.document(Family::Notifications, place).ok_or_else(missing)?.into_owned();
    let (to, from): (_, &[&str]) =
        if function == "CompleteMaintNotification" { ("4", &["1", "2", "3"]) } else { ("3", &["1", "2"]) };
    if !from.contains(&row.text("NotifProcessingPhase")) {
        let text = format!("System status {} is active (NOT {number})", row.text("ConcatenatedActiveSystStsName"));
        return Err(Refusal::business(vec![Message::new("BS/007", text, "MaintenanceNotification")]));
    }
    phase(&mut row, to);
    if to == "4" {
        completed(now, &mut row);
    }
    bump(now, &mut row);
    world.replace(Family::Notifications, place, row);
    Ok(place)
}

/// Notes the order that answers a notification.
pub(in super::super) fn assign(world: &mut World, number: &str, order: &str) {
    let Ok(place) = world.find(Family::Notifications, number) else { return };
    let Some(mut row) = world.document(Family::Notifications, place).map(std::borrow::Cow::into_owned) else { return };
    row.set_text("MaintenanceOrder", order.to_owned());
    world.replace(Family::Notifications, place, row);
}

/// Completes a notification together with its order.
pub(super) fn complete(world: &mut World, now: Now<'_>, number: &str) {
    let Ok(place) = world.find(Family::Notifications, number) else { return };
    let Some(mut row) = world.document(Family::Notifications, place).map(std::borrow::Cow::into_owned) else { return };
    phase(&mut row, "4");
    completed(now, &mut row);
    bump(now, &mut row);
    world.replace(Family::Notifications, place, row);
}

fn completed(now: Now<'_>, row: &mut Node) {
    row.set("NotificationCompletionDate", Value::Ticks(now.day()));
    row.set("CompletionTime", Value::Time(stamp::time_of(now.ticks())));
}

pub(in super::super) fn phase(row: &mut Node, to: &str) {
    let Some((code, name, status, overall)) = PHASES.into_iter().find(|(code, ..)| *code == to) else { return };
    row.set_text("NotifProcessingPhase", code);
    row.set_text("NotifProcessingPhaseDesc", name);
    row.set_text("ConcatenatedActiveSystStsName", status);
    row.set_text("MaintNotifProcessPhaseCode", overall);
}

fn finish(world: &World, now: Now<'_>, row: &mut Node) -> Result<(), Refusal> {
    let mut found = Messages::new();
    let mut say = |code, text: String, target: &str| found.push(Message::new(code, text, target));
    if row.text("NotificationText").is_empty() {
        say("IM/003", "Enter Description".to_owned(), "NotificationText");
    }
    let kind = row.text("NotificationType");
    if !TYPES.contains(&kind) {
        say("IM/004", format!("Notification type '{kind}' is not defined"), "NotificationType");
    }
    let object = row.text("TechnicalObject").to_owned();
    match row.text("TechObjIsEquipOrFuncnlLoc") {
        "" if object.is_empty() => {}
        Object::EQUIPMENT => match current_equipment(world, &object) {
            None => say("IE/001", format!("Equipment {object} does not exist"), "TechnicalObject"),
            Some(equipment) => {
                row.set_text("TechnicalObjectDescription", equipment.text("EquipmentName").to_owned());
                row.set_text("FunctionalLocation", equipment.text("FunctionalLocation").to_owned());
                row.default_text("MaintenancePlant", equipment.text("MaintenancePlant"));
            }
        },
        Object::PLACE => match world.find(Family::Places, &object) {
            Err(_) => say("IL/001", format!("Functional location {object} does not exist"), "TechnicalObject"),
            Ok(_) => row.set_text("FunctionalLocation", object.clone()),
        },
        _ => say("IM/005", "Enter whether it is equipment or a location".to_owned(), "TechObjIsEquipOrFuncnlLoc"),
    }
    if !found.is_empty() {
        return Err(Refusal::business(found));
    }
    row.set_text("TechnicalObjectLabel", object);
    // What is written for editing is what is shown as the long text.
    let text = row.text("MaintNotifLongTextForEdit").to_owned();
    if !text.is_empty() {
        row.set_text("MaintNotificationLongText", text);
    }
    let number = row.text("MaintenanceNotification").to_owned();
    for (at, item) in row.children_mut("to_Item").iter_mut().enumerate() {
        item.set_text("MaintenanceNotification", number.clone());
        item.default_text("MaintenanceNotificationItem", &format!("{:04}", at + 1));
    }
    bump(now, row);
    Ok(())
}

fn bump(now: Now<'_>, row: &mut Node) {
    super::bump_seconds(now, row);
    if let Value::Ticks(ticks) = *row.get("LastChangeDateTime") {
        row.set("LastChangeDate", Value::Ticks(stamp::day_of(ticks)));
        row.set("LastChangeTime", Value::Time(stamp::time_of(ticks)));
    }
}
