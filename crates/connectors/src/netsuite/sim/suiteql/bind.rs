//! A query with its names resolved and its parameters filled in, ready to run. What is constant is computed here, once.

use std::borrow::Cow;

use super::ast::{Expr, Operator, Query, Source};
use super::columns::{Column, Table, column, table};
use super::eval::{Env, Val, eval};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Nvl,
    ToChar,
    ToDate,
    ToTimestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    Const(Val<'static>),
    /// Of the n-th source.
    Column(usize, Column),
    Display(usize, Table, Column),
    Call(Function, Vec<Self>),
    Compare(Operator, Box<Self>, Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    In(Box<Self>, Vec<Self>),
    IsNull(Box<Self>),
    Like(Box<Self>, Box<Self>),
}

pub(super) struct BoundJoin {
    pub left: bool,
    /// The conditions that must all hold.
    pub on: Vec<Bound>,
}

pub(super) struct BoundOrder {
    pub by: Bound,
    pub descending: bool,
    pub nulls_first: bool,
}

pub(super) struct Plan {
    pub tables: Vec<Table>,
    pub joins: Vec<BoundJoin>,
    /// Output columns; none if the query only counts.
    pub select: Vec<(String, Bound)>,
    /// The names of the counts, if the query only counts.
    pub counts: Vec<String>,
    /// The conditions of WHERE that must all hold.
    pub filter: Vec<Bound>,
    pub order: Vec<BoundOrder>,
    pub fetch: Option<usize>,
}

pub(super) fn bind(query: &Query, parameters: &[Val<'static>], env: &Env<'_>) -> Result<Plan, String> {
    if query.parameters != parameters.len() {
        return Err(format!(
            "the query has {} parameters, but {} values were sent",
            query.parameters,
            parameters.len()
        ));
    }
    let mut binder = Binder { sources: Vec::new(), parameters, env };
    binder.add(&query.from)?;
    let mut joins = Vec::new();
    for join in &query.joins {
        binder.add(&join.source)?;
        joins.push(BoundJoin { left: join.left, on: binder.conjuncts(&join.on)? });
    }
    let (mut select, mut counts) = (Vec::new(), Vec::new());
    for (index, (expr, alias)) in query.select.iter().enumerate() {
        let name = match (alias, expr) {
            (Some(alias), _) => alias.clone(),
            (None, Expr::Column { name, .. }) => name.clone(),
            (None, _) => format!("expr{}", index + 1),
        };
        if *expr == Expr::CountAll { counts.push(name) } else { select.push((name, binder.bind(expr)?)) }
    }
    if !counts.is_empty() && !select.is_empty() {
        return Err("COUNT(*) beside other columns needs GROUP BY, which is not simulated".to_owned());
    }
    let filter = query.filter.as_ref().map_or_else(|| Ok(Vec::new()), |filter| binder.conjuncts(filter))?;
    let mut order = Vec::new();
    for wanted in &query.order {
        let by = binder.order_key(&wanted.by, &select)?;
        order.push(BoundOrder { by, descending: wanted.descending, nulls_first: wanted.nulls_first });
    }
    let tables = binder.sources.iter().map(|(_, table)| *table).collect();
    Ok(Plan { tables, joins, select, counts, filter, order, fetch: query.fetch })
}

struct Binder<'a> {
    sources: Vec<(String, Table)>,
    parameters: &'a [Val<'static>],
    env: &'a Env<'a>,
}

impl Binder<'_> {
    fn add(&mut self, source: &Source) -> Result<(), String> {
        let known = table(&source.table)
            .ok_or_else(|| format!("Record '{}' was not found. Reason: the record does not exist", source.table))?;
        if self.sources.iter().any(|(alias, _)| *alias == source.alias) {
            return Err(format!("the name '{}' is used for two tables", source.alias));
        }
        self.sources.push((source.alias.clone(), known));
        Ok(())
    }

    fn conjuncts(&self, expr: &Expr) -> Result<Vec<Bound>, String> {
        let mut flat = Vec::new();
        flatten(self.bind(expr)?, &mut flat);
        Ok(flat)
    }

    /// A column's alias or its position in the output, as well as any expression.
    fn order_key(&self, expr: &Expr, select: &[(String, Bound)]) -> Result<Bound, String> {
        match expr {
            Expr::Number(position) => {
                let position = usize::try_from(*position).ok().and_then(|position| position.checked_sub(1));
                let found = position.and_then(|index| select.get(index));
                found.map(|(_, bound)| bound.clone()).ok_or_else(|| "ORDER BY a column that is not selected".to_owned())
            }
            Expr::Column { table: None, name } => match select.iter().find(|(alias, _)| alias == name) {
                Some((_, bound)) => Ok(bound.clone()),
                None => self.bind(expr),
            },
            _ => self.bind(expr),
        }
    }

    fn bind(&self, expr: &Expr) -> Result<Bound, String> {
        let boxed = |expr: &Expr| self.bind(expr).map(Box::new);
        let all = |list: &[Expr]| list.iter().map(|expr| self.bind(expr)).collect::<Result<Vec<_>, String>>();
        Ok(match expr {
            Expr::Text(text) => Bound::Const(Val::Text(Cow::Owned(text.clone()))),
            Expr::Number(number) => Bound::Const(Val::Number(*number)),
            Expr::Null => Bound::Const(Val::Null),
            Expr::Parameter(index) => Bound::Const(self.parameters.get(*index).cloned().unwrap_or(Val::Null)),
            Expr::CountAll => return Err("COUNT(*) can only be selected".to_owned()),
            Expr::Column { table, name } => {
                let (source, _, column) = self.column(table.as_deref(), name)?;
                Bound::Column(source, column)
            }
            Expr::Call(name, arguments) => self.call(name, arguments)?,
            Expr::Compare(operator, a, b) => Bound::Compare(*operator, boxed(a)?, boxed(b)?),
            Expr::And(parts) => Bound::And(all(parts)?),
            Expr::Or(parts) => Bound::Or(all(parts)?),
            Expr::Not(inner) => Bound::Not(boxed(inner)?),
            Expr::In(value, list) => Bound::In(boxed(value)?, all(list)?),
            Expr::IsNull(value) => Bound::IsNull(boxed(value)?),
            Expr::Like(value, pattern) => Bound::Like(boxed(value)?, boxed(pattern)?),
        })
    }

    fn call(&self, name: &str, arguments: &[Expr]) -> Result<Bound, String> {
        if name == "BUILTIN.DF" {
            let [Expr::Column { table, name }] = arguments else {
                return Err("BUILTIN.DF takes one column".to_owned());
            };
            let (source, table, column) = self.column(table.as_deref(), name)?;
            return Ok(Bound::Display(source, table, column));
        }
        let (function, counts) = match name {
            "ABS" => (Function::Abs, 1..=1),
            "NVL" => (Function::Nvl, 2..=2),
            "TO_CHAR" => (Function::ToChar, 1..=2),
            "TO_DATE" => (Function::ToDate, 2..=2),
            "TO_TIMESTAMP" => (Function::ToTimestamp, 2..=2),
            other => return Err(format!("the function {other} is not simulated")),
        };
        if !counts.contains(&arguments.len()) {
            return Err(format!("invalid number of arguments of {name}"));
        }
        let arguments = arguments.iter().map(|argument| self.bind(argument)).collect::<Result<Vec<_>, String>>()?;
        let constant = arguments.iter().all(|argument| matches!(argument, Bound::Const(_)));
        let call = Bound::Call(function, arguments);
        if !constant {
            return Ok(call);
        }
        let value = eval(&call, &[], self.env)?.into_owned();
        Ok(Bound::Const(value))
    }

    fn column(&self, alias: Option<&str>, name: &str) -> Result<(usize, Table, Column), String> {
        let missing = |record: &str| {
            format!("Field '{name}' for record '{record}' was not found. Reason: REMOVED - Field is removed")
        };
        let mut found = None;
        for (index, (known, table)) in self.sources.iter().enumerate() {
            if alias.is_some_and(|alias| alias != known) {
                continue;
            }
            match column(*table, name) {
                Some(_) if found.is_some() => return Err(format!("the column '{name}' is ambiguous")),
                Some(column) => found = Some((index, *table, column)),
                None if alias.is_some() => return Err(missing(known)),
                None => {}
            }
        }
        match (found, alias) {
            (Some(found), _) => Ok(found),
            (None, Some(alias)) => Err(format!("the table '{alias}' is not in the query")),
            (None, None) => Err(missing(self.sources.first().map_or("", |(known, _)| known))),
        }
    }
}

fn flatten(bound: Bound, out: &mut Vec<Bound>) {
    match bound {
        Bound::And(parts) => parts.into_iter().for_each(|part| flatten(part, out)),
        other => out.push(other),
    }
}
