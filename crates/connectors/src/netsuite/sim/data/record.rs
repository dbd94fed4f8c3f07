//! One record: typed values in the order of its type's fields, and its lines.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::schema::{Field, Type, position};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Value {
    Null,
    Text(Cow<'static, str>),
    Number(Decimal),
    Flag(bool),
    Date(Date),
    Time(Timestamp),
    Ref(u64),
    Refs(Vec<u64>),
}

static NULL: Value = Value::Null;

impl Value {
    pub(in super::super) fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(in super::super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Zero if there is no number.
    pub(in super::super) fn as_number(&self) -> Decimal {
        match self {
            Self::Number(number) => *number,
            _ => Decimal::ZERO,
        }
    }

    pub(in super::super) fn as_ref_id(&self) -> Option<u64> {
        match self {
            Self::Ref(id) => Some(*id),
            _ => None,
        }
    }

    pub(in super::super) fn is_true(&self) -> bool {
        matches!(self, Self::Flag(true))
    }
}

/// One line of a sublist, in the order of the sublist's fields.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Line {
    pub fields: &'static [Field],
    pub values: Vec<Value>,
}

impl Line {
    pub(in super::super) fn new(fields: &'static [Field]) -> Self {
        Self { fields, values: vec![Value::Null; fields.len()] }
    }

    pub(in super::super) fn get(&self, name: &str) -> &Value {
        value_of(self.fields, &self.values, name)
    }

    pub(in super::super) fn set(&mut self, name: &str, value: Value) {
        set(self.fields, &mut self.values, name, value);
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[derive(Clone, Debug)]
pub(in super::super) struct Record {
    pub kind: &'static Type,
    pub id: u64,
    pub external_id: Option<String>,
    pub values: Vec<Value>,
    pub lines: Vec<Line>,
    /// The key that the next new line gets; keys of removed lines are not given again.
    pub next_line: u64,
    /// The account-wide keys of a transaction's main line and tax line.
    pub own_keys: (u64, u64),
}

impl Record {
    pub(in super::super) fn new(kind: &'static Type, id: u64) -> Self {
        let values = vec![Value::Null; kind.fields.len()];
        Self { kind, id, external_id: None, values, lines: Vec::new(), next_line: 1, own_keys: (0, 0) }
    }

    pub(in super::super) fn get(&self, name: &str) -> &Value {
        value_of(self.kind.fields, &self.values, name)
    }

    pub(in super::super) fn set(&mut self, name: &str, value: Value) {
        set(self.kind.fields, &mut self.values, name, value);
    }

    /// What references to this record show.
    pub(in super::super) fn display(&self) -> &str {
        self.get(self.kind.display).as_text().unwrap_or_default()
    }
}

fn value_of<'a>(fields: &[Field], values: &'a [Value], name: &str) -> &'a Value {
    position(fields, name).and_then(|index| values.get(index)).unwrap_or(&NULL)
}

fn set(fields: &[Field], values: &mut [Value], name: &str, value: Value) {
    let index = position(fields, name);
    debug_assert!(index.is_some(), "no field `{name}`");
    if let Some(slot) = index.and_then(|index| values.get_mut(index)) {
        *slot = value;
    }
}
