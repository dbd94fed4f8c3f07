//! Material documents: checked item by item, posted whole or not at all, never changed, taken back by another one.

use super::movements::{self, Effect, Movement};
use super::order_check::amount;
use super::stock::{self, Bin};
use super::{Messages, Now, receipts};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

const FIRST_NUMBER: u64 = 5_000_000_000;

/// One change of stock: where, in which unit, how many thousandths.
type Change = (Bin, String, i64);

/// Posts a document; gives its place.
pub(in super::super) fn post(world: &mut World, now: Now<'_>, mut header: Node) -> Result<u64, Refusal> {
    let mut errors = complete_header(now, &mut header);
    let code = header.text("GoodsMovementCode").to_owned();
    if header.children("to_MaterialDocumentItem").is_empty() {
        errors.push(Message::new("M7/082", "Document contains no items", "to_MaterialDocumentItem"));
    }
    let (mut changes, mut automatic): (Vec<Change>, Vec<Node>) = (Vec::new(), Vec::new());
    for item in header.children_mut("to_MaterialDocumentItem") {
        match complete_item(world, &code, item) {
            Ok(movement) => {
                changes.extend(changes_of(item, movement));
                automatic.extend(receiving_item(item, movement));
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        errors.extend(apply(world, &changes).err());
    }
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    header.children_mut("to_MaterialDocumentItem").append(&mut automatic);
    number(world, &mut header);
    let for_orders: Vec<(String, String)> = header
        .children("to_MaterialDocumentItem")
        .iter()
        .filter(|item| !item.text("PurchaseOrder").is_empty())
        .map(|item| (item.text("PurchaseOrder").to_owned(), item.text("PurchaseOrderItem").to_owned()))
        .collect();
    let place = world.insert(Family::GoodsMovements, header);
    for (order, item) in for_orders {
        receipts::settle(world, now, &order, &item);
    }
    Ok(place)
}

/// Keeps a document that was posted long ago: its stock has been used since.
pub(in super::super) fn keep(world: &mut World, now: Now<'_>, mut header: Node) {
    // The closed periods of today were open then, so there is nothing to refuse.
    drop(complete_header(now, &mut header));
    number(world, &mut header);
    world.insert(Family::GoodsMovements, header);
}

fn complete_header(now: Now<'_>, header: &mut Node) -> Messages {
    let mut errors = Messages::new();
    for name in ["PostingDate", "DocumentDate"] {
        if *header.get(name) == Value::Initial {
            header.set(name, Value::Ticks(now.day()));
        }
    }
    header.set("CreationDate", Value::Ticks(stamp::day_of(now.local())));
    header.set("CreationTime", Value::Time(stamp::time_of(now.local())));
    header.set_text("CreatedByUser", now.user.to_owned());
    let code = header.text("GoodsMovementCode");
    let known = ["01", "02", "03", "04", "05", "06", "07"].contains(&code);
    if !known {
        errors.push(Message::new(
            "M7/256",
            format!("Goods movement code '{code}' is not allowed"),
            "GoodsMovementCode",
        ));
    }
    let mut items = header.children("to_MaterialDocumentItem").iter();
    let for_order =
        items.any(|item| movements::of(item.text("GoodsMovementType")).is_some_and(|m| m.counts_for_order().is_some()));
    header.set_text("InventoryTransactionType", if for_order { "WE" } else { "WA" });
    if let Value::Ticks(day) = *header.get("PostingDate")
        && !(stamp::month_of(now.ticks()) - 1..=stamp::month_of(now.ticks())).contains(&stamp::month_of(day))
    {
        let period = |month: i64| format!("{}/{:02}", month / 12, month % 12 + 1);
        let (open, before) = (period(stamp::month_of(now.ticks())), period(stamp::month_of(now.ticks()) - 1));
        let text = format!("Posting only possible in periods {open} and {before} in company code 1010");
        errors.push(Message::new("M7/053", text, "PostingDate"));
    }
    errors
}

/// Fills in and checks one item.
fn complete_item(world: &World, code: &str, item: &mut Node) -> Result<&'static Movement, Message> {
    let kind = item.text("GoodsMovementType");
    let Some(movement) = movements::of(kind) else {
        return Err(Message::new("M7/001", format!("Movement type '{kind}' does not exist"), "GoodsMovementType"));
    };
    if !movement.allows(code) {
        let text = format!("Movement type {kind} is not allowed with goods movement code {code}");
        return Err(Message::new("M7/257", text, "GoodsMovementType"));
    }
    if !amount(item, "QuantityInEntryUnit").is_positive() {
        return Err(Message::new("M7/083", "Enter Quantity in Unit of Entry", "QuantityInEntryUnit"));
    }
    match movement.counts_for_order() {
        Some(sign) => receipts::complete(world, item, sign)?,
        None if !item.text("PurchaseOrder").is_empty() => {
            let text = format!("Property PURCHASEORDER is not supported for GoodsMovementType {}", movement.kind);
            return Err(Message::new("MM_IM_ODATA_API_MDOC/011", text, "PurchaseOrder"));
        }
        None => {}
    }
    if movement.kind == "201" && item.text("CostCenter").is_empty() {
        return Err(Message::new("M7/092", "Account assignment is mandatory: enter Cost Center", "CostCenter"));
    }
    item.default_text("InventoryStockType", "01");
    let (material, plant) = (item.text("Material").to_owned(), item.text("Plant").to_owned());
    place_exists(item, "Plant", "StorageLocation")?;
    let found = world.find(Family::Products, &material).ok().and_then(|place| usize::try_from(place).ok());
    let Some(product) = found.and_then(|place| world.products.get(place)) else {
        let text = format!("The material {material} does not exist or is not activated");
        return Err(Message::new("M3/305", text, "Material"));
    };
    let Some(there) = product.children("to_Plant").iter().find(|row| row.text("Plant") == plant) else {
        let text = format!("Material {material} is not maintained in plant {plant}");
        return Err(Message::new("M3/351", text, "Material"));
    };
    // The simulator takes no serial numbers, so nothing of such a material is posted.
    if !there.text("SerialNumberProfile").is_empty() {
        return Err(Message::new("M7/175", format!("Enter serial numbers for material {material}"), "Material"));
    }
    let unit = product.text("BaseUnit").to_owned();
    item.default_text("EntryUnit", &unit);
    item.set_text("MaterialBaseUnit", unit.clone());
    if item.text("EntryUnit") != unit {
        let text = format!("Unit {} is not defined for material {material}", item.text("EntryUnit"));
        return Err(Message::new("M3/006", text, "EntryUnit"));
    }
    let quantity = item.get("QuantityInEntryUnit").clone();
    item.set("QuantityInBaseUnit", quantity);
    if let Effect::Transfer { .. } = movement.effect {
        if movement.kind.starts_with("31") {
            item.default_text("IssuingOrReceivingPlant", &plant);
        }
        place_exists(item, "IssuingOrReceivingPlant", "IssuingOrReceivingStorageLoc")?;
        item.default_text("IssgOrRcvgMaterial", &material);
    }
    Ok(movement)
}

fn place_exists(item: &Node, plant: &'static str, location: &'static str) -> Result<(), Message> {
    let (plant_code, code) = (item.text(plant), item.text(location));
    if org::plant_company(plant_code).is_none() {
        return Err(Message::new("M7/119", format!("Plant '{plant_code}' does not exist"), plant));
    }
    match org::has_storage_location(plant_code, code) {
        true => Ok(()),
        false if code.is_empty() => Err(Message::new("M7/018", "Enter Storage Location", location)),
        false => {
            let text = format!("Storage location {code} is not maintained in plant {plant_code}");
            Err(Message::new("M3/352", text, location))
        }
    }
}

fn changes_of(item: &Node, movement: &Movement) -> Vec<Change> {
    let unit = item.text("MaterialBaseUnit").to_owned();
    let quantity = amount(item, "QuantityInBaseUnit").units;
    let bin = |plant: &str, location: &str, kind: &str| Bin {
        material: item.text("Material").to_owned(),
        plant: item.text(plant).to_owned(),
        location: item.text(location).to_owned(),
        kind: kind.to_owned(),
    };
    let own = |kind: &str| bin("Plant", "StorageLocation", kind);
    let given = item.text("InventoryStockType");
    let there = bin("IssuingOrReceivingPlant", "IssuingOrReceivingStorageLoc", given);
    let (from, to) = match movement.effect {
        Effect::In => return vec![(own(given), unit, quantity)],
        Effect::Out => return vec![(own(given), unit, -quantity)],
        Effect::Kind(from, to) => (own(from), own(to)),
        Effect::Transfer { back: false } => (own(given), there),
        Effect::Transfer { back: true } => (there, own(given)),
    };
    vec![(from, unit.clone(), -quantity), (to, unit, quantity)]
}

/// The second item that the system adds to a transfer, for the place on the other side.
fn receiving_item(item: &Node, movement: &Movement) -> Option<Node> {
    if !matches!(movement.effect, Effect::Transfer { .. }) {
        return None;
    }
    let mut other = item.clone();
    for (to, from) in [
        ("Plant", "IssuingOrReceivingPlant"),
        ("StorageLocation", "IssuingOrReceivingStorageLoc"),
        ("IssuingOrReceivingPlant", "Plant"),
        ("IssuingOrReceivingStorageLoc", "StorageLocation"),
    ] {
        other.set_text(to, item.text(from).to_owned());
    }
    other.set_text("IsAutomaticallyCreated", "X");
    Some(other)
}

/// All changes, or none and the reason.
fn apply(world: &mut World, changes: &[Change]) -> Result<(), Message> {
    for (at, (bin, unit, thousandths)) in changes.iter().enumerate() {
        if let Err(error) = stock::put(world, bin, unit, *thousandths) {
            for (bin, unit, thousandths) in changes[..at].iter().rev() {
                stock::put(world, bin, unit, -thousandths)?;
            }
            return Err(error);
        }
    }
    Ok(())
}

fn number(world: &mut World, header: &mut Node) {
    let year = match *header.get("PostingDate") {
        Value::Ticks(day) => (stamp::month_of(day) / 12).to_string(),
        _ => String::new(),
    };
    let number = (FIRST_NUMBER + world.posted).to_string();
    world.posted += 1;
    header.set_text("MaterialDocumentYear", year.clone());
    header.set_text("MaterialDocument", number.clone());
    for (at, item) in header.children_mut("to_MaterialDocumentItem").iter_mut().enumerate() {
        item.set_text("MaterialDocumentYear", year.clone());
        item.set_text("MaterialDocument", number.clone());
        item.set_text("MaterialDocumentItem", format!("{:04}", at + 1));
        item.set_text("FiscalYear", year.clone());
    }
}

/// Takes a document back, or one item of it: posts the reversing movements. Gives the new document's place.
pub(super) fn cancel(
    world: &mut World,
    now: Now<'_>,
    (year, number): (&str, &str),
    item: Option<&str>,
    posting_date: Value,
) -> Result<u64, Refusal> {
    let is_it = |node: &Node| node.text("MaterialDocumentYear") == year && node.text("MaterialDocument") == number;
    let refuse = |code, text: String| Refusal::business(vec![Message::new(code, text, "MaterialDocument")]);
    let Some(old) = world.table(Family::GoodsMovements).iter().find(|node| is_it(node)).cloned() else {
        return Err(refuse("M7/061", format!("Material document {number} {year} does not exist")));
    };
    let mut header = old.clone();
    header.set_text("GoodsMovementCode", "06");
    header.set("PostingDate", posting_date);
    header.set("DocumentDate", Value::Initial);
    let mut reversed: Vec<String> = Vec::new();
    let mut items = Vec::new();
    for old in old.children("to_MaterialDocumentItem") {
        let position = old.text("MaterialDocumentItem");
        if !old.text("IsAutomaticallyCreated").is_empty() || item.is_some_and(|item| item != position) {
            continue;
        }
        let back = movements::of(old.text("GoodsMovementType")).map(|movement| movement.reversed_by);
        let Some(back) = back.filter(|back| movements::of(back).is_some_and(|back| back.allows("06"))) else {
            let text = format!("Movement type {} cannot be reversed", old.text("GoodsMovementType"));
            return Err(refuse("M7/064", text));
        };
        if old.flag("GoodsMovementIsCancelled") {
            return Err(refuse("M7/065", format!("Item {position} of document {number} was reversed already")));
        }
        let mut row = old.clone();
        row.set_text("GoodsMovementType", back);
        row.set_text("ReversedMaterialDocumentYear", year.to_owned());
        row.set_text("ReversedMaterialDocument", number.to_owned());
        row.set_text("ReversedMaterialDocumentItem", position.to_owned());
        reversed.push(position.to_owned());
        items.push(row);
    }
    if items.is_empty() {
        return Err(refuse("M7/062", format!("Material document {number} {year} has no such item")));
    }
    *header.children_mut("to_MaterialDocumentItem") = items;
    let place = post(world, now, header)?;
    if let Some(old) = world.table_mut(Family::GoodsMovements).and_then(|all| all.iter_mut().find(|node| is_it(node))) {
        for item in old.children_mut("to_MaterialDocumentItem") {
            if reversed.iter().any(|position| item.text("MaterialDocumentItem") == position) {
                item.set("GoodsMovementIsCancelled", Value::Bool(true));
            }
        }
    }
    Ok(place)
}
