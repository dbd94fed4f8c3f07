//! The record types of the simulated account, named as in the REST API Browser.

use super::fields::{
    ADDRESS_BOOK, ADJUSTMENT, ADJUSTMENT_ITEM, BILL, BILL_ITEM, CURRENCY, EMPLOYEE, ITEM, LOCATION, NAMED,
    PURCHASE_ORDER, PURCHASE_ORDER_ITEM, RECEIPT, RECEIPT_ITEM, REQUISITION, REQUISITION_ITEM, SUBSIDIARY, TRANSFER,
    TRANSFER_ITEM, VENDOR,
};
use super::schema::{Family, Field, Sublist, Type};

pub(in super::super) static TYPES: [&Type; 28] = [
    &VENDOR_TYPE,
    &INVENTORY_ITEM,
    &LOT_ITEM,
    &SERIALIZED_ITEM,
    &NON_INVENTORY_ITEM,
    &NON_INVENTORY_RESALE,
    &NON_INVENTORY_SALE,
    &SERVICE_ITEM,
    &SERVICE_RESALE,
    &SERVICE_SALE,
    &OTHER_CHARGE,
    &ASSEMBLY_ITEM,
    &ORDER_TYPE,
    &RECEIPT_TYPE,
    &REQUISITION_TYPE,
    &BILL_TYPE,
    &ACCOUNT_TYPE,
    &ADJUSTMENT_TYPE,
    &TRANSFER_TYPE,
    &LOCATION_TYPE,
    &SUBSIDIARY_TYPE,
    &CURRENCY_TYPE,
    &TERM,
    &EMPLOYEE_TYPE,
    &DEPARTMENT,
    &CLASSIFICATION,
    &UNITS_TYPE,
    &VENDOR_CATEGORY,
];

pub(super) static VENDOR_TYPE: Type =
    with_lines(&master("vendor", "Vendor", Family::Vendor, -9, "entityId", VENDOR, true), &ADDRESS_BOOK);
pub(super) static INVENTORY_ITEM: Type = item("inventoryItem", "Inventory Item");
static LOT_ITEM: Type = item("lotNumberedInventoryItem", "Lot Numbered Inventory Item");
static SERIALIZED_ITEM: Type = item("serializedInventoryItem", "Serialized Inventory Item");
pub(super) static NON_INVENTORY_ITEM: Type = item("nonInventoryPurchaseItem", "Non-inventory Item for Purchase");
pub(super) static NON_INVENTORY_RESALE: Type = item("nonInventoryResaleItem", "Non-inventory Item for Resale");
static NON_INVENTORY_SALE: Type = item("nonInventorySaleItem", "Non-inventory Item for Sale");
pub(super) static SERVICE_ITEM: Type = item("servicePurchaseItem", "Service for Purchase");
static SERVICE_RESALE: Type = item("serviceResaleItem", "Service for Resale");
static SERVICE_SALE: Type = item("serviceSaleItem", "Service for Sale");
static OTHER_CHARGE: Type = item("otherChargePurchaseItem", "Other Charge for Purchase");
pub(super) static ASSEMBLY_ITEM: Type = item("assemblyItem", "Assembly/Bill of Materials");
pub(super) static ORDER_TYPE: Type = with_lines(
    &master("purchaseOrder", "Purchase Order", Family::PurchaseOrder, -30, "tranId", PURCHASE_ORDER, true),
    &PURCHASE_ORDER_ITEM,
);
pub(super) static RECEIPT_TYPE: Type =
    with_lines(&master("itemReceipt", "Item Receipt", Family::Receipt, -30, "tranId", RECEIPT, true), &RECEIPT_ITEM);
pub(super) static REQUISITION_TYPE: Type = with_lines(
    &master("purchaseRequisition", "Requisition", Family::Requisition, -30, "tranId", REQUISITION, true),
    &REQUISITION_ITEM,
);
pub(super) static BILL_TYPE: Type =
    with_lines(&master("vendorBill", "Bill", Family::Bill, -30, "transactionNumber", BILL, true), &BILL_ITEM);
pub(super) static ACCOUNT_TYPE: Type = master("account", "Account", Family::Account, -112, "name", NAMED, false);
pub(super) static ADJUSTMENT_TYPE: Type = with_lines(
    &master("inventoryAdjustment", "Inventory Adjustment", Family::Adjustment, -30, "tranId", ADJUSTMENT, true),
    &ADJUSTMENT_ITEM,
);
pub(super) static TRANSFER_TYPE: Type = with_lines(
    &master("inventoryTransfer", "Inventory Transfer", Family::Transfer, -30, "tranId", TRANSFER, true),
    &TRANSFER_ITEM,
);
pub(super) static LOCATION_TYPE: Type = master("location", "Location", Family::Location, -103, "name", LOCATION, false);
pub(super) static SUBSIDIARY_TYPE: Type =
    master("subsidiary", "Subsidiary", Family::Subsidiary, -117, "name", SUBSIDIARY, false);
pub(super) static CURRENCY_TYPE: Type = master("currency", "Currency", Family::Currency, -122, "name", CURRENCY, false);
pub(super) static TERM: Type = master("term", "Term", Family::Term, -199, "name", NAMED, false);
pub(super) static EMPLOYEE_TYPE: Type =
    master("employee", "Employee", Family::Employee, -4, "entityId", EMPLOYEE, false);
pub(super) static DEPARTMENT: Type = master("department", "Department", Family::Department, -102, "name", NAMED, false);
pub(super) static CLASSIFICATION: Type =
    master("classification", "Class", Family::Classification, -101, "name", NAMED, false);
pub(super) static UNITS_TYPE: Type = master("unitsType", "Units Type", Family::UnitsType, -221, "name", NAMED, false);
pub(super) static VENDOR_CATEGORY: Type =
    master("vendorCategory", "Vendor Category", Family::VendorCategory, -110, "name", NAMED, false);

/// Record type names are case-sensitive.
pub(in super::super) fn type_named(name: &str) -> Option<&'static Type> {
    TYPES.iter().copied().find(|kind| kind.name == name)
}

/// What a script, and the list of deleted records, calls a record type: there the kinds of items that are bought or sold are one.
pub(in super::super) fn script_name(kind: &Type) -> String {
    let one = [("nonInventory", "noninventoryitem"), ("service", "serviceitem"), ("otherCharge", "otherchargeitem")];
    let found = one.iter().find(|(start, _)| kind.name.starts_with(start));
    found.map_or_else(|| kind.name.to_lowercase(), |(_, name)| (*name).to_owned())
}

const fn item(name: &'static str, label: &'static str) -> Type {
    master(name, label, Family::Item, -10, "itemId", ITEM, true)
}

const fn master(
    name: &'static str,
    label: &'static str,
    family: Family,
    type_id: i64,
    display: &'static str,
    fields: &'static [Field],
    writable: bool,
) -> Type {
    Type { name, family, label, type_id, display, writable, fields, sublist: None }
}

const fn with_lines(kind: &Type, sublist: &'static Sublist) -> Type {
    Type { sublist: Some(sublist), ..*kind }
}
