//! A checked filter, and whether a row passes it.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::sap_s4hana::sim::node::Row;
use crate::sap_s4hana::sim::schema::Entity;
use crate::sap_s4hana::sim::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Expr {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(Term, Operator, Term),
    Truth(Term),
}

#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Term {
    Column(usize),
    Literal(Value),
    Call(Function, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Function {
    SubstringOf,
    StartsWith,
    EndsWith,
    ToUpper,
    ToLower,
}

impl Operator {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
        }
    }

    /// The operator that says the same with the sides exchanged.
    pub(in super::super) fn mirrored(self) -> Self {
        match self {
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Eq | Self::Ne => self,
        }
    }
}

impl Function {
    pub(super) fn parse(name: &str) -> Option<(Self, usize)> {
        Some(match name {
            "substringof" => (Self::SubstringOf, 2),
            "startswith" => (Self::StartsWith, 2),
            "endswith" => (Self::EndsWith, 2),
            "toupper" => (Self::ToUpper, 1),
            "tolower" => (Self::ToLower, 1),
            _ => return None,
        })
    }

    pub(super) fn is_truth(self) -> bool {
        matches!(self, Self::SubstringOf | Self::StartsWith | Self::EndsWith)
    }
}

impl Expr {
    pub(in super::super) fn passes(&self, row: &dyn Row, entity: &Entity) -> bool {
        match self {
            Self::And(left, right) => left.passes(row, entity) && right.passes(row, entity),
            Self::Or(left, right) => left.passes(row, entity) || right.passes(row, entity),
            Self::Not(inner) => !inner.passes(row, entity),
            Self::Truth(term) => *term.value(row, entity) == Value::Bool(true),
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.value(row, entity), right.value(row, entity));
                let null = *left == Value::Null || *right == Value::Null;
                // Null is equal to null and unequal to all else, but neither greater nor less.
                if null && !matches!(operator, Operator::Eq | Operator::Ne) {
                    return false;
                }
                left.compare(&right).is_some_and(|order| operator.holds(order))
            }
        }
    }
}

impl Term {
    fn value<'a>(&'a self, row: &'a dyn Row, entity: &Entity) -> Cow<'a, Value> {
        match self {
            Self::Literal(value) => Cow::Borrowed(value),
            Self::Column(column) => match row.at(*column) {
                Cow::Owned(Value::Initial) | Cow::Borrowed(Value::Initial) => {
                    Cow::Owned(Value::Initial.resolve(&entity.properties[*column]).into_owned())
                }
                value => value,
            },
            Self::Call(function, arguments) => {
                let texts: Vec<Cow<'_, Value>> = arguments.iter().map(|argument| argument.value(row, entity)).collect();
                Cow::Owned(apply(*function, &texts))
            }
        }
    }
}

fn apply(function: Function, texts: &[Cow<'_, Value>]) -> Value {
    let text = |at: usize| texts.get(at).map_or("", |value| value.as_text());
    match function {
        Function::SubstringOf => Value::Bool(text(1).contains(text(0))),
        Function::StartsWith => Value::Bool(text(0).starts_with(text(1))),
        Function::EndsWith => Value::Bool(text(0).ends_with(text(1))),
        Function::ToUpper => Value::text(text(0).to_uppercase()),
        Function::ToLower => Value::text(text(0).to_lowercase()),
    }
}
