//! Forty suppliers and three business partners that are none.
//!
//! A supplier's number differs from its business partner's on purpose. Half of the partners were never changed, so
//! their change date is empty. Three suppliers are blocked, each in its own way.

use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp::{self, TICKS_PER_DAY, day_of, time_of};
use crate::sap_s4hana::sim::value::Value;

const NAMES: [&str; 40] = [
    "Nordwälz Wälzlager GmbH",
    "Kessler Dichtungstechnik AG",
    "Brandt Antriebstechnik GmbH",
    "Hydraulik Weber KG",
    "Precision Bearings Inc.",
    "Midwest Seal & Gasket Co.",
    "Great Lakes Motors LLC",
    "Cascade Filtration Inc.",
    "Stahlhandel Ruhr GmbH",
    "Oberland Schrauben GmbH",
    "Fischbach Pumpen GmbH",
    "Elektro Lindner GmbH",
    "Lone Star Industrial Supply",
    "Harbor Steel Works",
    "Pioneer Hydraulics Corp.",
    "Summit Electric Supply",
    "Adler Werkzeuge GmbH",
    "Rhein-Main Kettentechnik",
    "Schmierstoffe Nord GmbH",
    "Ventilbau Krüger GmbH",
    "Allegheny Fasteners Inc.",
    "Blue Ridge Compressors",
    "Delta Conveyor Systems",
    "Prairie Pump & Valve",
    "Bodensee Sensorik AG",
    "Zahnrad Hoffmann GmbH",
    "Kupplungswerk Dresden",
    "Filterbau Allgäu GmbH",
    "Keystone Chain & Sprocket",
    "Granite State Tools",
    "Gulf Coast Lubricants",
    "Redwood Automation",
    "Metallguss Saar GmbH",
    "Thermotechnik Becker",
    "Lasertechnik Ulm GmbH",
    "Verpackung Hansa GmbH",
    "Iron Range Castings",
    "Tidewater Welding Supply",
    "Copper Basin Wire",
    "O'Brien & Sons Machine Shop",
];

const CITIES: [(&str, &str, &str, &str, &str); 8] = [
    ("DE", "05", "Bochum", "44789", "Industriestrasse"),
    ("DE", "08", "Stuttgart", "70565", "Maybachweg"),
    ("DE", "09", "Nürnberg", "90441", "Hafenstrasse"),
    ("DE", "02", "Hamburg", "20457", "Am Sandtorkai"),
    ("US", "OH", "Cleveland", "44114", "Lakeside Avenue"),
    ("US", "TX", "Houston", "77020", "Navigation Boulevard"),
    ("US", "IL", "Rockford", "61101", "Foundry Street"),
    ("US", "PA", "Pittsburgh", "15222", "Smallman Street"),
];

const FIRST_PARTNER: usize = 1_000_000;
const FIRST_SUPPLIER: usize = 17_300_001;

/// All business partners in the order of their numbers.
pub(in super::super) fn partners(seed: u64, start: i64, user: &str) -> Vec<Node> {
    let others = ["Trunnion Demo Customer Ltd.", "Site Services West", "Muster & Söhne OHG"];
    (0..NAMES.len() + others.len())
        .map(|at| {
            let mut random = Stream::new(seed, 1, at as u64);
            let name = NAMES.get(at).or_else(|| others.get(at - NAMES.len())).copied().unwrap_or_default();
            // Blocks of four names lie in Germany and in the United States by turns.
            let company = (at / 4) % 2;
            let mut node = partner(at, name, start, user, &mut random);
            address(&mut node, at, company, &mut random);
            if at < NAMES.len() {
                supplier(&mut node, at, company, user, &mut random);
            }
            node
        })
        .collect()
}

fn partner(at: usize, name: &'static str, start: i64, user: &str, random: &mut Stream) -> Node {
    let mut node = Node::new(Family::Partners.root());
    let created = start - 200 * TICKS_PER_DAY - random.within(1_500 * TICKS_PER_DAY);
    node.set_text("BusinessPartner", (FIRST_PARTNER + at).to_string());
    node.set_text("BusinessPartnerCategory", "2");
    node.set_text("BusinessPartnerGrouping", "BP02");
    node.set_text("OrganizationBPName1", name);
    node.set_text("BusinessPartnerName", name);
    node.set_text("BusinessPartnerFullName", name);
    node.set_text("SearchTerm1", name.split([' ', '-']).next().unwrap_or_default().to_uppercase());
    node.set_text("CorrespondenceLanguage", "EN");
    node.set_text("YY1_QualityRating_bus", ["A", "B", "C"][at % 3]);
    let (high, low) = (random.next(), random.next());
    let group =
        |bits: u64, shift: u32, digits: usize| format!("{:0digits$x}", (bits >> shift) & ((1 << (4 * digits)) - 1));
    let uuid =
        [group(high, 0, 8), group(high, 32, 4), group(high, 48, 4), group(low, 0, 4), group(low, 16, 12)].join("-");
    node.set_text("BusinessPartnerUUID", uuid);
    node.set("CreationDate", Value::Ticks(day_of(created)));
    node.set("CreationTime", Value::Time(time_of(created)));
    node.set_text("CreatedByUser", user.to_owned());
    let changed = (at % 2 == 1).then(|| start - random.within(190 * TICKS_PER_DAY));
    if let Some(changed) = changed {
        node.set("LastChangeDate", Value::Ticks(day_of(changed)));
        node.set("LastChangeTime", Value::Time(time_of(changed)));
        node.set_text("LastChangedByUser", user.to_owned());
    }
    let version = trunnion_model::time::from_micros(changed.unwrap_or(created) / 10);
    node.set_text("ETag", format!("{}0001", stamp::abap(version)));
    node
}

fn address(node: &mut Node, at: usize, company: usize, random: &mut Stream) {
    let (country, region, city, postal_code, street) = CITIES[company * 4 + random.below(4)];
    let id = (20_001 + at).to_string();
    let number = node.text("BusinessPartner").to_owned();
    let mut address = child(node, "to_BusinessPartnerAddress");
    address.set_text("BusinessPartner", number);
    address.set_text("AddressID", id.clone());
    address.set_text("StreetName", street);
    address.set_text("HouseNumber", (1 + random.below(180)).to_string());
    address.set_text("CityName", city);
    address.set_text("PostalCode", postal_code);
    address.set_text("Region", region);
    address.set_text("Country", country);
    address.set_text("Language", if country == "DE" { "DE" } else { "EN" });
    address.set_text("FullName", node.text("OrganizationBPName1").to_owned());
    let mut email = child(&address, "to_EmailAddress");
    let term: String = node.text("SearchTerm1").to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    email.set_text("AddressID", id.clone());
    email.set_text("OrdinalNumber", "001");
    email.set("IsDefaultEmailAddress", Value::Bool(true));
    email.set_text("EmailAddress", format!("orders@{term}.example"));
    email.set_text(
        "SearchEmailAddress",
        format!("ORDERS@{}.EXAMPLE", term.to_uppercase()).chars().take(20).collect::<String>(),
    );
    address.children_mut("to_EmailAddress").push(email);
    let mut phone = child(&address, "to_PhoneNumber");
    phone.set_text("AddressID", id);
    phone.set_text("OrdinalNumber", "001");
    phone.set_text("DestinationLocationCountry", country);
    phone.set("IsDefaultPhoneNumber", Value::Bool(true));
    let local = 1_000_000 + random.below(8_999_999);
    phone.set_text("PhoneNumber", local.to_string());
    phone.set_text("InternationalPhoneNumber", format!("{}{local}", if country == "DE" { "+49" } else { "+1" }));
    phone.set_text("PhoneNumberType", "1");
    address.children_mut("to_PhoneNumber").push(phone);
    node.children_mut("to_BusinessPartnerAddress").push(address);
}

fn supplier(node: &mut Node, at: usize, company: usize, user: &str, random: &mut Stream) {
    let number = (FIRST_SUPPLIER + at).to_string();
    let (partner, created) = (node.text("BusinessPartner").to_owned(), node.get("CreationDate").clone());
    node.set_text("Supplier", number.clone());
    for role in ["FLVN00", "FLVN01"] {
        let mut row = child(node, "to_BusinessPartnerRole");
        row.set_text("BusinessPartner", partner.clone());
        row.set_text("BusinessPartnerRole", role);
        node.children_mut("to_BusinessPartnerRole").push(row);
    }
    let mut supplier = child(node, "to_Supplier");
    supplier.set_text("Supplier", number.clone());
    supplier.set_text("SupplierName", node.text("OrganizationBPName1").to_owned());
    supplier.set_text("SupplierFullName", node.text("OrganizationBPName1").to_uppercase());
    supplier.set_text("SupplierAccountGroup", "SUPL");
    supplier.set_text("CreatedByUser", user.to_owned());
    supplier.set("CreationDate", created);
    let vat = if company == 0 { format!("DE{:09}", 100_000_000 + random.below(899_999_999)) } else { String::new() };
    supplier.set_text("VATRegistration", vat.clone());
    if !vat.is_empty() {
        let mut tax = child(node, "to_BusinessPartnerTax");
        tax.set_text("BusinessPartner", partner);
        tax.set_text("BPTaxType", "DE0");
        tax.set_text("BPTaxNumber", vat);
        node.children_mut("to_BusinessPartnerTax").push(tax);
    }
    match at {
        37 => supplier.set("PurchasingIsBlocked", Value::Bool(true)),
        38 => supplier.set("PostingIsBlocked", Value::Bool(true)),
        39 => supplier.set("DeletionIndicator", Value::Bool(true)),
        _ => {}
    }
    let both = random.below(4) == 0;
    for (which, (code, currency, _)) in org::COMPANIES.into_iter().enumerate() {
        if which != company && !both {
            continue;
        }
        let terms = random.pick(&org::PAYMENT_TERMS);
        let mut row = child(&supplier, "to_SupplierCompany");
        row.set_text("Supplier", number.clone());
        row.set_text("CompanyCode", code);
        row.set_text("CompanyCodeName", if which == 0 { "Company Code 1010" } else { "Company Code 1710" });
        row.set_text("ReconciliationAccount", "21100000");
        row.set_text("PaymentTerms", terms);
        row.set_text("PaymentMethodsList", if which == 0 { "T" } else { "C" });
        row.set_text("Currency", currency);
        supplier.children_mut("to_SupplierCompany").push(row);
        let mut row = child(&supplier, "to_SupplierPurchasingOrg");
        row.set_text("Supplier", number.clone());
        row.set_text("PurchasingOrganization", code);
        row.set_text("PurchaseOrderCurrency", currency);
        row.set_text("PaymentTerms", terms);
        row.set_text("IncotermsClassification", random.pick(&["EXW", "FCA", "DAP"]));
        row.set("MaterialPlannedDeliveryDurn", Value::number(3 + random.within(25), 0));
        row.set("MinimumOrderAmount", Value::number(50_000 * random.within(5), 3));
        row.set_text("PurchasingGroup", random.pick(&org::PURCHASING_GROUPS));
        supplier.children_mut("to_SupplierPurchasingOrg").push(row);
    }
    node.children_mut("to_Supplier").push(supplier);
}

fn child(node: &Node, nav: &str) -> Node {
    let target = node.entity.nav(nav).map_or_else(|| unreachable!("{nav}"), |nav| node.entity.target(nav));
    Node::new(target)
}
