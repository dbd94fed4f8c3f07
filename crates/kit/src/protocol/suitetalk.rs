//! SuiteTalk REST web services: SuiteQL to find and read, the record API to write.
//!
//! `source.query` is a SELECT up to and including its WHERE, `source.key_column` the key in that query, `source.set` the record
//! type; `source.lines` is a second SELECT for the lines. `sync.modified` is the column with the time of the last change.
//! Creates are `PUT …/eid:KEY`, an upsert by external id: sent twice, it is done once.
//!
//! Source: Oracle NetSuite, "SuiteTalk REST Web Services API Guide".

use http::Method;
use http::header::{HeaderName, HeaderValue, LOCATION};
use trunnion_model::time::Timestamp;

use super::seconds;
use super::suitetalk_custom::with_columns;
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Effect, Request};
use crate::json::{Node, Object, parse};
use crate::link::Link;
use crate::mapping::{Change, Path};
use crate::spec::{Deletes, EntitySpec, LinesSource};
use crate::vendor::{Account, Deleted, Page, Target, Window};

const SUITEQL: &str = "/services/rest/query/v1/suiteql";
pub(super) const RECORDS: &str = "/services/rest/record/v1";
const JSON: &str = "application/json";
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Without it a misspelled field is ignored in silence.
const NAME_CHECK: HeaderName = HeaderName::from_static("x-netsuite-propertynamevalidation");
/// SuiteQL's own largest page.
const LARGEST_PAGE: usize = 1000;
/// A page of orders has at most this many lines; more is refused rather than read without end.
const MOST_LINE_PAGES: usize = 200;

/// One row of every entity: each may lack a permission of its own.
pub(super) async fn probe(link: &Link) -> Result<Account, Error> {
    for entity in link.spec().entities.iter().filter(|entity| !entity.optional) {
        let window = Window { limit: 1, ..Window::default() };
        let (query, params) = select(entity, &window);
        suiteql(link, &query, params, 1).await?;
        if let Deletes::Feed(_) = entity.sync.deletes {
            deleted(link, entity, &window).await?;
        }
    }
    Ok(Account { name: link.setting("account").unwrap_or_default().to_owned() })
}

pub(super) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    let (query, params) = select(entity, window);
    with_lines(link, entity, suiteql(link, &query, params, window.limit.min(LARGEST_PAGE)).await?).await
}

pub(super) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    let query = format!("{} AND {} = ?", columns(entity), entity.source.key_column);
    with_lines(link, entity, suiteql(link, &query, vec![parameter(remote_id)], 1).await?).await
}

pub(super) async fn keys(
    link: &Link,
    entity: &EntitySpec,
    after_key: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    let column = &entity.source.key_column;
    let whole = entity.source.query.trim();
    let from = whole.find("FROM ").map_or(whole, |at| &whole[at..]);
    let (mut query, mut params) = (format!("SELECT {column} {from}"), Vec::new());
    if let Some(after) = after_key {
        query.push_str(&format!(" AND {column} > ?"));
        params.push(parameter(after));
    }
    query.push_str(&format!(" ORDER BY {column}"));
    Ok(Page::new(suiteql(link, &query, params, limit.min(LARGEST_PAGE)).await?, "items"))
}

/// The account's list of deleted records; its time is told in UTC, as all times that are asked for here.
pub(super) async fn deleted(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Vec<Deleted>, Error> {
    let Deletes::Feed(feed) = &entity.sync.deletes else {
        return Err(Error::Unexpected(format!("{} declares no list of deleted records", entity.source.set)));
    };
    let (mut query, mut params) = (feed.query.trim().to_owned(), Vec::new());
    if let Some(since) = window.since {
        query.push_str(&format!(" AND {} >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS')", feed.at));
        params.push(Node::text(sql_timestamp(since)));
    }
    if let Some(after) = &window.after_key {
        query.push_str(&format!(" AND {} > ?", feed.key));
        params.push(parameter(after));
    }
    query.push_str(&format!(" ORDER BY {}", feed.key));
    let body = suiteql(link, &query, params, window.limit.min(LARGEST_PAGE)).await?;
    let read = parse(&body).map_err(|error| Error::Unexpected(format!("the answer is {error}")))?;
    let rows = read.items().ok_or_else(|| Error::Unexpected("the answer has no items".to_owned()))?;
    let row = |row: &Node<'_>| {
        let remote_id = row.get(member(&feed.key)).and_then(Node::as_text)?.to_owned();
        let at = row.get(&feed.at_member).and_then(Node::as_text).and_then(|text| format!("{text}Z").parse().ok());
        Some(Deleted { remote_id, at })
    };
    Ok(rows.iter().filter_map(row).collect())
}

pub(super) async fn create(
    link: &Link,
    entity: &EntitySpec,
    body: &Node<'static>,
    write_key: &str,
) -> Result<String, Error> {
    // An upsert appends to sublists: only with `replace` is it the same when it is sent twice.
    let sublists: Vec<&str> = entity
        .groups
        .iter()
        .filter(|group| group.write.on_create())
        .filter_map(|group| group.to.names().next())
        .collect();
    let replace = if sublists.is_empty() { String::new() } else { format!("?replace={}", sublists.join(",")) };
    let set = set_of(entity, body);
    let url = link.url(&format!("{RECORDS}/{set}/eid:{write_key}{replace}"))?;
    let request = Request::new(Method::PUT, url, Effect::Write)
        .with_header(NAME_CHECK, HeaderValue::from_static("Error"))
        .with_body(JSON, without_ours(body).to_json());
    let answer = accepted(link.write(request).await?, Effect::Write)?;
    match new_id(&answer) {
        Some(id) => Ok(id),
        None => find(link, &set, write_key)
            .await?
            .ok_or_else(|| Error::OutcomeUnknown("created, but not to be found".to_owned())),
    }
}

pub(super) async fn find_written(link: &Link, entity: &EntitySpec, write_key: &str) -> Result<Option<String>, Error> {
    find(link, &entity.source.set, write_key).await
}

/// Whether there is a record of that type under an external id.
pub async fn is_there(link: &Link, set: &str, write_key: &str) -> Result<bool, Error> {
    find(link, set, write_key).await.map(|found| found.is_some())
}

async fn find(link: &Link, set: &str, write_key: &str) -> Result<Option<String>, Error> {
    let url = link.url(&format!("{RECORDS}/{set}/eid:{write_key}?fields=id"))?;
    match accepted(link.call(Request::get(url)).await?, Effect::Read) {
        Ok(answer) => {
            let found = parse(answer.text()?).map_err(|error| Error::Unexpected(error.to_string()))?;
            let id = found.get("id").and_then(Node::as_text).map(str::to_owned);
            id.map(Some).ok_or_else(|| Error::Unexpected("a record without an id".to_owned()))
        }
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One PATCH: what is not named stays. Lines are named by their key, so that none is appended by mistake.
pub(super) async fn update(link: &Link, entity: &EntitySpec, target: Target<'_>, change: Change) -> Result<(), Error> {
    let Change { header: mut body, lists } = change;
    for list in lists.into_iter().filter(|list| !list.edits.is_empty()) {
        let group = super::list_of(entity, &list)?;
        group.to.put(&mut body, Node::Array(super::keyed_lines(group, target.row, list.edits)?));
    }
    let request = Request::new(Method::PATCH, record_url(link, entity, target)?, Effect::Write)
        .with_header(NAME_CHECK, HeaderValue::from_static("Error"))
        .with_body(JSON, body.to_json());
    accepted(link.write(request).await?, Effect::Write).map(drop)
}

pub(super) async fn delete(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    let request = Request::new(Method::DELETE, record_url(link, entity, target)?, Effect::Write);
    accepted(link.write(request).await?, Effect::Write).map(drop)
}

/// Makes a record that is none of ours: an adjustment of stock.
pub async fn post(link: &Link, set: &str, body: &Node<'static>) -> Result<(), Error> {
    let request = Request::new(Method::POST, link.url(&format!("{RECORDS}/{set}"))?, Effect::Write)
        .with_header(NAME_CHECK, HeaderValue::from_static("Error"))
        .with_body(JSON, body.to_json());
    accepted(link.write(request).await?, Effect::Write).map(drop)
}

/// The same under an external id, so that sent twice it is made once; `sublist` is the one with its lines.
pub async fn put(link: &Link, set: &str, write_key: &str, sublist: &str, body: &Node<'static>) -> Result<(), Error> {
    let url = link.url(&format!("{RECORDS}/{set}/eid:{write_key}?replace={sublist}"))?;
    let request = Request::new(Method::PUT, url, Effect::Write)
        .with_header(NAME_CHECK, HeaderValue::from_static("Error"))
        .with_body(JSON, body.to_json());
    accepted(link.write(request).await?, Effect::Write).map(drop)
}

/// Makes a record of another by one of the system's transformations; gives the new one's id. The body carries the write key.
pub async fn transform(link: &Link, from: (&str, &str), to: &str, body: &Node<'static>) -> Result<String, Error> {
    let (set, id) = from;
    let url = link.url(&format!("{RECORDS}/{set}/{}/!transform/{to}", super::encode(id)))?;
    let request = Request::new(Method::POST, url, Effect::Write)
        .with_header(NAME_CHECK, HeaderValue::from_static("Error"))
        .with_body(JSON, body.to_json());
    let answer = accepted(link.write(request).await?, Effect::Write)?;
    new_id(&answer).ok_or_else(|| Error::OutcomeUnknown("made, but the answer does not say under which id".to_owned()))
}

/// The internal id at the end of the address of what was made.
fn new_id(answer: &Answer) -> Option<String> {
    let id = answer.header(LOCATION).and_then(|at| at.rsplit('/').next());
    id.filter(|id| !id.is_empty() && !id.starts_with("eid:")).map(str::to_owned)
}

fn record_url(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<url::Url, Error> {
    link.url(&format!("{RECORDS}/{}/{}", set_of(entity, target.row), super::encode(target.remote_id)))
}

/// The record type of a row or of a body that is to be made: it is part of the address, and another one's finds nothing.
fn set_of(entity: &EntitySpec, of: &Node<'_>) -> String {
    let at = &entity.source.set_at;
    let own = if at.is_empty() { None } else { at.find(of).and_then(Node::as_text) };
    super::encode(own.unwrap_or(&entity.source.set))
}

/// The body without what is said to this module only.
fn without_ours(body: &Node<'static>) -> Node<'static> {
    let Some(object) = body.as_object() else { return body.clone() };
    let kept = object.members().iter().filter(|(name, _)| !name.starts_with('@')).cloned();
    Node::Object(kept.collect())
}

/// The answer (with `items`) to a query of the connector's own; at most 1,000 rows.
pub async fn query(link: &Link, query: &str, params: Vec<Node<'static>>) -> Result<String, Error> {
    suiteql(link, query, params, LARGEST_PAGE).await
}

/// The query up to its conditions.
fn columns(entity: &EntitySpec) -> String {
    with_columns(&entity.source.query, &entity.source.key_column, &entity.custom)
}

/// The query and its bound values.
fn select(entity: &EntitySpec, window: &Window) -> (String, Vec<Node<'static>>) {
    let key = &entity.source.key_column;
    let (mut query, mut params) = (columns(entity), Vec::new());
    let since = window.since.filter(|_| entity.sync.strategy.is_by_time());
    if let (Some(since), [modified, ..]) = (since, entity.sync.modified.as_slice()) {
        query.push_str(&format!(" AND {modified} >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS')"));
        params.push(Node::text(sql_timestamp(since)));
    }
    if let (Some(from), Some(dated)) = (window.dated_from, &entity.sync.dated) {
        query.push_str(&format!(" AND {} >= TO_DATE(?, 'YYYY-MM-DD')", dated.ask));
        params.push(Node::text(super::day(from).to_string()));
    }
    if let Some(after) = &window.after_key {
        query.push_str(&format!(" AND {key} > ?"));
        params.push(parameter(after));
    }
    query.push_str(&format!(" ORDER BY {key}"));
    (query, params)
}

/// Reads the lines of a page of rows, by as many calls as their number asks for, and puts them into their rows.
async fn with_lines(link: &Link, entity: &EntitySpec, body: String) -> Result<Page, Error> {
    let Some(lines) = &entity.source.lines else { return Ok(Page::new(body, "items")) };
    let key = entity.source.key.to_string();
    let page = Page::new(body, "items");
    let ids: Vec<String> =
        page.rows()?.iter().filter_map(|row| row.get(&key).and_then(Node::as_text).map(str::to_owned)).collect();
    let mut page = page.ordered_by(&lines.order);
    if ids.is_empty() {
        return Ok(page);
    }
    // The lines' own query is of the one list that comes by it.
    let custom =
        super::lists(entity).find(|group| group.at == Path::new("lines")).map_or(&[][..], |group| &group.custom);
    let asked = with_columns(&lines.query, &lines.unique, custom);
    let mut after: Option<String> = None;
    for _ in 0..MOST_LINE_PAGES {
        let (query, params) = select_lines(&asked, lines, &ids, after.as_deref());
        let body = suiteql(link, &query, params, LARGEST_PAGE).await?;
        let (count, last) = count_and_last(&body, member(&lines.unique))?;
        if count == 0 {
            return Ok(page);
        }
        page = page.with_children(body, "items", member(&lines.parent), &key, "lines");
        // A full page may have a successor; the key of the last line says where to go on.
        if count < LARGEST_PAGE {
            return Ok(page);
        }
        after = Some(last.ok_or_else(|| Error::Unexpected(format!("a line without `{}`", lines.unique)))?);
    }
    Err(Error::Unexpected(format!(
        "more than {} lines in a page of {} rows",
        MOST_LINE_PAGES * LARGEST_PAGE,
        ids.len()
    )))
}

fn count_and_last(body: &str, unique: &str) -> Result<(usize, Option<String>), Error> {
    let read = parse(body).map_err(|error| Error::Unexpected(format!("the answer is {error}")))?;
    let rows = read.items().ok_or_else(|| Error::Unexpected("the answer has no items".to_owned()))?;
    Ok((rows.len(), rows.last().and_then(|row| row.get(unique)).and_then(Node::as_text).map(str::to_owned)))
}

fn select_lines(asked: &str, lines: &LinesSource, ids: &[String], after: Option<&str>) -> (String, Vec<Node<'static>>) {
    let marks = vec!["?"; ids.len()].join(",");
    let mut query = format!("{asked} AND {} IN ({marks})", lines.parent);
    let mut params: Vec<Node<'static>> = ids.iter().map(|id| parameter(id)).collect();
    if let Some(after) = after {
        query.push_str(&format!(" AND {} > ?", lines.unique));
        params.push(parameter(after));
    }
    query.push_str(&format!(" ORDER BY {}", lines.unique));
    (query, params)
}

async fn suiteql(link: &Link, query: &str, params: Vec<Node<'static>>, limit: usize) -> Result<String, Error> {
    let body = Node::Object(Object::from_iter([
        ("q".into(), Node::text(query.to_owned())),
        ("params".into(), Node::Array(params)),
    ]));
    let request = Request::new(Method::POST, link.url(&format!("{SUITEQL}?limit={limit}&offset=0"))?, Effect::Read)
        .with_header(PREFER, HeaderValue::from_static("transient"))
        .with_body(JSON, body.to_json());
    super::into_text(accepted(link.call(request).await?, Effect::Read)?)
}

pub(super) fn accepted(answer: Answer, effect: Effect) -> Result<Answer, Error> {
    if answer.is_success() {
        return Ok(answer);
    }
    let said = details(&answer);
    let message = said.clone().unwrap_or_else(|| answer.vendor_message());
    Err(match (answer.status, said) {
        (403, _) => Error::Permission(message),
        (404, Some(_)) => Error::NotFound(message),
        (404, None) => Error::NotThatProduct(format!("the address has no SuiteTalk REST services ({})", message.text)),
        (status @ 500.., _) if effect == Effect::Write => {
            Error::OutcomeUnknown(format!("HTTP {status}: {}", message.text))
        }
        (status @ 500.., _) => Error::Unreachable { reason: format!("HTTP {status}: {}", message.text), after: None },
        (_, Some(_)) => Error::Rejected(message),
        (status, None) => Error::Unexpected(format!("HTTP {status}: {}", message.text)),
    })
}

/// `{"title":…,"o:errorDetails":[{"detail":…,"o:errorCode":…,"o:errorPath":…}]}`.
fn details(answer: &Answer) -> Option<VendorMessage> {
    let tree = parse(answer.text().ok()?).ok()?;
    let details = tree.get("o:errorDetails")?.items()?;
    let text = |node: &Node<'_>, name: &str| node.get(name).and_then(Node::as_text).map(str::to_owned);
    let texts: Vec<String> = details.iter().filter_map(|detail| text(detail, "detail")).collect();
    Some(VendorMessage {
        status: Some(answer.status),
        code: details.first().and_then(|detail| text(detail, "o:errorCode")),
        text: texts.join("; ").chars().take(1_000).collect(),
        field: details.first().and_then(|detail| text(detail, "o:errorPath")),
    })
}

/// Ids are numbers in SuiteQL and strings in JSON.
fn parameter(id: &str) -> Node<'static> {
    if id.len() < 19 && !id.is_empty() && !id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit()) {
        Node::number(id.to_owned())
    } else {
        Node::text(id.to_owned())
    }
}

/// `l.uniquekey` is the member `uniquekey` of a row.
fn member(column: &str) -> &str {
    column.rsplit('.').next().unwrap_or(column)
}

fn sql_timestamp(at: Timestamp) -> String {
    seconds(at).replace('T', " ")
}
