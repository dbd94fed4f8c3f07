//! Where a record that was read back differs from the body that was written.

use std::borrow::Cow;

use serde_json::{Map, Value};
use trunnion_model::catalog::{Field, Kind, field_of};
use trunnion_model::decimal;

use super::fits::inner_fields;
use super::reading::member_of;
use crate::spec::{EntitySpec, GroupSpec, Row};

/// `lines/0/quantity: wrote 3, reads 2`, for every field that is both written and read.
pub(super) fn differences(spec: &EntitySpec, body: &Map<String, Value>, record: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    object(&spec.fields, spec.entity.fields, body, record, "", &mut found);
    let is_read = |group: &&GroupSpec| group.fields.iter().any(|row| !row.at.is_empty());
    for group in spec.groups.iter().filter(is_read) {
        let (name, fields) = (group.field.name, inner_fields(group.field));
        let empty = Value::Null;
        let read = record.get(name).unwrap_or(&empty);
        match (body.get(name), read) {
            (None | Some(Value::Null), _) => {}
            (Some(Value::Object(written)), Value::Object(read)) => {
                object(&group.fields, fields, written, read, &format!("{name}/"), &mut found);
            }
            (Some(Value::Array(written)), Value::Array(read)) if written.len() == read.len() => {
                for (place, (written, read)) in written.iter().zip(read).enumerate() {
                    if let (Some(written), Some(read)) = (written.as_object(), read.as_object()) {
                        object(&group.fields, fields, written, read, &format!("{name}/{place}/"), &mut found);
                    }
                }
            }
            (Some(written), read) => found.push(format!("{name}: wrote {written}, reads {read}")),
        }
    }
    found
}

fn object(
    rows: &[Row],
    fields: &'static [Field],
    written: &Map<String, Value>,
    read: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    for row in rows.iter().filter(|row| !row.at.is_empty()) {
        let name = member_of(fields, &row.name);
        let Some(wrote) = written.get(&name).filter(|value| !value.is_null()) else { continue };
        let kind = field_of(fields, &row.name).map_or(Kind::Text, |field| field.kind);
        let reads = read.get(&name).unwrap_or(&Value::Null);
        if canonical(kind, wrote) != canonical(kind, reads) {
            found.push(format!("{at}{name}: wrote {wrote}, reads {reads}"));
        }
    }
}

fn canonical(kind: Kind, value: &Value) -> Cow<'_, Value> {
    match (kind, value) {
        (Kind::Decimal { .. }, Value::String(text)) => match decimal::canonical(text) {
            Some(number) => Cow::Owned(Value::from(number.as_ref())),
            None => Cow::Borrowed(value),
        },
        _ => Cow::Borrowed(value),
    }
}
