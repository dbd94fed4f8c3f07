//! A SuiteQL query as it is written.

use rust_decimal::Decimal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Column {
        table: Option<String>,
        name: String,
    },
    Text(String),
    Number(Decimal),
    Null,
    /// The n-th `?`, from 0.
    Parameter(usize),
    Call(String, Vec<Self>),
    CountAll,
    Compare(Operator, Box<Self>, Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    In(Box<Self>, Vec<Self>),
    IsNull(Box<Self>),
    Like(Box<Self>, Box<Self>),
}

/// A table and the name by which the query calls it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub table: String,
    pub alias: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Join {
    pub left: bool,
    pub source: Source,
    pub on: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub by: Expr,
    pub descending: bool,
    /// Oracle's default: last when ascending, first when descending.
    pub nulls_first: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    pub select: Vec<(Expr, Option<String>)>,
    pub from: Source,
    pub joins: Vec<Join>,
    pub filter: Option<Expr>,
    pub order: Vec<Order>,
    pub fetch: Option<usize>,
    pub parameters: usize,
}
