//! Rows of the tables. A purchase order's row knows its id and times at once and computes the rest when it is asked.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use rust_decimal::Decimal;

use super::columns::{Column, Special, Table, fields, kind};
use super::eval::{Env, Val};
use crate::netsuite::sim::data::{
    Deleted, Family, Kind, Level, Line, Link, Record, Store, Transactions, Value, script_name,
};

pub(super) struct LazyOrder<'s> {
    pub id: u64,
    store: &'s Store,
    full: OnceCell<Option<Cow<'s, Record>>>,
}

impl<'s> LazyOrder<'s> {
    pub(super) fn new(store: &'s Store, id: u64) -> Rc<Self> {
        Rc::new(Self { id, store, full: OnceCell::new() })
    }

    pub(super) fn full(&self) -> Option<&Record> {
        self.full.get_or_init(|| self.store.transaction(self.id)).as_deref()
    }
}

/// Which of an order's rows in `transactionline` it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Main,
    Item(usize),
    Tax,
}

#[derive(Clone)]
pub(super) enum Row<'s> {
    Order(Rc<LazyOrder<'s>>),
    Line(Rc<LazyOrder<'s>>, Which),
    Master(&'s Record),
    Deleted(&'s Deleted),
    Level(&'s Level),
    /// Which line came out of which.
    Link(Link),
    /// A unit of a type of units: its id and its name.
    Unit(&'static str, &'static str),
    /// The right side of a LEFT JOIN that found nothing.
    Missing,
}

/// All rows that an order has in `transactionline`: its main line, its items, and a tax line if there is tax.
pub(super) fn lines_of(order: &Rc<LazyOrder<'_>>) -> Vec<Which> {
    let Some(full) = order.full() else { return Vec::new() };
    let mut rows = vec![Which::Main];
    rows.extend((0..full.lines.len()).map(Which::Item));
    if full.get("taxTotal").as_number() > Decimal::ZERO {
        rows.push(Which::Tax);
    }
    rows
}

impl Row<'_> {
    pub(super) fn value<'a>(&'a self, column: Column, env: &Env<'a>) -> Val<'a> {
        match (self, column) {
            (Self::Missing, _) => Val::Null,
            (_, Column::Fixed(text)) => Val::Text(Cow::Borrowed(text)),
            (Self::Order(order), Column::Id) => id(order.id),
            (Self::Order(order), Column::Special(special)) => {
                let kind = Transactions::of(order.id);
                match special {
                    Special::TransactionType => Val::Text(Cow::Borrowed(kind.code)),
                    Special::RecordType => Val::Text(Cow::Borrowed(kind.record_type)),
                    Special::Header(name) => order.full().map_or(Val::Null, |full| val(full.get(name))),
                    _ => Val::Null,
                }
            }
            (Self::Level(level), Column::Special(Special::Level(name))) => level_value(level, name),
            (Self::Unit(unit, label), Column::Special(Special::Unit(name))) => match name {
                "unitname" | "abbreviation" => Val::Text(Cow::Borrowed(label)),
                "baseunit" => Val::Text(Cow::Borrowed("T")),
                // Each type of units of this account has one unit, of the same number.
                _ => unit.parse().map_or(Val::Null, Val::Number),
            },
            (Self::Link(link), Column::Special(Special::Link(name))) => match name {
                "previousdoc" => id(link.previous.0),
                "previousline" => Val::Number(link.previous.1),
                "nextdoc" => id(link.next.0),
                "nextline" => Val::Number(link.next.1),
                _ => Val::Text(Cow::Borrowed(link.kind)),
            },
            (Self::Order(order), Column::Field(index)) => {
                // What scans ask for is known without the whole order.
                match fields(Table::Transaction).get(index).map(|field| field.name) {
                    Some("lastModifiedDate") => env.store.order_modified(order.id).map_or(Val::Null, Val::Time),
                    Some("createdDate") => env.store.order_created(order.id).map_or(Val::Null, Val::Time),
                    // Each kind of transaction has fields of its own.
                    Some(name) => order.full().map_or(Val::Null, |full| val(full.get(name))),
                    None => Val::Null,
                }
            }
            (Self::Order(order), Column::External) => order.full().map_or(Val::Null, external),
            (Self::Line(order, which), column) => {
                order.full().map_or(Val::Null, |full| line(full, *which, column, env))
            }
            (Self::Master(record), Column::Id) => id(record.id),
            (Self::Master(record), Column::External) => external(record),
            (Self::Master(record), Column::Field(index)) => val(&record.values[index]),
            (Self::Deleted(deleted), Column::Special(special)) => match special {
                Special::DeletedId => id(deleted.id),
                Special::DeletedTypeId => Val::Number(Decimal::from(deleted.kind.type_id)),
                Special::DeletedType => Val::Text(Cow::Owned(script_name(deleted.kind))),
                Special::DeletedName => Val::Text(Cow::Borrowed(&deleted.name)),
                Special::DeletedAt => Val::Time(deleted.at),
                _ => Val::Null,
            },
            _ => Val::Null,
        }
    }

    /// `BUILTIN.DF`: the text that a user would see.
    pub(super) fn display<'a>(&'a self, table: Table, column: Column, env: &Env<'a>) -> Val<'a> {
        let value = self.value(column, env);
        let text = match (kind(table, column), &value) {
            (Some(Kind::Ref(family)), Val::Number(number)) => reference(*number, family, env.store),
            (Some(Kind::Choice(_)), Val::Text(letter)) if is_status(table, column) => {
                let Self::Order(order) = self else { return Val::Null };
                let kind = Transactions::of(order.id);
                Some(Cow::Owned(format!("{} : {}", kind.label, kind.status_label(letter))))
            }
            (Some(Kind::Choice(options)), Val::Text(id)) => {
                options.iter().find(|(option, _)| option == id).map(|(_, label)| Cow::Borrowed(*label))
            }
            _ => return value,
        };
        text.map_or(Val::Null, Val::Text)
    }
}

fn is_status(table: Table, column: Column) -> bool {
    let Column::Field(index) = column else { return false };
    table == Table::Transaction && fields(table).get(index).is_some_and(|field| field.name == "status")
}

fn reference(number: Decimal, family: Family, store: &Store) -> Option<Cow<'_, str>> {
    let id = u64::try_from(number).ok()?;
    let name = store.name(family, id)?;
    if family == Family::PurchaseOrder { Some(Cow::Owned(format!("Purchase Order #{name}"))) } else { Some(name) }
}

fn line<'a>(order: &'a Record, which: Which, column: Column, env: &Env<'_>) -> Val<'a> {
    let item = match which {
        Which::Item(index) => order.lines.get(index),
        Which::Main | Which::Tax => None,
    };
    let flag = |is: bool| Val::Text(Cow::Borrowed(if is { "T" } else { "F" }));
    let special = match column {
        Column::Line(index) => {
            // Closed is a question to every line; the rest only items have.
            let field = super::columns::line_fields().get(index).map(|field| field.name);
            return match item {
                Some(line) => field.map_or(Val::Null, |field| val(line.get(field))),
                None if field == Some("isClosed") => flag(false),
                None => Val::Null,
            };
        }
        Column::Special(special) => special,
        _ => return Val::Null,
    };
    let count = u64::try_from(order.lines.len()).unwrap_or(0);
    match special {
        Special::Transaction => id(order.id),
        Special::LineId => match which {
            Which::Main => Val::Number(Decimal::ZERO),
            Which::Item(_) => item.map_or(Val::Null, |line| val(line.get("line"))),
            Which::Tax => id(order.next_line),
        },
        Special::Sequence => match which {
            Which::Main => Val::Number(Decimal::ZERO),
            Which::Item(index) => id(u64::try_from(index + 1).unwrap_or(0)),
            Which::Tax => id(count + 1),
        },
        Special::UniqueKey => match which {
            Which::Main => id(order.own_keys.0),
            Which::Item(_) => item.map_or(Val::Null, |line| val(line.get("lineuniquekey"))),
            Which::Tax => id(order.own_keys.1),
        },
        Special::MainLine => flag(which == Which::Main),
        Special::TaxLine => flag(which == Which::Tax),
        Special::Item => item.map_or(Val::Null, |line| val(line.get("item"))),
        Special::Memo => val(item.map_or_else(|| order.get("memo"), |line| line.get("description"))),
        Special::Quantity => match item {
            Some(line) if env.negative_quantities => Val::Number(-line.get("quantity").as_number()),
            Some(line) => val(line.get("quantity")),
            None => Val::Null,
        },
        Special::ForeignAmount => Val::Number(amount(order, which, item)),
        Special::NetAmount => {
            let rate = order.get("exchangeRate").as_number();
            let own = amount(order, which, item).checked_mul(rate);
            let places = order.get("subsidiary").as_ref_id().and_then(|id| env.store.master(Family::Subsidiary, id));
            let currency = places.and_then(|subsidiary| subsidiary.get("currency").as_ref_id()).unwrap_or(1);
            let rounding = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
            own.map_or(Val::Null, |own| Val::Number(own.round_dp_with_strategy(env.store.places(currency), rounding)))
        }
        Special::OfLine(name) => item.map_or(Val::Null, |line| val(line.get(name))),
        Special::CreatedFrom => val(order.get("createdFrom")),
        Special::HeaderRef(name @ ("entity" | "subsidiary")) => val(order.get(name)),
        Special::HeaderRef(name) => val(item.map_or_else(|| order.get(name), |line| line.get(name))),
        _ => Val::Null,
    }
}

fn level_value<'a>(level: &Level, name: &str) -> Val<'a> {
    match name {
        "item" => id(level.item),
        "location" => id(level.location),
        "quantityonhand" => Val::Number(level.on_hand),
        "quantityavailable" => Val::Number(level.on_hand - level.committed),
        "quantityonorder" => Val::Number(level.on_order),
        "quantitycommitted" => Val::Number(level.committed),
        "quantityintransit" => Val::Number(level.in_transit),
        "reorderpoint" => level.reorder_point.map_or(Val::Null, Val::Number),
        _ => level.preferred.map_or(Val::Null, Val::Number),
    }
}

fn amount(order: &Record, which: Which, item: Option<&Line>) -> Decimal {
    match which {
        Which::Main => order.get("total").as_number(),
        Which::Item(_) => item.map_or(Decimal::ZERO, |line| line.get("amount").as_number()),
        Which::Tax => order.get("taxTotal").as_number(),
    }
}

fn id(id: u64) -> Val<'static> {
    Val::Number(Decimal::from(id))
}

fn external(record: &Record) -> Val<'_> {
    record.external_id.as_deref().map_or(Val::Null, |text| Val::Text(Cow::Borrowed(text)))
}

fn val(value: &Value) -> Val<'_> {
    match value {
        Value::Null => Val::Null,
        Value::Text(text) => Val::Text(Cow::Borrowed(text)),
        Value::Number(number) => Val::Number(*number),
        Value::Flag(flag) => Val::Text(Cow::Borrowed(if *flag { "T" } else { "F" })),
        Value::Date(date) => Val::Date(*date),
        Value::Time(at) => Val::Time(*at),
        Value::Ref(target) => id(*target),
        Value::Refs(_) => Val::Null,
    }
}
