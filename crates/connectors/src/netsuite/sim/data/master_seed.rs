//! The account's master data: companies, currencies, locations, about forty vendors and sixty items.

use jiff::Timestamp;
use jiff::ToSpan;
use rust_decimal::Decimal;

use super::account::{
    ACCOUNT_TYPE, ASSEMBLY_ITEM, CLASSIFICATION, CURRENCY_TYPE, DEPARTMENT, EMPLOYEE_TYPE, INVENTORY_ITEM,
    LOCATION_TYPE, NON_INVENTORY_ITEM, NON_INVENTORY_RESALE, SERVICE_ITEM, SUBSIDIARY_TYPE, TERM, UNITS_TYPE,
    VENDOR_CATEGORY, VENDOR_TYPE,
};
use super::fields::ADDRESS_BOOK;
use super::order_seed::mix;
use super::record::{Line, Record, Value};
use super::schema::Type;

pub(super) const FIRST_VENDOR: u64 = 101;
pub(super) const FIRST_ITEM: u64 = 1001;

const CURRENCIES: [(&str, &str, &str, i64); 5] = [
    ("US Dollar", "USD", "1.00", 2),
    ("Euro", "EUR", "1.0850", 2),
    ("British Pound", "GBP", "1.2700", 2),
    ("Japanese Yen", "JPY", "0.0067", 0),
    ("Canadian Dollar", "CAD", "0.7300", 2),
];
const TERMS: [&str; 5] = ["Net 15", "Net 30", "Net 60", "Due on receipt", "1% 10 Net 30"];
const NAME_HEADS: [&str; 20] = [
    "Northfield",
    "Krahl",
    "Osterman",
    "Delacroix",
    "Tanaka",
    "Brightwater",
    "Halden",
    "Ridgeline",
    "Calloway",
    "Verhoeven",
    "Ironbridge",
    "Lakeshore",
    "Munro",
    "Pacific Rim",
    "Steinbach",
    "Harlow",
    "Quarry Hill",
    "Beaumont",
    "Sato",
    "Kingsway",
];
const NAME_TAILS: [(&str, &str); 8] = [
    ("Bearings", "Bearings"),
    ("Industrial Supply", "Supplies"),
    ("Seals & Gaskets", "Sealing"),
    ("Electric Motors", "Motors"),
    ("Filtration", "Filters"),
    ("Hydraulics", "Hydraulics"),
    ("Fasteners", "Fasteners"),
    ("Lubricants", "Lubricants"),
];
const CITIES: [(&str, &str, &str, &str); 8] = [
    ("Cleveland", "OH", "44114", "US"),
    ("Milwaukee", "WI", "53202", "US"),
    ("Houston", "TX", "77002", "US"),
    ("Stuttgart", "", "70173", "DE"),
    ("Sheffield", "", "S1 2HE", "GB"),
    ("Osaka", "", "530-0001", "JP"),
    ("Hamilton", "ON", "L8P 1A1", "CA"),
    ("Lyon", "", "69002", "FR"),
];
const PARTS: [(&str, &str, &str, &str); 12] = [
    ("SP-0001", "Deep groove ball bearing 6205-2RS", "8.40", "SKF"),
    ("SP-0002", "Spherical roller bearing 22215 E", "142.75", "SKF"),
    ("SP-0003", "Pillow block bearing UCP 208", "36.20", "NTN"),
    ("SP-0004", "Shaft seal 45x62x8 NBR", "4.15", "Freudenberg"),
    ("SP-0005", "Mechanical seal 32 mm", "88.90", "John Crane"),
    ("SP-0006", "O-ring kit, metric, 404 pieces", "27.50", "Parker"),
    ("SP-0007", "Electric motor 5.5 kW IE3, 4 poles", "612.00", "ABB"),
    ("SP-0008", "Gear motor 0.75 kW, i=28", "438.60", "SEW"),
    ("SP-0009", "Hydraulic filter element HC9600", "74.35", "Pall"),
    ("SP-0010", "Air filter panel 592x592x48", "18.95", "Camfil"),
    ("SP-0011", "Oil filter, spin-on W940", "11.25", "Mann"),
    ("SP-0012", "V-belt SPB 2240", "15.7525", "Optibelt"),
];
const OTHER_PARTS: [(&str, &str, &str); 12] = [
    ("Hex bolt M12x50 8.8, box of 50", "5", "21.40"),
    ("Hydraulic hose 1/2 in, 2SN", "2", "7.85"),
    ("Gear oil ISO VG 220", "3", "5.125"),
    ("Bearing grease EP2", "4", "9.60"),
    ("Proximity sensor M18 PNP", "1", "46.30"),
    ("Contactor 25 A, 24 V DC", "1", "58.10"),
    ("Pressure gauge 0-16 bar", "1", "23.75"),
    ("Solenoid valve G1/4", "1", "64.80"),
    ("Roller chain 10B-1", "2", "12.9"),
    ("Coupling insert, size 38", "1", "14.05"),
    ("Safety relay 2NO", "1", "131.00"),
    ("Linear guide carriage size 20", "1", "96.45"),
];

/// All master records, every one changed last before `start`.
pub(super) fn records(seed: u64, start: Timestamp) -> Vec<Record> {
    let mut all = organisation(start);
    all.extend((0..40).map(|index| vendor(seed, index, start)));
    all.extend((0..60).map(|index| item(seed, index, start)));
    all
}

/// Tax is charged in the second subsidiary only.
pub(super) fn tax_percent(subsidiary: u64) -> Decimal {
    if subsidiary == 2 { Decimal::from(19) } else { Decimal::ZERO }
}

/// A date inside the year before the seeded orders.
fn long_ago(seed: u64, index: u64, start: Timestamp) -> Timestamp {
    let hours = i64::try_from(24 * 181 + mix(seed, index, 90) % (24 * 365)).unwrap_or(24 * 200);
    start.checked_sub(hours.hours()).unwrap_or(start)
}

fn organisation(start: Timestamp) -> Vec<Record> {
    let changed = Value::Time(long_ago(0, 0, start));
    let mut all = Vec::new();
    let mut add = |kind: &'static Type, id: u64, fields: &[(&str, Value)]| {
        let mut record = Record::new(kind, id);
        record.set("isInactive", Value::Flag(false));
        record.set("lastModifiedDate", changed.clone());
        for (name, value) in fields {
            record.set(name, value.clone());
        }
        all.push(record);
    };
    let text = |text: &'static str| Value::text(text);
    for (id, (name, symbol, rate, places)) in (1..).zip(CURRENCIES) {
        let fields = [
            ("name", text(name)),
            ("symbol", text(symbol)),
            ("exchangeRate", number(rate)),
            ("currencyPrecision", Value::Number(places.into())),
            ("isBaseCurrency", Value::Flag(id == 1)),
        ];
        add(&CURRENCY_TYPE, id, &fields);
    }
    for (id, name, legal, country, currency, parent) in [
        (1, "Gantry Works", "Gantry Works Inc.", "US", 1, Value::Null),
        (2, "Gantry Works Europe", "Gantry Works Europe GmbH", "DE", 2, Value::Ref(1)),
    ] {
        let full = if id == 1 { name } else { "Gantry Works : Gantry Works Europe" };
        let fields = [
            ("name", text(name)),
            ("fullName", text(full)),
            ("legalName", text(legal)),
            ("country", text(country)),
            ("currency", Value::Ref(currency)),
            ("isElimination", Value::Flag(false)),
            ("parent", parent),
        ];
        add(&SUBSIDIARY_TYPE, id, &fields);
    }
    for (id, name, subsidiary, zone, street, city, zip, country) in [
        (1, "Cleveland Plant", 1, "America/New_York", "1200 Harbor Ave", "Cleveland", "44114", "US"),
        (2, "Cleveland Spares Store", 1, "America/New_York", "1210 Harbor Ave", "Cleveland", "44114", "US"),
        (3, "Stuttgart Werk", 2, "Europe/Berlin", "Industriestrasse 7", "Stuttgart", "70173", "DE"),
    ] {
        let fields = [
            ("name", text(name)),
            ("fullName", text(name)),
            ("subsidiary", Value::Ref(subsidiary)),
            // The store is a part of the plant.
            ("parent", if id == 2 { Value::Ref(1) } else { Value::Null }),
            ("makeInventoryAvailable", Value::Flag(true)),
            ("useBins", Value::Flag(false)),
            ("timeZone", text(zone)),
            ("mainAddress.addr1", text(street)),
            ("mainAddress.city", text(city)),
            ("mainAddress.zip", text(zip)),
            ("mainAddress.country", text(country)),
        ];
        add(&LOCATION_TYPE, id, &fields);
    }
    let named: [(&'static Type, &[&'static str]); 5] = [
        (&TERM, &TERMS),
        (&DEPARTMENT, &["Maintenance", "Production", "Engineering"]),
        (&CLASSIFICATION, &["MRO", "Direct material"]),
        (&UNITS_TYPE, &["Each", "Length", "Volume", "Weight", "Packaging"]),
        (&VENDOR_CATEGORY, &["Spare parts", "Consumables", "Services"]),
    ];
    for (kind, names) in named {
        for (id, name) in (1..).zip(names) {
            add(kind, id, &[("name", text(name))]);
        }
    }
    add(&ACCOUNT_TYPE, 58, &[("name", text("Inventory Adjustments"))]);
    for (id, first, last) in [(11, "Dana", "Whitfield"), (12, "Jonas", "Keller"), (13, "Priya", "Raman")] {
        let fields = [
            ("entityId", Value::text(format!("{first} {last}"))),
            ("firstName", text(first)),
            ("lastName", text(last)),
            ("email", Value::text(format!("{}@gantry.example", first.to_lowercase()))),
            ("subsidiary", Value::Ref(if id == 12 { 2 } else { 1 })),
        ];
        add(&EMPLOYEE_TYPE, id, &fields);
    }
    all
}

fn vendor(seed: u64, index: u64, start: Timestamp) -> Record {
    let random = |salt: u64, below: u64| mix(seed, index, salt) % below;
    let mut record = Record::new(&VENDOR_TYPE, FIRST_VENDOR + index);
    let head = pick(&NAME_HEADS, index);
    let (tail, short) = pick(&NAME_TAILS, index / 20 * 3 + random(1, 3) + index % 5);
    let (city, state, zip, country) = pick(&CITIES, random(2, 8));
    let company = format!("{head} {tail}");
    let slug: String = head.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let currency = match country {
        "DE" | "FR" => 2,
        "GB" => 3,
        "JP" => 4,
        "CA" => 5,
        _ => 1,
    };
    let created = long_ago(seed, index, start);
    for (name, value) in [
        ("entityId", Value::text(format!("V{:05} {head} {short}", 10_001 + index))),
        ("companyName", Value::text(company.clone())),
        ("legalName", Value::text(company.clone())),
        ("isPerson", Value::Flag(false)),
        ("email", Value::text(format!("orders@{slug}{index:02}.example"))),
        ("phone", Value::text(format!("+1 216 555 {:04}", 100 + index))),
        ("subsidiary", Value::Ref(if matches!(country, "DE" | "FR") { 2 } else { 1 })),
        ("currency", Value::Ref(currency)),
        ("terms", Value::Ref(1 + random(3, 5))),
        ("category", Value::Ref(1 + random(4, 3))),
        ("balance", Value::Number(Decimal::new(i64::try_from(random(5, 5_000_000)).unwrap_or(0), 2))),
        ("is1099Eligible", Value::Flag(false)),
        ("isInactive", Value::Flag(index % 13 == 12)),
        ("dateCreated", Value::Time(created)),
        ("lastModifiedDate", Value::Time(created)),
    ] {
        record.set(name, value);
    }
    if country == "DE" {
        record.set("vatRegNumber", Value::text(format!("DE{:09}", 100_000_000 + random(6, 899_999_999))));
    }
    if index.is_multiple_of(4) {
        record.set("custentity_quality_rating", Value::text(["A", "B", "C"][usize::from(index % 3 == 1)]));
        record.external_id = Some(format!("SUP-{index:04}"));
    }
    let mut address = Line::new(ADDRESS_BOOK.fields);
    let street = format!("{} Mill Road", 10 + random(7, 900));
    for (name, value) in [
        ("id", Value::Number(Decimal::from(FIRST_VENDOR + index))),
        ("label", Value::text("Head office")),
        ("defaultBilling", Value::Flag(true)),
        ("defaultShipping", Value::Flag(true)),
        ("isResidential", Value::Flag(false)),
        ("addressBookAddress.addressee", Value::text(company)),
        ("addressBookAddress.addr1", Value::text(street)),
        ("addressBookAddress.city", Value::text(city)),
        ("addressBookAddress.state", if state.is_empty() { Value::Null } else { Value::text(state) }),
        ("addressBookAddress.zip", Value::text(zip)),
        ("addressBookAddress.country", Value::text(country)),
    ] {
        address.set(name, value);
    }
    record.next_line = FIRST_VENDOR + index + 1;
    record.lines.push(address);
    record
}

fn item(seed: u64, index: u64, start: Timestamp) -> Record {
    let at = usize::try_from(index).unwrap_or(0);
    let (kind, type_code, sku, name, unit, cost, maker): (&'static Type, _, _, _, _, _, _) = match PARTS.get(at) {
        Some((sku, name, cost, maker)) => (&INVENTORY_ITEM, "InvtPart", (*sku).to_owned(), *name, "1", *cost, *maker),
        None if at % 15 == 14 => {
            (&SERVICE_ITEM, "Service", format!("SV-{index:04}"), "Calibration service", "1", "120.00", "")
        }
        None => {
            let (name, unit, cost) = OTHER_PARTS[at % OTHER_PARTS.len()];
            let (kind, code) = match at % 21 {
                13 => (&NON_INVENTORY_RESALE, "NonInvtPart"),
                6 | 20 => (&NON_INVENTORY_ITEM, "NonInvtPart"),
                19 => (&ASSEMBLY_ITEM, "Assembly"),
                _ => (&INVENTORY_ITEM, "InvtPart"),
            };
            (kind, code, format!("MR-{index:04}"), name, unit, cost, "")
        }
    };
    let mut record = Record::new(kind, FIRST_ITEM + index);
    let created = long_ago(seed, 1000 + index, start);
    let units_type = unit.parse().unwrap_or(1);
    for (name, value) in [
        ("itemId", Value::text(sku)),
        ("displayName", Value::text(name)),
        ("purchaseDescription", Value::text(name)),
        ("itemType", Value::text(type_code)),
        ("unitsType", Value::Ref(units_type)),
        ("stockUnit", Value::text(unit)),
        ("purchaseUnit", Value::text(unit)),
        ("saleUnit", Value::text(unit)),
        ("cost", number(cost)),
        ("averageCost", number(cost)),
        ("lastPurchasePrice", number(cost)),
        ("isInactive", Value::Flag(at >= PARTS.len() && at % 17 == 16)),
        ("isLotItem", Value::Flag(false)),
        ("isSerialItem", Value::Flag(false)),
        ("createdDate", Value::Time(created)),
        ("lastModifiedDate", Value::Time(created)),
    ] {
        record.set(name, value);
    }
    if let Some(what) = ["Purchase", "Resale"].into_iter().find(|what| kind.name.contains(what)) {
        record.set("subtype", Value::text(what));
    }
    record.set("subsidiary", Value::Refs(vec![1]));
    if type_code == "InvtPart" {
        record.set("costingMethod", Value::text("AVG"));
    }
    if !maker.is_empty() {
        record.set("manufacturer", Value::text(maker));
        record.set("mpn", Value::text(format!("{}-{}", maker.to_uppercase(), 4000 + index)));
        record.set("custitem_criticality", Value::text(["high", "medium", "low"][at % 3]));
    }
    record
}

fn number(text: &str) -> Value {
    text.parse().map_or(Value::Null, Value::Number)
}

fn pick<T: Copy>(from: &[T], index: u64) -> T {
    from[usize::try_from(index).unwrap_or(0) % from.len()]
}
