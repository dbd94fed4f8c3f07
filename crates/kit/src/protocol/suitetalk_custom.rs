//! Custom fields by the record API's metadata catalogue, and as columns of SuiteQL's queries.
//!
//! Source: "SuiteTalk REST Web Services API Guide", Working with Metadata.

use http::HeaderValue;
use http::header::ACCEPT;
use trunnion_model::catalog::Kind;

use super::suitetalk::{RECORDS, accepted};
use crate::custom::{CustomField, CustomRow};
use crate::error::Error;
use crate::http::{Effect, Request};
use crate::json::{Node, Object, parse};
use crate::link::Link;
use crate::mapping::{Form, Path};
use crate::spec::EntitySpec;

const SCHEMA: &str = "application/schema+json";
/// On fields that the account added.
const MARK: &str = "x-ns-custom-field";

pub(super) async fn discover(link: &Link, entity: &EntitySpec) -> Result<Vec<CustomField>, Error> {
    // Columns are named by the table that the key is in.
    if table(&entity.source.key_column).is_none() {
        return Ok(Vec::new());
    }
    let at = format!("{RECORDS}/metadata-catalog/{}", super::encode(&entity.source.set));
    let request = Request::get(link.url(&at)?).with_header(ACCEPT, HeaderValue::from_static(SCHEMA));
    let answer = accepted(link.call(request).await?, Effect::Read)?;
    let schema = parse(answer.text()?).map_err(|error| Error::Unexpected(format!("the schema is {error}")))?;
    let prefixes = &link.spec().protocol.custom;
    let mut all = of_object(&schema, None, prefixes);
    for group in entity.groups.iter().filter(|group| matches!(group.field.kind, Kind::List(_))) {
        let steps: Vec<&str> = group.to.names().flat_map(|name| ["properties", name]).chain(["items"]).collect();
        if let Some(line) = Path::new(&steps.join("/")).find(&schema) {
            all.extend(of_object(line, Some(group.field.name), prefixes));
        }
    }
    Ok(all)
}

fn of_object(schema: &Node<'_>, list: Option<&str>, prefixes: &[String]) -> Vec<CustomField> {
    let properties = schema.get("properties").and_then(Node::as_object);
    let named = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
    let own = |name: &str, property: &Node<'_>| named(name) || property.get(MARK) == Some(&Node::Bool(true));
    let members = properties.into_iter().flat_map(Object::members).filter(|(name, property)| own(name, property));
    members.filter_map(|(name, property)| field(name, property, list)).collect()
}

fn field(name: &str, property: &Node<'_>, list: Option<&str>) -> Option<CustomField> {
    let text = |key: &str| property.get(key).and_then(Node::as_text);
    let (form, to) = match (text("type")?, text("format").unwrap_or_default()) {
        ("string", "date") => (Form::Date, name.to_owned()),
        ("string", "date-time") => (Form::Instant, name.to_owned()),
        ("string", _) => (Form::Text, name.to_owned()),
        ("boolean", _) => (Form::Flag, name.to_owned()),
        ("integer", _) => (Form::Integer, name.to_owned()),
        ("number", _) => (Form::Number, name.to_owned()),
        // One of a list or another record: by its internal id. Several at once have no column.
        ("object", _) if Path::new("properties/id").find(property).is_some() => (Form::Reference, format!("{name}/id")),
        _ => return None,
    };
    let options = Path::new("properties/id/enum").find(property).and_then(Node::items).unwrap_or_default();
    let writable = property.get("readOnly") != Some(&Node::Bool(true));
    Some(CustomField {
        list: list.map(str::to_owned),
        at: name.to_lowercase(),
        to: if writable { to } else { String::new() },
        form: form.name().to_owned(),
        label: text("title").filter(|title| *title != name).unwrap_or_default().to_owned(),
        max_length: text("maxLength").filter(|_| form == Form::Text).and_then(|digits| digits.parse().ok()),
        precision: None,
        options: options.iter().filter_map(Node::as_text).map(str::to_owned).collect(),
        on_create: writable,
        on_update: writable,
    })
}

/// A query that also asks for custom fields, as columns of the table that `key` (`t.id`) is in.
pub(super) fn with_columns(query: &str, key: &str, custom: &[CustomRow]) -> String {
    let query = query.trim();
    let (Some(table), Some(from)) = (table(key).filter(|_| !custom.is_empty()), query.find("FROM ")) else {
        return query.to_owned();
    };
    let columns: String = custom.iter().map(|custom| format!(", {}", column(table, custom))).collect();
    format!("{}{columns}\n{}", query[..from].trim_end(), &query[from..])
}

fn table(key: &str) -> Option<&str> {
    key.split_once('.').map(|(table, _)| table)
}

/// Times come in the account's own form unless it is said how.
fn column(table: &str, custom: &CustomRow) -> String {
    let name = custom.row.at.to_string();
    match custom.row.conversion.form {
        Form::Date => format!("TO_CHAR({table}.{name}, 'YYYY-MM-DD') AS {name}"),
        Form::Instant => format!("TO_CHAR({table}.{name}, 'YYYY-MM-DD\"T\"HH24:MI:SS') AS {name}"),
        _ => format!("{table}.{name}"),
    }
}
