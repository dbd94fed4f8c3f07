//! Conditions on the fields of a record, as SQL for either database. Names and values are always bound, never part of the
//! statement's text.
//!
//! Fields lie in the record's JSON. The natural key (a vendor's code) has a column with an index, and is found by it; the
//! others are checked row by row, within the records of one entity of one connection.

use crate::db::Dialect;
use crate::db::arg::Arg;

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFilter {
    pub place: FieldPlace,
    pub test: FieldTest,
}

/// Where the value lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldPlace {
    /// A member of the record's data.
    Member {
        name: String,
        kind: FieldKind,
    },
    /// A member whose value is the entity's natural key as well.
    NaturalKey {
        name: String,
    },
    RemoteId,
    Display,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    /// Integers and decimals. PostgreSQL compares them exactly; SQLite, for `>` and the like, to 15 digits.
    Number,
    Bool,
}

/// Values are in the form in which records hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldTest {
    /// One of these.
    In(Vec<String>),
    Contains(String),
    StartsWith(String),
    Greater(String),
    GreaterOrEqual(String),
    Less(String),
    LessOrEqual(String),
}

/// All conditions of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldFilters {
    pub filters: Vec<FieldFilter>,
    /// One that holds is enough.
    pub any: bool,
}

impl FieldFilters {
    /// Whether the index by natural key finds what is asked for.
    pub(super) fn name_natural_keys(&self) -> bool {
        let by_key = |filter: &FieldFilter| {
            matches!((&filter.place, &filter.test), (FieldPlace::NaturalKey { .. }, FieldTest::In(_)))
        };
        !self.any && self.filters.iter().any(by_key)
    }
}

/// Adds ` and (…)` for the conditions.
pub(super) fn add(filters: &FieldFilters, dialect: Dialect, text: &mut String, bound: &mut Vec<Arg>) {
    if filters.filters.is_empty() {
        return;
    }
    let conditions: Vec<String> = filters.filters.iter().map(|filter| condition(filter, dialect, bound)).collect();
    text.push_str(" and (");
    text.push_str(&conditions.join(if filters.any { " or " } else { " and " }));
    text.push(')');
}

fn condition(filter: &FieldFilter, dialect: Dialect, bound: &mut Vec<Arg>) -> String {
    let (value, kind) = match &filter.place {
        FieldPlace::Member { name, kind } => (member(name, dialect, bound), *kind),
        FieldPlace::NaturalKey { name } => (member(name, dialect, bound), FieldKind::Text),
        FieldPlace::RemoteId => ("remote_id".to_owned(), FieldKind::Text),
        FieldPlace::Display => ("display".to_owned(), FieldKind::Text),
    };
    let (sign, than) = match &filter.test {
        FieldTest::In(values) => return one_of(&filter.place, &value, kind, values, dialect, bound),
        FieldTest::Contains(part) => return like(&value, &format!("%{}%", escaped(part)), bound),
        FieldTest::StartsWith(part) => return like(&value, &format!("{}%", escaped(part)), bound),
        FieldTest::Greater(than) => (">", than),
        FieldTest::GreaterOrEqual(than) => (">=", than),
        FieldTest::Less(than) => ("<", than),
        FieldTest::LessOrEqual(than) => ("<=", than),
    };
    let than = put(than, bound);
    match (kind, dialect) {
        (FieldKind::Number, Dialect::Sqlite) => format!("cast({value} as real) {sign} cast({than} as real)"),
        (FieldKind::Number, Dialect::Postgres) => format!("cast({value} as numeric) {sign} cast({than} as numeric)"),
        (_, Dialect::Sqlite) => format!("{value} {sign} {than}"),
        (_, Dialect::Postgres) => format!("{value} collate \"C\" {sign} {than}"),
    }
}

fn one_of(
    place: &FieldPlace,
    value: &str,
    kind: FieldKind,
    values: &[String],
    dialect: Dialect,
    bound: &mut Vec<Arg>,
) -> String {
    let mut places = Vec::with_capacity(values.len());
    for text in values {
        // What `->>` makes of a JSON boolean.
        let text = match (kind, dialect, text.as_str()) {
            (FieldKind::Bool, Dialect::Sqlite, "true") => "1",
            (FieldKind::Bool, Dialect::Sqlite, _) => "0",
            _ => text,
        };
        places.push(put(text, bound));
    }
    let places = places.join(", ");
    let plain = match dialect {
        // A number of JSON is no text there, and would equal none.
        Dialect::Sqlite => format!("cast({value} as text) in ({places})"),
        Dialect::Postgres => format!("{value} in ({places})"),
    };
    match place {
        FieldPlace::NaturalKey { .. } => format!("natural_key in ({places})"),
        _ => plain,
    }
}

/// Case does not matter (on SQLite, of ASCII letters).
fn like(value: &str, pattern: &str, bound: &mut Vec<Arg>) -> String {
    let pattern = put(pattern, bound);
    format!("lower({value}) like lower({pattern}) escape '!'")
}

fn escaped(part: &str) -> String {
    part.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

fn member(name: &str, dialect: Dialect, bound: &mut Vec<Arg>) -> String {
    match dialect {
        Dialect::Sqlite => format!("(data ->> {})", put(&format!("$.\"{name}\""), bound)),
        Dialect::Postgres => format!("(data::jsonb ->> {})", put(name, bound)),
    }
}

/// The value's placeholder. PostgreSQL has to be told that it is a text.
fn put(value: &str, bound: &mut Vec<Arg>) -> String {
    bound.push(Arg::from(value));
    format!("cast(${} as text)", bound.len())
}
