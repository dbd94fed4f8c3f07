//! From a change of a whole record to the requests that OData knows: one per row, each at the address that the row gave
//! itself (`__metadata.uri`), under its version (`__metadata.etag`).
//!
//! A nested object of the change belongs to the row that is expanded under the same name. Where no such row is there, it is
//! posted to the navigation.

use http::Method;
use http::header::HeaderValue;

use super::{line_named, lines_of, list_of, lists};
use crate::error::Error;
use crate::json::{Node, Object};
use crate::link::Link;
use crate::mapping::Change;
use crate::spec::EntitySpec;
use crate::vendor::Target;

/// One request.
pub(super) struct Part {
    pub(super) method: Method,
    /// Path and query below the protocol's prefix.
    pub(super) at: String,
    pub(super) etag: Option<HeaderValue>,
    pub(super) body: Option<Node<'static>>,
}

/// All requests of a change, the record itself first.
pub(super) fn parts(link: &Link, entity: &EntitySpec, target: Target<'_>, change: Change) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    if let Node::Object(header) = change.header {
        split(link, target.row, header, &mut parts)?;
    }
    for list in change.lists {
        let group = list_of(entity, &list)?;
        for edit in list.edits {
            match (edit.line, edit.body) {
                (Some(name), Node::Object(body)) => {
                    split(link, line_named(group, target.row, &name)?, body, &mut parts)?;
                }
                (None, body) => parts.push(added(link, target.row, &group.to.to_string(), body)?),
                (Some(_), _) => {}
            }
        }
    }
    Ok(parts)
}

/// The record itself.
pub(super) fn whole(link: &Link, _entity: &EntitySpec, target: Target<'_>) -> Result<Part, Error> {
    part(link, target.row, None)
}

/// Its lines that are not deleted.
pub(super) fn each_line(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<Vec<Part>, Error> {
    lists(entity).flat_map(|group| lines_of(group, target.row)).map(|line| part(link, line, None)).collect()
}

fn split(link: &Link, row: &Node<'_>, change: Object<'static>, parts: &mut Vec<Part>) -> Result<(), Error> {
    let mut own = Object::new();
    let (place, mut nested) = (parts.len(), Vec::new());
    for (name, node) in change.into_members() {
        let below = row.get(&name);
        let expanded = below.is_some_and(|below| below.items().is_some() || below.get("__metadata").is_some());
        match (node, below) {
            (Node::Array(items), below) => {
                let there = below.and_then(Node::items).unwrap_or_default();
                for (place, item) in items.into_iter().enumerate() {
                    nested.push((there.get(place), name.clone(), item));
                }
            }
            (node @ Node::Object(_), below) if expanded || below.is_none() => {
                nested.push((below.filter(|below| below.get("__metadata").is_some()), name, node));
            }
            (node, _) => own.set(name, node),
        }
    }
    for (there, name, node) in nested {
        match (there, node) {
            (Some(there), Node::Object(change)) => split(link, there, change, parts)?,
            (None, node @ Node::Object(_)) => parts.push(added(link, row, &name, node)?),
            // A place in a list that the change says nothing about.
            _ => {}
        }
    }
    if !own.is_empty() {
        parts.insert(place, part(link, row, Some(Node::Object(own)))?);
    }
    Ok(())
}

fn added(link: &Link, row: &Node<'_>, navigation: &str, body: Node<'static>) -> Result<Part, Error> {
    let Part { at, .. } = part(link, row, None)?;
    Ok(Part { method: Method::POST, at: format!("{at}/{navigation}"), etag: None, body: Some(body) })
}

fn part(link: &Link, row: &Node<'_>, body: Option<Node<'static>>) -> Result<Part, Error> {
    let meta = row.get("__metadata");
    let text = |name: &str| meta.and_then(|meta| meta.get(name)).and_then(Node::as_text);
    let uri = text("uri").ok_or_else(|| Error::Unexpected("a row without an address of its own".to_owned()))?;
    let etag = text("etag").map(HeaderValue::from_str).transpose();
    let etag = etag.map_err(|_| Error::Unexpected("a row whose version is no header value".to_owned()))?;
    Ok(Part { method: Method::PATCH, at: below_prefix(link, uri)?, etag, body })
}

/// Behind gateways the row's host is often another than ours, so only what follows the prefix counts.
fn below_prefix(link: &Link, uri: &str) -> Result<String, Error> {
    let prefix = link.spec().protocol.prefix.trim_matches('/');
    let path = uri.split_once("://").map_or(uri, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let found = path.split_once(&format!("{prefix}/")).map(|(_, below)| below);
    found
        .map(|below| below.split(['?', '#']).next().unwrap_or_default().to_owned())
        .ok_or_else(|| Error::Unexpected("a row whose address is not below the service's prefix".to_owned()))
}
