//! SuiteQL's tables and their columns, over the account's record types.

use super::super::data::{Family, Field, Kind, TYPES, Type};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Transaction,
    TransactionLine,
    Master(Family),
    DeletedRecord,
    /// Stock by item and location.
    ItemLocation,
    /// Which line of which transaction another one came from.
    LineLink,
    /// The units of all types of units.
    Units,
}

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    External,
    /// The n-th field of the record.
    Field(usize),
    /// The n-th field of the line.
    Line(usize),
    /// The same in every row.
    Fixed(&'static str),
    Special(Special),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    TransactionType,
    RecordType,
    CreatedFrom,
    /// A field that not all kinds of transactions have.
    Header(&'static str),
    /// A field that not all kinds of lines have.
    OfLine(&'static str),
    Level(&'static str),
    Link(&'static str),
    Unit(&'static str),
    /// `transactionline.transaction`: the id of the order.
    Transaction,
    LineId,
    Sequence,
    UniqueKey,
    MainLine,
    TaxLine,
    Item,
    Quantity,
    /// The amount in the order's currency.
    ForeignAmount,
    /// The amount in the subsidiary's currency.
    NetAmount,
    Memo,
    HeaderRef(&'static str),
    DeletedId,
    DeletedTypeId,
    DeletedType,
    DeletedName,
    DeletedAt,
}

pub(super) fn table(name: &str) -> Option<Table> {
    Some(match name {
        "transaction" => Table::Transaction,
        "transactionline" => Table::TransactionLine,
        "deletedrecord" => Table::DeletedRecord,
        "inventoryitemlocations" => Table::ItemLocation,
        "previoustransactionlinelink" => Table::LineLink,
        "unitstypeuom" => Table::Units,
        "vendor" => Table::Master(Family::Vendor),
        "item" => Table::Master(Family::Item),
        "location" => Table::Master(Family::Location),
        "subsidiary" => Table::Master(Family::Subsidiary),
        "currency" => Table::Master(Family::Currency),
        "term" => Table::Master(Family::Term),
        "employee" => Table::Master(Family::Employee),
        "department" => Table::Master(Family::Department),
        "classification" => Table::Master(Family::Classification),
        "unitstype" => Table::Master(Family::UnitsType),
        "vendorcategory" => Table::Master(Family::VendorCategory),
        _ => return None,
    })
}

pub(super) fn column(table: Table, name: &str) -> Option<Column> {
    let special = match (table, name) {
        (Table::Transaction | Table::Master(_), "id") => Column::Id,
        (Table::Transaction | Table::Master(_), "externalid") => Column::External,
        (Table::Transaction, "type") => Column::Special(Special::TransactionType),
        (Table::Transaction, "recordtype") => Column::Special(Special::RecordType),
        (Table::Transaction, "foreignamountunpaid") => Column::Special(Special::Header("amountRemaining")),
        (Table::Transaction, "paymenthold") => Column::Special(Special::Header("paymentHold")),
        (Table::ItemLocation, name) => return known(&LEVEL, name).map(|name| Column::Special(Special::Level(name))),
        (Table::LineLink, name) => return known(&LINK, name).map(|name| Column::Special(Special::Link(name))),
        (Table::Units, name) => return known(&UNIT, name).map(|name| Column::Special(Special::Unit(name))),
        (Table::TransactionLine, name) => return line_column(name),
        (Table::DeletedRecord, name) => {
            return Some(Column::Special(match name {
                "recordid" => Special::DeletedId,
                "recordtypeid" => Special::DeletedTypeId,
                "type" => Special::DeletedType,
                "name" => Special::DeletedName,
                "deleteddate" => Special::DeletedAt,
                "context" => return Some(Column::Fixed("REST Web Services")),
                _ => return None,
            }));
        }
        _ => return fields(table).iter().position(|field| field.column == name).map(Column::Field),
    };
    Some(special)
}

const LEVEL: [&str; 9] = [
    "item",
    "location",
    "quantityonhand",
    "quantityavailable",
    "quantityonorder",
    "quantitycommitted",
    "quantityintransit",
    "reorderpoint",
    "preferredstocklevel",
];

const UNIT: [&str; 6] = ["unitstype", "internalid", "unitname", "abbreviation", "conversionrate", "baseunit"];

const LINK: [&str; 5] = ["previousdoc", "previousline", "nextdoc", "nextline", "linktype"];

fn known(names: &[&'static str], name: &str) -> Option<&'static str> {
    names.iter().copied().find(|known| *known == name)
}

fn line_column(name: &str) -> Option<Column> {
    let special = match name {
        "transaction" => Special::Transaction,
        "id" => Special::LineId,
        "linesequencenumber" => Special::Sequence,
        "uniquekey" => Special::UniqueKey,
        "mainline" => Special::MainLine,
        "taxline" => Special::TaxLine,
        "item" => Special::Item,
        "quantity" => Special::Quantity,
        "foreignamount" => Special::ForeignAmount,
        "netamount" => Special::NetAmount,
        "memo" => Special::Memo,
        "createdfrom" => Special::CreatedFrom,
        "estimatedamount" => Special::OfLine("estimatedAmount"),
        "expenseaccount" => Special::OfLine("account"),
        "entity" => Special::HeaderRef("entity"),
        "subsidiary" => Special::HeaderRef("subsidiary"),
        "location" => Special::HeaderRef("location"),
        "department" => Special::HeaderRef("department"),
        "class" => Special::HeaderRef("class"),
        _ => return line_fields().iter().position(|field| field.column == name).map(Column::Line),
    };
    Some(Column::Special(special))
}

pub(super) fn fields(table: Table) -> &'static [Field] {
    let family = match table {
        Table::Transaction => Family::PurchaseOrder,
        Table::Master(family) => family,
        Table::TransactionLine | Table::DeletedRecord | Table::ItemLocation | Table::LineLink | Table::Units => {
            return &[];
        }
    };
    TYPES.iter().find(|kind| kind.family == family).map_or(&[], |kind| kind.fields)
}

pub(super) fn line_fields() -> &'static [Field] {
    let order: Option<&&Type> = TYPES.iter().find(|kind| kind.family == Family::PurchaseOrder);
    order.and_then(|kind| kind.sublist).map_or(&[], |sublist| sublist.fields)
}

/// The kind of a column's values, by which `BUILTIN.DF` finds the text to show.
pub(super) fn kind(table: Table, column: Column) -> Option<Kind> {
    let of_line = |name: &str| line_fields().iter().find(|field| field.name == name).map(|field| field.kind);
    match column {
        Column::Field(index) => fields(table).get(index).map(|field| field.kind),
        Column::Line(index) => line_fields().get(index).map(|field| field.kind),
        Column::Special(Special::Transaction) => Some(Kind::Ref(Family::PurchaseOrder)),
        Column::Special(Special::CreatedFrom) => Some(Kind::Ref(Family::PurchaseOrder)),
        Column::Special(Special::Level("item")) => Some(Kind::Ref(Family::Item)),
        Column::Special(Special::Level("location")) => Some(Kind::Ref(Family::Location)),
        Column::Special(Special::Item) => of_line("item"),
        Column::Special(Special::HeaderRef("entity")) => Some(Kind::Ref(Family::Vendor)),
        Column::Special(Special::HeaderRef("subsidiary")) => Some(Kind::Ref(Family::Subsidiary)),
        Column::Special(Special::HeaderRef(name)) => of_line(name),
        _ => None,
    }
}
