//! JSON-RPC as business object servers in Python speak it: sessions, models with `search_read`, tagged values, errors as 200.
//!
//! `source.set` is the model (`party.party`), `source.filter` a domain that always holds, in JSON. Dotted fields of a
//! relation come back under its name with a dot: the path `party./code` asks for `party.code`. The form has `database`.
//! `sync.modified` may name several fields, also of relations (`lines.last_modified_at`): any of them counts.
//!
//! Source: the server's documentation of its RPC, and recorded traffic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use jiff::tz::TimeZone;
use trunnion_model::time::Timestamp;

use super::projection;
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Effect, Request};
use crate::json::{Node, Object, parse};
use crate::link::{Link, Session};
use crate::mapping::{Change, Form, Path, dates};
use crate::spec::EntitySpec;
use crate::vendor::{Account, Page, Target, Window};

/// Logs in (once), reads the preferences, and one row of every entity.
pub(super) async fn probe(link: &Link) -> Result<Account, Error> {
    let answer = call(link, "model.res.user.get_preferences", vec![Node::Bool(true)], None, Effect::Read).await?;
    let tree = tree(&answer)?;
    let company = tree.get("result").and_then(|result| result.get("company.rec_name")).and_then(Node::as_text);
    for entity in link.spec().entities.iter().filter(|entity| !entity.optional) {
        one_field_of_first_row(link, entity).await?;
    }
    let user = link.setting("username").unwrap_or_default();
    Ok(Account { name: company.map_or_else(|| user.to_owned(), |company| format!("{user} at {company}")) })
}

pub(super) async fn page(link: &Link, entity: &EntitySpec, window: &Window) -> Result<Page, Error> {
    let mut domain = always(entity)?;
    if let Some(since) = window.since.filter(|_| entity.sync.strategy.is_by_time()) {
        domain.push(changed_since(entity, since)?);
    }
    if let (Some(from), Some(dated)) = (window.dated_from, &entity.sync.dated) {
        let from = match dated.conversion.form {
            Form::TaggedInstant => tagged_instant(from),
            _ => dates::tagged_date_node(super::day(from)),
        };
        domain.push(Node::Array(vec![
            Node::text("OR"),
            condition(&dated.ask, ">=", from),
            condition(&dated.ask, "=", Node::Null),
        ]));
    }
    if let Some(after) = &window.after_key {
        domain.push(condition("id", ">", Node::number(digits(after)?)));
    }
    let answer = search_read(link, entity, domain, window.limit, all_fields(entity)).await?;
    Ok(Page::new(answer, "result"))
}

pub(super) async fn keys(
    link: &Link,
    entity: &EntitySpec,
    after_key: Option<&str>,
    limit: usize,
) -> Result<Page, Error> {
    let mut domain = always(entity)?;
    if let Some(after) = after_key {
        domain.push(condition("id", ">", Node::number(digits(after)?)));
    }
    let answer = search_read(link, entity, domain, limit, vec![Node::text("id")]).await?;
    Ok(Page::new(answer, "result"))
}

pub(super) async fn one(link: &Link, entity: &EntitySpec, remote_id: &str) -> Result<Page, Error> {
    let Ok(id) = digits(remote_id) else { return Ok(Page::empty()) };
    let mut domain = always(entity)?;
    domain.push(condition("id", "=", Node::number(id)));
    Ok(Page::new(search_read(link, entity, domain, 1, all_fields(entity)).await?, "result"))
}

pub(super) async fn create(link: &Link, entity: &EntitySpec, body: Node<'static>) -> Result<String, Error> {
    created(link, &entity.source.set, creations(body), None).await
}

/// Creates one record of a model with values as the system takes them, in the user's context (with `more` in it); its id.
pub async fn created(
    link: &Link,
    model: &str,
    values: Node<'static>,
    more: Option<&Object<'static>>,
) -> Result<String, Error> {
    let method = format!("model.{model}.create");
    let answer = call(link, &method, vec![Node::Array(vec![values])], more, Effect::Write).await?;
    let tree = tree(&answer).map_err(|error| Error::OutcomeUnknown(error.to_string()))?;
    let id = tree.get("result").and_then(Node::items).and_then(|ids| ids.first()).and_then(Node::as_text);
    id.map(str::to_owned).ok_or_else(|| Error::OutcomeUnknown("created, but the answer has no id".to_owned()))
}

pub(super) async fn find_written(link: &Link, entity: &EntitySpec, write_key: &str) -> Result<Option<String>, Error> {
    let field = entity.create.as_ref().map_or("", |create| create.write_key.as_str());
    if field.is_empty() {
        return Err(Error::Unexpected(format!("{} has no field to search a write by", entity.source.set)));
    }
    let field = Path::new(field).names().collect::<Vec<_>>().join(".");
    let domain = Node::Array(vec![condition(&field, "=", Node::text(write_key.to_owned()))]);
    let method = format!("model.{}.search", entity.source.set);
    let answer =
        call(link, &method, vec![domain, Node::number("0"), Node::number("1"), Node::Null], None, Effect::Read).await?;
    let tree = tree(&answer)?;
    Ok(tree.get("result").and_then(Node::items).and_then(|ids| ids.first()).and_then(Node::as_text).map(str::to_owned))
}

/// One `write`, under the record's `_timestamp` where the row has it.
pub(super) async fn update(link: &Link, entity: &EntitySpec, target: Target<'_>, change: Change) -> Result<(), Error> {
    let Change { header: mut values, lists } = change;
    for list in lists.into_iter().filter(|list| !list.edits.is_empty()) {
        let group = super::list_of(entity, &list)?;
        let (mut commands, mut added) = (Vec::new(), Vec::new());
        for edit in list.edits {
            match edit.line {
                Some(name) => {
                    super::line_named(group, target.row, &name)?;
                    let ids = Node::Array(vec![Node::number(digits(&name)?)]);
                    commands.push(Node::Array(vec![Node::text("write"), ids, edit.body]));
                }
                None => added.push(creations(edit.body)),
            }
        }
        if !added.is_empty() {
            commands.push(Node::Array(vec![Node::text("create"), Node::Array(added)]));
        }
        group.to.put(&mut values, Node::Array(commands));
    }
    on_record(link, entity, target, "write", vec![values]).await
}

pub(super) async fn delete(link: &Link, entity: &EntitySpec, target: Target<'_>) -> Result<(), Error> {
    on_record(link, entity, target, "delete", Vec::new()).await
}

/// A button of the record's form.
pub(super) async fn named(link: &Link, entity: &EntitySpec, target: Target<'_>, name: &str) -> Result<(), Error> {
    on_record(link, entity, target, name, Vec::new()).await
}

async fn on_record(
    link: &Link,
    entity: &EntitySpec,
    target: Target<'_>,
    method: &str,
    more: Vec<Node<'static>>,
) -> Result<(), Error> {
    let id = digits(target.remote_id)?;
    let mut params = vec![Node::Array(vec![Node::number(id.clone())])];
    params.extend(more);
    let lock = target.row.get("_timestamp").and_then(Node::as_text).map(|seen| {
        let name = format!("{},{id}", entity.source.set);
        let locks = Object::from_iter([(name.into(), Node::text(seen.to_owned()))]);
        Object::from_iter([("_timestamp".into(), Node::Object(locks))])
    });
    let method = format!("model.{}.{method}", entity.source.set);
    call(link, &method, params, lock.as_ref(), Effect::Write).await.map(drop)
}

/// Calls `method` with `params` and the user's context (with `more` in it), logging in if need be. The answer has a `result`.
///
/// A read that is refused is asked once more: a row that somebody deletes while the system reads it, be it another user's session
/// that it looks at on the way, is refused like a question that is wrong.
pub async fn call(
    link: &Link,
    method: &str,
    params: Vec<Node<'static>>,
    more: Option<&Object<'static>>,
    effect: Effect,
) -> Result<String, Error> {
    match call_once(link, method, &params, more, effect).await {
        Err(Error::Rejected(_)) if effect == Effect::Read => call_once(link, method, &params, more, effect).await,
        answered => answered,
    }
}

async fn call_once(
    link: &Link,
    method: &str,
    params: &[Node<'static>],
    more: Option<&Object<'static>>,
    effect: Effect,
) -> Result<String, Error> {
    for fresh in [false, true] {
        let session = session(link, fresh).await?;
        let context = context_of(&session, more)?;
        let answer =
            send(link, Some(&session), method, params.iter().cloned().chain([context]).collect(), effect).await?;
        // A session ends by itself after a while without calls; the request was not looked at.
        if answer.status == 401 && !fresh {
            continue;
        }
        if answer.status == 401 {
            return Err(link.park(refused()));
        }
        return accepted(answer, effect);
    }
    Err(Error::Unexpected("no session could be kept".to_owned()))
}

pub(super) async fn session(link: &Link, fresh: bool) -> Result<Session, Error> {
    let mut kept = link.session().lock().await;
    if let (Some(session), false) = (kept.as_ref(), fresh) {
        return Ok(session.clone());
    }
    *kept = None;
    let session = log_in(link).await?;
    *kept = Some(session.clone());
    Ok(session)
}

/// One attempt, never repeated: systems slow down and then lock an account that keeps knocking.
async fn log_in(link: &Link) -> Result<Session, Error> {
    let user = link.setting("username").unwrap_or_default().to_owned();
    let password =
        Object::from_iter([("password".into(), Node::text(link.setting("password").unwrap_or_default().to_owned()))]);
    let params = vec![Node::text(user.clone()), Node::Object(password), Node::text("en")];
    let answer = send(link, None, "common.db.login", params, Effect::Write).await.map_err(|error| match error {
        // Nothing was changed by a login; the next call may try again.
        Error::OutcomeUnknown(reason) => Error::Unreachable { reason, after: None },
        error => error,
    })?;
    if answer.status == 401 {
        return Err(link.park(refused()));
    }
    let text = match accepted(answer, Effect::Read) {
        Err(Error::Rejected(message)) if message.code.as_deref() == Some("LoginException") => {
            return Err(link.park(message));
        }
        other => other?,
    };
    let read = tree(&text)?;
    let granted = read.get("result").and_then(Node::items).unwrap_or_default();
    let (Some(uid), Some(token)) = (granted.first().and_then(Node::as_text), granted.get(1).and_then(Node::as_text))
    else {
        return Err(link.park(refused()));
    };
    let mut authorization =
        HeaderValue::try_from(format!("Session {}", STANDARD.encode(format!("{user}:{uid}:{token}"))))
            .map_err(|_| Error::Unexpected("the session's token is no header value".to_owned()))?;
    authorization.set_sensitive(true);
    let mut session = Session::new(link.source_now());
    session.headers.push((AUTHORIZATION, authorization));
    session.secrets.push(token.to_owned());
    // Without the company in the context most records are invisible.
    let answer = send(
        link,
        Some(&session),
        "model.res.user.get_preferences",
        vec![Node::Bool(true), Node::Object(Object::new())],
        Effect::Read,
    )
    .await?;
    let preferences = accepted(answer, Effect::Read)?;
    session.context = tree(&preferences)?.get("result").map(Node::to_json);
    Ok(session)
}

async fn send(
    link: &Link,
    session: Option<&Session>,
    method: &str,
    params: Vec<Node<'static>>,
    effect: Effect,
) -> Result<Answer, Error> {
    let database = super::encode(link.setting("database").unwrap_or_default());
    let body = Node::Object(Object::from_iter([
        ("id".into(), Node::number("1")),
        ("method".into(), Node::text(method.to_owned())),
        ("params".into(), Node::Array(params)),
    ]));
    let mut request = Request::new(Method::POST, link.url(&format!("/{database}/rpc/"))?, effect)
        .with_body("application/json", body.to_json());
    if let Some(session) = session {
        session.apply(&mut request.headers)?;
    }
    match (session, effect) {
        // A login changes nothing that anybody would ask to see beforehand.
        (Some(_), Effect::Write) => link.write(request).await,
        _ => link.call(request).await,
    }
}

/// The text of an answer with a `result`; errors come with status 200 too.
fn accepted(answer: Answer, effect: Effect) -> Result<String, Error> {
    let status = answer.status;
    if !answer.is_success() {
        let message = answer.vendor_message();
        return Err(match status {
            403 => Error::Permission(message),
            404 => Error::NotThatProduct(
                "the address has no such database: check the address and the database's name".to_owned(),
            ),
            500.. if effect == Effect::Write => Error::OutcomeUnknown(format!("HTTP {status}: {}", message.text)),
            _ => Error::Unexpected(format!("HTTP {status}: {}", message.text)),
        });
    }
    let text = super::into_text(answer)?;
    // Most answers are long results: only a short head can be an error.
    let said = {
        let read = tree(&text).map_err(|_| Error::NotThatProduct("the address does not answer JSON-RPC".to_owned()))?;
        if read.get("result").is_none() && read.get("error").is_none() {
            return Err(Error::NotThatProduct("the address does not answer JSON-RPC".to_owned()));
        }
        read.get("error").map(|error| refusal(error, status))
    };
    match said {
        None => Ok(text),
        Some(message) if message.code.as_deref() == Some("ConcurrencyException") => Err(Error::Changed(message)),
        Some(message) => Err(Error::Rejected(message)),
    }
}

/// `["UserError",["text","description",…]]`, `["ConcurrencyException","text"]`, or `["'unknown name'",""]`.
fn refusal(error: &Node<'_>, status: u16) -> VendorMessage {
    let parts = error.items().unwrap_or_default();
    let code = parts.first().and_then(Node::as_text).map(str::to_owned);
    let second = parts.get(1);
    let mut texts: Vec<&str> = second.and_then(Node::as_text).into_iter().collect();
    texts.extend(second.and_then(Node::as_array).unwrap_or_default().iter().take(2).filter_map(Node::as_text));
    let text = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    let text = if text.is_empty() { code.clone().unwrap_or_default() } else { text };
    VendorMessage { status: Some(status), code, text: text.chars().take(1_000).collect(), field: None }
}

pub(super) fn refused() -> VendorMessage {
    VendorMessage {
        status: Some(401),
        code: None,
        text: "user name and password were not accepted, or the user is not active".to_owned(),
        field: None,
    }
}

fn tree(text: &str) -> Result<Node<'_>, Error> {
    parse(text).map_err(|error| Error::Unexpected(format!("the answer is {error}")))
}

async fn search_read(
    link: &Link,
    entity: &EntitySpec,
    domain: Vec<Node<'static>>,
    limit: usize,
    fields: Vec<Node<'static>>,
) -> Result<String, Error> {
    let order = Node::Array(vec![Node::Array(vec![Node::text("id"), Node::text("ASC")])]);
    let params =
        vec![Node::Array(domain), Node::number("0"), Node::number(limit.to_string()), order, Node::Array(fields)];
    let method = format!("model.{}.search_read", entity.source.set);
    // Records that were switched off are hidden unless asked for.
    let more = Object::from_iter([("active_test".into(), Node::Bool(false))]);
    call(link, &method, params, Some(&more), Effect::Read).await
}

fn all_fields(entity: &EntitySpec) -> Vec<Node<'static>> {
    projection(entity, &|steps| steps.concat()).into_iter().map(Node::text).collect()
}

async fn one_field_of_first_row(link: &Link, entity: &EntitySpec) -> Result<(), Error> {
    let method = format!("model.{}.search", entity.source.set);
    call(link, &method, vec![Node::Array(vec![]), Node::number("0"), Node::number("1"), Node::Null], None, Effect::Read)
        .await
        .map(drop)
}

fn always(entity: &EntitySpec) -> Result<Vec<Node<'static>>, Error> {
    if entity.source.filter.is_empty() {
        return Ok(Vec::new());
    }
    let read =
        parse(&entity.source.filter).map_err(|error| Error::Unexpected(format!("the declared filter is {error}")))?;
    Ok(read.as_array().unwrap_or_default().iter().map(owned).collect())
}

/// A row changed if any of the declared fields did; a field that is null was never changed since the row was created.
fn changed_since(entity: &EntitySpec, since: Timestamp) -> Result<Node<'static>, Error> {
    let (time, sync) = (tagged_instant(since), &entity.sync);
    if sync.modified.is_empty() {
        return Err(Error::Unexpected(format!("{} declares no field of change", entity.source.set)));
    }
    let mut any = vec![Node::text("OR")];
    any.extend(sync.modified.iter().map(|modified| condition(modified, ">=", time.clone())));
    for (modified, created) in sync.modified.iter().zip(&sync.created) {
        any.push(Node::Array(vec![condition(modified, "=", Node::Null), condition(created, ">=", time.clone())]));
    }
    Ok(Node::Array(any))
}

fn condition(field: &str, operator: &'static str, value: Node<'static>) -> Node<'static> {
    Node::Array(vec![Node::text(field.to_owned()), Node::text(operator), value])
}

/// Whole seconds, cut.
fn tagged_instant(at: Timestamp) -> Node<'static> {
    let utc = TimeZone::UTC.to_datetime(at);
    let number = |n: i64| Node::number(n.to_string());
    Node::Object(Object::from_iter([
        ("__class__".into(), Node::text("datetime")),
        ("year".into(), number(utc.year().into())),
        ("month".into(), number(utc.month().into())),
        ("day".into(), number(utc.day().into())),
        ("hour".into(), number(utc.hour().into())),
        ("minute".into(), number(utc.minute().into())),
        ("second".into(), number(utc.second().into())),
        ("microsecond".into(), number(0)),
    ]))
}

/// The user's context, with `more` in it.
pub(super) fn context_of(session: &Session, more: Option<&Object<'static>>) -> Result<Node<'static>, Error> {
    let kept = session.context.as_deref().unwrap_or("{}");
    let mut context = owned(&tree(kept)?);
    if let (Some(object), Some(more)) = (context.as_object_mut(), more) {
        for (name, node) in more.members() {
            object.set(name.clone(), node.clone());
        }
    }
    Ok(context)
}

/// A list of new lines is written as `[["create", […]]]`, a list under `@add:NAME` as `[["add", […]]]`: links to records that
/// are there.
pub fn creations(node: Node<'static>) -> Node<'static> {
    match node {
        Node::Object(object) if object.get("__class__").is_none() => Node::Object(
            object
                .into_members()
                .into_iter()
                .map(|(name, node)| match (name.strip_prefix("@add:").map(str::to_owned), node) {
                    (Some(name), ids @ Node::Array(_)) => {
                        (name.into(), Node::Array(vec![Node::Array(vec![Node::text("add"), ids])]))
                    }
                    (_, Node::Array(items)) => {
                        let items = items.into_iter().map(creations).collect();
                        (name, Node::Array(vec![Node::Array(vec![Node::text("create"), Node::Array(items)])]))
                    }
                    (_, node) => (name, creations(node)),
                })
                .collect(),
        ),
        node => node,
    }
}

/// The id, if it is one.
pub fn digits(id: &str) -> Result<String, Error> {
    if !id.is_empty() && id.len() < 19 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(id.to_owned())
    } else {
        Err(Error::Unexpected(format!("`{id}` is no id of this system")))
    }
}

/// A copy that borrows from nothing.
pub fn owned(node: &Node<'_>) -> Node<'static> {
    match node {
        Node::Null => Node::Null,
        Node::Bool(value) => Node::Bool(*value),
        Node::Number(digits) => Node::number(digits.clone().into_owned()),
        Node::Text(text) => Node::text(text.clone().into_owned()),
        Node::Array(items) => Node::Array(items.iter().map(owned).collect()),
        Node::Object(object) => Node::Object(
            object.members().iter().map(|(name, node)| (name.clone().into_owned().into(), owned(node))).collect(),
        ),
    }
}
