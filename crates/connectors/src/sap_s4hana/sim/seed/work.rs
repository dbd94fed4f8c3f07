//! Twenty-four notifications and forty maintenance orders, in all states.

use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{TICKS_PER_DAY, TICKS_PER_SECOND, day_of, second_of, time_of};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;
use crate::sap_s4hana::sim::write::{self, NotificationObject, set_phase, set_status};

const TROUBLES: [&str; 6] = [
    "Bearing runs hot",
    "Oil leak at the shaft seal",
    "Unusual vibration",
    "Motor trips under load",
    "Pressure too low",
    "Belt runs off to the left",
];

/// Status, phase and sub-phase of the seeded orders, in turn.
const STATES: [(&str, &str, &str); 8] = [
    ("CRTD", "03", "0301"),
    ("REL", "07", "0701"),
    ("TECO", "08", "0802"),
    ("CLSD", "09", "0901"),
    ("CRTD", "06", "0602"),
    ("REL", "07", "0701"),
    ("CNF", "08", "0801"),
    ("DNEX", "03", "0301"),
];

pub(super) fn notifications(world: &mut World, seed: u64, start: i64) {
    for at in 0..24_u32 {
        let mut random = Stream::new(seed, 13, u64::from(at));
        let created = second_of(start - random.within(120 * TICKS_PER_DAY) - TICKS_PER_DAY);
        let mut row = Node::new(Family::Notifications.root());
        row.set_text("MaintenanceNotification", (10_000_001 + at).to_string());
        row.set_text("NotificationText", random.pick(&TROUBLES));
        row.set_text("NotificationType", random.pick(&["M1", "M2"]));
        row.set_text("MaintPriority", random.pick(&["1", "2", "3", "4"]));
        row.set_text("ReportedByUser", "OPERATOR");
        row.set_text("NotificationTimeZone", "UTC");
        row.set_text("MaintNotificationLongText", "Noticed on the morning round.\nPlease look at it soon.");
        if at % 6 == 5 {
            row.set_text("TechObjIsEquipOrFuncnlLoc", NotificationObject::PLACE);
            row.set_text("TechnicalObject", "1010-UTL-AIR");
            row.set_text("FunctionalLocation", "1010-UTL-AIR");
        } else {
            let equipment = 10_000_001 + u64::try_from(random.below(30)).unwrap_or(0);
            row.set_text("TechObjIsEquipOrFuncnlLoc", NotificationObject::EQUIPMENT);
            row.set_text("TechnicalObject", equipment.to_string());
            let number = equipment.to_string();
            let found = world.table(Family::Equipment).iter().rfind(|one| one.text("Equipment") == number);
            if let Some(place) = found.map(|one| one.text("FunctionalLocation").to_owned()) {
                row.set_text("FunctionalLocation", place);
            }
        }
        let object = row.text("TechnicalObject").to_owned();
        row.set_text("TechnicalObjectLabel", object);
        for (date, time) in [("CreationDate", "CreationTime"), ("NotificationCreationDate", "NotificationCreationTime")]
        {
            row.set(date, Value::Ticks(day_of(created)));
            row.set(time, Value::Time(time_of(created)));
        }
        row.set("MalfunctionStartDate", Value::Ticks(day_of(created)));
        row.set("MalfunctionStartTime", Value::Time(time_of(created)));
        row.set("RequiredEndDate", Value::Ticks(day_of(created) + 14 * TICKS_PER_DAY));
        row.set("MaintenanceObjectIsDown", if at % 4 == 0 { Value::Bool(true) } else { Value::Initial });
        let phase = random.pick(&["1", "2", "3", "4"]);
        set_phase(&mut row, phase);
        let mut changed = created;
        if phase == "4" {
            changed += TICKS_PER_DAY / 2;
            row.set("MalfunctionEndDate", Value::Ticks(day_of(changed)));
            row.set("MalfunctionEndTime", Value::Time(time_of(changed)));
            row.set("NotificationCompletionDate", Value::Ticks(day_of(changed)));
            row.set("CompletionTime", Value::Time(time_of(changed)));
        }
        row.set("LastChangeDateTime", Value::Ticks(changed));
        row.set("LastChangeDate", Value::Ticks(day_of(changed)));
        row.set("LastChangeTime", Value::Time(time_of(changed)));
        world.insert(Family::Notifications, row);
    }
}

pub(super) fn orders(world: &mut World, seed: u64, start: i64, user: &str) {
    for at in 0..40_u32 {
        let mut random = Stream::new(seed, 14, u64::from(at));
        let number = (4_000_001 + at).to_string();
        let place = usize::try_from(at).unwrap_or(0);
        let created = second_of(start - (5 + random.within(150)) * TICKS_PER_DAY + random.within(TICKS_PER_DAY));
        let mut order = Node::new(Family::Maintenance.root());
        order.set_text("MaintenanceOrder", number.clone());
        order.set_text("MaintenanceOrderType", random.pick(&["YA01", "YA02", "PM01"]));
        order.set_text("MaintenanceOrderDesc", random.pick(&TROUBLES));
        order.set_text("Equipment", (10_000_001 + at % 30).to_string());
        let equipment =
            world.table(Family::Equipment).iter().rfind(|row| row.text("Equipment") == order.text("Equipment"));
        if let Some(equipment) = equipment {
            for name in ["EquipmentName", "FunctionalLocation", "MaintenancePlant", "CompanyCode", "CostCenter"] {
                order.set_text(name, equipment.text(name).to_owned());
            }
        }
        let plant = order.text("MaintenancePlant").to_owned();
        order.set_text("MaintenancePlanningPlant", plant.clone());
        order.set_text("MainWorkCenter", "RES-0100");
        order.set_text("MainWorkCenterPlant", plant.clone());
        order.set_text("Currency", if plant == "1710" { "USD" } else { "EUR" });
        order.set_text("MaintPriority", random.pick(&["1", "2", "3", "4"]));
        order.set_text("MaintPriorityType", "PM");
        if at % 5 == 0 {
            order.set_text("MaintenanceNotification", (10_000_001 + at % 24).to_string());
        }
        order.set("MaintOrderCreationDateTime", Value::Ticks(created));
        order.set("MaintOrdBasicStartDateTime", Value::Ticks(created + 2 * TICKS_PER_DAY));
        order.set("MaintOrdBasicEndDateTime", Value::Ticks(created + 3 * TICKS_PER_DAY));
        order.set("LatestAcceptableCompletionDate", Value::Ticks(day_of(created) + 20 * TICKS_PER_DAY));
        order.set_text("CreatedByUser", user.to_owned());
        order.set_text("LastChangeByUser", user.to_owned());
        let (status, phase, sub_phase) = STATES[place % STATES.len()];
        set_status(&mut order, status, phase, sub_phase);
        order.set("LastChangeDateTime", Value::Ticks(created + TICKS_PER_DAY + i64::from(at) * TICKS_PER_SECOND));
        operations(&mut order, world, &number, created, &mut random);
        let entity = Family::Maintenance.service().entity("MaintenanceOrderLongText");
        if let Some(mut text) = entity.map(Node::new).filter(|_| at % 3 == 0) {
            text.set_text("MaintenanceOrder", number.clone());
            text.set_text("TextObjectType", "KOPF");
            text.set_text("Language", "EN");
            text.set_text("MaintenanceOrderLongText", "Lock out before work begins. Check the alignment afterwards.");
            order.children_mut("to_MaintenanceOrderLongText").push(text);
            order.set("OrderHasLongText", Value::Bool(true));
        }
        let notification = order.text("MaintenanceNotification").to_owned();
        write::assign_order(world, &notification, &number);
        world.insert(Family::Maintenance, order);
    }
}

fn operations(order: &mut Node, world: &World, number: &str, created: i64, random: &mut Stream) {
    let service = Family::Maintenance.service();
    let started = order.text("SystemStatusText").starts_with(['R', 'T', 'C']) && !is_new(order);
    let ended = ["08", "09"].contains(&order.text("MaintOrdProcessPhaseCode"));
    for step in 1..=1 + random.below(3) {
        let Some(mut operation) = service.entity("MaintenanceOrderOperation").map(Node::new) else { return };
        let position = format!("{:04}", step * 10);
        operation.set_text("MaintenanceOrder", number.to_owned());
        operation.set_text("MaintenanceOrderOperation", position.clone());
        operation.set_text("OperationDescription", random.pick(&["Isolate and open", "Replace", "Align and test"]));
        operation.set_text("OperationControlKey", "YBM1");
        operation.set_text("WorkCenter", "RES-0100");
        operation.set_text("Plant", order.text("MaintenancePlant").to_owned());
        operation.set("MaintOrdOperationWorkDuration", Value::number(5 + random.within(60), 1));
        operation.set_text("MaintOrdOpWorkDurationUnit", "H");
        operation.set("MaintOrderOperationDuration", Value::number(5 + random.within(30), 1));
        operation.set_text("MaintOrdOperationDurationUnit", "H");
        if started {
            operation.set("OpActualExecutionStartDateTime", Value::Ticks(created + 2 * TICKS_PER_DAY));
        }
        if ended {
            let end = created + 2 * TICKS_PER_DAY + i64::try_from(step).unwrap_or(1) * 7_200 * TICKS_PER_SECOND;
            operation.set("OpActualExecutionEndDateTime", Value::Ticks(end));
        }
        for part in 0..random.below(3) {
            let Some(mut component) = service.entity("MaintOrderOpComponent").map(Node::new) else { return };
            let product = &world.products[random.below(world.products.len())];
            component.set_text("MaintenanceOrder", number.to_owned());
            component.set_text("MaintenanceOrderOperation", position.clone());
            component.set_text("MaintOrderComponentInternalID", format!("OK{number}{position}{:04}", part + 1));
            component.set_text("MaintenanceOrderComponent", format!("{:04}", (part + 1) * 10));
            component.set_text("Product", product.text("Product").to_owned());
            let text = product.children("to_Description").last().map(|row| row.text("ProductDescription").to_owned());
            component.set_text("MaintOrdOperationComponentText", text.unwrap_or_default());
            for unit in ["BaseUnit", "UnitOfEntry"] {
                component.set_text(unit, product.text("BaseUnit").to_owned());
            }
            let quantity = (1 + random.within(6)) * 1_000;
            for name in ["MaintOrdOpCompRequiredQuantity", "QuantityInUnitOfEntry"] {
                component.set(name, Value::number(quantity, 3));
            }
            if ended {
                component.set("QuantityWithdrawnInBaseUnit", Value::number(quantity, 3));
            }
            component.set_text("Plant", order.text("MaintenancePlant").to_owned());
            let location = if order.text("MaintenancePlant") == "1710" { "171A" } else { "101A" };
            component.set_text("StorageLocation", location);
            component.set_text("MaintComponentItemCategory", "L");
            component.set_text("GoodsMovementType", "261");
            operation.children_mut("to_MaintOrderOpComponent_2").push(component);
        }
        order.children_mut("to_MaintenanceOrderOperation").push(operation);
    }
}

fn is_new(order: &Node) -> bool {
    order.text("SystemStatusText").starts_with("CRTD")
}
