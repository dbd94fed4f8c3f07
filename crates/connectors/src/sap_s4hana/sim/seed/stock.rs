//! Stock of every product in some of its storage locations, and the goods receipts of the first orders.

use super::orders::FIRST_ORDER;
use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::TICKS_PER_DAY;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;
use crate::sap_s4hana::sim::write::{self, Bin, Now};
use trunnion_model::time::from_micros;

/// Of so many orders the receipts are kept.
const ORDERS_WITH_RECEIPTS: u64 = 60;

pub(super) fn levels(world: &mut World, seed: u64) {
    let mut all: Vec<(Bin, String, i64)> = Vec::new();
    for (at, product) in world.products.iter().enumerate() {
        let mut random = Stream::new(seed, 11, at as u64);
        let material = product.text("Product").to_owned();
        for place in product.children("to_Plant").iter().flat_map(|plant| plant.children("to_StorageLocation")) {
            let bin = |kind: &str| Bin {
                material: material.clone(),
                plant: place.text("Plant").to_owned(),
                location: place.text("StorageLocation").to_owned(),
                kind: kind.to_owned(),
            };
            let unit = product.text("BaseUnit").to_owned();
            if random.below(4) > 0 {
                all.push((bin("01"), unit.clone(), (1 + random.within(400)) * 1_000));
            }
            if random.below(6) == 0 {
                all.push((bin("02"), unit.clone(), (1 + random.within(20)) * 1_000));
            }
            if random.below(9) == 0 {
                all.push((bin("07"), unit, (1 + random.within(5)) * 1_000));
            }
        }
    }
    for (bin, unit, quantity) in all {
        // Adding to stock cannot fail.
        drop(write::put(world, &bin, &unit, quantity));
    }
}

/// A receipt for each delivered item of the first orders, on the day before the order's last change.
pub(super) fn receipts(world: &mut World, start: i64, user: &str) {
    for place in 0..world.count(Family::Orders).min(ORDERS_WITH_RECEIPTS) {
        let Some(order) = world.document(Family::Orders, place).map(std::borrow::Cow::into_owned) else { continue };
        let delivered: Vec<&Node> = order
            .children("to_PurchaseOrderItem")
            .iter()
            .filter(|item| item.flag("IsCompletelyDelivered") && !item.text("Material").is_empty())
            .collect();
        if delivered.is_empty() {
            continue;
        }
        let day = match *order.get("LastChangeDateTime") {
            Value::Ticks(changed) => changed.min(start) - TICKS_PER_DAY,
            _ => start,
        };
        let now = Now { at: from_micros(day.div_euclid(10)), user, zone: 0 };
        let mut header = Node::new(Family::GoodsMovements.root());
        header.set_text("GoodsMovementCode", "01");
        header.set_text("ReferenceDocument", format!("DN-{:06}", FIRST_ORDER % 1_000_000 + place));
        header.set_text("MaterialDocumentHeaderText", "Goods receipt at the gate");
        let entity = Family::GoodsMovements.service().entity("A_MaterialDocumentItem");
        for item in delivered {
            let Some(mut row) = entity.map(Node::new) else { continue };
            for name in ["PurchaseOrder", "PurchaseOrderItem", "Material", "Plant", "StorageLocation"] {
                row.set_text(name, item.text(name).to_owned());
            }
            row.set_text("GoodsMovementType", "101");
            row.set_text("InventoryStockType", "01");
            row.set_text("GoodsMovementRefDocType", "B");
            row.set_text("Supplier", order.text("Supplier").to_owned());
            row.set_text("MaterialDocumentItemText", item.text("PurchaseOrderItemText").to_owned());
            for unit in ["EntryUnit", "MaterialBaseUnit"] {
                row.set_text(unit, item.text("PurchaseOrderQuantityUnit").to_owned());
            }
            for quantity in ["QuantityInEntryUnit", "QuantityInBaseUnit"] {
                row.set(quantity, item.get("OrderQuantity").clone());
            }
            header.children_mut("to_MaterialDocumentItem").push(row);
        }
        write::keep(world, now, header);
    }
}
