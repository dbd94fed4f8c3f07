//! The `q` filter of record lists: N/query's operator names, AND before OR, parentheses, dates in the account's format.

use rust_decimal::Decimal;

use super::super::data::{Field, Kind, Record, Type, Value};
use super::super::reply::Failure;
use super::super::suiteql::account_date;

const MAX_NESTING: usize = 32;

pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Test(Test),
}

pub(super) struct Test {
    subject: Subject,
    operator: String,
    negated: bool,
    values: Vec<String>,
}

enum Subject {
    Id,
    External,
    Field(usize, &'static Field),
}

impl Filter {
    pub(super) fn parse(text: &str, kind: &'static Type) -> Result<Self, Failure> {
        let words = split(text).ok_or_else(|| wrong(text, "unfinished quotes or brackets"))?;
        let mut parser = Parser { words, at: 0, kind };
        let filter = parser.any(0).map_err(|problem| wrong(text, &problem))?;
        if parser.at < parser.words.len() { Err(wrong(text, "unexpected end of the condition")) } else { Ok(filter) }
    }

    /// The external id that every match has, if the filter says so: such a list needs no scan.
    pub(super) fn external_id(&self) -> Option<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) if parts.len() == 1 => parts[0].external_id(),
            Self::All(parts) => parts.iter().find_map(Self::external_id),
            Self::Test(Test { subject: Subject::External, operator, negated: false, values }) if operator == "IS" => {
                values.first().map(String::as_str)
            }
            _ => None,
        }
    }

    pub(super) fn matches(&self, record: &Record) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Test(test) => test.holds(record) != test.negated,
        }
    }
}

impl Test {
    fn holds(&self, record: &Record) -> bool {
        let (value, kind) = match self.subject {
            Subject::Id => (Value::Ref(record.id), Kind::Integer),
            Subject::External => (record.external_id.clone().map_or(Value::Null, Value::text), Kind::Text(255)),
            Subject::Field(index, field) => (record.values[index].clone(), field.kind),
        };
        let first = self.values.first().map(String::as_str).unwrap_or_default();
        let second = self.values.get(1).map(String::as_str).unwrap_or_default();
        let order = |text: &str| compare(&value, kind, text);
        match self.operator.as_str() {
            "EMPTY" => value == Value::Null,
            "IS" | "EQUAL" | "ON" => order(first).is_some_and(std::cmp::Ordering::is_eq),
            "ANY_OF" => self.values.iter().any(|text| order(text).is_some_and(std::cmp::Ordering::is_eq)),
            "CONTAIN" => lower(&value).contains(&first.to_lowercase()),
            "START_WITH" => lower(&value).starts_with(&first.to_lowercase()),
            "END_WITH" => lower(&value).ends_with(&first.to_lowercase()),
            "GREATER" | "AFTER" => order(first).is_some_and(std::cmp::Ordering::is_gt),
            "GREATER_OR_EQUAL" | "ON_OR_AFTER" => order(first).is_some_and(std::cmp::Ordering::is_ge),
            "LESS" | "BEFORE" => order(first).is_some_and(std::cmp::Ordering::is_lt),
            "LESS_OR_EQUAL" | "ON_OR_BEFORE" => order(first).is_some_and(std::cmp::Ordering::is_le),
            _ => {
                order(first).is_some_and(std::cmp::Ordering::is_ge)
                    && order(second).is_some_and(std::cmp::Ordering::is_le)
            }
        }
    }
}

fn lower(value: &Value) -> String {
    value.as_text().unwrap_or_default().to_lowercase()
}

fn compare(value: &Value, kind: Kind, text: &str) -> Option<std::cmp::Ordering> {
    match value {
        Value::Null | Value::Refs(_) => None,
        Value::Text(own) if matches!(kind, Kind::Choice(_)) => Some(own.as_ref().cmp(text)),
        Value::Text(own) => Some(own.to_lowercase().cmp(&text.to_lowercase())),
        Value::Number(own) => text.parse::<Decimal>().ok().map(|number| own.cmp(&number)),
        Value::Ref(own) => text.parse::<u64>().ok().map(|id| own.cmp(&id)),
        Value::Flag(own) => match text {
            "true" | "T" => Some(own.cmp(&true)),
            "false" | "F" => Some(own.cmp(&false)),
            _ => None,
        },
        Value::Date(own) => account_date(text).map(|date| own.cmp(&date)),
        Value::Time(own) => account_date(text).map(|date| jiff::tz::Offset::UTC.to_datetime(*own).date().cmp(&date)),
    }
}

struct Parser {
    words: Vec<Word>,
    at: usize,
    kind: &'static Type,
}

#[derive(Clone, Debug, PartialEq)]
enum Word {
    Open,
    Close,
    Bare(String),
    Quoted(String),
    List(Vec<String>),
}

impl Parser {
    fn any(&mut self, nesting: usize) -> Result<Filter, String> {
        let mut parts = vec![self.all(nesting)?];
        while self.skip("OR") {
            parts.push(self.all(nesting)?);
        }
        Ok(Filter::Any(parts))
    }

    fn all(&mut self, nesting: usize) -> Result<Filter, String> {
        let mut parts = vec![self.one(nesting)?];
        while self.skip("AND") {
            parts.push(self.one(nesting)?);
        }
        Ok(Filter::All(parts))
    }

    fn one(&mut self, nesting: usize) -> Result<Filter, String> {
        if nesting > MAX_NESTING {
            return Err("nested too deeply".to_owned());
        }
        if self.words.get(self.at) == Some(&Word::Open) {
            self.at += 1;
            let inner = self.any(nesting + 1)?;
            if self.words.get(self.at) != Some(&Word::Close) {
                return Err("a closing parenthesis is missing".to_owned());
            }
            self.at += 1;
            return Ok(inner);
        }
        let name = self.bare("a field name")?;
        let subject = match name.as_str() {
            "id" => Subject::Id,
            "externalId" => Subject::External,
            name => {
                let index = self.kind.field(name).ok_or_else(|| format!("field '{name}' does not exist"))?;
                Subject::Field(index, &self.kind.fields[index])
            }
        };
        let written = self.bare("an operator")?;
        let (operator, negated) = match written.strip_suffix("_NOT") {
            Some(operator) => (operator.to_owned(), true),
            None => (written, false),
        };
        let values = match operator.as_str() {
            "EMPTY" => Vec::new(),
            "ANY_OF" => self.list()?,
            "BETWEEN" | "WITHIN" => self.list().and_then(|list| {
                if list.len() == 2 { Ok(list) } else { Err(format!("{operator} takes two values")) }
            })?,
            "IS" | "EQUAL" | "CONTAIN" | "START_WITH" | "END_WITH" | "GREATER" | "GREATER_OR_EQUAL" | "LESS"
            | "LESS_OR_EQUAL" => vec![self.value()?],
            "ON" | "AFTER" | "BEFORE" | "ON_OR_AFTER" | "ON_OR_BEFORE" => {
                let value = self.value()?;
                account_date(&value).ok_or_else(|| format!("'{value}' is not a date in the account's format"))?;
                vec![value]
            }
            other => return Err(format!("operator '{other}' does not exist")),
        };
        Ok(Filter::Test(Test { subject, operator, negated, values }))
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = matches!(self.words.get(self.at), Some(Word::Bare(text)) if text.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn bare(&mut self, what: &str) -> Result<String, String> {
        match self.words.get(self.at) {
            Some(Word::Bare(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err(format!("{what} is missing")),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        match self.words.get(self.at) {
            Some(Word::Bare(text) | Word::Quoted(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err("a value is missing".to_owned()),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        match self.words.get(self.at) {
            Some(Word::List(values)) => {
                self.at += 1;
                Ok(values.clone())
            }
            _ => Err("a list in brackets is missing".to_owned()),
        }
    }
}

/// Words, quoted values and bracketed lists; nothing if a quote or a bracket stays open.
fn split(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, used) = match first {
            '(' => (Word::Open, 1),
            ')' => (Word::Close, 1),
            '"' => {
                let end = rest[1..].find('"')?;
                (Word::Quoted(rest[1..=end].to_owned()), end + 2)
            }
            '[' => {
                let end = rest.find(']')?;
                let values = rest[1..end].split(',').map(|value| value.trim().trim_matches('"').to_owned());
                (Word::List(values.collect()), end + 1)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()[\"".contains(c)).unwrap_or(rest.len());
                (Word::Bare(rest[..end].to_owned()), end)
            }
        };
        words.push(word);
        rest = rest[used..].trim_start();
    }
    Some(words)
}

fn wrong(text: &str, problem: &str) -> Failure {
    Failure::parameter("q", format!("Invalid search query '{text}': {problem}."))
}
