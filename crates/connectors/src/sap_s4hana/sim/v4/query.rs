//! The system query options of a URL, and which members an answer shows.

use super::filter;
use super::view::View;
use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::read::{self, decode};

const MAX_DEPTH: usize = 6;

/// What an answer shows of a row.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// By their place in the type; `None` is all of them.
    pub(super) fields: Option<Vec<usize>>,
    /// By their place among the navigations.
    pub(super) ways: Vec<(usize, Self)>,
}

pub(super) struct Query {
    /// Which rows in which order, in the words of version 2.
    pub(super) options: read::Options,
    pub(super) shape: Shape,
    /// What a link to the next page repeats, as it came.
    pub(super) carried: Vec<String>,
}

pub(super) fn query(view: &'static View, text: &str) -> Result<Query, Refusal> {
    let (mut inner, mut carried, mut select, mut expand) = (Vec::new(), Vec::new(), None, None);
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        if !matches!(name.as_str(), "$top" | "$skip" | "$skiptoken") {
            carried.push(pair.to_owned());
        }
        let mut pass = |name: &str, value: &str| inner.push(format!("{name}={}", plain_encoded(value)));
        match name.as_str() {
            "$filter" => pass("$filter", &filter::translated(view, &value)?),
            "$orderby" => pass("$orderby", &order(view, &value)?),
            "$top" | "$skip" | "$skiptoken" => pass(&name, &value),
            "$count" => match value.as_str() {
                "true" => pass("$inlinecount", "allpages"),
                "false" => {}
                _ => return Err(Refusal::syntax(format!("Invalid value '{value}' of $count"))),
            },
            "$select" => select = Some(value),
            "$expand" => expand = Some(value),
            "$format" if value == "json" || value.starts_with("application/json") => {}
            // What begins without a dollar sign is the installation's own: sap-client, sap-language.
            other if !other.starts_with('$') => {}
            other => return Err(Refusal::syntax(format!("Invalid system query option {other}"))),
        }
    }
    let shape = shape(view, select.as_deref(), expand.as_deref(), 0)?;
    Ok(Query { options: read::Options::parse(&inner.join("&"), view.base)?, shape, carried })
}

fn order(view: &View, text: &str) -> Result<String, Refusal> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let translate = |part: &str| {
        let (name, direction) = part.split_once(' ').unwrap_or((part, ""));
        let property = view.field(name).and_then(|field| field.property(view)).ok_or_else(|| unknown(view, name))?;
        Ok(format!("{} {direction}", property.name))
    };
    Ok(parts.map(translate).collect::<Result<Vec<_>, Refusal>>()?.join(","))
}

fn shape(view: &'static View, select: Option<&str>, expand: Option<&str>, depth: usize) -> Result<Shape, Refusal> {
    if depth > MAX_DEPTH {
        return Err(Refusal::syntax("$expand is nested too deeply"));
    }
    let names: Vec<&str> = select.unwrap_or("*").split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut fields: Vec<usize> = Vec::new();
    for name in names.iter().filter(|name| **name != "*") {
        let place = view.fields.iter().position(|field| field.name == *name);
        match place {
            Some(place) => fields.push(place),
            None if view.way(name).is_some() || *name == "SAP__Messages" => {}
            None => return Err(unknown(view, name)),
        }
    }
    // A row always shows its key.
    let keys: Vec<&str> = view.keys().iter().map(|key| key.name).collect();
    fields
        .extend(view.fields.iter().enumerate().filter(|(_, field)| keys.contains(&field.name)).map(|(place, _)| place));
    fields.sort_unstable();
    fields.dedup();
    let all = names.contains(&"*");
    let mut ways = Vec::new();
    for part in parts(expand.unwrap_or_default(), ',')? {
        let (name, options) = match part.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.trim_end().strip_suffix(')').unwrap_or_default()),
            None => (part.trim(), ""),
        };
        let place = view.ways.iter().position(|way| way.name == name).ok_or_else(|| unknown(view, name))?;
        let (mut select, mut expand) = (None, None);
        for option in parts(options, ';')? {
            match option.split_once('=').map(|(name, value)| (name.trim(), value)) {
                Some(("$select", value)) => select = Some(value),
                Some(("$expand", value)) => expand = Some(value),
                _ => return Err(Refusal::syntax(format!("Option {option} of $expand is not supported"))),
            }
        }
        ways.push((place, shape(view.ways[place].target(), select, expand, depth + 1)?));
    }
    Ok(Shape { fields: (!all).then_some(fields), ways })
}

fn unknown(view: &View, name: &str) -> Refusal {
    Refusal::syntax(format!("Property {name} not found in {}", view.type_name))
}

/// The pieces between separators that are in no parentheses.
fn parts(text: &str, separator: char) -> Result<Vec<&str>, Refusal> {
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            other if other == separator && depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found.retain(|part| !part.trim().is_empty());
    if depth == 0 { Ok(found) } else { Err(Refusal::syntax("Parentheses in $expand do not match")) }
}

fn plain_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
