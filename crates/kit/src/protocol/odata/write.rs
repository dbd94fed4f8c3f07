//! Creating, changing and deleting.

use http::Method;
use http::header::{ETAG, HeaderValue};

use super::super::encode;
use super::super::odata_v2::literal;
use super::batch;
use super::change::{self, Part};
use super::send::{Body, Modify, modify, read};
use super::way::Way;
use crate::error::Error;
use crate::http::Answer;
use crate::json::{Node, parse};
use crate::link::Link;
use crate::mapping::{Change, Path};
use crate::spec::EntitySpec;
use crate::vendor::Target;

pub(in super::super) async fn create(link: &Link, entity: &EntitySpec, body: Node<'static>) -> Result<String, Error> {
    let way = Way::of(link, entity).await?;
    let other = entity.create.as_ref().map_or("", |create| create.set.as_str());
    let set = if other.is_empty() || way.is_v4() { way.set() } else { other };
    let format = if way.is_v4() { "" } else { "?$format=json" };
    let (root, body) = (way.root(), way.body("", body));
    let at = format!("{root}/{set}{format}");
    let request = Modify {
        root: &root,
        method: Method::POST,
        at: &at,
        etag: None,
        json: way.json(),
        body: Some(Body::Json(&body)),
    };
    let answer = modify(link, request).await?;
    let text = super::super::into_text(answer).map_err(|error| Error::OutcomeUnknown(error.to_string()))?;
    way.id_in(&text)
        .map_err(|error| Error::OutcomeUnknown(format!("created, but the answer is {error}")))?
        .ok_or_else(|| Error::OutcomeUnknown("created, but the answer does not say under which key".to_owned()))
}

pub(in super::super) async fn update(
    link: &Link,
    entity: &EntitySpec,
    target: Target<'_>,
    change: Change,
) -> Result<(), Error> {
    let way = Way::of_row(link, entity, target.row).await?;
    send(link, &way, target, change::parts(link, &way, target, change)?).await
}

pub(in super::super) async fn delete(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    let way = Way::of_row(link, entity, target.row).await?;
    let part = change::whole(link, &way, target)?;
    send(link, &way, target, vec![Part { method: Method::DELETE, ..part }]).await
}

/// Every line that is there still: a second call goes on where the first was cut off.
pub(in super::super) async fn delete_lines(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    let way = Way::of_row(link, entity, target.row).await?;
    let lines = change::each_line(link, &way, target)?;
    send(link, &way, target, lines.into_iter().map(|part| Part { method: Method::DELETE, ..part }).collect()).await
}

/// A function import of version 2 with the record's key as its parameter.
pub(in super::super) async fn named(
    link: &Link,
    entity: &EntitySpec,
    target: Target<'_>,
    name: &str,
) -> Result<(), Error> {
    let way = Way::of_row(link, entity, target.row).await?;
    if way.is_v4() {
        return Err(super::super::no_such_call("has no function imports in version 4"));
    }
    let Part { etag, .. } = change::whole(link, &way, target)?;
    let (root, key) = (way.root(), literal(target.remote_id));
    let at = format!("{root}/{name}?{}={}&$format=json", entity.source.key, encode(&key));
    let request = Modify { root: &root, method: Method::POST, at: &at, etag, json: way.json(), body: None };
    modify(link, request).await.map(drop)
}

/// Together, where the service takes changesets; else one request after the other. Rows may share one version: then each change
/// gives the next one its own. Where its answer does not tell it (a deletion's has no row), the record is asked, and what others
/// change from then on is still noticed.
async fn send(link: &Link, way: &Way<'_>, target: Target<'_>, parts: Vec<Part>) -> Result<(), Error> {
    if parts.len() > 1 && way.takes_changesets() && batch::send(link, way, &parts).await? {
        return Ok(());
    }
    let root = way.root();
    let mut renewed: Vec<(HeaderValue, HeaderValue)> = Vec::new();
    let mut parts = parts.into_iter().peekable();
    while let Some(Part { method, at, etag, body }) = parts.next() {
        let body = body.map(|(path, body)| way.body(&path, body));
        let newest = etag.as_ref().and_then(|etag| renewed.iter().rev().find(|(old, _)| old == etag));
        let sent = newest.map(|(_, new)| new.clone()).or_else(|| etag.clone());
        let request =
            Modify { root: &root, method, at: &at, etag: sent, json: way.json(), body: body.as_ref().map(Body::Json) };
        let answer = modify(link, request).await?;
        let Some(old) = etag else { continue };
        let is_shared = way.is_v4() && parts.peek().is_some_and(|next| next.etag.as_ref() == Some(&old));
        let new = match version(&answer) {
            None if is_shared && !link.is_dry() => version(&read(link, way, &way.address("", target.row)?).await?),
            told => told,
        };
        renewed.extend(new.map(|new| (old, new)));
    }
    Ok(())
}

/// The version that a change left: in the answer's head, or in the row that it shows.
fn version(answer: &Answer) -> Option<HeaderValue> {
    if let Some(etag) = answer.headers.get(ETAG) {
        return Some(etag.clone());
    }
    let row = parse(answer.text().ok()?).ok()?;
    HeaderValue::from_str(row.get("@odata.etag")?.as_text()?).ok()
}

pub(super) fn key_names(entity: &EntitySpec) -> Vec<String> {
    [entity.source.key.to_string()].into_iter().chain(entity.source.more_keys.iter().cloned()).collect()
}

pub(super) fn remote_id(entity: &EntitySpec, row: &Node<'_>) -> Option<String> {
    let values: Option<Vec<&str>> = key_names(entity).iter().map(|name| Path::new(name).find(row)?.as_text()).collect();
    values.map(|values| values.join("/"))
}
