//! Runs a bound query: nested loops over the tables, with purchase orders found by their id.

use std::cmp::Ordering;
use std::rc::Rc;

use super::bind::{Bound, Plan};
use super::bounds::{Bounds, bounds, is_key};
use super::columns::{Column, Special, Table, line_fields};
use super::eval::{Env, Val, compare, eval, holds};
use super::rows::{LazyOrder, Row, lines_of};
use crate::netsuite::sim::data::UNITS;
use crate::netsuite::sim::server::MAX_ROWS;

/// Rows looked at before a query is given up, as the vendor gives up slow ones.
const MAX_VISITS: usize = 20_000_000;

/// One page of a result: its rows as JSON members, and how many rows there are in all.
pub(super) struct Answer {
    pub rows: Vec<Vec<(String, String)>>,
    pub total: usize,
}

pub(super) fn run(plan: &Plan, env: &Env<'_>, limit: usize, offset: usize) -> Result<Answer, String> {
    let cap = plan.fetch.unwrap_or(MAX_ROWS).min(MAX_ROWS);
    let (bounds, filter) = bounds(plan, env);
    let mut stages: Vec<Vec<Bound>> = plan.tables.iter().map(|_| Vec::new()).collect();
    for condition in filter {
        let stage = deepest(&condition);
        stages[stage].push(condition);
    }
    let counting = !plan.counts.is_empty();
    let mut run = Run {
        plan,
        env,
        stages,
        in_order: counting || is_natural(plan),
        window: offset..(offset + limit).min(cap),
        stop_at: if counting { usize::MAX } else { cap },
        visits: 0,
        count: 0,
        rows: Vec::new(),
        sorting: Vec::new(),
    };
    run.base(&bounds)?;
    if counting {
        let count = run.count.to_string();
        let row = plan.counts.iter().map(|name| (name.clone(), count.clone())).collect();
        let shown = offset == 0 && cap > 0;
        return Ok(Answer { rows: if shown { vec![row] } else { Vec::new() }, total: 1.min(cap) });
    }
    if !run.in_order {
        run.keep_first(run.window.end);
        let window = run.window.start.min(run.sorting.len())..run.window.end.min(run.sorting.len());
        let chosen: Vec<_> = run.sorting.drain(window).collect();
        for (_, rows) in chosen {
            let row = run.output(&rows)?;
            run.rows.push(row);
        }
    }
    Ok(Answer { total: run.count.min(cap), rows: run.rows })
}

type Sorted<'s> = (Vec<Val<'static>>, Vec<Row<'s>>);

struct Run<'p, 's> {
    plan: &'p Plan,
    env: &'p Env<'s>,
    /// What must hold once the n-th source has its row.
    stages: Vec<Vec<Bound>>,
    /// Rows come in the wanted order by themselves.
    in_order: bool,
    window: std::ops::Range<usize>,
    stop_at: usize,
    visits: usize,
    count: usize,
    rows: Vec<Vec<(String, String)>>,
    sorting: Vec<Sorted<'s>>,
}

impl<'s> Run<'_, 's> {
    fn base(&mut self, bounds: &Bounds) -> Result<(), String> {
        let store = self.env.store;
        let table = self.plan.tables[0];
        let mut current = Vec::new();
        match table {
            Table::Master(family) => {
                for record in store.masters(family) {
                    self.visit(Row::Master(record), &mut current)?;
                }
            }
            Table::DeletedRecord => {
                for deleted in store.deleted() {
                    self.visit(Row::Deleted(deleted), &mut current)?;
                }
            }
            Table::ItemLocation => {
                for level in store.levels() {
                    self.visit(Row::Level(level), &mut current)?;
                }
            }
            Table::Units => {
                for (unit, label) in UNITS {
                    self.visit(Row::Unit(unit, label), &mut current)?;
                }
            }
            Table::LineLink => {
                for link in store.links() {
                    self.visit(Row::Link(link), &mut current)?;
                }
            }
            Table::Transaction | Table::TransactionLine => {
                // Where nothing is left to be asked, the rows beside the page only have to be counted.
                let only_ids = table == Table::Transaction
                    && self.in_order
                    && self.stages.iter().all(Vec::is_empty)
                    && keeps_count(self.plan);
                let ids: Box<dyn Iterator<Item = u64>> = match &bounds.ids {
                    Some(ids) => {
                        let inside = ids.iter().copied().filter(|id| (bounds.low..=bounds.high).contains(id));
                        Box::new(inside.filter(|id| store.transaction_exists(*id)))
                    }
                    None => Box::new(store.transaction_ids(bounds.low..=bounds.high)),
                };
                for id in ids {
                    if self.done() {
                        break;
                    }
                    if bounds.since.is_some() || bounds.until.is_some() {
                        let modified = store.order_modified(id);
                        let early = bounds.since.is_some_and(|since| modified < Some(since));
                        if early || bounds.until.is_some_and(|until| modified > Some(until)) {
                            self.look()?;
                            continue;
                        }
                    }
                    if only_ids && (self.plan.select.is_empty() || !self.window.contains(&self.count)) {
                        self.look()?;
                        self.count += 1;
                        continue;
                    }
                    let order = LazyOrder::new(store, id);
                    if table == Table::Transaction {
                        self.visit(Row::Order(order), &mut current)?;
                    } else {
                        for which in lines_of(&order) {
                            self.visit(Row::Line(Rc::clone(&order), which), &mut current)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn done(&self) -> bool {
        self.in_order && self.count >= self.stop_at
    }

    fn look(&mut self) -> Result<(), String> {
        self.visits += 1;
        if self.visits > MAX_VISITS { Err("the query takes too long; narrow it down".to_owned()) } else { Ok(()) }
    }

    /// Adds a row of the next source, asks what can be asked now, and goes on to the sources behind it.
    fn visit(&mut self, row: Row<'s>, current: &mut Vec<Row<'s>>) -> Result<(), String> {
        self.look()?;
        if self.done() {
            return Ok(());
        }
        let depth = current.len();
        current.push(row);
        let outcome = self.visited(depth, current);
        current.truncate(depth);
        outcome
    }

    fn visited(&mut self, depth: usize, current: &mut Vec<Row<'s>>) -> Result<(), String> {
        for condition in &self.stages[depth] {
            if !holds(condition, current, self.env)? {
                return Ok(());
            }
        }
        match self.plan.joins.get(depth) {
            None => self.emit(current),
            Some(_) => self.join(depth, current),
        }
    }

    fn join(&mut self, depth: usize, current: &mut Vec<Row<'s>>) -> Result<(), String> {
        let plan = self.plan;
        let join = &plan.joins[depth];
        let mut found = false;
        for row in self.candidates(depth, current)? {
            self.look()?;
            current.push(row);
            let mut fits = true;
            for condition in &join.on {
                fits = fits && holds(condition, current, self.env)?;
            }
            let row = current.pop();
            if let (true, Some(row)) = (fits, row) {
                found = true;
                self.visit(row, current)?;
            }
        }
        if join.left && !found {
            self.visit(Row::Missing, current)?;
        }
        Ok(())
    }

    /// The rows of the joined table that can fit: by id where the condition gives it, all of them otherwise.
    fn candidates(&self, depth: usize, current: &[Row<'s>]) -> Result<Vec<Row<'s>>, String> {
        let store = self.env.store;
        let source = depth + 1;
        let table = self.plan.tables[source];
        let key = self.plan.joins[depth].on.iter().find_map(|condition| lookup(condition, source, table));
        let id = match key {
            None => None,
            Some(key) => Some(eval(key, current, self.env)?.number().and_then(|number| u64::try_from(number).ok())),
        };
        let lines = |order: Rc<LazyOrder<'s>>| {
            let lines = lines_of(&order);
            lines.into_iter().map(move |which| Row::Line(Rc::clone(&order), which))
        };
        // A join on an order that is there already must not compute it again.
        let known = |id: u64| {
            current.iter().find_map(|row| match row {
                Row::Order(order) | Row::Line(order, _) if order.id == id => Some(Rc::clone(order)),
                _ => None,
            })
        };
        let order = |id: u64| known(id).unwrap_or_else(|| LazyOrder::new(store, id));
        Ok(match (table, id) {
            (_, Some(None)) => Vec::new(),
            (Table::Master(family), Some(Some(id))) => store.master(family, id).map(Row::Master).into_iter().collect(),
            (Table::Master(family), None) => store.masters(family).map(Row::Master).collect(),
            (Table::Transaction, Some(Some(id))) => {
                store.transaction_exists(id).then(|| Row::Order(order(id))).into_iter().collect()
            }
            (Table::TransactionLine, Some(Some(id))) if !store.transaction_exists(id) => Vec::new(),
            (Table::TransactionLine, Some(Some(id))) => lines(order(id)).collect(),
            (Table::Transaction, None) => store
                .transaction_ids(0..=u64::MAX)
                .take(MAX_ROWS)
                .map(|id| Row::Order(LazyOrder::new(store, id)))
                .collect(),
            (Table::TransactionLine, None) => {
                return Err("transactionline must be joined by its transaction".to_owned());
            }
            (Table::ItemLocation, _) => store.levels().map(Row::Level).collect(),
            (Table::Units, _) => UNITS.iter().map(|(unit, label)| Row::Unit(unit, label)).collect(),
            (Table::LineLink, _) => store.links().into_iter().map(Row::Link).collect(),
            (Table::DeletedRecord, _) => store.deleted().iter().map(Row::Deleted).collect(),
        })
    }

    fn emit(&mut self, current: &[Row<'s>]) -> Result<(), String> {
        let index = self.count;
        self.count += 1;
        if !self.plan.counts.is_empty() {
            return Ok(());
        }
        if self.in_order {
            if self.window.contains(&index) {
                let row = self.output(current)?;
                self.rows.push(row);
            }
            return Ok(());
        }
        let mut keys = Vec::with_capacity(self.plan.order.len());
        for order in &self.plan.order {
            keys.push(eval(&order.by, current, self.env)?.into_owned());
        }
        self.sorting.push((keys, current.to_vec()));
        // Only the first rows of the order are ever shown, so that sorting needs no more memory than a few pages.
        if self.sorting.len() > 4 * self.window.end.max(1_000) {
            self.keep_first(self.window.end);
        }
        Ok(())
    }

    fn keep_first(&mut self, most: usize) {
        let (plan, env) = (self.plan, self.env);
        self.sorting.sort_by(|(a, _), (b, _)| {
            let pairs = plan.order.iter().zip(a.iter().zip(b));
            let each = pairs.map(|(order, (a, b))| match (*a == Val::Null, *b == Val::Null) {
                (true, true) => Ordering::Equal,
                (true, false) => {
                    if order.nulls_first {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                (false, true) => {
                    if order.nulls_first {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                (false, false) => {
                    let by_value = compare(a, b, env).ok().flatten().unwrap_or(Ordering::Equal);
                    if order.descending { by_value.reverse() } else { by_value }
                }
            });
            each.fold(Ordering::Equal, Ordering::then)
        });
        self.sorting.truncate(most);
    }

    fn output(&self, current: &[Row<'s>]) -> Result<Vec<(String, String)>, String> {
        let mut row = Vec::with_capacity(self.plan.select.len());
        for (name, expr) in &self.plan.select {
            let value = eval(expr, current, self.env)?;
            if let Some(text) = value.shown(self.env) {
                row.push((name.clone(), text.into_owned()));
            }
        }
        Ok(row)
    }
}

/// Whether the joins give each row of the first table one row: by id, and a missing one if there is none.
fn keeps_count(plan: &Plan) -> bool {
    let joined = plan.joins.iter().zip(plan.tables.iter().enumerate().skip(1));
    joined.into_iter().all(|(join, (source, table))| {
        join.left
            && matches!(table, Table::Master(_))
            && join.on.iter().any(|condition| lookup(condition, source, *table).is_some())
    })
}

/// The expression that gives the id of the joined row, if the condition is such an equality.
fn lookup(condition: &Bound, source: usize, table: Table) -> Option<&Bound> {
    let Bound::Compare(super::ast::Operator::Equal, a, b) = condition else { return None };
    let is_id = |bound: &Bound| match bound {
        Bound::Column(at, column) if *at == source => match table {
            Table::Master(_) => *column == Column::Id,
            _ => is_key(table, *column),
        },
        _ => false,
    };
    [(a, b), (b, a)]
        .into_iter()
        .find(|(id, other)| is_id(id) && deepest(other) < source)
        .map(|(_, other)| other.as_ref())
}

/// The last source that an expression reads.
fn deepest(expr: &Bound) -> usize {
    match expr {
        Bound::Const(_) => 0,
        Bound::Column(source, _) | Bound::Display(source, _, _) => *source,
        Bound::Call(_, parts) | Bound::And(parts) | Bound::Or(parts) => parts.iter().map(deepest).max().unwrap_or(0),
        Bound::Not(inner) | Bound::IsNull(inner) => deepest(inner),
        Bound::Compare(_, a, b) | Bound::Like(a, b) => deepest(a).max(deepest(b)),
        Bound::In(value, list) => list.iter().map(deepest).max().unwrap_or(0).max(deepest(value)),
    }
}

/// Whether the loops give the rows in the wanted order by themselves: by the first table's key, and then by the lines of
/// an order that was joined by its id.
fn is_natural(plan: &Plan) -> bool {
    let mut wanted = plan.order.iter();
    let line_number = |column: Column| match column {
        Column::Special(Special::Sequence | Special::LineId) => true,
        Column::Line(index) => line_fields().get(index).is_some_and(|field| field.name == "line"),
        _ => false,
    };
    for (source, table) in plan.tables.iter().enumerate() {
        let joined = source > 0;
        if joined && !plan.joins[source - 1].on.iter().any(|on| lookup(on, source, *table).is_some()) {
            // Several rows of this table may follow one another in any order.
            break;
        }
        if joined && *table != Table::TransactionLine {
            continue;
        }
        let key = |column: Column| match table {
            Table::Master(_) => column == Column::Id,
            Table::DeletedRecord | Table::ItemLocation | Table::LineLink | Table::Units => false,
            _ => is_key(*table, column),
        };
        let steps: &[&dyn Fn(Column) -> bool] = match (table, joined) {
            (Table::TransactionLine, true) => &[&line_number],
            (Table::TransactionLine, false) => &[&key, &line_number],
            _ => &[&key],
        };
        for fits in steps {
            let Some(order) = wanted.next() else { return true };
            let usual = !order.descending && !order.nulls_first;
            if !usual || !matches!(order.by, Bound::Column(at, column) if at == source && fits(column)) {
                return false;
            }
        }
    }
    wanted.next().is_none()
}
