//! Fields that a customer added to the records of a system: found by asking the system what its records look like, and laid
//! over the declaration for one connection.
//!
//! They are read into `custom_fields` of a record, or of a line, under a name that can be chosen, and written from there. A
//! declaration never has any: what is the same for all customers is no custom field.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunnion_model::decimal;
use trunnion_model::time::{parse_instant, rfc3339};

use crate::mapping::{Conversion, Form, Path};
use crate::spec::{EntitySpec, Lock, Row, Spec, Write};

/// The member of a record or a line that has them.
pub const CUSTOM_FIELDS: &str = "custom_fields";

/// A field as the system describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// The unified list whose lines have it (`lines`); of the record itself if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The system's name.
    pub at: String,
    /// Where it is written; empty if it never is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// The name of its conversion: see [`Form`].
    pub form: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Decimal places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u32>,
    /// The only values that the system takes, where it says so: ids of a list of the customer's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    pub on_create: bool,
    pub on_update: bool,
}

/// A field under the name that it has in `custom_fields`.
#[derive(Clone, Debug)]
pub struct CustomRow {
    pub row: Row,
    pub label: String,
    /// The only values that can be written; empty: any.
    pub options: Vec<String>,
}

impl CustomRow {
    /// As JSON Schema and capabilities call it: `string`, `boolean`, `integer`, `decimal`, `date` or `instant`.
    pub fn kind(&self) -> &'static str {
        kind(self.row.conversion.form)
    }
}

/// `None` for a conversion that this version does not know.
pub fn kind_of(field: &CustomField) -> Option<&'static str> {
    Form::named(&field.form).map(kind)
}

fn kind(form: Form) -> &'static str {
    match form {
        Form::Bool | Form::Not | Form::Flag | Form::NotFlag | Form::Present | Form::NotPresent => "boolean",
        Form::Integer | Form::Position => "integer",
        Form::Decimal | Form::Number | Form::TaggedDecimal => "decimal",
        Form::Date | Form::ODataDate | Form::TaggedDate => "date",
        Form::Instant | Form::ODataInstant | Form::TaggedInstant => "instant",
        Form::Text | Form::Reference | Form::Words | Form::Units | Form::Currency => "string",
    }
}

impl Spec {
    /// The declaration with an entity's custom fields laid over it, each with the name that it has with us.
    pub fn add_custom(&mut self, entity: &str, fields: &[(String, CustomField)]) {
        let Some(spec) = self.entities.iter_mut().find(|spec| spec.entity.name == entity) else { return };
        for (name, field) in fields {
            let Some(form) = Form::named(&field.form) else { continue };
            let (creates, updates) = (spec.create.is_some(), spec.update.is_some());
            let list = field.list.as_ref().and_then(|list| spec.groups.iter().find(|group| group.field.name == list));
            let list = list.map_or_else(Path::default, |group| group.to.clone());
            if let Some(v4) = spec.source.v4.as_mut().filter(|_| !field.to.is_empty()) {
                v4.add(&list, &Path::new(&field.to), form);
            }
            match &field.list {
                None => spec.custom.push(row(name, field, form, (creates, updates))),
                Some(list) => {
                    if let Some(group) = spec.groups.iter_mut().find(|group| group.field.name == list) {
                        let can = (creates && group.write.on_create(), updates && group.write.on_update());
                        group.custom.push(row(name, field, form, can));
                    }
                }
            }
        }
    }
}

impl EntitySpec {
    /// The custom fields of the record, or of the lines of a list.
    pub fn custom_of(&self, list: Option<&str>) -> &[CustomRow] {
        match list {
            None => &self.custom,
            Some(list) => {
                self.groups.iter().find(|group| group.field.name == list).map_or(&[], |group| group.custom.as_slice())
            }
        }
    }
}

/// Brings the numbers and instants among the custom fields of a body into the form in which they are read: what is asked for can
/// then be compared with what is there.
pub fn as_read(spec: &EntitySpec, body: &mut Map<String, Value>) {
    members_as_read(&spec.custom, body);
    for group in spec.groups.iter().filter(|group| !group.custom.is_empty()) {
        let lines = body.get_mut(group.field.name).and_then(Value::as_array_mut);
        for line in lines.into_iter().flatten().filter_map(Value::as_object_mut) {
            members_as_read(&group.custom, line);
        }
    }
}

fn members_as_read(custom: &[CustomRow], body: &mut Map<String, Value>) {
    let Some(given) = body.get_mut(CUSTOM_FIELDS).and_then(Value::as_object_mut) else { return };
    for (name, value) in given {
        let Some(custom) = custom.iter().find(|custom| custom.row.name == *name) else { continue };
        let read = match (custom.kind(), &*value) {
            ("decimal", Value::String(digits)) => decimal::canonical(digits).map(Cow::into_owned),
            ("decimal", Value::Number(number)) => decimal::canonical(&number.to_string()).map(Cow::into_owned),
            ("instant", Value::String(text)) => parse_instant(text).map(rfc3339),
            _ => None,
        };
        if let Some(read) = read {
            *value = read.into();
        }
    }
}

/// Written where both the system and the declaration of what it belongs to say so.
fn row(name: &str, field: &CustomField, form: Form, (creates, updates): (bool, bool)) -> CustomRow {
    let able = !field.to.is_empty() && !form.is_read_only();
    let write = match (able && creates && field.on_create, able && updates && field.on_update) {
        (true, true) => Write::Always,
        (true, false) => Write::Create,
        (false, true) => Write::Update,
        (false, false) => Write::Never,
    };
    let row = Row {
        name: name.to_owned(),
        at: Path::new(&field.at),
        to: Path::new(&field.to),
        conversion: Conversion::plain(form),
        write,
        required: false,
        required_because: String::new(),
        locks: Lock::default(),
        with: Vec::new(),
        max_length: field.max_length,
        precision: field.precision,
        line: 0,
    };
    CustomRow { row, label: field.label.clone(), options: field.options.clone() }
}
