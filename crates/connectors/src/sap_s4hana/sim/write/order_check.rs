//! Whether a purchase order may be saved: every reference exists, every quantity and date makes sense.
//!
//! The general message comes first and says little; what is wrong stands in the ones behind it.

use std::collections::HashSet;

use super::Messages;
use crate::sap_s4hana::sim::errors::Message;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::value::{Number, Value};
use crate::sap_s4hana::sim::world::World;

const HEADER_FAULTY: (&str, &str) = ("MEPO/002", "PO header data still faulty");
const ITEMS_FAULTY: (&str, &str) = ("MEPO/000", "Purchase order still contains faulty items");

/// All errors of a completed order; none means that it can be saved.
pub(super) fn check(world: &World, order: &Node) -> Messages {
    let mut found = Messages::new();
    header(world, order, &mut found);
    if !found.is_empty() {
        found.insert(0, Message::new(HEADER_FAULTY.0, HEADER_FAULTY.1, ""));
    }
    let mut in_items = Messages::new();
    items(world, order, &mut in_items);
    if !in_items.is_empty() {
        found.push(Message::new(ITEMS_FAULTY.0, ITEMS_FAULTY.1, ""));
        found.append(&mut in_items);
    }
    found
}

fn header(world: &World, order: &Node, found: &mut Messages) {
    let mandatory = [
        ("CompanyCode", "Company Code"),
        ("PurchaseOrderType", "Document Type"),
        ("Supplier", "Supplier"),
        ("PurchasingOrganization", "Purch. Organization"),
        ("PurchasingGroup", "Purchasing Group"),
    ];
    for (name, label) in mandatory {
        if order.text(name).is_empty() {
            found.push(Message::new("ME/083", format!("Enter {label}"), name));
        }
    }
    let unknown = |name: &str, known: bool| !order.text(name).is_empty() && !known;
    let (company, organization) = (order.text("CompanyCode"), order.text("PurchasingOrganization"));
    if unknown("CompanyCode", org::company(company).is_some()) {
        found.push(Message::new("ME/010", format!("Company code {company} does not exist"), "CompanyCode"));
    }
    if unknown("PurchasingOrganization", org::company(organization).is_some()) {
        let text = format!("Purchasing organization {organization} does not exist");
        found.push(Message::new("ME/011", text, "PurchasingOrganization"));
    } else if !company.is_empty() && !organization.is_empty() && company != organization {
        let text = format!("Company code {company} and purchasing organization {organization} do not match");
        found.push(Message::new("ME/042", text, "PurchasingOrganization"));
    }
    let group = order.text("PurchasingGroup");
    if unknown("PurchasingGroup", org::PURCHASING_GROUPS.contains(&group)) {
        found.push(Message::new("ME/012", format!("Purchasing group {group} does not exist"), "PurchasingGroup"));
    }
    let kind = order.text("PurchaseOrderType");
    if unknown("PurchaseOrderType", org::ORDER_TYPES.contains(&kind)) {
        let text = format!("Document type {kind} is not allowed for purchase orders");
        found.push(Message::new("MEPO/124", text, "PurchaseOrderType"));
    }
    let currency = order.text("DocumentCurrency");
    if currency.is_empty() {
        found.push(Message::new("ME/083", "Enter Currency", "DocumentCurrency"));
    } else if !org::CURRENCIES.contains(&currency) {
        found.push(Message::new("SV/044", format!("Currency {currency} is not defined"), "DocumentCurrency"));
    }
    let terms = order.text("PaymentTerms");
    if unknown("PaymentTerms", org::PAYMENT_TERMS.contains(&terms)) {
        found.push(Message::new("ME/045", format!("Terms of payment {terms} are not defined"), "PaymentTerms"));
    }
    if !order.text("Supplier").is_empty() {
        found.extend(supplier(world, order.text("Supplier"), organization));
    }
}

fn supplier(world: &World, number: &str, organization: &str) -> Option<Message> {
    let message = |code, text: String| Some(Message::new(code, text, "Supplier"));
    let partner = world.partner_of_supplier(number).and_then(|place| world.partners.get(usize::try_from(place).ok()?));
    let Some((partner, supplier)) =
        partner.and_then(|partner| Some((partner, partner.children("to_Supplier").first()?)))
    else {
        return message("06/001", format!("Supplier {number} does not exist"));
    };
    if supplier.flag("PurchasingIsBlocked") || partner.flag("BusinessPartnerIsBlocked") {
        return message("06/022", format!("Supplier {number} is blocked for purchasing"));
    }
    if supplier.flag("DeletionIndicator") {
        return message("06/023", format!("Supplier {number} is marked for deletion"));
    }
    let mut rows = supplier.children("to_SupplierPurchasingOrg").iter();
    match rows.find(|row| row.text("PurchasingOrganization") == organization) {
        _ if organization.is_empty() => None,
        None => {
            let text = format!("Supplier {number} has not been created for purchasing organization {organization}");
            message("06/321", text)
        }
        Some(row) if row.flag("PurchasingIsBlockedForSupplier") => {
            message("06/024", format!("Supplier {number} is blocked for purchasing organization {organization}"))
        }
        Some(_) => None,
    }
}

fn items(world: &World, order: &Node, found: &mut Messages) {
    let items = order.children("to_PurchaseOrderItem");
    if items.is_empty() {
        found.push(Message::new("MEPO/030", "Document contains no items", "to_PurchaseOrderItem"));
    }
    let mut numbers = HashSet::new();
    for item in items {
        let number = item.text("PurchaseOrderItem").to_owned();
        if !numbers.insert(number.clone()) {
            found.push(Message::new("MEPO/031", format!("Item {number} already exists"), "PurchaseOrderItem"));
        }
        if item.text("PurchasingDocumentDeletionCode").is_empty() {
            check_item(world, order, item, &mut |code, text: String, name: &str| {
                let target = format!("to_PurchaseOrderItem(PurchaseOrderItem='{number}')/{name}");
                found.push(Message::new(code, format!("Item {number}: {text}"), target));
            });
        }
    }
}

fn check_item(world: &World, order: &Node, item: &Node, say: &mut dyn FnMut(&'static str, String, &str)) {
    let plant = item.text("Plant");
    match org::plant_company(plant) {
        None if plant.is_empty() => say("ME/083", "Enter Plant".to_owned(), "Plant"),
        None => say("ME/018", format!("Plant {plant} does not exist"), "Plant"),
        Some(company) if company != order.text("CompanyCode") => {
            let text = format!("Plant {plant} is not assigned to company code {}", order.text("CompanyCode"));
            say("ME/019", text, "Plant");
        }
        Some(_) => {}
    }
    let location = item.text("StorageLocation");
    if !location.is_empty() && !org::has_storage_location(plant, location) {
        say("M3/352", format!("Storage location {location} is not maintained in plant {plant}"), "StorageLocation");
    }
    material(world, item, say);
    account(item, say);
    let quantity = amount(item, "OrderQuantity");
    if !quantity.is_positive() {
        say("ME/083", "Enter Quantity (greater than zero)".to_owned(), "OrderQuantity");
    }
    for name in ["PurchaseOrderQuantityUnit", "OrderPriceUnit"] {
        let unit = item.text(name);
        if unit.is_empty() {
            say("ME/083", "Enter Order Unit".to_owned(), name);
        } else if !org::UNITS.contains(&unit) {
            say("BM/302", format!("Unit {unit} is not created in language EN"), name);
        }
    }
    let price = amount(item, "NetPriceAmount");
    let free = item.flag("PurchasingItemIsFreeOfCharge") || item.flag("IsReturnsItem");
    if price.units < 0 || (price.units == 0 && !free) {
        say("06/215", "Net price must be greater than 0".to_owned(), "NetPriceAmount");
    }
    let category = item.text("PurchaseOrderItemCategory");
    if !org::ITEM_CATEGORIES.contains(&category) {
        say("ME/021", format!("Item category {category} is not supported"), "PurchaseOrderItemCategory");
    }
    schedule(item, quantity, say);
}

fn material(world: &World, item: &Node, say: &mut dyn FnMut(&'static str, String, &str)) {
    let (number, plant) = (item.text("Material"), item.text("Plant"));
    let group = item.text("MaterialGroup");
    if !group.is_empty() && !org::MATERIAL_GROUPS.contains(&group) {
        say("ME/014", format!("Material group {group} does not exist"), "MaterialGroup");
    }
    if number.is_empty() {
        for (name, label) in [("PurchaseOrderItemText", "Short Text"), ("MaterialGroup", "Material Group")] {
            if item.text(name).is_empty() {
                say("ME/083", format!("Enter {label}"), name);
            }
        }
        if item.text("AccountAssignmentCategory").is_empty() {
            let text = "Account assignment is mandatory for an item without material".to_owned();
            say("ME/062", text, "AccountAssignmentCategory");
        }
        return;
    }
    let found = world.find(crate::sap_s4hana::sim::schema::Family::Products, number).ok();
    let Some(product) = found.and_then(|place| world.products.get(usize::try_from(place).ok()?)) else {
        return say("M3/305", format!("The material {number} does not exist or is not activated"), "Material");
    };
    if product.flag("IsMarkedForDeletion") {
        say("M3/306", format!("Material {number} is marked for deletion"), "Material");
    }
    if !plant.is_empty() && !product.children("to_Plant").iter().any(|row| row.text("Plant") == plant) {
        say("M3/351", format!("Material {number} is not maintained in plant {plant}"), "Material");
    }
}

fn account(item: &Node, say: &mut dyn FnMut(&'static str, String, &str)) {
    let category = item.text("AccountAssignmentCategory");
    let rows = item.children("to_AccountAssignment");
    if category.is_empty() {
        if !rows.is_empty() {
            let text = "Enter an account assignment category".to_owned();
            say("ME/063", text, "AccountAssignmentCategory");
        }
        return;
    }
    if !org::ACCOUNT_CATEGORIES.contains(&category) {
        let text = format!("Account assignment category {category} does not exist");
        return say("ME/064", text, "AccountAssignmentCategory");
    }
    let needed = match category {
        "A" => "MasterFixedAsset",
        "F" => "OrderID",
        "K" => "CostCenter",
        "P" => "WBSElement",
        _ => return,
    };
    if rows.is_empty() {
        say("ME/065", "Enter the account assignment data".to_owned(), "to_AccountAssignment");
    }
    for row in rows.iter().filter(|row| row.text(needed).is_empty()) {
        let text = format!("Account assignment {}: enter {needed}", row.text("AccountAssignmentNumber"));
        say("ME/065", text, "to_AccountAssignment");
    }
}

fn schedule(item: &Node, quantity: Number, say: &mut dyn FnMut(&'static str, String, &str)) {
    let lines = item.children("to_ScheduleLine");
    let dated = |line: &Node| *line.get("ScheduleLineDeliveryDate") != Value::Initial;
    if lines.is_empty() || !lines.iter().all(dated) {
        say("ME/083", "Enter Delivery Date".to_owned(), "to_ScheduleLine");
    }
    let parts: i64 =
        lines.iter().map(|line| amount(line, "ScheduleLineOrderQuantity").units).fold(0, i64::saturating_add);
    let wrong = lines.iter().any(|line| !amount(line, "ScheduleLineOrderQuantity").is_positive());
    if !lines.is_empty() && quantity.is_positive() && (wrong || parts != quantity.units) {
        let text = "The quantities of the schedule lines do not add up to the order quantity".to_owned();
        say("06/095", text, "to_ScheduleLine");
    }
}

/// A decimal field, zero if it is initial.
pub(super) fn amount(node: &Node, name: &str) -> Number {
    match node.get(name) {
        Value::Number(number) => *number,
        _ => Number::new(0, 3),
    }
}
