//! Products: created with a number from outside, changed in place.

use super::{Messages, Now};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

const TYPES: [&str; 11] = ["DIEN", "ERSA", "FERT", "HALB", "HAWA", "HIBE", "NLAG", "ROH", "SERV", "UNBW", "VERP"];

pub(super) fn create(world: &mut World, now: Now<'_>, mut product: Node) -> Result<u64, Refusal> {
    product.set("CreationDate", Value::Ticks(now.day()));
    product.set_text("CreatedByUser", now.user.to_owned());
    complete(now, &mut product);
    let mut errors = check(&product);
    let place = match world.find(Family::Products, product.text("Product")) {
        Err(place) => place,
        Ok(place) => {
            let text = format!("Material {} already exists", product.text("Product"));
            errors.push(Message::new("M3/201", text, "Product"));
            place
        }
    };
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    world.products.insert(usize::try_from(place).unwrap_or(world.products.len()), product);
    Ok(place)
}

pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, mut product: Node) -> Result<(), Refusal> {
    complete(now, &mut product);
    let errors = check(&product);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    world.replace(Family::Products, place, product);
    Ok(())
}

fn complete(now: Now<'_>, product: &mut Node) {
    product.set("LastChangeDate", Value::Ticks(now.day()));
    product.set("LastChangeDateTime", Value::Ticks(now.ticks() + 3));
    product.set_text("LastChangedByUser", now.user.to_owned());
    let (number, unit) = (product.text("Product").to_owned(), product.text("BaseUnit").to_owned());
    for nav in ["to_Description", "to_Plant", "to_Valuation"] {
        for row in product.children_mut(nav) {
            row.set_text("Product", number.clone());
            if nav != "to_Description" {
                row.default_text("BaseUnit", &unit);
            }
            if nav == "to_Plant" {
                let plant = row.text("Plant").to_owned();
                for place in row.children_mut("to_StorageLocation") {
                    place.set_text("Product", number.clone());
                    place.set_text("Plant", plant.clone());
                }
            }
        }
    }
}

fn check(product: &Node) -> Messages {
    let mut found = Messages::new();
    let mut say = |code, text: String, target: &str| found.push(Message::new(code, text, target));
    if product.text("Product").is_empty() {
        say("M3/002", "Enter a material number".to_owned(), "Product");
    }
    let mut described = product.children("to_Description").iter();
    if !described.any(|row| !row.text("ProductDescription").is_empty()) {
        say("M3/046", "Enter a description".to_owned(), "ProductDescription");
    }
    let (kind, unit) = (product.text("ProductType"), product.text("BaseUnit"));
    if !TYPES.contains(&kind) {
        say("M3/190", format!("Material type '{kind}' does not exist"), "ProductType");
    }
    if !org::UNITS.contains(&unit) {
        say("BM/302", format!("Unit '{unit}' is not created in language EN"), "BaseUnit");
    }
    let group = product.text("ProductGroup");
    if !group.is_empty() && !org::MATERIAL_GROUPS.contains(&group) {
        say("M3/191", format!("Material group {group} does not exist"), "ProductGroup");
    }
    for row in product.children("to_Plant").iter().filter(|row| org::plant_company(row.text("Plant")).is_none()) {
        say("M3/192", format!("Plant {} does not exist", row.text("Plant")), "Plant");
    }
    found
}

/// Gives the material a serial number profile in each of its plants; false if there is no such material.
pub(in super::super) fn serialise(world: &mut World, material: &str) -> bool {
    let Some(product) = world.products.iter_mut().find(|product| product.text("Product") == material) else {
        return false;
    };
    for plant in product.children_mut("to_Plant") {
        plant.set_text("SerialNumberProfile", "0001");
    }
    true
}
