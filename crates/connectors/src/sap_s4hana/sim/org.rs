//! The customizing of the simulated company: what orders and vendors may refer to.

/// Company code, its currency, its country and its purchasing organization (of the same name).
pub(super) const COMPANIES: [(&str, &str, &str); 2] = [("1010", "EUR", "DE"), ("1710", "USD", "US")];

/// Plant and the company code to which it belongs.
pub(super) const PLANTS: [(&str, &str); 3] = [("1010", "1010"), ("1020", "1010"), ("1710", "1710")];

/// Plant and storage location.
pub(super) const STORAGE_LOCATIONS: [(&str, &str); 6] =
    [("1010", "101A"), ("1010", "101B"), ("1020", "102A"), ("1020", "102B"), ("1710", "171A"), ("1710", "171B")];

pub(super) const PURCHASING_GROUPS: [&str; 3] = ["001", "002", "003"];

pub(super) const ORDER_TYPES: [&str; 3] = ["NB", "ZNB", "ZNB1"];

pub(super) const CURRENCIES: [&str; 8] = ["EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN", "CAD"];

pub(super) const UNITS: [&str; 20] = [
    "EA", "PC", "ST", "KG", "G", "TO", "M", "MM", "CM", "L", "ML", "H", "SET", "BX", "PAL", "CAR", "M2", "M3", "AU",
    "ROL",
];

pub(super) const MATERIAL_GROUPS: [&str; 8] = ["L001", "L002", "L003", "L004", "A001", "A002", "P001", "S001"];

pub(super) const ITEM_CATEGORIES: [&str; 5] = ["0", "2", "3", "5", "A"];

pub(super) const ACCOUNT_CATEGORIES: [&str; 5] = ["A", "F", "K", "P", "U"];

pub(super) const PAYMENT_TERMS: [&str; 5] = ["0001", "0002", "0003", "NT30", "NT60"];

pub(super) fn company(code: &str) -> Option<(&'static str, &'static str, &'static str)> {
    COMPANIES.into_iter().find(|(known, ..)| *known == code)
}

/// The company code of a plant.
pub(super) fn plant_company(plant: &str) -> Option<&'static str> {
    PLANTS.into_iter().find(|(known, _)| *known == plant).map(|(_, company)| company)
}

pub(super) fn has_storage_location(plant: &str, location: &str) -> bool {
    STORAGE_LOCATIONS.contains(&(plant, location))
}
