//! The connection form: which values a customer has to give, as JSON Schema for the API, and what was given.

mod credentials;
pub mod words;

#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Problem};

use serde_json::{Map, Value, json};

use super::{AuthMethod, FormField, FormKind, Spec};

/// No value of a form is longer; a private key in PEM needs about 4 KiB.
const LONGEST: usize = 16 * 1024;

/// The form of one way to log in, as JSON Schema 2020-12: a valid instance is what the API takes as `credentials`.
///
/// `x-order` says in which order to show the fields, `x-multiline` that one needs several lines.
pub fn schema(spec: &Spec, method: &AuthMethod) -> Value {
    let mut properties = Map::new();
    properties.insert("auth".to_owned(), json!({ "const": method.scheme.name(), "x-order": 0 }));
    let mut required = vec!["auth"];
    for (order, field) in fields(spec, method).enumerate() {
        properties.insert(field.name.clone(), property(field, order + 1));
        if field.required && field.default.is_none() {
            required.push(&field.name);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": method.label,
        "description": method.help,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(field: &FormField, order: usize) -> Value {
    let mut property = json!({
        "type": "string",
        "title": field.label,
        "description": field.help,
        "maxLength": LONGEST,
        "x-order": order,
    });
    if field.required {
        property["minLength"] = json!(1);
    }
    match field.kind {
        FormKind::Url => property["format"] = json!("uri"),
        FormKind::Text => {}
        FormKind::Secret => property["writeOnly"] = json!(true),
        FormKind::SecretText => {
            property["writeOnly"] = json!(true);
            property["x-multiline"] = json!(true);
        }
    }
    if let Some(default) = &field.default {
        property["default"] = json!(default);
    }
    property
}

/// The fields of every way to log in, then the method's own.
fn fields<'a>(spec: &'a Spec, method: &'a AuthMethod) -> impl Iterator<Item = &'a FormField> {
    spec.form.iter().chain(&method.form)
}
