//! Purchase orders: what the system fills in, how an order is created and changed, what releases it.

use super::order_check::{amount, check};
use super::{Messages, Now, requisitions};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::{Node, Steps};
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::TICKS_PER_DAY;
use crate::sap_s4hana::sim::value::{Number, Value};
use crate::sap_s4hana::sim::world::World;

/// Never changed once the order, or the item, exists.
const FIXED_IN_HEADER: [&str; 5] =
    ["Supplier", "CompanyCode", "PurchaseOrderType", "PurchasingOrganization", "DocumentCurrency"];
const FIXED_IN_ITEM: [&str; 4] = ["Material", "Plant", "PurchaseOrderItemCategory", "AccountAssignmentCategory"];

/// Creates an order; gives its place and the warnings.
pub(super) fn create(world: &mut World, now: Now<'_>, mut order: Node) -> Result<(u64, Messages), Refusal> {
    if !order.text("PurchaseOrder").is_empty() {
        let text = "Number range for purchase orders is internal: do not enter a document number";
        return Err(Refusal::business(vec![Message::new("06/019", text, "PurchaseOrder")]));
    }
    order.set_text("PurchaseOrder", world.next_order_number());
    order.set("CreationDate", Value::Ticks(now.day()));
    order.set_text("CreatedByUser", now.user.to_owned());
    order.set_text("PurchaseOrderSubtype", "F");
    order.set_text("PurchasingDocumentOrigin", "9");
    if *order.get("PurchaseOrderDate") == Value::Initial {
        order.set("PurchaseOrderDate", Value::Ticks(now.day()));
    }
    complete(world, &mut order);
    let mut errors = check(world, &order);
    errors.extend(requisitions::check_order(world, &order));
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    start_release(world, &mut order);
    bump(now, &mut order, 7);
    let warnings = warnings(&order, now);
    requisitions::settle(world, now, &order);
    Ok((world.add_order(order), warnings))
}

/// Saves a changed order in place of the old one, if it is still right.
pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, old: &Node, mut order: Node) -> Result<(), Refusal> {
    complete(world, &mut order);
    let errors = check(world, &order);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    // What costs more or other money has to be approved again.
    if world.release_strategy && money(old) != money(&order) {
        start_release(world, &mut order);
    }
    bump(now, &mut order, i64::try_from(place % 9).unwrap_or(0) + 1);
    world.replace(Family::Orders, place, order);
    Ok(())
}

/// Why a field of an existing row may not change, if it may not.
pub(super) fn fixed(row: &Node, changes: &[(usize, Value)]) -> Messages {
    let (fixed, deleted): (&[&str], bool) = match row.entity.set {
        "A_PurchaseOrder" => (&FIXED_IN_HEADER, false),
        "A_PurchaseOrderItem" => (&FIXED_IN_ITEM, !row.text("PurchasingDocumentDeletionCode").is_empty()),
        _ => (&[], false),
    };
    if deleted {
        let text = format!("Item {} is deleted and cannot be changed", row.text("PurchaseOrderItem"));
        return vec![Message::new("06/050", text, "")];
    }
    let changed = |name: &&&str| {
        changes.iter().any(|(at, value)| row.entity.own_column(name) == *at && row.values[*at] != *value)
    };
    let say = |name: &&str| {
        Message::new("MEPO/037", format!("Field {name} of an existing document cannot be changed"), *name)
    };
    fixed.iter().filter(changed).map(say).collect()
}

/// After a change of one row: keeps the quantities of an item and of its schedule lines together.
pub(super) fn align(order: &mut Node, steps: &Steps, row: &'static str, changes: &[(usize, Value)]) {
    let Some(item) =
        order.descend_mut(&steps[..steps.len().min(1)]).filter(|item| item.entity.set == "A_PurchaseOrderItem")
    else {
        return;
    };
    let sum = |item: &Node| {
        let lines = item.children("to_ScheduleLine").iter();
        lines.map(|line| amount(line, "ScheduleLineOrderQuantity").units).fold(0, i64::saturating_add)
    };
    match row {
        "A_PurchaseOrderItem" => {
            let column = item.entity.own_column("OrderQuantity");
            if !changes.iter().any(|(at, _)| *at == column) {
                return;
            }
            let difference = amount(item, "OrderQuantity").units - sum(item);
            if let Some(last) = item.children_mut("to_ScheduleLine").last_mut() {
                let units = amount(last, "ScheduleLineOrderQuantity").units + difference;
                last.set("ScheduleLineOrderQuantity", Value::number(units, 3));
            }
        }
        "A_PurchaseOrderScheduleLine" => {
            let total = sum(item);
            item.set("OrderQuantity", Value::number(total, 3));
        }
        _ => {}
    }
}

/// Marks an item as deleted; there is no way back and no row less.
pub(super) fn delete_item(item: &mut Node) -> Result<(), Refusal> {
    if item.flag("IsCompletelyDelivered") || item.flag("IsFinallyInvoiced") {
        let text =
            format!("Item {} cannot be deleted: goods or invoice already received", item.text("PurchaseOrderItem"));
        return Err(Refusal::business(vec![Message::new("06/115", text, "PurchaseOrderItem")]));
    }
    item.set_text("PurchasingDocumentDeletionCode", "L");
    Ok(())
}

/// Ends an order's release; says whether there is such an order.
pub(in super::super) fn release(world: &mut World, now: Now<'_>, number: &str) -> bool {
    change(world, now, number, |order| {
        order.set_text("PurchasingProcessingStatus", "05");
        order.set("ReleaseIsNotCompleted", Value::Initial);
    })
}

/// Refuses an order's release.
pub(in super::super) fn reject(world: &mut World, now: Now<'_>, number: &str) -> bool {
    change(world, now, number, |order| {
        order.set_text("PurchasingProcessingStatus", "08");
        order.set("ReleaseIsNotCompleted", Value::Initial);
    })
}

/// Raises the first item's price by one cent, as a colleague at the screen would.
pub(in super::super) fn touch(world: &mut World, now: Now<'_>, number: &str) -> bool {
    change(world, now, number, |order| {
        if let Some(item) = order.children_mut("to_PurchaseOrderItem").first_mut() {
            let price = amount(item, "NetPriceAmount").units;
            item.set("NetPriceAmount", Value::number(price + 10, 3));
        }
    })
}

fn change(world: &mut World, now: Now<'_>, number: &str, edit: impl FnOnce(&mut Node)) -> bool {
    let Ok(place) = world.find(Family::Orders, number) else { return false };
    let Some(mut order) = world.document(Family::Orders, place).map(std::borrow::Cow::into_owned) else { return false };
    edit(&mut order);
    bump(now, &mut order, 3);
    world.replace(Family::Orders, place, order);
    true
}

fn start_release(world: &World, order: &mut Node) {
    let held = order.flag("PurchasingCompletenessStatus");
    let status = match (held, world.release_strategy) {
        (true, _) => "01",
        (false, true) => "03",
        (false, false) => "02",
    };
    order.set_text("PurchasingProcessingStatus", status);
    order.set("ReleaseIsNotCompleted", if status == "03" { Value::Bool(true) } else { Value::Initial });
}

/// A later change time than before, also when the clock stands still.
pub(super) fn bump(now: Now<'_>, order: &mut Node, last_digit: i64) {
    let before = match order.get("LastChangeDateTime") {
        Value::Ticks(ticks) => *ticks,
        _ => i64::MIN,
    };
    let ticks = (now.ticks() + last_digit).max(before.saturating_add(1));
    order.set("LastChangeDateTime", Value::Ticks(ticks));
}

fn money(order: &Node) -> Vec<(Number, Number, Number, String)> {
    let items = order.children("to_PurchaseOrderItem").iter();
    items
        .map(|item| {
            let deleted = item.text("PurchasingDocumentDeletionCode").to_owned();
            (amount(item, "OrderQuantity"), amount(item, "NetPriceAmount"), amount(item, "NetPriceQuantity"), deleted)
        })
        .collect()
}

/// Fills in what the customizing and the master data know: numbers, units, texts, currency, terms.
fn complete(world: &World, order: &mut Node) {
    let number = order.text("PurchaseOrder").to_owned();
    let partner = world.partner_of_supplier(order.text("Supplier")).and_then(|place| usize::try_from(place).ok());
    let supplier = partner.and_then(|place| world.partners[place].children("to_Supplier").first());
    let organization = order.text("PurchasingOrganization").to_owned();
    let terms = supplier.and_then(|supplier| {
        let mut rows = supplier.children("to_SupplierPurchasingOrg").iter();
        rows.find(|row| row.text("PurchasingOrganization") == organization)
    });
    if let Some(row) = terms {
        order.default_text("DocumentCurrency", row.text("PurchaseOrderCurrency"));
        order.default_text("PaymentTerms", row.text("PaymentTerms"));
        order.default_text("IncotermsClassification", row.text("IncotermsClassification"));
    }
    let supplier = order.text("Supplier").to_owned();
    order.default_text("InvoicingParty", &supplier);
    order.default_text("Language", "EN");
    order.default_text("ExchangeRate", "1.00000");
    let currency = order.text("DocumentCurrency").to_owned();
    let items = order.children_mut("to_PurchaseOrderItem");
    let mut last = 0;
    for item in items.iter_mut() {
        let given: u32 = item.text("PurchaseOrderItem").parse().unwrap_or(0);
        let item_number = if given > 0 { given } else { last + 10 };
        last = last.max(item_number);
        item.set_text("PurchaseOrder", number.clone());
        item.set_text("PurchaseOrderItem", format!("{item_number:05}"));
        item.set_text("DocumentCurrency", currency.clone());
        complete_item(world, item);
    }
    items.sort_by(|left, right| left.text("PurchaseOrderItem").cmp(right.text("PurchaseOrderItem")));
    for note in order.children_mut("to_PurchaseOrderNote") {
        note.set_text("PurchaseOrder", number.clone());
        note.default_text("Language", "EN");
        note.default_text("TextObjectType", "F01");
    }
}

fn complete_item(world: &World, item: &mut Node) {
    let place = world.find(Family::Products, item.text("Material")).ok().and_then(|place| usize::try_from(place).ok());
    if let Some(product) = place.and_then(|place| world.products.get(place)) {
        item.default_text("MaterialGroup", product.text("ProductGroup"));
        item.default_text("PurchaseOrderQuantityUnit", product.text("BaseUnit"));
        let mut texts = product.children("to_Description").iter();
        let english = texts.find(|row| row.text("Language") == "EN").map(|row| row.text("ProductDescription"));
        item.default_text("PurchaseOrderItemText", english.unwrap_or_default());
    }
    let unit = item.text("PurchaseOrderQuantityUnit").to_owned();
    item.default_text("OrderPriceUnit", &unit);
    item.default_text("PurchaseOrderItemCategory", "0");
    item.default_text("ProductType", "1");
    for name in ["NetPriceQuantity", "OrderPriceUnitToOrderUnitNmrtr", "OrdPriceUnitToOrderUnitDnmntr"] {
        if *item.get(name) == Value::Initial {
            item.set(name, Value::number(1, 0));
        }
    }
    let (number, item_number) = (item.text("PurchaseOrder").to_owned(), item.text("PurchaseOrderItem").to_owned());
    let (quantity, currency) = (item.get("OrderQuantity").clone(), item.text("DocumentCurrency").to_owned());
    let lines = item.children_mut("to_ScheduleLine");
    let single = lines.len() == 1;
    for (at, line) in lines.iter_mut().enumerate() {
        line.set_text("PurchasingDocument", number.clone());
        line.set_text("PurchasingDocumentItem", item_number.clone());
        line.default_text("ScheduleLine", &format!("{:04}", at + 1));
        line.default_text("DelivDateCategory", "1");
        line.set_text("PurchaseOrderQuantityUnit", unit.clone());
        if single && *line.get("ScheduleLineOrderQuantity") == Value::Initial {
            line.set("ScheduleLineOrderQuantity", quantity.clone());
        }
        if *line.get("ScheduleLineDeliveryTime") == Value::Initial {
            line.set("ScheduleLineDeliveryTime", Value::Time(0));
        }
        if *line.get("SchedLineStscDeliveryDate") == Value::Initial {
            let date = line.get("ScheduleLineDeliveryDate").clone();
            line.set("SchedLineStscDeliveryDate", date);
        }
    }
    for (at, row) in item.children_mut("to_AccountAssignment").iter_mut().enumerate() {
        row.set_text("PurchaseOrder", number.clone());
        row.set_text("PurchaseOrderItem", item_number.clone());
        row.default_text("AccountAssignmentNumber", &format!("{:02}", at + 1));
        row.default_text("GLAccount", "61008000");
        row.default_text("ControllingArea", "A000");
        row.set_text("PurchaseOrderQuantityUnit", unit.clone());
        row.set_text("DocumentCurrency", currency.clone());
        if at == 0 && *row.get("Quantity") == Value::Initial {
            row.set("Quantity", quantity.clone());
        }
    }
    for note in item.children_mut("to_PurchaseOrderItemNote") {
        note.set_text("PurchaseOrder", number.clone());
        note.set_text("PurchaseOrderItem", item_number.clone());
        note.default_text("Language", "EN");
        note.default_text("TextObjectType", "F01");
    }
}

/// A delivery sooner than five days from now may be too soon; the order is saved all the same.
fn warnings(order: &Node, now: Now<'_>) -> Messages {
    let soonest = now.day() + 5 * TICKS_PER_DAY;
    let late = |item: &&Node| {
        item.children("to_ScheduleLine").iter().any(|line| match line.get("ScheduleLineDeliveryDate") {
            Value::Ticks(day) => *day < soonest,
            _ => false,
        })
    };
    let items = order.children("to_PurchaseOrderItem").iter().filter(late);
    items
        .map(|item| {
            let number = item.text("PurchaseOrderItem");
            Message::new("06/041", format!("Item {number}: can the delivery date be met?"), "ScheduleLineDeliveryDate")
        })
        .collect()
}
