//! The wire dialects, each in a file of its own. What a vendor does not override ends here.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use trunnion_model::time::Timestamp;

use crate::custom::CustomField;
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Request};
use crate::json::Node;
use crate::link::Link;
use crate::mapping::{Change, Edit, ListChange, Path, fixed};
use crate::passthrough::{Passage, Wrong};
use crate::spec::{Call, EntitySpec, GroupSpec, ProtocolKind};
use crate::vendor::{Account, Deleted, Page, Target, Window};

pub mod json_rpc;
mod json_rpc_passage;
mod odata;
pub mod odata_v2;
pub mod suitetalk;
mod suitetalk_custom;

pub(crate) use odata::Offers;

#[cfg(test)]
mod tests;

pub(crate) async fn probe(link: &Link) -> Result<Account, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::probe(link).await,
        ProtocolKind::SuiteTalk => suitetalk::probe(link).await,
        ProtocolKind::JsonRpc => json_rpc::probe(link).await,
    }
}

pub(crate) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::page(link, entity, window).await,
        ProtocolKind::SuiteTalk => suitetalk::page(link, entity, window).await,
        ProtocolKind::JsonRpc => json_rpc::page(link, entity, window).await,
    }
}

pub(crate) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::one(link, entity, remote_id).await,
        ProtocolKind::SuiteTalk => suitetalk::one(link, entity, remote_id).await,
        ProtocolKind::JsonRpc => json_rpc::one(link, entity, remote_id).await,
    }
}

pub(crate) async fn keys(
    link: &Link,
    entity: &EntitySpec,
    after_key: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::keys(link, entity, after_key, limit).await,
        ProtocolKind::SuiteTalk => suitetalk::keys(link, entity, after_key, limit).await,
        ProtocolKind::JsonRpc => json_rpc::keys(link, entity, after_key, limit).await,
    }
}

pub(crate) async fn deleted(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Vec<Deleted>, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::SuiteTalk => suitetalk::deleted(link, entity, window).await,
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 | ProtocolKind::JsonRpc => {
            Err(Error::Unexpected(format!("the protocol has no list of deleted {}", entity.source.set)))
        }
    }
}

/// The fields that the customer added to the entity, by what the system tells of its own form.
pub(crate) async fn custom_fields(link: &Link, entity: &EntitySpec) -> Result<Vec<CustomField>, Error> {
    if link.spec().protocol.custom.is_empty() {
        return Ok(Vec::new());
    }
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::discover(link, entity).await,
        ProtocolKind::SuiteTalk => suitetalk_custom::discover(link, entity).await,
        ProtocolKind::JsonRpc => Ok(Vec::new()),
    }
}

pub(crate) async fn create(
    link: &Link,
    entity: &EntitySpec,
    body: Node<'static>,
    write_key: &str,
) -> Result<String, Error> {
    if entity.create.is_none() {
        let text = format!("{} records are read from this system, not created in it", entity.entity.name);
        return Err(Error::Rejected(VendorMessage { text, ..VendorMessage::default() }));
    }
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::create(link, entity, body).await,
        ProtocolKind::SuiteTalk => suitetalk::create(link, entity, &body, write_key).await,
        ProtocolKind::JsonRpc => json_rpc::create(link, entity, body).await,
    }
}

pub(crate) async fn find_written(link: &Link, entity: &EntitySpec, write_key: &str) -> Result<Option<String>, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::find_written(link, entity, write_key).await,
        ProtocolKind::SuiteTalk => suitetalk::find_written(link, entity, write_key).await,
        ProtocolKind::JsonRpc => json_rpc::find_written(link, entity, write_key).await,
    }
}

/// A request that somebody else made, with what the protocol adds to its own.
pub(crate) async fn passthrough(link: &Link, request: Request) -> Result<Answer, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::passthrough(link, request).await,
        ProtocolKind::SuiteTalk => link.call(request).await,
        ProtocolKind::JsonRpc => json_rpc_passage::send(link, request).await,
    }
}

/// What speaks against a request of somebody else's in the protocol's own terms.
pub(crate) fn passage_problems(link: &Link, passage: &Passage) -> Vec<Wrong> {
    match link.spec().protocol.kind {
        ProtocolKind::JsonRpc => json_rpc_passage::problems(passage),
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 | ProtocolKind::SuiteTalk => Vec::new(),
    }
}

pub(crate) async fn find_by(
    link: &Link,
    entity: &EntitySpec,
    column: &str,
    value: &str,
) -> Result<Option<String>, Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::find_by(link, entity, column, value).await,
        // The declaration's check allows no such column there.
        ProtocolKind::SuiteTalk | ProtocolKind::JsonRpc => Err(no_such_call("finds no record by another column")),
    }
}

pub(crate) async fn update(link: &Link, entity: &EntitySpec, target: Target<'_>, change: Change) -> Result<(), Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::update(link, entity, target, change).await,
        ProtocolKind::SuiteTalk => suitetalk::update(link, entity, target, change).await,
        ProtocolKind::JsonRpc => json_rpc::update(link, entity, target, change).await,
    }
}

pub(crate) async fn delete(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    match link.spec().protocol.kind {
        ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::delete(link, entity, target).await,
        ProtocolKind::SuiteTalk => suitetalk::delete(link, entity, target).await,
        ProtocolKind::JsonRpc => json_rpc::delete(link, entity, target).await,
    }
}

/// What a call writes is an update; only a named one, and the deletion of lines, are the dialect's own.
pub(crate) async fn act(link: &Link, entity: &EntitySpec, target: Target<'_>, call: &Call) -> Result<(), Error> {
    match call {
        Call::Set(constants) => update(link, entity, target, Change::of_constants(constants)).await,
        Call::SetLines(constants) => {
            let edit = |line: String| Edit { line: Some(line), body: fixed(constants) };
            let lists = lists(entity).map(|group| ListChange {
                name: group.field.name,
                edits: lines_of(group, target.row).filter_map(|line| line_name(group, line)).map(edit).collect(),
            });
            let change = Change { header: Node::Object(crate::json::Object::new()), lists: lists.collect() };
            update(link, entity, target, change).await
        }
        Call::DeleteLines => match link.spec().protocol.kind {
            ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::delete_lines(link, entity, target).await,
            ProtocolKind::SuiteTalk | ProtocolKind::JsonRpc => Err(no_such_call("deletes no lines")),
        },
        Call::Named(name) => match link.spec().protocol.kind {
            ProtocolKind::ODataV2 | ProtocolKind::ODataV4 => odata::named(link, entity, target, name).await,
            ProtocolKind::JsonRpc => json_rpc::named(link, entity, target, name).await,
            ProtocolKind::SuiteTalk => Err(no_such_call("has no named operations")),
        },
    }
}

fn no_such_call(what: &str) -> Error {
    Error::Unexpected(format!("the declaration has a move that its protocol cannot make: it {what}"))
}

fn lists(entity: &EntitySpec) -> impl Iterator<Item = &GroupSpec> {
    entity.groups.iter().filter(|group| matches!(group.field.kind, trunnion_model::catalog::Kind::List(_)))
}

/// The lines of a row that are not deleted.
fn lines_of<'n, 'a>(group: &'n GroupSpec, row: &'n Node<'a>) -> impl Iterator<Item = &'n Node<'a>> {
    let deleted = group.fields.iter().find(|row| row.name == "deleted").map(|row| &row.at);
    let is_deleted = move |line: &Node<'_>| {
        let mark = deleted.and_then(|at| at.find(line));
        mark.is_some_and(|mark| !matches!(mark, Node::Bool(false)) && mark.as_text() != Some(""))
    };
    group.at.find(row).and_then(Node::items).unwrap_or_default().iter().filter(move |line| !is_deleted(line))
}

/// What a line is called by its `remote_line_id`.
fn line_name(group: &GroupSpec, line: &Node<'_>) -> Option<String> {
    let row = group.fields.iter().find(|row| row.name == "remote_line_id")?;
    row.at.find(line).and_then(Node::as_text).map(str::to_owned)
}

/// The line of a row with that `remote_line_id`.
fn line_named<'n, 'a>(group: &'n GroupSpec, row: &'n Node<'a>, name: &str) -> Result<&'n Node<'a>, Error> {
    let mut lines = group.at.find(row).and_then(Node::items).unwrap_or_default().iter();
    lines.find(|line| line_name(group, line).as_deref() == Some(name)).ok_or_else(|| {
        let text = format!("there is no line {name}");
        Error::Rejected(VendorMessage { text, field: Some("remote_line_id".to_owned()), ..VendorMessage::default() })
    })
}

fn list_of<'s>(entity: &'s EntitySpec, change: &ListChange) -> Result<&'s GroupSpec, Error> {
    lists(entity)
        .find(|group| group.field.name == change.name)
        .ok_or_else(|| Error::Unexpected(format!("no list `{}` is declared", change.name)))
}

/// Puts the edits of keyed lines into one body, each with the name that the system's write knows it by.
fn keyed_lines(group: &GroupSpec, row: &Node<'_>, edits: Vec<Edit>) -> Result<Vec<Node<'static>>, Error> {
    let mut lines = Vec::with_capacity(edits.len());
    for Edit { line, mut body } in edits {
        if let Some(name) = line {
            let there = line_named(group, row, &name)?;
            let key = if group.key.is_empty() {
                Node::text(name)
            } else {
                match group.key.find(there) {
                    Some(Node::Number(digits)) => Node::number(digits.clone().into_owned()),
                    Some(node) => Node::text(node.as_text().unwrap_or_default().to_owned()),
                    None => return Err(Error::Unexpected(format!("line {name} has no `{}`", group.key))),
                }
            };
            group.key_to.put(&mut body, key);
        }
        lines.push(body);
    }
    Ok(lines)
}

/// The vendor fields that the mapping reads, in a stable order, each once. `join` makes the projection's name of a path.
fn projection(entity: &EntitySpec, join: &dyn Fn(&[&str]) -> String) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |prefix: &Path, path: &Path| {
        let steps: Vec<&str> = prefix.names().chain(path.names()).collect();
        // What a hook computes begins with `@`; the system knows nothing of it.
        if !path.is_empty() && !steps.iter().any(|step| step.starts_with('@')) {
            let name = join(&steps);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    };
    let root = Path::default();
    add(&root, &entity.source.key);
    for name in &entity.source.more_keys {
        add(&root, &Path::new(name));
    }
    for row in entity.fields.iter().chain(entity.custom.iter().map(|one| &one.row)) {
        add(&root, &row.at);
    }
    for group in &entity.groups {
        for row in group.fields.iter().chain(group.custom.iter().map(|one| &one.row)) {
            add(&group.at, &row.at);
        }
        add(&group.at, &group.key);
    }
    for (path, _) in entity.remote_created.iter().chain(&entity.remote_modified) {
        add(&root, path);
    }
    if let Some(path) = &entity.deleted_at {
        add(&root, path);
    }
    for name in entity.sync.modified.iter().chain(&entity.sync.created).chain(&entity.source.also) {
        add(&root, &Path::new(name));
    }
    names
}

fn into_text(answer: Answer) -> Result<String, Error> {
    String::from_utf8(answer.body).map_err(|_| Error::Unexpected("the answer is not UTF-8 text".to_owned()))
}

/// Whole seconds are enough for a watermark, and every dialect has them; cut, never rounded up.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The day on which the instant lies, in UTC: a day more or less of a window of history is no matter.
fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
