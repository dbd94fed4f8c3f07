//! Goods movements for purchase orders: whether the order takes them, and what they make of it.

use super::order_check::amount;
use super::{Now, movements, orders};
use crate::sap_s4hana::sim::errors::Message;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// Fills in what the order's item says, and refuses what it does not allow.
pub(super) fn complete(world: &World, item: &mut Node, sign: i64) -> Result<(), Message> {
    let (number, position) = (item.text("PurchaseOrder").to_owned(), item.text("PurchaseOrderItem").to_owned());
    if number.is_empty() {
        return Err(Message::new("M7/083", "Enter Purchase Order", "PurchaseOrder"));
    }
    if item.text("GoodsMovementRefDocType") != "B" {
        let text =
            format!("Property PURCHASEORDER is not supported for GoodsMovementType {}", item.text("GoodsMovementType"));
        return Err(Message::new("MM_IM_ODATA_API_MDOC/011", text, "PurchaseOrder"));
    }
    let missing = || Message::new("06/019", format!("Purchase order {number} does not exist"), "PurchaseOrder");
    let place = world.find(Family::Orders, &number).map_err(|_| missing())?;
    let order = world.document(Family::Orders, place).ok_or_else(missing)?;
    if order.flag("ReleaseIsNotCompleted") || order.flag("PurchasingCompletenessStatus") || is_rejected(&order) {
        return Err(Message::new("ME/390", format!("Purchasing document {number} not yet released"), "PurchaseOrder"));
    }
    let line = order.children("to_PurchaseOrderItem").iter().find(|line| line.text("PurchaseOrderItem") == position);
    let Some(line) = line.filter(|line| line.text("PurchasingDocumentDeletionCode").is_empty()) else {
        let text = format!("Purchase order {number} has no item {position} for which goods may be posted");
        return Err(Message::new("M7/036", text, "PurchaseOrderItem"));
    };
    for (ours, theirs) in [("Material", "Material"), ("Plant", "Plant"), ("EntryUnit", "PurchaseOrderQuantityUnit")] {
        item.default_text(ours, line.text(theirs));
        if item.text(ours) != line.text(theirs) {
            let text = format!("{ours} {} is not that of the purchase order ({})", item.text(ours), line.text(theirs));
            return Err(Message::new("M7/038", text, ours));
        }
    }
    item.default_text("StorageLocation", line.text("StorageLocation"));
    item.set_text("Supplier", order.text("Supplier").to_owned());
    let before = received(world, &number, &position);
    let after = before + sign * amount(item, "QuantityInEntryUnit").units;
    let ordered = amount(line, "OrderQuantity").units;
    let unlimited = line.flag("UnlimitedOverdeliveryIsAllowed");
    let done = line.flag("IsCompletelyDelivered") && before == 0 && sign > 0;
    if (after > ordered && !unlimited) || done {
        let over = trunnion_model::decimal::Decimal::new(if done { ordered } else { after - ordered }, 3).normalize();
        let (unit, material) = (item.text("EntryUnit"), item.text("Material"));
        let text = format!("PO quantity exceeded by {over} {unit} : {material} {}", item.text("Plant"));
        return Err(Message::new("M7/022", text, "QuantityInEntryUnit"));
    }
    if after < 0 {
        let text = format!("More goods go back than came for item {position} of purchase order {number}");
        return Err(Message::new("M7/023", text, "QuantityInEntryUnit"));
    }
    Ok(())
}

fn is_rejected(order: &Node) -> bool {
    order.text("PurchasingProcessingStatus") == "08"
}

/// Thousandths that came for an order's item, less what went back.
pub(super) fn received(world: &World, order: &str, item: &str) -> i64 {
    let rows = world.table(Family::GoodsMovements).iter().flat_map(|header| header.children("to_MaterialDocumentItem"));
    rows.filter(|row| row.text("PurchaseOrder") == order && row.text("PurchaseOrderItem") == item)
        .filter_map(|row| {
            let sign = movements::of(row.text("GoodsMovementType"))?.counts_for_order()?;
            Some(sign * amount(row, "QuantityInEntryUnit").units)
        })
        .sum()
}

/// After a posting: an item is completely delivered once all of it came. The order's change time moves only then.
pub(super) fn settle(world: &mut World, now: Now<'_>, order: &str, item: &str) {
    let Ok(place) = world.find(Family::Orders, order) else { return };
    let Some(mut document) = world.document(Family::Orders, place).map(std::borrow::Cow::into_owned) else { return };
    let so_far = received(world, order, item);
    let lines = document.children_mut("to_PurchaseOrderItem");
    let Some(line) = lines.iter_mut().find(|line| line.text("PurchaseOrderItem") == item) else { return };
    let all = so_far >= amount(line, "OrderQuantity").units;
    if line.flag("IsCompletelyDelivered") == all {
        return;
    }
    line.set("IsCompletelyDelivered", if all { Value::Bool(true) } else { Value::Initial });
    orders::bump(now, &mut document, 5);
    world.replace(Family::Orders, place, document);
}
