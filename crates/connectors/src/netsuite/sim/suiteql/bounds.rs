//! Which purchase orders a query can be about, read off its conditions, so that no query has to look at all of them.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::ast::Operator;
use super::bind::{Bound, Plan};
use super::columns::{Column, Special, Table, fields};
use super::eval::{Env, Val};
use crate::netsuite::sim::data::Transactions;

/// A superset of the orders for which a condition holds; `exact` if it is no more than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub low: u64,
    pub high: u64,
    pub ids: Option<BTreeSet<u64>>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub exact: bool,
}

const ALL: Bounds = Bounds { low: 0, high: u64::MAX, ids: None, since: None, until: None, exact: true };
const NONE: Bounds = Bounds { low: 1, high: 0, ..ALL };
const UNKNOWN: Bounds = Bounds { exact: false, ..ALL };

enum Role {
    /// The id of the order.
    Key,
    Modified,
    /// What kind of transaction: each has a range of ids of its own.
    Type,
    Other,
}

/// The bounds of the query's first table, and what of its conditions is left to be asked row by row.
pub(super) fn bounds(plan: &Plan, env: &Env<'_>) -> (Bounds, Vec<Bound>) {
    let keys = keys(plan);
    let mut all = ALL;
    let mut rest = Vec::new();
    for condition in &plan.filter {
        let one = of(condition, plan, &keys, env);
        if !one.exact {
            rest.push(condition.clone());
        }
        all = and(all, one);
    }
    (all, rest)
}

/// The sources that an inner join makes show the same order as the first one.
fn keys(plan: &Plan) -> Vec<usize> {
    let mut keys = vec![0];
    for (index, join) in plan.joins.iter().enumerate() {
        let source = index + 1;
        let same = |condition: &Bound| match condition {
            Bound::Compare(Operator::Equal, a, b) => {
                let is_key = |bound: &Bound| match bound {
                    Bound::Column(at, column) => is_key(plan.tables[*at], *column).then_some(*at),
                    _ => None,
                };
                matches!((is_key(a), is_key(b)), (Some(a), Some(b))
                    if (a == source && keys.contains(&b)) || (b == source && keys.contains(&a)))
            }
            _ => false,
        };
        if !join.left && join.on.iter().any(same) {
            keys.push(source);
        }
    }
    keys
}

/// Whether the column is the id of a purchase order.
pub(super) fn is_key(table: Table, column: Column) -> bool {
    matches!(
        (table, column),
        (Table::Transaction, Column::Id) | (Table::TransactionLine, Column::Special(Special::Transaction))
    )
}

fn of(condition: &Bound, plan: &Plan, keys: &[usize], env: &Env<'_>) -> Bounds {
    let role = |bound: &Bound| match bound {
        Bound::Column(source, column) if keys.contains(source) => {
            let table = plan.tables[*source];
            match column {
                column if is_key(table, *column) => Role::Key,
                Column::Special(Special::TransactionType | Special::RecordType) => Role::Type,
                Column::Field(index) if table == Table::Transaction => {
                    let name = fields(table).get(*index).map(|field| field.name);
                    if name == Some("lastModifiedDate") { Role::Modified } else { Role::Other }
                }
                _ => Role::Other,
            }
        }
        _ => Role::Other,
    };
    match condition {
        Bound::And(parts) => parts.iter().map(|part| of(part, plan, keys, env)).fold(ALL, and),
        Bound::Or(parts) => {
            let each = parts.iter().map(|part| of(part, plan, keys, env));
            each.reduce(or).unwrap_or(NONE)
        }
        Bound::Compare(operator, a, b) => match (a.as_ref(), b.as_ref()) {
            (column, Bound::Const(value)) => compared(&role(column), *operator, value, env),
            (Bound::Const(value), column) => compared(&role(column), mirrored(*operator), value, env),
            _ => UNKNOWN,
        },
        Bound::In(column, list) if matches!(role(column), Role::Key) => {
            let whole = |value: &Bound| match value {
                Bound::Const(value) => {
                    value.number().filter(|n| n.fract().is_zero()).and_then(|n| u64::try_from(n).ok())
                }
                _ => None,
            };
            match list.iter().map(whole).collect::<Option<BTreeSet<u64>>>() {
                Some(ids) => Bounds { ids: Some(ids), ..ALL },
                None => UNKNOWN,
            }
        }
        _ => UNKNOWN,
    }
}

fn compared(role: &Role, operator: Operator, value: &Val<'_>, env: &Env<'_>) -> Bounds {
    match role {
        Role::Type => match (operator, value) {
            (Operator::Equal, Val::Text(wanted)) => match Transactions::range(wanted) {
                Some((low, high)) => Bounds { low, high, ..ALL },
                None => NONE,
            },
            _ => UNKNOWN,
        },
        Role::Key => {
            let number = value.number().filter(|number| number.fract().is_zero());
            let Some(id) = number.and_then(|number| u64::try_from(number).ok()) else { return UNKNOWN };
            match operator {
                Operator::Equal => Bounds { low: id, high: id, ..ALL },
                Operator::GreaterOrEqual => Bounds { low: id, ..ALL },
                Operator::Greater => id.checked_add(1).map_or(NONE, |low| Bounds { low, ..ALL }),
                Operator::LessOrEqual => Bounds { high: id, ..ALL },
                Operator::Less => id.checked_sub(1).map_or(NONE, |high| Bounds { high, ..ALL }),
                Operator::NotEqual => UNKNOWN,
            }
        }
        Role::Modified => {
            let Some(at) = value.instant(env) else { return UNKNOWN };
            match operator {
                Operator::GreaterOrEqual => Bounds { since: Some(at), ..ALL },
                Operator::LessOrEqual => Bounds { until: Some(at), ..ALL },
                Operator::Greater => Bounds { since: Some(at), ..UNKNOWN },
                Operator::Less => Bounds { until: Some(at), ..UNKNOWN },
                Operator::Equal => Bounds { since: Some(at), until: Some(at), ..ALL },
                Operator::NotEqual => UNKNOWN,
            }
        }
        Role::Other => UNKNOWN,
    }
}

fn mirrored(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        same => same,
    }
}

fn and(a: Bounds, b: Bounds) -> Bounds {
    let ids = match (a.ids, b.ids) {
        (Some(a), Some(b)) => Some(a.intersection(&b).copied().collect()),
        (a, b) => a.or(b),
    };
    Bounds {
        low: a.low.max(b.low),
        high: a.high.min(b.high),
        ids,
        since: a.since.max(b.since),
        until: match (a.until, b.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        },
        exact: a.exact && b.exact,
    }
}

fn or(a: Bounds, b: Bounds) -> Bounds {
    if a.low > a.high {
        return b;
    }
    if b.low > b.high {
        return a;
    }
    Bounds {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
        ids: a.ids.zip(b.ids).map(|(a, b)| a.union(&b).copied().collect()),
        since: a.since.zip(b.since).map(|(a, b)| a.min(b)),
        until: a.until.zip(b.until).map(|(a, b)| a.max(b)),
        exact: false,
    }
}
