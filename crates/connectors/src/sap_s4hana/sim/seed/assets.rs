//! Twelve functional locations in two plants, thirty pieces of equipment, some of which were moved once.

use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{END_OF_TIME, TICKS_PER_DAY, day_of, second_of};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// Label, name, the place above.
const PLACES: [(&str, &str, &str); 12] = [
    ("1010", "Hamburg works", ""),
    ("1010-PRD", "Production", "1010"),
    ("1010-PRD-L1", "Filling line 1", "1010-PRD"),
    ("1010-PRD-L2", "Filling line 2", "1010-PRD"),
    ("1010-UTL", "Utilities", "1010"),
    ("1010-UTL-AIR", "Compressed air", "1010-UTL"),
    ("1010-UTL-CW", "Cooling water", "1010-UTL"),
    ("1710", "Tulsa works", ""),
    ("1710-PRD", "Production", "1710"),
    ("1710-PRD-P1", "Packing hall 1", "1710-PRD"),
    ("1710-UTL", "Utilities", "1710"),
    ("1710-UTL-BLR", "Boiler house", "1710-UTL"),
];

/// Name, object type, manufacturer, model.
const MACHINES: [(&str, &str, &str, &str); 6] = [
    ("Centrifugal pump", "PUMP", "KSB", "Etanorm 065-200"),
    ("Three-phase motor", "MOTOR", "Siemens", "1LE1003-1DB2"),
    ("Screw compressor", "COMPR", "Kaeser", "CSD 105"),
    ("Gearbox", "GEAR", "SEW", "R97 DRN160"),
    ("Belt conveyor", "CONV", "Interroll", "BM 4410"),
    ("Heat exchanger", "HEATX", "Alfa Laval", "M10-BFG"),
];

pub(super) fn places(world: &mut World, start: i64, user: &str) {
    for (at, (label, name, above)) in PLACES.into_iter().enumerate() {
        let mut row = Node::new(Family::Places.root());
        row.set_text("FunctionalLocation", label);
        row.set_text("FunctionalLocationLabelName", label);
        row.set_text("FunctionalLocationName", name);
        row.set_text("SuperiorFunctionalLocation", above);
        row.set_text("FunctionalLocationCategory", "M");
        row.set_text("FuncLocationStructure", "YBFL");
        row.set_text("MaintenancePlant", &label[..4]);
        row.set_text("CompanyCode", &label[..4]);
        row.set("FunctionalLocationIsActive", Value::Bool(true));
        row.set("CreationDate", Value::Ticks(day_of(start - 900 * TICKS_PER_DAY)));
        row.set_text("CreatedByUser", user.to_owned());
        let days = i64::try_from(at).unwrap_or(0) + 30;
        row.set("LastChangeDateTime", Value::Ticks(second_of(start - days * TICKS_PER_DAY)));
        world.insert(Family::Places, row);
    }
}

pub(super) fn equipment(world: &mut World, seed: u64, start: i64, user: &str) {
    let lines: Vec<(&str, &str)> =
        PLACES.into_iter().filter(|(label, ..)| label.len() > 8).map(|(label, name, _)| (label, name)).collect();
    for at in 0..30_u32 {
        let mut random = Stream::new(seed, 12, u64::from(at));
        let (name, kind, maker, model) = random.pick(&MACHINES);
        let (label, place) = lines[usize::try_from(at).unwrap_or(0) % lines.len()];
        let mut row = Node::new(Family::Equipment.root());
        row.set_text("Equipment", (10_000_001 + at).to_string());
        row.set("ValidityEndDate", Value::Ticks(END_OF_TIME));
        row.set_text("EquipmentName", format!("{name} {}", at + 1));
        row.set_text("EquipmentCategory", "M");
        row.set_text("TechnicalObjectType", kind);
        row.set_text("AssetManufacturerName", maker);
        row.set_text("ManufacturerPartTypeName", model);
        row.set_text("ManufacturerSerialNumber", format!("SN{:08}", random.within(99_999_999)));
        row.set_text("ABCIndicator", random.pick(&["A", "B", "C"]));
        row.set_text("MaintenancePlant", &label[..4]);
        row.set_text("CompanyCode", &label[..4]);
        row.set_text("CostCenter", "10101301");
        row.set_text("FunctionalLocation", label);
        row.set_text("FunctionalLocationLabelName", label);
        row.set_text("FunctionalLocationName", place);
        row.set("EquipmentIsInstalled", Value::Bool(true));
        row.set("EquipmentIsAvailable", Value::Bool(true));
        let bought = day_of(start - (300 + random.within(2_000)) * TICKS_PER_DAY);
        row.set("AcquisitionDate", Value::Ticks(bought));
        row.set("AcquisitionValue", Value::number((800 + random.within(40_000)) * 1_000, 3));
        row.set_text("Currency", if label.starts_with("1710") { "USD" } else { "EUR" });
        row.set("OperationStartDate", Value::Ticks(bought + 30 * TICKS_PER_DAY));
        row.set("ValidityStartDate", Value::Ticks(bought));
        row.set("CreationDate", Value::Ticks(bought));
        row.set_text("CreatedByUser", user.to_owned());
        row.set("LastChangeDateTime", Value::Ticks(second_of(start - random.within(200 * TICKS_PER_DAY))));
        if at % 5 == 4 {
            row.set_text("SuperordinateEquipment", "10000001");
        }
        if at % 6 == 1 {
            row.set_text("Material", "SP-0007");
        }
        match at {
            11 => row.set("EquipmentIsInactive", Value::Bool(true)),
            17 => row.set("EquipmentIsMarkedForDeletion", Value::Bool(true)),
            23 => {
                row.set("EquipmentIsInWarehouse", Value::Bool(true));
                row.set("EquipmentIsInstalled", Value::Initial);
            }
            _ => {}
        }
        if at % 7 == 3 {
            let moved = day_of(start - 60 * TICKS_PER_DAY);
            let mut earlier = row.clone();
            earlier.set("ValidityEndDate", Value::Ticks(moved - TICKS_PER_DAY));
            earlier.set_text("CostCenter", "10101302");
            row.set("ValidityStartDate", Value::Ticks(moved));
            world.insert(Family::Equipment, earlier);
        }
        world.insert(Family::Equipment, row);
    }
}
