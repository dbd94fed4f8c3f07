//! The system query options of a URL.

use super::shape::Shape;
use crate::sap_s4hana::sim::errors::Refusal;
use crate::sap_s4hana::sim::filter::{self, Expr};
use crate::sap_s4hana::sim::schema::Entity;

/// A checked query.
#[derive(Debug)]
pub(in super::super) struct Options {
    pub(super) filter: Option<Expr>,
    /// Column and whether descending.
    pub(super) order: Vec<(usize, bool)>,
    pub(super) top: Option<usize>,
    pub(super) skip: usize,
    pub(in super::super) with_count: bool,
    pub(super) token: Option<String>,
    pub(in super::super) shape: Shape,
    /// The options that a next link repeats, as they came.
    pub(super) carried: Vec<String>,
}

impl Options {
    pub(in super::super) fn parse(query: &str, entity: &'static Entity) -> Result<Self, Refusal> {
        let (mut select, mut expand) = (None, None);
        let mut options = Self {
            filter: None,
            order: Vec::new(),
            top: None,
            skip: 0,
            with_count: false,
            token: None,
            shape: Shape::plain(entity),
            carried: Vec::new(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name), decode(value));
            if !matches!(name.as_str(), "$top" | "$skip" | "$skiptoken") {
                options.carried.push(pair.to_owned());
            }
            match name.as_str() {
                "$filter" if !value.trim().is_empty() => {
                    options.filter = Some(filter::parse(&value, entity).map_err(Refusal::syntax)?);
                }
                "$filter" => {}
                "$orderby" => options.order = order(&value, entity)?,
                "$top" => options.top = Some(number(&name, &value)?),
                "$skip" => options.skip = number(&name, &value)?,
                "$inlinecount" => options.with_count = inline_count(&value)?,
                "$skiptoken" => options.token = Some(value),
                "$select" => select = Some(value),
                "$expand" => expand = Some(value),
                "$format" if value == "json" => {}
                "$format" => return Err(Refusal::syntax(format!("Format {value} is not supported by the simulator"))),
                // What begins without a dollar sign is the installation's own: sap-client, sap-language.
                other if !other.starts_with('$') => {}
                other => return Err(Refusal::syntax(format!("Invalid system query option {other}"))),
            }
        }
        options.shape = Shape::new(entity, select.as_deref(), expand.as_deref())?;
        Ok(options)
    }
}

fn number(name: &str, value: &str) -> Result<usize, Refusal> {
    value.parse().map_err(|_| Refusal::syntax(format!("Invalid value '{value}' of {name}")))
}

fn inline_count(value: &str) -> Result<bool, Refusal> {
    match value {
        "allpages" => Ok(true),
        "none" => Ok(false),
        _ => Err(Refusal::syntax(format!("Invalid value '{value}' of $inlinecount"))),
    }
}

fn order(text: &str, entity: &Entity) -> Result<Vec<(usize, bool)>, Refusal> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let parse = |part: &str| {
        let mut words = part.split_whitespace();
        let name = words.next().unwrap_or_default();
        let descending = match (words.next(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(Refusal::syntax(format!("Invalid $orderby expression '{part}'"))),
        };
        let missing = || Refusal::syntax(format!("Property {name} not found in type {}", entity.type_name()));
        Ok((entity.column(name).ok_or_else(missing)?, descending))
    };
    parts.map(parse).collect()
}

/// Percent-decodes a part of a query, where a plus is a blank.
pub(in super::super) fn decode(text: &str) -> String {
    decode_path(&text.replace('+', " "))
}

/// Percent-decodes a part of a path.
pub(in super::super) fn decode_path(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
