//! Maintenance orders with operations and components: created and changed; the status moves by functions only.

use super::functions::Parameters;
use super::{Messages, Now, change, notifications, work_status};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::read::etag;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::second_of;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

pub(in super::super) const ORDER_TYPES: [&str; 4] = ["PM01", "PM02", "YA01", "YA02"];
const FIRST_NUMBER: u64 = 4_000_001;

/// Creates an order; gives its place.
pub(in super::super) fn create(world: &mut World, now: Now<'_>, mut order: Node) -> Result<u64, Refusal> {
    let highest = world.table(Family::Maintenance).last().and_then(|last| last.text("MaintenanceOrder").parse().ok());
    let number = highest.map_or(FIRST_NUMBER, |highest: u64| highest + 1).to_string();
    order.set_text("MaintenanceOrder", number);
    order.set("MaintOrderCreationDateTime", Value::Ticks(second_of(now.ticks())));
    order.set_text("CreatedByUser", now.user.to_owned());
    work_status::set(&mut order, "CRTD", "03", "0301");
    complete(world, now, &mut order);
    let errors = check(world, &order);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    bump(now, &mut order);
    let (number, notification) =
        (order.text("MaintenanceOrder").to_owned(), order.text("MaintenanceNotification").to_owned());
    notifications::assign(world, &notification, &number);
    Ok(world.insert(Family::Maintenance, order))
}

/// Saves a changed order, unless it is closed, not to be executed, or marked for deletion.
pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, mut order: Node) -> Result<(), Refusal> {
    let status = if work_status::is_marked(&order) { "DLFL" } else { work_status::of(&order) };
    if ["CLSD", "DNEX", "DLFL"].contains(&status) {
        let text = format!("Order {} cannot be changed: system status {status}", order.text("MaintenanceOrder"));
        return Err(Refusal::business(vec![Message::new("IW/056", text, "MaintenanceOrder")]));
    }
    complete(world, now, &mut order);
    let errors = check(world, &order);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    bump(now, &mut order);
    world.replace(Family::Maintenance, place, order);
    Ok(())
}

/// Moves an order's status by one of the functions.
pub(super) fn call(
    world: &mut World,
    now: Now<'_>,
    function: &str,
    given: &Parameters,
    if_match: Option<&str>,
) -> Result<(), Refusal> {
    let number = given.text("MaintenanceOrder");
    let missing = || Refusal::not_found("MaintenanceOrder");
    let place = world.find(Family::Maintenance, &number).map_err(|_| missing())?;
    let mut order = world.document(Family::Maintenance, place).ok_or_else(missing)?.into_owned();
    change::precondition(etag(&order).as_deref(), if_match)?;
    work_status::step(&mut order, function).map_err(|message| Refusal::business(vec![message]))?;
    let at = match given.value("MaintOrderReferenceDateTime") {
        Value::Initial => Value::Ticks(second_of(now.ticks())),
        given => given,
    };
    let stamped = match function {
        "ReleaseMaintenanceOrder" => Some("OpActualExecutionStartDateTime"),
        "SetMaintOrdToMainWorkComplete" | "SetMaintOrdToTechCompleted" => Some("OpActualExecutionEndDateTime"),
        _ => None,
    };
    for operation in order.children_mut("to_MaintenanceOrderOperation") {
        if let Some(name) = stamped.filter(|name| *operation.get(name) == Value::Initial) {
            operation.set(name, at.clone());
        }
    }
    match function {
        "SetMaintOrdToTechCompleted" => order.set("MaintOrderReferenceDateTime", at),
        "SetMaintOrdToMainWorkComplete" => order.set("MainWorkCompletedDateTime", at),
        _ => {}
    }
    bump(now, &mut order);
    let notification = order.text("MaintenanceNotification").to_owned();
    world.replace(Family::Maintenance, place, order);
    if given.value("AssignedMaintNotifIsToBeClosed") == Value::Bool(true) && !notification.is_empty() {
        notifications::complete(world, now, &notification);
    }
    Ok(())
}

fn bump(now: Now<'_>, row: &mut Node) {
    super::bump_seconds(now, row);
    row.set_text("LastChangeByUser", now.user.to_owned());
}

fn complete(world: &World, now: Now<'_>, order: &mut Node) {
    let number = order.text("MaintenanceOrder").to_owned();
    let equipment = current_equipment(world, order.text("Equipment")).cloned();
    if let Some(equipment) = &equipment {
        order.set_text("EquipmentName", equipment.text("EquipmentName").to_owned());
        for name in ["MaintenancePlant", "FunctionalLocation", "CostCenter", "ABCIndicator"] {
            order.default_text(name, equipment.text(name));
        }
    }
    order.default_text("MaintenancePlant", "1010");
    let plant = order.text("MaintenancePlant").to_owned();
    order.default_text("MaintenancePlanningPlant", &plant);
    order.default_text("MainWorkCenter", "RES-0100");
    order.default_text("MainWorkCenterPlant", &plant);
    let company = org::plant_company(&plant).unwrap_or_default();
    order.set_text("CompanyCode", company);
    order.set_text("Currency", org::company(company).map_or("", |(_, currency, _)| currency));
    order.set_text("MaintPriorityType", "PM");
    if *order.get("MaintOrdBasicStartDateTime") == Value::Initial {
        order.set("MaintOrdBasicStartDateTime", Value::Ticks(second_of(now.ticks())));
    }
    let (text, center) = (order.text("MaintenanceOrderDesc").to_owned(), order.text("MainWorkCenter").to_owned());
    if order.children("to_MaintenanceOrderOperation").is_empty() {
        let entity = Family::Maintenance.service().entity("MaintenanceOrderOperation");
        order.children_mut("to_MaintenanceOrderOperation").extend(entity.map(Node::new));
    }
    let mut last = 0;
    for operation in order.children_mut("to_MaintenanceOrderOperation") {
        let given: u32 = operation.text("MaintenanceOrderOperation").parse().unwrap_or(0);
        let position = if given > 0 { given } else { last + 10 };
        last = last.max(position);
        operation.set_text("MaintenanceOrder", number.clone());
        operation.set_text("MaintenanceOrderOperation", format!("{position:04}"));
        operation.default_text("OperationDescription", &text);
        operation.default_text("OperationControlKey", "YBM1");
        operation.default_text("WorkCenter", &center);
        operation.default_text("Plant", &plant);
        operation.default_text("MaintOrdOpWorkDurationUnit", "H");
        operation.default_text("MaintOrdOperationDurationUnit", "H");
        components(world, operation, &number, position);
    }
    for text in order.children_mut("to_MaintenanceOrderLongText") {
        text.set_text("MaintenanceOrder", number.clone());
        text.default_text("TextObjectType", "KOPF");
        text.default_text("Language", "EN");
    }
}

fn components(world: &World, operation: &mut Node, number: &str, position: u32) {
    let plant = operation.text("Plant").to_owned();
    for (at, component) in operation.children_mut("to_MaintOrderOpComponent_2").iter_mut().enumerate() {
        component.set_text("MaintenanceOrder", number.to_owned());
        component.set_text("MaintenanceOrderOperation", format!("{position:04}"));
        component.default_text("MaintOrderComponentInternalID", &format!("OK{number}{position:04}{:04}", at + 1));
        component.default_text("MaintenanceOrderComponent", &format!("{:04}", (at + 1) * 10));
        component.default_text("MaintComponentItemCategory", "L");
        component.default_text("Plant", &plant);
        component.default_text("GoodsMovementType", "261");
        let place = world.find(Family::Products, component.text("Product")).ok();
        let product = place.and_then(|place| world.products.get(usize::try_from(place).ok()?));
        if let Some(product) = product {
            let mut texts = product.children("to_Description").iter();
            let english = texts.find(|row| row.text("Language") == "EN").map(|row| row.text("ProductDescription"));
            component.default_text("MaintOrdOperationComponentText", english.unwrap_or_default());
            component.default_text("BaseUnit", product.text("BaseUnit"));
            component.default_text("UnitOfEntry", product.text("BaseUnit"));
        }
        for (to, from) in [
            ("MaintOrdOpCompRequiredQuantity", "QuantityInUnitOfEntry"),
            ("QuantityInUnitOfEntry", "MaintOrdOpCompRequiredQuantity"),
        ] {
            if *component.get(to) == Value::Initial {
                let value = component.get(from).clone();
                component.set(to, value);
            }
        }
    }
}

/// The row of a piece of equipment that holds now.
pub(super) fn current_equipment<'w>(world: &'w World, number: &str) -> Option<&'w Node> {
    let rows = world.table(Family::Equipment);
    rows.iter().rev().find(|row| row.text("Equipment") == number && !number.is_empty())
}

fn check(world: &World, order: &Node) -> Messages {
    let mut found = Messages::new();
    let mut say = |code, text: String, target: &str| found.push(Message::new(code, text, target));
    let kind = order.text("MaintenanceOrderType");
    if !ORDER_TYPES.contains(&kind) {
        say("IW/013", format!("Order type '{kind}' is not defined"), "MaintenanceOrderType");
    }
    if order.text("MaintenanceOrderDesc").is_empty() {
        say("IW/014", "Enter Description".to_owned(), "MaintenanceOrderDesc");
    }
    let equipment = order.text("Equipment");
    if !equipment.is_empty() && current_equipment(world, equipment).is_none() {
        say("IE/001", format!("Equipment {equipment} does not exist"), "Equipment");
    }
    let location = order.text("FunctionalLocation");
    if !location.is_empty() && world.find(Family::Places, location).is_err() {
        say("IL/001", format!("Functional location {location} does not exist"), "FunctionalLocation");
    }
    let priority = order.text("MaintPriority");
    if !priority.is_empty() && !["1", "2", "3", "4"].contains(&priority) {
        say("IW/015", format!("Priority {priority} is not defined for priority type PM"), "MaintPriority");
    }
    for name in ["MaintenancePlant", "MaintenancePlanningPlant"] {
        if org::plant_company(order.text(name)).is_none() {
            say("IW/016", format!("Plant {} does not exist", order.text(name)), name);
        }
    }
    let notification = order.text("MaintenanceNotification");
    if !notification.is_empty() && world.find(Family::Notifications, notification).is_err() {
        say("IM/001", format!("Notification {notification} does not exist"), "MaintenanceNotification");
    }
    let operations = order.children("to_MaintenanceOrderOperation").iter();
    for component in operations.flat_map(|operation| operation.children("to_MaintOrderOpComponent_2")) {
        let product = component.text("Product");
        if product.is_empty() && component.text("MaintComponentItemCategory") == "L" {
            say("CN/127", "Enter the material of the stock item".to_owned(), "Product");
        }
        if !product.is_empty() && world.find(Family::Products, product).is_err() {
            say("M3/305", format!("The material {product} does not exist or is not activated"), "Product");
        }
        if !super::order_check::amount(component, "MaintOrdOpCompRequiredQuantity").is_positive() {
            say("CN/128", "Enter the requirement quantity".to_owned(), "MaintOrdOpCompRequiredQuantity");
        }
    }
    found
}
