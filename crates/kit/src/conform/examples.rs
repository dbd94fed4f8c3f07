//! Bodies for creates, made from the declaration: what is required, or everything that may be written.
//!
//! References point to active records that are there; codes (terms, currencies) are taken from those records; free texts
//! carry a stamp, so that no two bodies are alike.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use trunnion_model::catalog::{Field, Kind, field_of};

use super::fits::inner_fields;
use super::options::Options;
use super::reading::member_of;
use super::subject::Mapped;
use crate::spec::{EntitySpec, GroupSpec, Row};

/// The records that were read, by entity.
#[derive(Default)]
pub(super) struct Known(BTreeMap<&'static str, Vec<Mapped>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Required,
    All,
}

/// A body, and the places for which no value could be found.
pub(super) struct Example {
    pub(super) body: Map<String, Value>,
    pub(super) without: Vec<String>,
}

struct Maker<'m> {
    entity: &'static str,
    extent: Extent,
    stamp: &'m str,
    known: &'m Known,
    options: &'m Options,
    without: Vec<String>,
}

impl Known {
    pub(super) fn add(&mut self, spec: &EntitySpec, records: Vec<Mapped>) {
        self.0.insert(spec.entity.name, records);
    }

    pub(super) fn records(&self, entity: &str) -> &[Mapped] {
        self.0.get(entity).map_or(&[], Vec::as_slice)
    }

    fn active(&self, entity: &str) -> Vec<&Mapped> {
        let is_active = |record: &&Mapped| !record.incoming.deleted && record.data.get("active") != Some(&false.into());
        self.records(entity).iter().filter(is_active).collect()
    }
}

/// `stamp` is some digits that no other body has.
pub(super) fn body(spec: &EntitySpec, extent: Extent, stamp: &str, known: &Known, options: &Options) -> Example {
    let mut maker = Maker { entity: spec.entity.name, extent, stamp, known, options, without: Vec::new() };
    let mut body = maker.object(&spec.fields, spec.entity.fields, "", 0, &[]);
    let order = referred(&body, spec.entity.fields, known);
    for group in spec.groups.iter().filter(|group| group.write.on_create()) {
        let required = group.required || group.field.required;
        if extent == Extent::All || required {
            body.insert(group.field.name.to_owned(), maker.group(group, &order));
        }
    }
    Example { body, without: maker.without }
}

impl Maker<'_> {
    fn group(&mut self, group: &GroupSpec, around: &[Mapped]) -> Value {
        let (fields, at) = (inner_fields(group.field), format!("{}/", group.field.name));
        let count = if self.extent == Extent::All { self.options.lines.max(1) } else { 1 };
        match group.field.kind {
            Kind::List(_) => {
                let line = |line| Value::Object(self.object(&group.fields, fields, &at, line, around));
                (0..count).map(line).collect()
            }
            _ => Value::Object(self.object(&group.fields, fields, &at, 0, around)),
        }
    }

    fn object(
        &mut self,
        rows: &[Row],
        fields: &'static [Field],
        at: &str,
        line: usize,
        around: &[Mapped],
    ) -> Map<String, Value> {
        let mut body = Map::new();
        let wanted = |row: &&Row| row.write.on_create() && (row.required || self.extent == Extent::All);
        let kind = |row: &Row| field_of(fields, &row.name).map_or(Kind::Text, |field| field.kind);
        let is_reference = |row: &&Row| matches!(kind(row), Kind::Reference(_));
        let mut rows: Vec<&Row> = rows.iter().filter(wanted).collect();
        // What follows from a reference comes after it.
        rows.sort_by_key(|row| !is_reference(row));
        for row in rows {
            let name = member_of(fields, &row.name);
            let place = format!("{}/{at}{name}", self.entity);
            let mut near = referred(&body, fields, self.known);
            near.extend_from_slice(around);
            let value = match self.options.examples.get(&place) {
                Some(Value::Null) => continue,
                // Of a list of examples each line takes the next.
                Some(Value::Array(each)) => each.get(line % each.len().max(1)).cloned(),
                Some(given) => Some(given.clone()),
                None => self.value(row, kind(row), at, &name, line, &near),
            };
            match value {
                Some(value) => drop(body.insert(name, value)),
                None => self.without.push(format!("{at}{name}")),
            }
        }
        body
    }

    fn value(&self, row: &Row, kind: Kind, at: &str, name: &str, line: usize, near: &[Mapped]) -> Option<Value> {
        let today = TimeZone::UTC.to_datetime(self.options.clock.now()).date();
        let of_near = |wanted: &str| near.iter().find_map(|record| record.data.get(wanted).cloned());
        let of_others = || self.found(at, name);
        Some(match kind {
            Kind::Reference(target) => {
                let targets = self.known.active(target);
                targets.get(line % targets.len().max(1))?.incoming.remote_id.clone().into()
            }
            Kind::Unit => of_near("order_unit").or_else(|| of_near("unit")).or_else(of_others)?,
            Kind::Currency => of_near(name).or_else(of_others).unwrap_or_else(|| "EUR".into()),
            Kind::Enum(_) => of_others().or_else(|| row.conversion.our_words().first().map(|&word| word.into()))?,
            Kind::Decimal { .. } if name.contains("quantity") => (line + 2).to_string().into(),
            Kind::Decimal { .. } => format!("{}.25", line + 12).into(),
            Kind::Date if name == "ordered_on" => today.to_string().into(),
            Kind::Date => today.checked_add(30.days()).ok()?.to_string().into(),
            Kind::Instant => trunnion_model::time::rfc3339(self.options.clock.now()).into(),
            Kind::Bool => true.into(),
            Kind::Integer => (line + 1).into(),
            Kind::Text => match free_text(name, self.stamp) {
                Some(text) => {
                    let longest = row.max_length.unwrap_or(usize::MAX);
                    text.chars().take(longest).collect::<String>().into()
                }
                None => of_near(name).or_else(of_others).or_else(|| (name == "country").then(|| "DE".into()))?,
            },
            Kind::Group(_) | Kind::List(_) => return None,
        })
    }

    /// The value that the first record of the same kind has there.
    fn found(&self, at: &str, name: &str) -> Option<Value> {
        let in_record = |record: &Mapped| match at.strip_suffix('/') {
            None => record.data.get(name).cloned(),
            Some(group) => match record.data.get(group)? {
                Value::Array(items) => items.iter().find_map(|item| item.get(name).cloned()),
                inner => inner.get(name).cloned(),
            },
        };
        self.known.active(self.entity).into_iter().find_map(in_record)
    }
}

/// Texts that may say anything; other texts are codes that the system must know.
fn free_text(name: &str, stamp: &str) -> Option<String> {
    Some(match name {
        "name" | "title" | "legal_name" | "description" | "memo" | "notes" => format!("{stamp} Conformance & Söhne"),
        // An item's number is its own, and some systems turn it into capitals.
        "sku" => format!("C{stamp}").to_uppercase(),
        "code" | "reference" | "vendor_reference" | "delivery_note" => format!("C{stamp}"),
        "line1" | "line2" => "Große Straße 1".to_owned(),
        "city" => "Köln".to_owned(),
        "postal_code" => "50667".to_owned(),
        "email" => format!("{stamp}@conformance.example"),
        "phone" => "+49 221 9018200".to_owned(),
        "website" => "https://conformance.example".to_owned(),
        "tax_id" => "DE136695976".to_owned(),
        _ => return None,
    })
}

/// The records that a body refers to.
fn referred(body: &Map<String, Value>, fields: &'static [Field], known: &Known) -> Vec<Mapped> {
    let target = |field: &Field| match field.kind {
        Kind::Reference(target) => {
            let remote_id = body.get(&member_of(fields, field.name))?.as_str()?;
            known.records(target).iter().find(|record| record.incoming.remote_id == remote_id).cloned()
        }
        _ => None,
    };
    fields.iter().filter_map(target).collect()
}
