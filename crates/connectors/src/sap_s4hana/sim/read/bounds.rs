//! What a filter says about a document's key and change time, so that a read starts near its first row.

use std::ops::Range;

use crate::sap_s4hana::sim::filter::{Expr, Operator, Term};
use crate::sap_s4hana::sim::schema::{Entity, Family};
use crate::sap_s4hana::sim::value::Value;
use crate::sap_s4hana::sim::world::World;

/// A filter's rows lie in documents within these bounds.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) places: Range<u64>,
    /// The change time, for orders.
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

pub(super) fn bounds(world: &World, entity: &Entity, filter: Option<&Expr>) -> Bounds {
    let mut bounds = Bounds { places: 0..world.count(entity.family), from: None, to: None };
    let changed = (entity.family == Family::Orders).then(|| entity.column("LastChangeDateTime")).flatten();
    if let Some(filter) = filter {
        narrow(&mut bounds, world, entity.family, filter, (entity.root_key, changed));
    }
    bounds
}

fn narrow(bounds: &mut Bounds, world: &World, family: Family, expr: &Expr, columns: (Option<usize>, Option<usize>)) {
    let (column, operator, value) = match expr {
        Expr::And(left, right) => {
            narrow(bounds, world, family, left, columns);
            return narrow(bounds, world, family, right, columns);
        }
        Expr::Compare(Term::Column(column), operator, Term::Literal(value)) => (*column, *operator, value),
        Expr::Compare(Term::Literal(value), operator, Term::Column(column)) => (*column, operator.mirrored(), value),
        _ => return,
    };
    match value {
        Value::Text(text) if Some(column) == columns.0 => {
            narrow_places(&mut bounds.places, operator, world.find(family, text))
        }
        Value::Ticks(ticks) if Some(column) == columns.1 => narrow_times(bounds, operator, *ticks),
        _ => {}
    }
}

fn narrow_places(places: &mut Range<u64>, operator: Operator, found: Result<u64, u64>) {
    let (at, after) = match found {
        Ok(place) => (place, place + 1),
        Err(place) => (place, place),
    };
    let (low, high) = match operator {
        Operator::Eq => (at, after),
        Operator::Gt => (after, u64::MAX),
        Operator::Ge => (at, u64::MAX),
        Operator::Lt => (0, at),
        Operator::Le => (0, after),
        Operator::Ne => return,
    };
    places.start = places.start.max(low);
    places.end = places.end.min(high).max(places.start);
}

fn narrow_times(bounds: &mut Bounds, operator: Operator, ticks: i64) {
    if matches!(operator, Operator::Eq | Operator::Gt | Operator::Ge) {
        bounds.from = Some(bounds.from.map_or(ticks, |from| from.max(ticks)));
    }
    if matches!(operator, Operator::Eq | Operator::Lt | Operator::Le) {
        bounds.to = Some(bounds.to.map_or(ticks, |to| to.min(ticks)));
    }
}
