//! From a change of a whole record to the requests that OData knows: one per row, each at the row's address, under its
//! version. Version 2 says both in the row (`__metadata.uri`, `__metadata.etag`); version 4 the latter (`@odata.etag`), and
//! the address follows from the row's place and keys.
//!
//! A nested object of the change belongs to the row that is expanded under the same name. Where no such row is there, it is
//! posted to the navigation.

use http::Method;
use http::header::HeaderValue;

use super::super::{line_named, lines_of, list_of, lists};
use super::way::Way;
use crate::error::Error;
use crate::json::{Node, Object};
use crate::link::Link;
use crate::mapping::Change;
use crate::spec::GroupSpec;
use crate::vendor::Target;

/// One request.
pub(super) struct Part {
    pub(super) method: Method,
    /// A path at the connection's address.
    pub(super) at: String,
    pub(super) etag: Option<HeaderValue>,
    /// With the place of the row that it is of, in the declaration's names.
    pub(super) body: Option<(String, Node<'static>)>,
}

/// A row and its place in the record, in the declaration's names; the record's own is empty.
#[derive(Clone, Copy)]
struct Place<'p> {
    row: &'p Node<'p>,
    path: &'p str,
}

/// All requests of a change, the record itself first.
pub(super) fn parts(link: &Link, way: &Way<'_>, target: Target<'_>, change: Change) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let record = Place { row: target.row, path: "" };
    if let Node::Object(header) = change.header {
        split(link, way, record, header, &mut parts)?;
    }
    for list in change.lists {
        let group = list_of(way.entity, &list)?;
        let (read_at, path) = (place_of(group), group.to.to_string());
        for edit in list.edits {
            match (edit.line, edit.body) {
                (Some(name), Node::Object(body)) => {
                    let line = Place { row: line_named(group, target.row, &name)?, path: &read_at };
                    split(link, way, line, body, &mut parts)?;
                }
                (None, body) => parts.push(added(link, way, record, &path, body)?),
                (Some(_), _) => {}
            }
        }
    }
    Ok(parts)
}

/// The record itself.
pub(super) fn whole(link: &Link, way: &Way<'_>, target: Target<'_>) -> Result<Part, Error> {
    part(link, way, Place { row: target.row, path: "" }, None)
}

/// Its lines that are not deleted.
pub(super) fn each_line(link: &Link, way: &Way<'_>, target: Target<'_>) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for group in lists(way.entity) {
        let path = place_of(group);
        for row in lines_of(group, target.row) {
            parts.push(part(link, way, Place { row, path: &path }, None)?);
        }
    }
    Ok(parts)
}

fn place_of(group: &GroupSpec) -> String {
    group.at.names().collect::<Vec<_>>().join("/")
}

fn split(
    link: &Link,
    way: &Way<'_>,
    here: Place<'_>,
    change: Object<'static>,
    parts: &mut Vec<Part>,
) -> Result<(), Error> {
    let mut own = Object::new();
    let (place, mut nested) = (parts.len(), Vec::new());
    for (name, node) in change.into_members() {
        let below = here.row.get(&name);
        let expanded = below.is_some_and(|below| below.items().is_some() || is_row(way, below));
        match (node, below) {
            (Node::Array(items), below) => {
                let there = below.and_then(Node::items).unwrap_or_default();
                for (place, item) in items.into_iter().enumerate() {
                    nested.push((there.get(place), name.clone(), item));
                }
            }
            (node @ Node::Object(_), below) if expanded || below.is_none() => {
                nested.push((below.filter(|below| is_row(way, below)), name, node));
            }
            (node, _) => own.set(name, node),
        }
    }
    for (there, name, node) in nested {
        match (there, node) {
            (Some(row), Node::Object(change)) => {
                let path = join(here.path, &name);
                split(link, way, Place { row, path: &path }, change, parts)?;
            }
            (None, node @ Node::Object(_)) => parts.push(added(link, way, here, &name, node)?),
            // A place in a list that the change says nothing about.
            _ => {}
        }
    }
    if !own.is_empty() {
        parts.insert(place, part(link, way, here, Some(Node::Object(own)))?);
    }
    Ok(())
}

fn added(link: &Link, way: &Way<'_>, to: Place<'_>, navigation: &str, body: Node<'static>) -> Result<Part, Error> {
    let Part { at, .. } = part(link, way, to, None)?;
    let path = join(to.path, navigation);
    let name = way.name(&path).rsplit('/').next().unwrap_or(navigation).to_owned();
    Ok(Part { method: Method::POST, at: format!("{at}/{name}"), etag: None, body: Some((path, body)) })
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// Whether it is an expanded row rather than a value or a link. Version 4 has no links in rows.
fn is_row(way: &Way<'_>, node: &Node<'_>) -> bool {
    node.get("__metadata").is_some() || way.is_v4() && node.as_object().is_some()
}

fn part(link: &Link, way: &Way<'_>, of: Place<'_>, body: Option<Node<'static>>) -> Result<Part, Error> {
    let meta = of.row.get("__metadata");
    let text = |name: &str| meta.and_then(|meta| meta.get(name)).and_then(Node::as_text);
    let (at, etag) = if way.is_v4() {
        (way.address(of.path, of.row)?, of.row.get("@odata.etag").and_then(Node::as_text))
    } else {
        let uri = text("uri").ok_or_else(|| Error::Unexpected("a row without an address of its own".to_owned()))?;
        (from_prefix(link, uri)?, text("etag"))
    };
    let etag = etag.map(HeaderValue::from_str).transpose();
    let etag = etag.map_err(|_| Error::Unexpected("a row whose version is no header value".to_owned()))?;
    Ok(Part { method: Method::PATCH, at, etag, body: body.map(|body| (of.path.to_owned(), body)) })
}

/// Behind gateways the row's host is often another than ours, so only what begins with the prefix counts.
fn from_prefix(link: &Link, uri: &str) -> Result<String, Error> {
    let prefix = link.spec().protocol.prefix.trim_matches('/');
    let path = uri.split_once("://").map_or(uri, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let found = path.split_once(&format!("{prefix}/")).map(|(_, below)| below);
    found
        .map(|below| format!("{prefix}/{}", below.split(['?', '#']).next().unwrap_or_default()))
        .ok_or_else(|| Error::Unexpected("a row whose address is not below the service's prefix".to_owned()))
}
