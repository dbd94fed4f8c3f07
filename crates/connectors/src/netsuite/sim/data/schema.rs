//! The vocabulary in which record types are described: fields with their REST name, SuiteQL column, kind and access.

pub(in super::super) use super::account::{TYPES, script_name, type_named};

/// Records that share one space of internal ids, and so one SuiteQL table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Family {
    Vendor,
    Item,
    PurchaseOrder,
    Location,
    Subsidiary,
    Currency,
    Term,
    Employee,
    Department,
    Classification,
    UnitsType,
    VendorCategory,
    Receipt,
    Account,
    Adjustment,
    Transfer,
    Requisition,
    Bill,
}

impl Family {
    pub(in super::super) const ALL: [Self; 18] = [
        Self::Vendor,
        Self::Item,
        Self::PurchaseOrder,
        Self::Location,
        Self::Subsidiary,
        Self::Currency,
        Self::Term,
        Self::Employee,
        Self::Department,
        Self::Classification,
        Self::UnitsType,
        Self::VendorCategory,
        Self::Receipt,
        Self::Account,
        Self::Adjustment,
        Self::Transfer,
        Self::Requisition,
        Self::Bill,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// A decimal, shown as NetSuite's floats are (`3.0`).
    Number,
    /// A whole number (`line`).
    Integer,
    Flag,
    Date,
    Time,
    Ref(Family),
    /// Several at once, shown and written as a collection.
    Refs(Family),
    /// One of a fixed list of ids, each with its label.
    Choice(&'static [(&'static str, &'static str)]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Access {
    Write,
    Read,
}

/// One field. A dot in `name` means a member of a subrecord (`addressBookAddress.city`); an empty `column` means that
/// SuiteQL does not have the field.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Field {
    pub name: &'static str,
    pub column: &'static str,
    pub kind: Kind,
    pub access: Access,
}

/// The lines of a record: their name, the field by which a PATCH finds a line again, and their fields.
#[derive(Debug)]
pub(in super::super) struct Sublist {
    pub name: &'static str,
    pub key: &'static str,
    pub fields: &'static [Field],
}

#[derive(Debug)]
pub(in super::super) struct Type {
    pub name: &'static str,
    pub family: Family,
    /// As error messages and the deleted-records list call it.
    pub label: &'static str,
    /// NetSuite's own number for the family of record types (`deletedrecord.recordtypeid`).
    pub type_id: i64,
    /// The field that references show as `refName`.
    pub display: &'static str,
    pub writable: bool,
    pub fields: &'static [Field],
    pub sublist: Option<&'static Sublist>,
}

impl Type {
    pub(in super::super) fn field(&self, name: &str) -> Option<usize> {
        position(self.fields, name)
    }
}

pub(in super::super) fn position(fields: &[Field], name: &str) -> Option<usize> {
    fields.iter().position(|field| field.name == name)
}

const fn field(name: &'static str, column: &'static str, kind: Kind, access: Access) -> Field {
    Field { name, column, kind, access }
}

pub(super) const fn rw(name: &'static str, column: &'static str, kind: Kind) -> Field {
    field(name, column, kind, Access::Write)
}

pub(super) const fn ro(name: &'static str, column: &'static str, kind: Kind) -> Field {
    field(name, column, kind, Access::Read)
}
