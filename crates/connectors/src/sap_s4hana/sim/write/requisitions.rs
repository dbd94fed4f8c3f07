//! Purchase requisitions: what the system fills in, how one is made and changed, what releases it, and what an order made of it
//! does to it.
//!
//! An item is not deleted as a row: it gets the deletion indicator, and the indicator can be taken away again. What only the
//! system may set (release, what was ordered) is ignored in a body.

use super::order_check::amount;
use super::{Messages, Now};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::value::{Number, Value};
use crate::sap_s4hana::sim::world::World;

const FIRST_NUMBER: u64 = 10_000_001;
const ITEMS: &str = "to_PurchaseReqnItem";

/// Of an item, set by the system alone.
const SYSTEMS_OWN: [&str; 8] = [
    "PurReqnReleaseStatus",
    "ReleaseIsNotCompleted",
    "ReleaseCode",
    "ReleaseStrategy",
    "ProcessingStatus",
    "OrderedQuantity",
    "PurchasingDocument",
    "PurchasingDocumentItem",
];
/// Of an item for which there is an order already, what may still change.
const FREE_ONCE_ORDERED: [&str; 2] = ["IsClosed", "PurchaseRequisitionItemText"];

pub(super) fn create(world: &mut World, now: Now<'_>, mut header: Node) -> Result<u64, Refusal> {
    if !header.text("PurchaseRequisition").is_empty() {
        let text = "Number range for purchase requisitions is internal: do not enter a document number";
        return Err(Refusal::business(vec![Message::new("06/019", text, "PurchaseRequisition")]));
    }
    if header.flag("PurReqnDoOnlyValidation") {
        return Err(Refusal::not_implemented("CREATE_DEEP_ENTITY", "A_PurchaseRequisitionHeader (validation only)"));
    }
    header.set_text("PurchaseRequisition", next_number(world));
    header.default_text("PurchaseRequisitionType", "NB");
    for item in header.children_mut(ITEMS) {
        for name in SYSTEMS_OWN {
            item.set(name, Value::Initial);
        }
        for name in ["CreationDate", "PurReqCreationDate"] {
            item.set(name, Value::Ticks(now.day()));
        }
        item.set_text("CreatedByUser", now.user.to_owned());
        item.set_text("ProcessingStatus", "N");
    }
    complete(world, &mut header);
    let errors = check(world, &header);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    let in_release = world.release_strategy;
    for item in header.children_mut(ITEMS) {
        start_release(in_release, item);
        bump(now, item);
    }
    Ok(world.insert(Family::Requisitions, header))
}

/// Saves a changed requisition, if it is still right. Only items have a time of change.
pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, old: &Node, mut header: Node) -> Result<(), Refusal> {
    let before =
        |number: &str| old.children(ITEMS).iter().find(|item| item.text("PurchaseRequisitionItem") == number).cloned();
    for item in header.children_mut(ITEMS) {
        if let Some(old) = before(item.text("PurchaseRequisitionItem")) {
            for name in SYSTEMS_OWN {
                item.set(name, old.get(name).clone());
            }
        }
    }
    complete(world, &mut header);
    let errors = check(world, &header);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    let in_release = world.release_strategy;
    for item in header.children_mut(ITEMS) {
        let old = before(item.text("PurchaseRequisitionItem"));
        let Some(old) = old else {
            item.set_text("ProcessingStatus", "N");
            start_release(in_release, item);
            bump(now, item);
            continue;
        };
        if old.values == item.values {
            continue;
        }
        let costs = |item: &Node| (amount(item, "RequestedQuantity"), amount(item, "PurchaseRequisitionPrice"));
        if in_release && costs(&old) != costs(item) {
            start_release(in_release, item);
        }
        bump(now, item);
    }
    world.replace(Family::Requisitions, place, header);
    Ok(())
}

/// Why a field of an existing row may not change, if it may not.
pub(super) fn fixed(row: &Node, changes: &[(usize, Value)]) -> Messages {
    let named = |at: usize| row.entity.properties[at].name;
    let changed = changes.iter().filter(|(at, value)| row.values[*at] != *value).map(|(at, _)| named(*at));
    let say = |code, text: String, name: &str| Message::new(code, text, name.to_owned());
    if row.entity.set == "A_PurchaseRequisitionHeader" {
        let other = changed.filter(|name| *name != "PurReqnDescription");
        return other.map(|name| say("MEREQ/037", format!("Field {name} of a requisition is fixed"), name)).collect();
    }
    if row.entity.set != "A_PurchaseRequisitionItem" {
        return Messages::new();
    }
    let number = row.text("PurchaseRequisitionItem");
    let changed: Vec<&str> = changed.filter(|name| !SYSTEMS_OWN.contains(name)).collect();
    let is_deleted = !row.text("IsDeleted").is_empty();
    let comes_back = changes.iter().any(|(at, value)| named(*at) == "IsDeleted" && *value == Value::Initial);
    if is_deleted && !comes_back && !changed.is_empty() {
        return vec![say("MEREQ/050", format!("Item {number} is deleted and cannot be changed"), "")];
    }
    let is_ordered = !row.text("PurchasingDocument").is_empty();
    let locked = changed.into_iter().filter(|name| is_ordered && !FREE_ONCE_ORDERED.contains(name));
    locked
        .map(|name| say("MEREQ/051", format!("Item {number} was ordered already: {name} cannot be changed"), name))
        .collect()
}

/// Ends the release of all items, or refuses it; says whether there is such a requisition.
pub(in super::super) fn release(world: &mut World, now: Now<'_>, number: &str, status: &'static str) -> bool {
    change(world, number, |header| {
        for item in header.children_mut(ITEMS) {
            item.set_text("PurReqnReleaseStatus", status);
            item.set("ReleaseIsNotCompleted", Value::Initial);
            bump(now, item);
        }
    })
}

/// What an order's items say about the requisitions that they are made of, if that cannot be.
pub(super) fn check_order(world: &World, order: &Node) -> Messages {
    let mut found = Messages::new();
    for item in order.children("to_PurchaseOrderItem") {
        let (number, position) = (item.text("PurchaseRequisition"), item.text("PurchaseRequisitionItem"));
        if number.is_empty() {
            continue;
        }
        let known = world.find(Family::Requisitions, number).ok();
        let known = known.and_then(|place| world.document(Family::Requisitions, place));
        let row = known.as_deref().and_then(|header| {
            header.children(ITEMS).iter().find(|row| row.text("PurchaseRequisitionItem") == position)
        });
        let wrong = match row {
            None => format!("Purchase requisition {number} item {position} does not exist"),
            Some(row) if !row.text("IsDeleted").is_empty() => {
                format!("Purchase requisition {number} item {position} is deleted")
            }
            Some(row) if row.flag("ReleaseIsNotCompleted") || row.text("PurReqnReleaseStatus") == "08" => {
                format!("Purchase requisition {number} item {position} not yet released")
            }
            Some(_) => continue,
        };
        found.push(Message::new("ME/390", wrong, "PurchaseRequisition"));
    }
    found
}

/// Notes in the requisitions what a new order ordered of them.
pub(super) fn settle(world: &mut World, now: Now<'_>, order: &Node) {
    for item in order.children("to_PurchaseOrderItem") {
        let (number, position) = (item.text("PurchaseRequisition"), item.text("PurchaseRequisitionItem"));
        let ordered = amount(item, "OrderQuantity").units;
        change(world, number, |header| {
            let mut rows = header.children_mut(ITEMS).iter_mut();
            let Some(row) = rows.find(|row| row.text("PurchaseRequisitionItem") == position) else { return };
            mark_ordered(row, item, ordered);
            bump(now, row);
        });
    }
}

/// So many thousandths of a requisition's item are ordered by that item of an order.
pub(in super::super) fn mark_ordered(row: &mut Node, item: &Node, thousandths: i64) {
    let sum = amount(row, "OrderedQuantity").units + thousandths;
    row.set("OrderedQuantity", Value::number(sum, 3));
    row.set_text("PurchasingDocument", item.text("PurchaseOrder").to_owned());
    row.set_text("PurchasingDocumentItem", item.text("PurchaseOrderItem").to_owned());
    row.set_text("ProcessingStatus", "B");
    if sum >= amount(row, "RequestedQuantity").units {
        row.set("IsClosed", Value::Bool(true));
    }
}

fn change(world: &mut World, number: &str, edit: impl FnOnce(&mut Node)) -> bool {
    let Ok(place) = world.find(Family::Requisitions, number) else { return false };
    let found = world.document(Family::Requisitions, place).map(std::borrow::Cow::into_owned);
    let Some(mut header) = found else { return false };
    edit(&mut header);
    world.replace(Family::Requisitions, place, header);
    true
}

fn next_number(world: &World) -> String {
    let last = world.table(Family::Requisitions).last();
    let highest = last.and_then(|last| last.text("PurchaseRequisition").parse().ok());
    highest.map_or(FIRST_NUMBER, |highest: u64| highest + 1).to_string()
}

fn start_release(in_release: bool, item: &mut Node) {
    item.set_text("PurReqnReleaseStatus", if in_release { "03" } else { "02" });
    item.set("ReleaseIsNotCompleted", if in_release { Value::Bool(true) } else { Value::Initial });
}

/// A later change time than before, also when the clock stands still.
fn bump(now: Now<'_>, item: &mut Node) {
    let before = match item.get("LastChangeDateTime") {
        Value::Ticks(ticks) => *ticks,
        _ => i64::MIN,
    };
    item.set("LastChangeDateTime", Value::Ticks((now.ticks() + 6).max(before.saturating_add(1))));
}

/// Fills in what the master data and the customizing know: numbers, unit, text, price, currency, company.
pub(in super::super) fn complete(world: &World, header: &mut Node) {
    let (number, kind) =
        (header.text("PurchaseRequisition").to_owned(), header.text("PurchaseRequisitionType").to_owned());
    let mut last = 0;
    let items = header.children_mut(ITEMS);
    for item in items.iter_mut() {
        let given: u32 = item.text("PurchaseRequisitionItem").parse().unwrap_or(0);
        let position = if given > 0 { given } else { last + 10 };
        last = last.max(position);
        item.set_text("PurchaseRequisition", number.clone());
        item.set_text("PurchaseRequisitionItem", format!("{position:05}"));
        item.set_text("PurchaseRequisitionType", kind.clone());
        complete_item(world, item);
    }
    items.sort_by(|left, right| left.text("PurchaseRequisitionItem").cmp(right.text("PurchaseRequisitionItem")));
}

fn complete_item(world: &World, item: &mut Node) {
    let plant = item.text("Plant").to_owned();
    let place = world.find(Family::Products, item.text("Material")).ok().and_then(|place| usize::try_from(place).ok());
    if let Some(product) = place.and_then(|place| world.products.get(place)) {
        item.default_text("MaterialGroup", product.text("ProductGroup"));
        item.default_text("BaseUnit", product.text("BaseUnit"));
        let mut texts = product.children("to_Description").iter();
        let english = texts.find(|row| row.text("Language") == "EN").map(|row| row.text("ProductDescription"));
        item.default_text("PurchaseRequisitionItemText", english.unwrap_or_default());
        if let Some(here) = product.children("to_Plant").iter().find(|row| row.text("Plant") == plant) {
            item.default_text("PurchasingGroup", here.text("PurchasingGroup"));
        }
        let valued = product.children("to_Valuation").iter().find(|row| row.text("ValuationArea") == plant);
        if let (Some(valued), Value::Initial) = (valued, item.get("PurchaseRequisitionPrice")) {
            item.set("PurchaseRequisitionPrice", valued.get("MovingAveragePrice").clone());
            item.set("PurReqnPriceQuantity", valued.get("PriceUnitQty").clone());
            item.set_text("PurReqnItemCurrency", valued.text("Currency").to_owned());
        }
    }
    let company = org::plant_company(&plant).and_then(org::company);
    if let Some((code, currency, _)) = company {
        item.default_text("CompanyCode", code);
        item.default_text("PurReqnItemCurrency", currency);
    }
    for (name, value) in
        [("PurchasingDocumentItemCategory", "0"), ("PurchasingDocumentCategory", "B"), ("Language", "EN")]
    {
        item.default_text(name, value);
    }
    if *item.get("PurReqnPriceQuantity") == Value::Initial {
        item.set("PurReqnPriceQuantity", Value::number(1, 0));
    }
    item.set("ItemNetAmount", Value::Number(net_amount(item)));
    let (number, position) =
        (item.text("PurchaseRequisition").to_owned(), item.text("PurchaseRequisitionItem").to_owned());
    for (at, row) in item.children_mut("to_PurchaseReqnAcctAssgmt").iter_mut().enumerate() {
        row.set_text("PurchaseRequisition", number.clone());
        row.set_text("PurchaseRequisitionItem", position.clone());
        row.default_text("PurchaseReqnAcctAssgmtNumber", &format!("{:02}", at + 1));
    }
    for row in item.children_mut("to_PurchaseReqnItemText") {
        row.set_text("PurchaseRequisition", number.clone());
        row.set_text("PurchaseRequisitionItem", position.clone());
        row.default_text("DocumentText", "B01");
        row.default_text("TechnicalObjectType", "EBAN");
        row.default_text("Language", "EN");
    }
}

/// Price per so many units, times the quantity, in thousandths.
fn net_amount(item: &Node) -> Number {
    let (price, quantity) = (amount(item, "PurchaseRequisitionPrice").units, amount(item, "RequestedQuantity").units);
    let per = amount(item, "PurReqnPriceQuantity").units.max(1);
    let thousandths = i128::from(price) * i128::from(quantity) / (i128::from(per) * 1_000);
    Number::new(i64::try_from(thousandths).unwrap_or(i64::MAX), 3)
}

fn check(world: &World, header: &Node) -> Messages {
    let mut found = Messages::new();
    let kind = header.text("PurchaseRequisitionType");
    if !org::ORDER_TYPES.contains(&kind) {
        let text = format!("Document type {kind} is not allowed for purchase requisitions");
        found.push(Message::new("MEPO/124", text, "PurchaseRequisitionType"));
    }
    if header.children(ITEMS).is_empty() {
        found.push(Message::new("MEREQ/030", "Document contains no items", ITEMS));
    }
    for item in header.children(ITEMS).iter().filter(|item| item.text("IsDeleted").is_empty()) {
        let number = item.text("PurchaseRequisitionItem");
        check_item(world, item, &mut |code, text: String, name: &str| {
            found.push(Message::new(code, format!("Item {number}: {text}"), name));
        });
    }
    found
}

fn check_item(world: &World, item: &Node, say: &mut dyn FnMut(&'static str, String, &str)) {
    let plant = item.text("Plant");
    match org::plant_company(plant) {
        None if plant.is_empty() => say("ME/083", "Enter Plant".to_owned(), "Plant"),
        None => say("ME/018", format!("Plant {plant} does not exist"), "Plant"),
        Some(_) => {}
    }
    let location = item.text("StorageLocation");
    if !location.is_empty() && !org::has_storage_location(plant, location) {
        say("M3/352", format!("Storage location {location} is not maintained in plant {plant}"), "StorageLocation");
    }
    let material = item.text("Material");
    if material.is_empty() {
        for (name, label) in [
            ("PurchaseRequisitionItemText", "Short Text"),
            ("MaterialGroup", "Material Group"),
            ("AccountAssignmentCategory", "Acct Assignment Cat."),
        ] {
            if item.text(name).is_empty() {
                say("ME/083", format!("Enter {label}"), name);
            }
        }
    } else if world.find(Family::Products, material).is_err() {
        say("M3/305", format!("The material {material} does not exist or is not activated"), "Material");
    }
    if !amount(item, "RequestedQuantity").is_positive() {
        say("ME/083", "Enter Quantity requested (greater than zero)".to_owned(), "RequestedQuantity");
    }
    if *item.get("DeliveryDate") == Value::Initial {
        say("ME/083", "Enter Delivery Date".to_owned(), "DeliveryDate");
    }
    let group = item.text("PurchasingGroup");
    if !org::PURCHASING_GROUPS.contains(&group) {
        say("ME/012", format!("Purchasing group '{group}' does not exist"), "PurchasingGroup");
    }
    let unit = item.text("BaseUnit");
    if !org::UNITS.contains(&unit) {
        say("BM/302", format!("Unit '{unit}' is not created in language EN"), "BaseUnit");
    }
    let currency = item.text("PurReqnItemCurrency");
    if !org::CURRENCIES.contains(&currency) {
        say("SV/044", format!("Currency '{currency}' is not defined"), "PurReqnItemCurrency");
    }
    if amount(item, "PurchaseRequisitionPrice").units < 0 {
        say("06/215", "The valuation price must not be negative".to_owned(), "PurchaseRequisitionPrice");
    }
    let supplier = item.text("Supplier");
    if !supplier.is_empty() && world.partner_of_supplier(supplier).is_none() {
        say("06/001", format!("Supplier {supplier} does not exist"), "Supplier");
    }
}
