//! The closed set of conversions: what a vendor writes, what we write, and the way back.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use trunnion_model::catalog::Kind;
use trunnion_model::decimal;
use trunnion_model::record::push_json_string;
use trunnion_model::time::rfc3339;

use super::dates;
use crate::json::{Node, Object};

/// How one value is converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    pub form: Form,
    /// For [`Form::Words`] and [`Form::Units`]: (theirs, ours).
    pub table: Vec<(String, String)>,
}

/// The vendor's form of a value, by the name that declarations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `text`: a string, or a number that serves as one; empty is absent.
    Text,
    /// `bool`: JSON true and false.
    Bool,
    /// `not`: JSON true and false, meaning the opposite.
    Not,
    /// `flag`: `T` and `F`; written as true and false.
    Flag,
    /// `not_flag`: `T` and `F`, meaning the opposite.
    NotFlag,
    /// `integer`: a whole number, also as text.
    Integer,
    /// `decimal`: a number, as JSON number or as text; written as text.
    Decimal,
    /// `number`: the same; written as a JSON number.
    Number,
    /// `date`: `2026-01-31`, or a longer text that begins so.
    Date,
    /// `instant`: RFC 3339, or without a zone in UTC.
    Instant,
    /// `odata_date`: `/Date(ms)/`, midnight UTC of the day that is meant.
    ODataDate,
    /// `odata_instant`: `/Date(ms+0000)/`.
    ODataInstant,
    /// `tagged_date`, `tagged_instant`, `tagged_decimal`: `{"__class__":"date",…}`.
    TaggedDate,
    TaggedInstant,
    TaggedDecimal,
    /// `reference`: the remote id of another record; also `{"id":…}`.
    Reference,
    /// `words`: their words for ours, by the row's `words` table.
    Words,
    /// `units`: their unit codes for ours, by the declaration's `[units]`; an unknown code passes as it is.
    Units,
    /// `currency`: an ISO 4217 code.
    Currency,
    /// `present`: true where there is anything but an empty text (a deletion code); read only.
    Present,
    /// `not_present`: the opposite; read only.
    NotPresent,
    /// `position`: the place in the list, from 1; read only.
    Position,
}

const NAMES: &[(&str, Form)] = &[
    ("text", Form::Text),
    ("bool", Form::Bool),
    ("not", Form::Not),
    ("flag", Form::Flag),
    ("not_flag", Form::NotFlag),
    ("integer", Form::Integer),
    ("decimal", Form::Decimal),
    ("number", Form::Number),
    ("date", Form::Date),
    ("instant", Form::Instant),
    ("odata_date", Form::ODataDate),
    ("odata_instant", Form::ODataInstant),
    ("tagged_date", Form::TaggedDate),
    ("tagged_instant", Form::TaggedInstant),
    ("tagged_decimal", Form::TaggedDecimal),
    ("reference", Form::Reference),
    ("words", Form::Words),
    ("units", Form::Units),
    ("currency", Form::Currency),
    ("present", Form::Present),
    ("not_present", Form::NotPresent),
    ("position", Form::Position),
];

impl Form {
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }

    /// All names, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, form)| *form == self).map_or("?", |(name, _)| name)
    }

    /// What a field of that kind is converted by if the declaration does not say.
    pub fn default_for(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Text => Self::Text,
            Kind::Bool => Self::Bool,
            Kind::Integer => Self::Integer,
            Kind::Decimal { .. } => Self::Decimal,
            Kind::Date => Self::Date,
            Kind::Instant => Self::Instant,
            Kind::Currency => Self::Currency,
            Kind::Unit => Self::Units,
            Kind::Enum(_) => Self::Words,
            Kind::Reference(_) => Self::Reference,
            Kind::Group(_) | Kind::List(_) => return None,
        })
    }

    /// Whether what it makes is what a field of that kind holds.
    pub fn gives(self, kind: Kind) -> bool {
        match kind {
            Kind::Text => self == Self::Text,
            Kind::Bool => {
                matches!(self, Self::Bool | Self::Not | Self::Flag | Self::NotFlag | Self::Present | Self::NotPresent)
            }
            Kind::Integer => matches!(self, Self::Integer | Self::Position),
            Kind::Decimal { .. } => matches!(self, Self::Decimal | Self::Number | Self::TaggedDecimal),
            Kind::Date => matches!(self, Self::Date | Self::ODataDate | Self::TaggedDate),
            Kind::Instant => matches!(self, Self::Instant | Self::ODataInstant | Self::TaggedInstant),
            Kind::Currency => self == Self::Currency,
            Kind::Unit => self == Self::Units,
            Kind::Enum(_) => self == Self::Words,
            Kind::Reference(_) => self == Self::Reference,
            Kind::Group(_) | Kind::List(_) => false,
        }
    }

    /// There is no way back.
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::Present | Self::NotPresent | Self::Position | Self::TaggedInstant)
    }
}

impl Conversion {
    pub fn plain(form: Form) -> Self {
        Self { form, table: Vec::new() }
    }

    /// Appends our JSON of the vendor's value. `Ok(false)`: the value is as good as absent, nothing was appended.
    pub fn read(&self, node: &Node<'_>, out: &mut String) -> Result<bool, String> {
        let wrong = || format!("`{}` is no {}", shorten(&node.to_json()), self.form.name());
        match self.form {
            Form::Bool | Form::Not => match node {
                Node::Bool(value) => push_bool(out, *value != (self.form == Form::Not)),
                // Some dialects write 1 and 0.
                Node::Number(digits) => {
                    push_bool(out, (decimal::canonical(digits).as_deref() != Some("0")) != (self.form == Form::Not));
                }
                _ => return Err(wrong()),
            },
            Form::Flag | Form::NotFlag => match node.as_text() {
                Some("T") => push_bool(out, self.form == Form::Flag),
                Some("F") => push_bool(out, self.form == Form::NotFlag),
                Some("") => return Ok(false),
                _ => return Err(wrong()),
            },
            Form::Present | Form::NotPresent => {
                let present = !matches!(node, Node::Null | Node::Bool(false)) && node.as_text() != Some("");
                push_bool(out, present == (self.form == Form::Present));
            }
            Form::Integer => {
                let Some(text) = node.as_text().filter(|text| !text.is_empty()) else { return Ok(false) };
                let whole = decimal::canonical(text).and_then(|digits| digits.parse::<i64>().ok());
                out.push_str(&whole.ok_or_else(wrong)?.to_string());
            }
            Form::Decimal | Form::Number | Form::TaggedDecimal => {
                let text = node.as_text().or_else(|| node.get("decimal").and_then(Node::as_text)).ok_or_else(wrong)?;
                if text.is_empty() {
                    return Ok(false);
                }
                push_json_string(out, &decimal::canonical(text).ok_or_else(wrong)?);
            }
            Form::Date | Form::ODataDate | Form::TaggedDate => {
                if node.as_text() == Some("") {
                    return Ok(false);
                }
                push_json_string(out, &self.date(node).ok_or_else(wrong)?.to_string());
            }
            Form::Instant | Form::ODataInstant | Form::TaggedInstant => {
                if node.as_text() == Some("") {
                    return Ok(false);
                }
                push_json_string(out, &rfc3339(self.instant(node).ok_or_else(wrong)?));
            }
            Form::Words | Form::Units => {
                let Some(theirs) = word_of(node).filter(|text| !text.is_empty()) else { return Ok(false) };
                match self.table.iter().find(|(known, _)| known == theirs.as_ref()) {
                    Some((_, ours)) => push_json_string(out, ours),
                    None if self.form == Form::Units => push_json_string(out, &theirs),
                    None => return Ok(false),
                }
            }
            Form::Text | Form::Reference | Form::Currency => {
                let Some(text) = text_of(node) else { return Err(wrong()) };
                if text.is_empty() {
                    return Ok(false);
                }
                push_json_string(out, &text);
            }
            Form::Position => return Err("position has no value in the row".to_owned()),
        }
        Ok(true)
    }

    pub fn date(&self, node: &Node<'_>) -> Option<Date> {
        match self.form {
            Form::ODataDate => dates::odata_date(node.as_text()?),
            Form::TaggedDate => dates::tagged_date(node),
            _ => dates::iso_date(node.as_text()?),
        }
    }

    pub fn instant(&self, node: &Node<'_>) -> Option<Timestamp> {
        match self.form {
            Form::ODataInstant => dates::odata_instant(node.as_text()?),
            Form::TaggedInstant => dates::tagged_instant(node),
            _ => dates::iso_instant(node.as_text()?),
        }
    }

    /// The vendor's form of our JSON value, or what is wrong with it.
    pub fn write(&self, value: &Value) -> Result<Node<'static>, String> {
        let text = || value.as_str().ok_or_else(|| "must be a string".to_owned());
        let date = || text()?.parse::<Date>().map_err(|_| "must be a date: YYYY-MM-DD".to_owned());
        let number = || {
            let digits = match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) if !number.is_f64() => Some(number.to_string()),
                _ => None,
            };
            let canonical = digits.as_deref().and_then(decimal::canonical).map(Cow::into_owned);
            canonical.ok_or_else(|| "must be a decimal number as a string, for instance \"12.50\"".to_owned())
        };
        Ok(match self.form {
            Form::Text | Form::Reference | Form::Currency => Node::text(text()?.to_owned()),
            Form::Bool | Form::Not => Node::Bool(boolean(value)? != (self.form == Form::Not)),
            Form::Flag | Form::NotFlag => Node::Bool(boolean(value)? == (self.form == Form::Flag)),
            Form::Integer => Node::number(value.as_i64().ok_or("must be a whole number")?.to_string()),
            Form::Decimal => Node::text(number()?),
            Form::Number => Node::number(number()?),
            Form::TaggedDecimal => Node::Object(Object::from_iter([
                ("__class__".into(), Node::text("Decimal")),
                ("decimal".into(), Node::text(number()?)),
            ])),
            Form::Date => Node::text(date()?.to_string()),
            Form::ODataDate => Node::text(dates::odata_date_text(date()?).ok_or("is out of range")?),
            Form::TaggedDate => dates::tagged_date_node(date()?),
            Form::Instant | Form::ODataInstant => {
                let at = trunnion_model::time::parse_instant(text()?).ok_or("must be an instant: RFC 3339")?;
                match self.form {
                    Form::Instant => Node::text(rfc3339(at)),
                    _ => Node::text(format!("/Date({}+0000)/", at.as_millisecond())),
                }
            }
            Form::Words | Form::Units => {
                let ours = text()?;
                match self.table.iter().find(|(_, known)| known == ours) {
                    Some((theirs, _)) => Node::text(theirs.clone()),
                    None if self.form == Form::Units => Node::text(ours.to_owned()),
                    None => return Err(format!("must be one of: {}", self.our_words().join(", "))),
                }
            }
            Form::Present | Form::NotPresent | Form::Position | Form::TaggedInstant => {
                return Err("cannot be written".to_owned());
            }
        })
    }

    /// Our words of the table, each once.
    pub fn our_words(&self) -> Vec<&str> {
        let mut words: Vec<&str> = Vec::new();
        for (_, ours) in &self.table {
            if !words.contains(&ours.as_str()) {
                words.push(ours);
            }
        }
        words
    }
}

/// The vendor's own word behind an enum, a unit or a reference: a text, a number, a boolean, or the `id` of an object.
pub(super) fn word_of<'n>(node: &'n Node<'_>) -> Option<Cow<'n, str>> {
    match node {
        Node::Bool(value) => Some(value.to_string().into()),
        _ => text_of(node),
    }
}

/// A number has one form, however it was written: 7, never 7.0.
pub(super) fn text_of<'n>(node: &'n Node<'_>) -> Option<Cow<'n, str>> {
    match node {
        Node::Text(text) => Some(Cow::Borrowed(text)),
        Node::Number(digits) => decimal::canonical(digits).or(Some(Cow::Borrowed(digits))),
        _ => node.get("id").filter(|id| id.as_text().is_some()).and_then(text_of),
    }
}

fn boolean(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "must be true or false".to_owned())
}

fn push_bool(out: &mut String, value: bool) {
    out.push_str(if value { "true" } else { "false" });
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}
