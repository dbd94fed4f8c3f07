//! What connectors ask of services in version 2 of OData beside the declared entities, and the pieces of its conditions.

use http::Method;
use trunnion_model::time::Timestamp;

pub use super::odata::having;
use super::odata::{Body, Modify, get, modify};
use crate::error::Error;
use crate::json::Node;
use crate::link::Link;
use crate::vendor::Page;

/// Posts to a set or a function of a service what is no record of ours: `SERVICE`, `SET`.
pub async fn post(link: &Link, service: &str, set: &str, body: &Node<'static>) -> Result<(), Error> {
    let root = format!("{}/{service}", link.spec().protocol.prefix.trim_matches('/'));
    let at = format!("{root}/{set}?$format=json");
    let json = "application/json";
    modify(link, Modify { root: &root, method: Method::POST, at: &at, etag: None, json, body: Some(Body::Json(body)) })
        .await
        .map(drop)
}

/// Rows of a set, by a query of the caller's own: `SERVICE/SET?…`.
pub async fn rows(link: &Link, target: &str) -> Result<Page, Error> {
    Ok(Page::new(super::into_text(get(link, target).await?)?, "d/results"))
}

/// `a gt 'x' or (a eq 'x' and b gt 'y')`: what comes behind a key of several properties.
pub fn after_key(names: &[String], after: &str) -> String {
    let mut parts = Vec::new();
    let mut equal = String::new();
    for (name, value) in names.iter().zip(values(names, after)) {
        let value = literal(value);
        parts.push(if equal.is_empty() { format!("{name} gt {value}") } else { format!("({equal}{name} gt {value})") });
        equal.push_str(&format!("{name} eq {value} and "));
    }
    parts.join(" or ")
}

/// `a eq 'x' and b eq 'y'`: the row with a key of several properties.
pub fn is_key(names: &[String], key: &str) -> String {
    let each = names.iter().zip(values(names, key)).map(|(name, value)| format!("{name} eq {}", literal(value)));
    each.collect::<Vec<_>>().join(" and ")
}

/// The values in a remote id; a slash belongs to the first one, if there are too many.
fn values<'k>(names: &[String], key: &'k str) -> Vec<&'k str> {
    let mut values: Vec<&str> = key.rsplitn(names.len().max(1), '/').collect();
    values.reverse();
    values
}

/// A literal of an instant, in whole seconds.
pub fn instant(at: Timestamp) -> String {
    format!("datetimeoffset'{}Z'", super::seconds(at))
}

/// A string literal; a quote in it is doubled.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
