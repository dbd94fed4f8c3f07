//! OData v2 with the habits of ABAP gateways: CSRF token and cookies for writes, `d.results`, errors in an envelope.
//!
//! `source.service` is the service, `source.set` the entity set, `source.key` its key property (or several: their values,
//! joined by `/`, are the remote id), `source.expand` the navigations, `source.filter` a `$filter` that always holds.
//! `sync.modified` names one DateTimeOffset property, or a date and a time property (then `sync.created` says what to ask
//! while they are null).
//!
//! Source: OData v2 (odata.org); the gateway's documentation for CSRF and error envelopes.

use http::Method;
use http::header::{ACCEPT, HeaderName, HeaderValue, IF_MATCH};
use trunnion_model::time::Timestamp;

use super::odata_change::{self, Part};
use super::{encode, into_text, projection, seconds};
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Effect, Request};
use crate::json::{Node, parse};
use crate::link::{Link, Session};
use crate::mapping::{Form, Path};
use crate::spec::EntitySpec;
use crate::vendor::{Account, Page, Target, Window};

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const JSON: &str = "application/json";

/// One row of every entity that a customer must have: each stands for a service and an authorisation of its own.
pub(super) async fn probe(link: &Link) -> Result<Account, Error> {
    for entity in link.spec().entities.iter().filter(|entity| !entity.optional) {
        let target =
            format!("{}?$top=1&$select={}&$format=json", set_path(entity), encode(&key_names(entity).join(",")));
        let answer = get(link, &target).await?;
        if !answer.content_type_is(JSON) {
            return Err(Error::NotThatProduct(format!(
                "the address answers {} with no JSON: it does not seem to be the system's API",
                entity.source.set
            )));
        }
    }
    Ok(Account { name: link.setting("username").unwrap_or_default().to_owned() })
}

pub(super) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    let mut conditions: Vec<String> = Vec::new();
    if !entity.source.filter.is_empty() {
        conditions.push(entity.source.filter.clone());
    }
    if let Some(since) = window.since.filter(|_| entity.sync.strategy.is_by_time()) {
        conditions.push(changed_since(entity, since)?);
    }
    if let (Some(from), Some(dated)) = (window.dated_from, &entity.sync.dated) {
        let (name, day) = (&dated.ask, super::day(from));
        let literal = match dated.conversion.form {
            Form::Instant | Form::ODataInstant => format!("datetimeoffset'{day}T00:00:00Z'"),
            _ => format!("datetime'{day}T00:00:00'"),
        };
        conditions.push(format!("{name} ge {literal} or {name} eq null"));
    }
    if let Some(after) = &window.after_key {
        conditions.push(after_key(&key_names(entity), after));
    }
    let order = encode(&key_names(entity).join(","));
    let mut target = format!("{}?$orderby={order}&$top={}{}", set_path(entity), window.limit, shape(entity));
    if !conditions.is_empty() {
        let all: Vec<String> = conditions.iter().map(|condition| format!("({condition})")).collect();
        target.push_str("&$filter=");
        target.push_str(&encode(&all.join(" and ")));
    }
    Ok(Page::new(into_text(get(link, &target).await?)?, "d/results"))
}

pub(super) async fn keys(
    link: &Link,
    entity: &EntitySpec,
    after_key: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    let names = key_names(entity);
    let fixed = Some(&entity.source.filter).filter(|filter| !filter.is_empty()).map(|filter| format!("({filter})"));
    let after = after_key.map(|after| format!("({})", self::after_key(&names, after)));
    let conditions: Vec<String> = fixed.into_iter().chain(after).collect();
    let key = encode(&names.join(","));
    let mut target = format!("{}?$orderby={key}&$top={limit}&$select={key}&$format=json", set_path(entity));
    if !conditions.is_empty() {
        target.push_str("&$filter=");
        target.push_str(&encode(&conditions.join(" and ")));
    }
    Ok(Page::new(into_text(get(link, &target).await?)?, "d/results"))
}

/// By a filter rather than by `Set('key')`: the unified key need not be the set's own (a vendor is a business partner).
pub(super) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    let mut filter = is_key(&key_names(entity), remote_id);
    // Several rows may have that key, of which one is the record: equipment has one for each time that it was moved.
    if !entity.source.filter.is_empty() {
        filter = format!("({}) and {filter}", entity.source.filter);
    }
    let filter = encode(&filter);
    let target = format!("{}?$top=1&$filter={filter}{}", set_path(entity), shape(entity));
    Ok(Page::new(into_text(get(link, &target).await?)?, "d/results"))
}

pub(super) async fn create(link: &Link, entity: &EntitySpec, body: &Node<'static>) -> Result<String, Error> {
    let set = entity.create.as_ref().map_or("", |create| create.set.as_str());
    let set = if set.is_empty() { &entity.source.set } else { set };
    let service = &entity.source.service;
    let at = format!("{service}/{set}?$format=json");
    let answer = modify(link, service, Method::POST, &at, None, Some(body)).await?;
    let text = into_text(answer).map_err(|error| Error::OutcomeUnknown(error.to_string()))?;
    let created = parse(&text).map_err(|error| Error::OutcomeUnknown(format!("created, but the answer is {error}")))?;
    created
        .get("d")
        .and_then(|row| remote_id(entity, row))
        .ok_or_else(|| Error::OutcomeUnknown("created, but the answer does not say under which key".to_owned()))
}

pub(super) async fn find_written(link: &Link, entity: &EntitySpec, write_key: &str) -> Result<Option<String>, Error> {
    let field = entity.create.as_ref().map_or("", |create| create.write_key.as_str());
    if field.is_empty() {
        return Err(Error::Unexpected(format!("{} has no field to search a write by", entity.source.set)));
    }
    find(link, entity, &format!("{field} eq {}", literal(write_key))).await
}

/// Of the rows that are the entity's, the one with that value in a column.
pub(super) async fn find_by(
    link: &Link,
    entity: &EntitySpec,
    column: &str,
    value: &str,
) -> Result<Option<String>, Error> {
    let mut filter = format!("{column} eq {}", literal(value));
    if !entity.source.filter.is_empty() {
        filter = format!("({}) and {filter}", entity.source.filter);
    }
    find(link, entity, &filter).await
}

async fn find(link: &Link, entity: &EntitySpec, filter: &str) -> Result<Option<String>, Error> {
    let (key, filter) = (encode(&key_names(entity).join(",")), encode(filter));
    let answer = get(link, &format!("{}?$top=2&$select={key}&$filter={filter}&$format=json", set_path(entity))).await?;
    let page = Page::new(into_text(answer)?, "d/results");
    let rows = page.rows()?;
    Ok(rows.first().and_then(|row| remote_id(entity, row)))
}

pub(super) async fn update(
    link: &Link,
    entity: &EntitySpec,
    target: Target<'_>,
    change: crate::mapping::Change,
) -> Result<(), Error> {
    for Part { method, at, etag, body } in odata_change::parts(link, entity, target, change)? {
        modify(link, &entity.source.service, method, &at, etag, body.as_ref()).await?;
    }
    Ok(())
}

pub(super) async fn delete(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    let Part { at, etag, .. } = odata_change::whole(link, entity, target)?;
    modify(link, &entity.source.service, Method::DELETE, &at, etag, None).await.map(drop)
}

/// Every line that is there still: a second call goes on where the first was cut off.
pub(super) async fn delete_lines(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    for Part { at, etag, .. } in odata_change::each_line(link, entity, target)? {
        modify(link, &entity.source.service, Method::DELETE, &at, etag, None).await?;
    }
    Ok(())
}

/// A function import with the record's key as its parameter.
pub(super) async fn named(link: &Link, entity: &EntitySpec, target: Target<'_>, name: &str) -> Result<(), Error> {
    let Part { etag, .. } = odata_change::whole(link, entity, target)?;
    let key = literal(target.remote_id);
    let at = format!("{}/{name}?{}={}&$format=json", entity.source.service, entity.source.key, encode(&key));
    modify(link, &entity.source.service, Method::POST, &at, etag, None).await.map(drop)
}

/// A modifying request with the session's token and cookies. A token that the system no longer knows is fetched anew once:
/// that refusal means that nothing was done.
async fn modify(
    link: &Link,
    service: &str,
    method: Method,
    target: &str,
    etag: Option<HeaderValue>,
    body: Option<&Node<'static>>,
) -> Result<Answer, Error> {
    for fresh in [false, true] {
        let mut request = Request::new(method.clone(), link.url(target)?, Effect::Write)
            .with_header(ACCEPT, HeaderValue::from_static(JSON));
        if let Some(body) = body {
            request = request.with_body(JSON, body.to_json());
        }
        if let Some(etag) = &etag {
            request = request.with_header(IF_MATCH, etag.clone());
        }
        if !link.is_dry() {
            csrf_session(link, service, fresh).await?.apply(&mut request.headers)?;
        }
        let answer = link.write(request).await?;
        let stale =
            answer.status == 403 && answer.header(CSRF).is_some_and(|value| value.eq_ignore_ascii_case("required"));
        if fresh || !stale {
            return accepted(answer, Effect::Write);
        }
    }
    Err(Error::Unexpected("the CSRF token was refused twice".to_owned()))
}

/// With the session's token, where it may change something.
pub(super) async fn passthrough(link: &Link, request: Request) -> Result<Answer, Error> {
    if request.effect == Effect::Read {
        return link.call(request).await;
    }
    let root = link.url("")?;
    let rest = request.url.path().strip_prefix(root.path().trim_end_matches('/')).unwrap_or_default();
    let service = rest.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    for fresh in [false, true] {
        let mut own = request.clone();
        csrf_session(link, &service, fresh).await?.apply(&mut own.headers)?;
        let answer = link.call(own).await?;
        let stale =
            answer.status == 403 && answer.header(CSRF).is_some_and(|value| value.eq_ignore_ascii_case("required"));
        if fresh || !stale {
            return Ok(answer);
        }
    }
    Err(Error::Unexpected("the CSRF token was refused twice".to_owned()))
}

async fn csrf_session(link: &Link, service: &str, fresh: bool) -> Result<Session, Error> {
    let mut kept = link.session().lock().await;
    if let (Some(session), false) = (kept.as_ref(), fresh) {
        return Ok(session.clone());
    }
    let request = Request::get(link.url(&format!("{service}/?$format=json"))?)
        .with_header(ACCEPT, HeaderValue::from_static(JSON))
        .with_header(CSRF, HeaderValue::from_static("Fetch"));
    let answer = accepted(link.call(request).await?, Effect::Read)?;
    let token =
        answer.headers.get(CSRF).cloned().ok_or_else(|| Error::Unexpected("no CSRF token was given".to_owned()))?;
    let mut session = Session::new(link.source_now());
    session.take_cookies(&answer);
    session.headers.push((CSRF, token));
    *kept = Some(session.clone());
    Ok(session)
}

/// Posts to a set or a function of a service what is no record of ours: `SERVICE`, `SET`.
pub async fn post(link: &Link, service: &str, set: &str, body: &Node<'static>) -> Result<(), Error> {
    let at = format!("{service}/{set}?$format=json");
    modify(link, service, Method::POST, &at, None, Some(body)).await.map(drop)
}

/// Rows of a set, by a query of the caller's own: `SERVICE/SET?…`.
pub async fn rows(link: &Link, target: &str) -> Result<Page, Error> {
    Ok(Page::new(into_text(get(link, target).await?)?, "d/results"))
}

async fn get(link: &Link, target: &str) -> Result<Answer, Error> {
    let request = Request::get(link.url(target)?).with_header(ACCEPT, HeaderValue::from_static(JSON));
    accepted(link.call(request).await?, Effect::Read)
}

/// Tells success from the ways to refuse.
pub(super) fn accepted(answer: Answer, effect: Effect) -> Result<Answer, Error> {
    if answer.is_success() {
        return Ok(answer);
    }
    let said = envelope(&answer);
    let message = said.clone().unwrap_or_else(|| answer.vendor_message());
    Err(match (answer.status, said) {
        (403, _) => Error::Permission(message),
        (412, _) => Error::Changed(message),
        (404, Some(_)) => Error::NotFound(message),
        (404, None) => Error::NotThatProduct(format!("the address has no such service ({})", message.text)),
        // ABAP exceptions with a business message surface as 500: what has an envelope was refused, not half done.
        (_, Some(_)) => Error::Rejected(message),
        (status, None) if effect == Effect::Write && status >= 500 => {
            Error::OutcomeUnknown(format!("HTTP {status}: {}", message.text))
        }
        (status, None) => Error::Unexpected(format!("HTTP {status}: {}", message.text)),
    })
}

/// `{"error":{"code":…,"message":{"value":…},"innererror":{"errordetails":[…]}}}`: the details say more than the head.
fn envelope(answer: &Answer) -> Option<VendorMessage> {
    let tree = parse(answer.text().ok()?).ok()?;
    let error = tree.get("error")?;
    let text = |node: &Node<'_>| node.as_text().map(str::to_owned);
    let head = error
        .get("message")
        .and_then(|message| message.get("value").or(Some(message)))
        .and_then(text)
        .unwrap_or_default();
    let mut code = error.get("code").and_then(text);
    let mut field = None;
    let mut texts: Vec<String> = Vec::new();
    for detail in
        error.get("innererror").and_then(|inner| inner.get("errordetails")).and_then(Node::items).unwrap_or_default()
    {
        let own_code = detail.get("code").and_then(text).unwrap_or_default();
        if own_code.starts_with("/IWBEP/CX_") {
            continue;
        }
        if texts.is_empty() {
            code = Some(own_code);
            field = detail
                .get("propertyref")
                .or_else(|| detail.get("target"))
                .and_then(text)
                .filter(|name| !name.is_empty());
        }
        texts.extend(detail.get("message").and_then(text).filter(|text| !text.is_empty()));
    }
    let text = if texts.is_empty() { head } else { texts.join("; ") };
    Some(VendorMessage { status: Some(answer.status), code, text: text.chars().take(1_000).collect(), field })
}

fn set_path(entity: &EntitySpec) -> String {
    format!("{}/{}", entity.source.service, entity.source.set)
}

/// `$select`, `$expand` and `$format`: only what the mapping reads.
fn shape(entity: &EntitySpec) -> String {
    let select = projection(entity, &|steps| steps.join("/")).join(",");
    let mut shape = format!("&$select={}", encode(&select));
    if !entity.source.expand.is_empty() {
        shape.push_str("&$expand=");
        shape.push_str(&encode(&entity.source.expand.join(",")));
    }
    shape.push_str("&$format=json");
    shape
}

fn changed_since(entity: &EntitySpec, since: Timestamp) -> Result<String, Error> {
    let (at, sync) = (seconds(since), &entity.sync);
    match (sync.modified.as_slice(), sync.created.as_slice()) {
        ([instant], _) => Ok(format!("{instant} ge datetimeoffset'{at}Z'")),
        ([date, time], created) => {
            let (day, clock) = at.split_once('T').unwrap_or((&at, "00:00:00"));
            let (hours, minutes, secs) = (&clock[..2], &clock[3..5], &clock[6..8]);
            let day = format!("datetime'{day}T00:00:00'");
            let mut changed =
                format!("{date} gt {day} or ({date} eq {day} and {time} ge time'PT{hours}H{minutes}M{secs}S')");
            if let Some(created) = created.first() {
                changed.push_str(&format!(" or ({date} eq null and {created} ge {day})"));
            }
            Ok(changed)
        }
        _ => Err(Error::Unexpected(format!("{} declares no one or two fields of change", entity.source.set))),
    }
}

fn key_names(entity: &EntitySpec) -> Vec<String> {
    [entity.source.key.to_string()].into_iter().chain(entity.source.more_keys.iter().cloned()).collect()
}

fn remote_id(entity: &EntitySpec, row: &Node<'_>) -> Option<String> {
    let values: Option<Vec<&str>> = key_names(entity).iter().map(|name| Path::new(name).find(row)?.as_text()).collect();
    values.map(|values| values.join("/"))
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

/// A string literal; a quote in it is doubled.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
