//! Sixty products: spare parts `SP-0001` to `SP-0012` by name, and raw, trading and operating materials.

use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{TICKS_PER_DAY, day_of};
use crate::sap_s4hana::sim::value::Value;

/// Number, description, unit, material group, price in thousandths of the currency per price unit, price unit.
type Product = (&'static str, &'static str, &'static str, &'static str, i64, i64);

const SPARE_PARTS: [Product; 12] = [
    ("SP-0001", "Deep groove ball bearing 6205-2RS", "EA", "L001", 8_450, 1),
    ("SP-0002", "Spherical roller bearing 22218 E", "EA", "L001", 184_900, 1),
    ("SP-0003", "Tapered roller bearing 32210", "EA", "L001", 41_200, 1),
    ("SP-0004", "Radial shaft seal 45x62x8 NBR", "EA", "L002", 312_000, 100),
    ("SP-0005", "O-ring 50x3 FKM", "EA", "L002", 48_500, 100),
    ("SP-0006", "Mechanical seal 35 mm SiC", "EA", "L002", 156_700, 1),
    ("SP-0007", "Three-phase motor 4 kW IE3 B3", "EA", "L003", 412_000, 1),
    ("SP-0008", "Three-phase motor 11 kW IE3 B5", "EA", "L003", 968_500, 1),
    ("SP-0009", "Gear motor 0.75 kW i=31", "EA", "L003", 355_250, 1),
    ("SP-0010", "Hydraulic filter element 10 um", "EA", "L004", 37_900, 1),
    ("SP-0011", "Air filter cartridge 325x660", "EA", "L004", 74_300, 1),
    ("SP-0012", "Oil filter spin-on 3/4-16", "EA", "L004", 11_650, 1),
];

/// Prefix, product type, unit, material group and the nouns of the rest.
const OTHERS: [(&str, &str, &str, &str, &[&str]); 4] = [
    ("RM", "ROH", "KG", "A001", &["Steel bar S355 round", "Aluminium plate 6082", "Bronze bushing stock", "PTFE rod"]),
    ("TG", "HAWA", "PC", "A002", &["V-belt SPB", "Timing belt HTD 8M", "Roller chain 16B", "Coupling spider"]),
    ("OS", "HIBE", "L", "P001", &["Hydraulic oil HLP 46", "Gear oil CLP 220", "Cutting fluid", "Degreaser"]),
    ("EL", "ERSA", "EA", "S001", &["Contactor 24 V", "Proximity switch M12", "Frequency inverter", "Relay 4 CO"]),
];

const SIZES: [&str; 12] = ["10", "16", "20", "25", "32", "40", "50", "63", "80", "100", "125", "160"];

/// All products in the order of their numbers.
pub(in super::super) fn products(seed: u64, start: i64, user: &str) -> Vec<Node> {
    let mut made: Vec<Node> = SPARE_PARTS
        .iter()
        .enumerate()
        .map(|(at, (number, text, unit, group, price, per))| {
            let row = Row { number: (*number).to_owned(), text: (*text).to_owned(), kind: "ERSA", unit, group };
            product(&row, *price, *per, Stream::new(seed, 2, at as u64), start, user)
        })
        .collect();
    for (at, size) in (0..48).map(|at| (at, SIZES[at / 4])) {
        let (prefix, kind, unit, group, nouns) = OTHERS[at % 4];
        let text = format!("{} {size}", nouns[(at / 4 + at) % nouns.len()]);
        let row = Row { number: format!("{prefix}-{:04}", at / 4 + 1), text, kind, unit, group };
        let mut random = Stream::new(seed, 2, 100 + at as u64);
        let price = 1_000 + random.within(250_000);
        made.push(product(&row, price, 1, random, start, user));
    }
    made.sort_by(|left, right| left.text("Product").cmp(right.text("Product")));
    made
}

struct Row {
    number: String,
    text: String,
    kind: &'static str,
    unit: &'static str,
    group: &'static str,
}

fn product(row: &Row, price: i64, per: i64, mut random: Stream, start: i64, user: &str) -> Node {
    let created = start - 200 * TICKS_PER_DAY - random.within(800 * TICKS_PER_DAY);
    let changed = start - random.within(190 * TICKS_PER_DAY);
    let mut node = Node::new(Family::Products.root());
    node.set_text("Product", row.number.clone());
    node.set_text("ProductType", row.kind);
    node.set_text("BaseUnit", row.unit);
    node.set_text("ProductGroup", row.group);
    node.set_text("IndustrySector", "M");
    node.set_text("ItemCategoryGroup", "NORM");
    node.set("CreationDate", Value::Ticks(day_of(created)));
    node.set_text("CreatedByUser", user.to_owned());
    node.set("LastChangeDate", Value::Ticks(day_of(changed)));
    node.set("LastChangeDateTime", Value::Ticks(changed));
    node.set_text("LastChangedByUser", user.to_owned());
    let weight = 50 + random.within(40_000);
    node.set("GrossWeight", Value::number(weight + weight / 20, 3));
    node.set("NetWeight", Value::number(weight, 3));
    node.set_text("WeightUnit", "KG");
    node.set_text("ProductStandardID", format!("40{:011}", random.within(99_999_999_999)));
    node.set_text("InternationalArticleNumberCat", "HE");
    node.set_text("ProductManufacturerNumber", format!("MPN-{:06}", random.within(999_999)));
    let obsolete = random.below(20) == 0 && row.kind != "ERSA";
    node.set("IsMarkedForDeletion", if obsolete { Value::Bool(true) } else { Value::Initial });
    if row.number.ends_with("0012") && row.kind != "ERSA" {
        node.set_text("CrossPlantStatus", "01");
    }
    for language in ["DE", "EN"] {
        let mut description = child(&node, "to_Description", &row.number);
        description.set_text("Language", language);
        description.set_text("ProductDescription", row.text.clone());
        node.children_mut("to_Description").push(description);
    }
    let everywhere = row.kind == "ERSA";
    for (plant, company) in org::PLANTS {
        if !everywhere && random.below(4) == 0 && plant != "1010" {
            continue;
        }
        let currency = org::company(company).map_or("EUR", |(_, currency, _)| currency);
        node_plant(&mut node, row, plant, &mut random);
        valuation(&mut node, row, plant, currency, (price, per));
    }
    node
}

fn node_plant(node: &mut Node, row: &Row, plant: &'static str, random: &mut Stream) {
    let mut child = child(node, "to_Plant", &row.number);
    child.set_text("Plant", plant);
    child.set_text("PurchasingGroup", random.pick(&org::PURCHASING_GROUPS));
    child.set_text("MRPType", random.pick(&["PD", "ND", "VB"]));
    child.set_text("ProcurementType", "F");
    child.set_text("BaseUnit", row.unit);
    child.set("GoodsReceiptDuration", Value::number(random.within(4), 0));
    child.set_text("ProfitCenter", "YB110");
    let places = child.entity.nav("to_StorageLocation").map(|nav| child.entity.target(nav));
    for (_, location) in org::STORAGE_LOCATIONS.into_iter().filter(|(at, _)| *at == plant) {
        let Some(mut place) = places.map(Node::new) else { continue };
        place.set_text("Product", row.number.clone());
        place.set_text("Plant", plant);
        place.set_text("StorageLocation", location);
        child.children_mut("to_StorageLocation").push(place);
    }
    node.children_mut("to_Plant").push(child);
}

fn valuation(node: &mut Node, row: &Row, plant: &'static str, currency: &'static str, (price, per): (i64, i64)) {
    let mut child = child(node, "to_Valuation", &row.number);
    child.set_text("ValuationArea", plant);
    child.set_text("ValuationClass", if row.kind == "ROH" { "3000" } else { "3040" });
    child.set_text("InventoryValuationProcedure", if row.kind == "ROH" { "S" } else { "V" });
    child.set("StandardPrice", Value::number(price, 3));
    child.set("MovingAveragePrice", Value::number(price - price / 50, 3));
    child.set("PriceUnitQty", Value::number(per, 0));
    child.set_text("Currency", currency);
    child.set_text("BaseUnit", row.unit);
    node.children_mut("to_Valuation").push(child);
}

fn child(node: &Node, nav: &str, number: &str) -> Node {
    let entity = node.entity.nav(nav).map_or_else(|| unreachable!("{nav}"), |nav| node.entity.target(nav));
    let mut child = Node::new(entity);
    child.set_text("Product", number.to_owned());
    child
}
