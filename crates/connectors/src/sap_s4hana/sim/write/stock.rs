//! Stock by material, place and kind. Only goods movements change it; a row without stock vanishes.

use crate::sap_s4hana::sim::errors::Message;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// Where stock lies, and as what: `01` unrestricted, `02` in quality inspection, `07` blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Bin {
    pub(in super::super) material: String,
    pub(in super::super) plant: String,
    pub(in super::super) location: String,
    pub(in super::super) kind: String,
}

/// Adds thousandths of the base unit (or takes them, if negative); stock never falls below zero.
pub(in super::super) fn put(world: &mut World, bin: &Bin, unit: &str, thousandths: i64) -> Result<(), Message> {
    let place = match world.find(Family::Stock, &bin.material) {
        Ok(place) => place,
        Err(_) => world.insert(Family::Stock, material(bin, unit)),
    };
    let table = world.table_mut(Family::Stock);
    let document = usize::try_from(place).ok().and_then(|place| table.and_then(|table| table.get_mut(place)));
    let Some(document) = document else { return Ok(()) };
    let rows = document.children_mut("to_MatlStkInAcctMod");
    let at = rows.iter().position(|row| is_of(row, bin));
    let before = at.map_or(0, |at| units(&rows[at]));
    let after = before + thousandths;
    if after < 0 {
        let missing = trunnion_model::decimal::Decimal::new(-after, 3).normalize();
        let text = format!(
            "Deficit of SL Unrestricted-use {missing} {unit} : {} {} {}",
            bin.material, bin.plant, bin.location
        );
        return Err(Message::new("M7/021", text, "QuantityInEntryUnit"));
    }
    match at {
        Some(at) if after == 0 => drop(rows.remove(at)),
        Some(at) => rows[at].set("MatlWrhsStkQtyInMatlBaseUnit", Value::number(after, 3)),
        None if after == 0 => {}
        None => {
            let entity = Family::Stock.service().entity("A_MatlStkInAcctMod");
            let Some(mut row) = entity.map(Node::new) else { return Ok(()) };
            row.set_text("Material", bin.material.clone());
            row.set_text("Plant", bin.plant.clone());
            row.set_text("StorageLocation", bin.location.clone());
            row.set_text("InventoryStockType", bin.kind.clone());
            row.set_text("MaterialBaseUnit", unit.to_owned());
            row.set("MatlWrhsStkQtyInMatlBaseUnit", Value::number(after, 3));
            rows.push(row);
            rows.sort_by_cached_key(key);
        }
    }
    Ok(())
}

/// Goods that lie there and still belong to a supplier; false if the material is kept nowhere.
pub(in super::super) fn consign(world: &mut World, bin: &Bin, thousandths: i64) -> bool {
    let Ok(place) = world.find(Family::Stock, &bin.material) else { return false };
    let table = world.table_mut(Family::Stock);
    let document = usize::try_from(place).ok().and_then(|place| table.and_then(|table| table.get_mut(place)));
    let entity = Family::Stock.service().entity("A_MatlStkInAcctMod");
    let (Some(document), Some(mut row)) = (document, entity.map(Node::new)) else { return false };
    row.set_text("Material", bin.material.clone());
    row.set_text("Plant", bin.plant.clone());
    row.set_text("StorageLocation", bin.location.clone());
    row.set_text("Supplier", "17300001");
    row.set_text("InventorySpecialStockType", "K");
    row.set_text("InventoryStockType", bin.kind.clone());
    row.set_text("MaterialBaseUnit", document.text("MaterialBaseUnit").to_owned());
    row.set("MatlWrhsStkQtyInMatlBaseUnit", Value::number(thousandths, 3));
    let rows = document.children_mut("to_MatlStkInAcctMod");
    rows.push(row);
    rows.sort_by_cached_key(key);
    true
}

fn material(bin: &Bin, unit: &str) -> Node {
    let mut node = Node::new(Family::Stock.root());
    node.set_text("Material", bin.material.clone());
    node.set_text("MaterialBaseUnit", unit.to_owned());
    node
}

fn is_of(row: &Node, bin: &Bin) -> bool {
    row.text("Plant") == bin.plant
        && row.text("StorageLocation") == bin.location
        && row.text("InventoryStockType") == bin.kind
        && row.text("InventorySpecialStockType").is_empty()
}

fn key(row: &Node) -> Vec<String> {
    row.entity.keys.iter().map(|&key| row.key_text(key).as_text().to_owned()).collect()
}

fn units(row: &Node) -> i64 {
    super::order_check::amount(row, "MatlWrhsStkQtyInMatlBaseUnit").units
}
