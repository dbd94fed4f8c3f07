//! Business partners and suppliers: a vendor is created in one deep insert on the business partner.

use super::{Messages, Now};
use crate::sap_s4hana::sim::errors::{Message, Refusal};
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::Family;
use crate::sap_s4hana::sim::stamp;
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// The supplier's role in financial accounting, and in purchasing.
const FINANCIAL: &str = "FLVN00";
const PURCHASING: &str = "FLVN01";

const CATEGORIES: [(&str, &str, &str); 3] = [
    ("1", "LastName", "Last Name"),
    ("2", "OrganizationBPName1", "Name 1"),
    ("3", "GroupBusinessPartnerName1", "Name 1"),
];

/// Creates a business partner, and with its roles a supplier; gives its place.
pub(super) fn create(world: &mut World, now: Now<'_>, mut partner: Node) -> Result<u64, Refusal> {
    if !partner.text("BusinessPartner").is_empty() {
        let text = "Number assignment is internal for this grouping: do not enter a number";
        return Err(Refusal::business(vec![Message::new("R1/142", text, "BusinessPartner")]));
    }
    partner.set_text("BusinessPartner", next(world.partners.iter().map(|row| row.text("BusinessPartner")), 1_000_000));
    partner.default_text("BusinessPartnerGrouping", "BP02");
    partner.set("CreationDate", Value::Ticks(stamp::day_of(now.local())));
    partner.set("CreationTime", Value::Time(stamp::time_of(now.local())));
    partner.set_text("CreatedByUser", now.user.to_owned());
    let place = world.count(Family::Partners);
    partner.set_text("BusinessPartnerUUID", format!("6e3a0001-0000-4000-8000-{place:012x}"));
    let (role_rows, supplier_rows) = (partner.children("to_BusinessPartnerRole"), partner.children("to_Supplier"));
    let is_vendor = role_rows.iter().any(|row| row.text("BusinessPartnerRole").starts_with("FLVN"));
    if is_vendor && supplier_rows.is_empty() {
        let supplier = partner.entity.nav("to_Supplier").map(|nav| Node::new(partner.entity.target(nav)));
        partner.children_mut("to_Supplier").extend(supplier);
    }
    complete(world, now, &mut partner);
    let errors = check(world, &partner);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    partner.set_text("ETag", version(now, ""));
    world.partners.push(partner);
    Ok(place)
}

/// Saves a changed partner in place of the old one; any change below it counts as a change of the partner.
pub(super) fn save(world: &mut World, now: Now<'_>, place: u64, mut partner: Node) -> Result<(), Refusal> {
    complete(world, now, &mut partner);
    let errors = check(world, &partner);
    if !errors.is_empty() {
        return Err(Refusal::business(errors));
    }
    partner.set("LastChangeDate", Value::Ticks(stamp::day_of(now.local())));
    partner.set("LastChangeTime", Value::Time(stamp::time_of(now.local())));
    partner.set_text("LastChangedByUser", now.user.to_owned());
    let etag = version(now, partner.text("ETag"));
    partner.set_text("ETag", etag);
    world.replace(Family::Partners, place, partner);
    Ok(())
}

/// Twenty-six characters: the time of the change and a count, so that two changes at one instant differ.
fn version(now: Now<'_>, before: &str) -> String {
    let revision: u32 = before.get(22..).and_then(|count| count.parse().ok()).unwrap_or(0);
    format!("{}{:04}", stamp::abap(now.at), (revision + 1) % 10_000)
}

/// The number after the highest one.
fn next<'a>(numbers: impl Iterator<Item = &'a str>, first: u64) -> String {
    let highest = numbers.filter_map(|number| number.parse::<u64>().ok()).max();
    highest.map_or(first, |highest| highest + 1).to_string()
}

fn complete(world: &World, now: Now<'_>, partner: &mut Node) {
    let name = match partner.text("BusinessPartnerCategory") {
        "1" => [partner.text("FirstName"), partner.text("LastName")].join(" "),
        "3" => [partner.text("GroupBusinessPartnerName1"), partner.text("GroupBusinessPartnerName2")].join(" "),
        _ => [partner.text("OrganizationBPName1"), partner.text("OrganizationBPName2")].join(" "),
    };
    let name = name.trim().to_owned();
    partner.set_text("BusinessPartnerName", name.clone());
    partner.set_text("BusinessPartnerFullName", name.clone());
    let number = partner.text("BusinessPartner").to_owned();
    for nav in ["to_BusinessPartnerRole", "to_BusinessPartnerTax"] {
        partner.children_mut(nav).iter_mut().for_each(|row| row.set_text("BusinessPartner", number.clone()));
    }
    let addresses = world.partners.iter().flat_map(|row| row.children("to_BusinessPartnerAddress"));
    let mut next_address: u64 = next(addresses.map(|row| row.text("AddressID")), 20_001).parse().unwrap_or(20_001);
    for address in partner.children_mut("to_BusinessPartnerAddress") {
        address.set_text("BusinessPartner", number.clone());
        if address.text("AddressID").is_empty() {
            address.set_text("AddressID", next_address.to_string());
            next_address += 1;
        }
        address.set_text("FullName", name.clone());
        let id = address.text("AddressID").to_owned();
        for nav in ["to_EmailAddress", "to_PhoneNumber"] {
            for (at, row) in address.children_mut(nav).iter_mut().enumerate() {
                row.set_text("AddressID", id.clone());
                row.default_text("OrdinalNumber", &format!("{:03}", at + 1));
            }
        }
    }
    if partner.children("to_Supplier").is_empty() {
        return;
    }
    if partner.text("Supplier").is_empty() {
        partner.set_text("Supplier", next(world.partners.iter().map(|row| row.text("Supplier")), 17_300_001));
    }
    let supplier_number = partner.text("Supplier").to_owned();
    let tax = partner.children("to_BusinessPartnerTax").first().map(|row| row.text("BPTaxNumber").to_owned());
    for supplier in partner.children_mut("to_Supplier") {
        complete_supplier(supplier, now, &supplier_number, &name);
        supplier.default_text("VATRegistration", tax.as_deref().unwrap_or_default());
    }
}

fn complete_supplier(supplier: &mut Node, now: Now<'_>, number: &str, name: &str) {
    supplier.set_text("Supplier", number.to_owned());
    supplier.set_text("SupplierName", name.to_owned());
    supplier.set_text("SupplierFullName", name.to_uppercase());
    supplier.default_text("SupplierAccountGroup", "SUPL");
    supplier.default_text("CreatedByUser", now.user);
    if *supplier.get("CreationDate") == Value::Initial {
        supplier.set("CreationDate", Value::Ticks(now.day()));
    }
    for row in supplier.children_mut("to_SupplierCompany") {
        row.set_text("Supplier", number.to_owned());
        row.set_text("CompanyCodeName", format!("Company Code {}", row.text("CompanyCode")));
        let currency = org::company(row.text("CompanyCode")).map_or("", |(_, currency, _)| currency);
        row.default_text("Currency", currency);
    }
    for row in supplier.children_mut("to_SupplierPurchasingOrg") {
        row.set_text("Supplier", number.to_owned());
    }
}

fn check(world: &World, partner: &Node) -> Messages {
    let mut found = Messages::new();
    let mut say = |code, text: String, target: &str| found.push(Message::new(code, text, target));
    let category = partner.text("BusinessPartnerCategory");
    match CATEGORIES.iter().find(|(known, ..)| *known == category) {
        None if category.is_empty() => {
            say("R1/100", "Enter a business partner category".to_owned(), "BusinessPartnerCategory")
        }
        None => {
            say("R1/101", format!("Business partner category {category} does not exist"), "BusinessPartnerCategory")
        }
        Some((_, name, label)) if partner.text(name).is_empty() => say("R1/102", format!("Enter {label}"), name),
        Some(_) => {}
    }
    for address in partner.children("to_BusinessPartnerAddress") {
        let country = address.text("Country");
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            say("AM/023", format!("Country '{country}' is not defined"), "Country");
        }
        for email in address.children("to_EmailAddress").iter().filter(|row| !row.text("EmailAddress").contains('@')) {
            say("AM/864", format!("'{}' is not an e-mail address", email.text("EmailAddress")), "EmailAddress");
        }
    }
    // The general data of a supplier has its country, which comes with the address.
    if !partner.children("to_Supplier").is_empty() && partner.children("to_BusinessPartnerAddress").is_empty() {
        say("R1/105", "Enter an address with a country".to_owned(), "to_BusinessPartnerAddress");
    }
    let roles: Vec<&str> =
        partner.children("to_BusinessPartnerRole").iter().map(|row| row.text("BusinessPartnerRole")).collect();
    for supplier in partner.children("to_Supplier") {
        if !roles.iter().any(|role| role.starts_with("FLVN")) {
            let text = format!("Supplier data needs the role {FINANCIAL} or {PURCHASING}");
            say("CVI_EI/012", text, "to_BusinessPartnerRole");
        }
        let (companies, organizations) =
            (supplier.children("to_SupplierCompany"), supplier.children("to_SupplierPurchasingOrg"));
        if !companies.is_empty() && !roles.contains(&FINANCIAL) {
            say("CVI_EI/013", format!("Company code data needs the role {FINANCIAL}"), "to_SupplierCompany");
        }
        if !organizations.is_empty() && !roles.contains(&PURCHASING) {
            say("CVI_EI/014", format!("Purchasing data needs the role {PURCHASING}"), "to_SupplierPurchasingOrg");
        }
        for row in companies.iter().filter(|row| org::company(row.text("CompanyCode")).is_none()) {
            say("F2/022", format!("Company code {} does not exist", row.text("CompanyCode")), "CompanyCode");
        }
        for row in organizations {
            let (code, currency) = (row.text("PurchasingOrganization"), row.text("PurchaseOrderCurrency"));
            if org::company(code).is_none() {
                let text = format!("Purchasing organization {code} does not exist");
                say("F2/023", text, "PurchasingOrganization");
            }
            if !org::CURRENCIES.contains(&currency) {
                say("SV/044", format!("Currency '{currency}' is not defined"), "PurchaseOrderCurrency");
            }
        }
        for terms in companies.iter().chain(organizations).map(|row| row.text("PaymentTerms")) {
            if !terms.is_empty() && !org::PAYMENT_TERMS.contains(&terms) {
                say("F2/024", format!("Terms of payment {terms} are not defined"), "PaymentTerms");
            }
        }
    }
    let reference = partner.text("BusinessPartnerIDByExtSystem");
    let taken = |row: &&Node| {
        row.text("BusinessPartner") != partner.text("BusinessPartner")
            && row.text("BusinessPartnerIDByExtSystem") == reference
    };
    if !reference.is_empty() && world.partners.iter().any(|row| taken(&row)) {
        let text = format!("External number {reference} is already assigned");
        say("R1/214", text, "BusinessPartnerIDByExtSystem");
    }
    found
}
