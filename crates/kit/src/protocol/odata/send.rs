//! One request with the session that it needs, and what its answer says.

use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, HeaderName, HeaderValue, IF_MATCH};

use super::batch;
use super::offer::forget;
use super::way::Way;
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Effect, Request};
use crate::json::{Node, parse};
use crate::link::{Link, Session};

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const JSON: &str = "application/json";
/// A colleague who saves is done in a moment; one who went to lunch is not waited for.
const WHILE_LOCKED: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// A read of an entity's service; `target` is a path and query at the connection's address.
pub(super) async fn ask(link: &Link, way: &Way<'_>, target: &str) -> Result<Answer, Error> {
    link.call(Request::get(link.url_beside(target)?).with_header(ACCEPT, way.accept())).await
}

/// The same, if it is answered with what was asked for.
pub(super) async fn read(link: &Link, way: &Way<'_>, target: &str) -> Result<Answer, Error> {
    let answer = ask(link, way, target).await?;
    if way.is_v4() && matches!(answer.status, 403 | 404) {
        forget(link, way).await;
    }
    accepted(answer, Effect::Read)
}

/// A read below the protocol's prefix.
pub(in super::super) async fn get(link: &Link, target: &str) -> Result<Answer, Error> {
    let request = Request::get(link.url(target)?).with_header(ACCEPT, HeaderValue::from_static(JSON));
    accepted(link.call(request).await?, Effect::Read)
}

/// A modifying request.
pub(in super::super) struct Modify<'m> {
    /// The service's root and the address, as paths at the connection's address.
    pub(in super::super) root: &'m str,
    pub(in super::super) method: Method,
    pub(in super::super) at: &'m str,
    pub(in super::super) etag: Option<HeaderValue>,
    pub(in super::super) json: &'static str,
    pub(in super::super) body: Option<Body<'m>>,
}

pub(in super::super) enum Body<'m> {
    Json(&'m Node<'static>),
    /// So many changes, of which all are done or none.
    Changeset {
        text: &'m str,
        changes: usize,
    },
}

/// Sends it. What is refused because somebody has the object open was not done, and is sent again after a pause.
pub(in super::super) async fn modify(link: &Link, what: Modify<'_>) -> Result<Answer, Error> {
    for pause in WHILE_LOCKED {
        match in_session(link, &what).await {
            Err(Error::Rejected(message)) if is_locked(link, &message) => tokio::time::sleep(pause).await,
            answered => return answered,
        }
    }
    in_session(link, &what).await
}

fn is_locked(link: &Link, message: &VendorMessage) -> bool {
    link.spec().protocol.locked.iter().any(|part| message.text.contains(part.as_str()))
}

/// With the session's token and cookies. A token that the system no longer knows is fetched anew once: that refusal means that
/// nothing was done.
async fn in_session(link: &Link, what: &Modify<'_>) -> Result<Answer, Error> {
    let Modify { root, method, at, etag, json, body } = what;
    for fresh in [false, true] {
        let mut request = Request::new(method.clone(), link.url_beside(at)?, Effect::Write)
            .with_header(ACCEPT, HeaderValue::from_static(json));
        request = match body {
            Some(Body::Json(body)) => request.with_body(json, body.to_json()),
            Some(Body::Changeset { text, .. }) => request.with_body(batch::CONTENT_TYPE, (*text).to_owned()),
            None => request,
        };
        if let Some(etag) = etag {
            request = request.with_header(IF_MATCH, etag.clone());
        }
        if !link.is_dry() {
            csrf_session(link, root, fresh).await?.apply(&mut request.headers)?;
        }
        let answer = link.write(request).await?;
        if fresh || !is_stale(&answer) {
            let answer = accepted(answer, Effect::Write)?;
            return match body {
                Some(Body::Changeset { changes, .. }) if !link.is_dry() => {
                    accepted(batch::outcome(answer, *changes)?, Effect::Write)
                }
                _ => Ok(answer),
            };
        }
    }
    Err(refused_twice())
}

/// With the session's token, where it may change something.
pub(in super::super) async fn passthrough(link: &Link, request: Request) -> Result<Answer, Error> {
    if request.effect == Effect::Read {
        return link.call(request).await;
    }
    let root = service_root(link, request.url.path())?;
    for fresh in [false, true] {
        let mut own = request.clone();
        csrf_session(link, &root, fresh).await?.apply(&mut own.headers)?;
        let answer = link.call(own).await?;
        if fresh || !is_stale(&answer) {
            return Ok(answer);
        }
    }
    Err(refused_twice())
}

/// The root of the service that a path leads into, without what the connection's own address begins with.
fn service_root(link: &Link, path: &str) -> Result<String, Error> {
    let protocol = &link.spec().protocol;
    let base = link.url_beside("")?;
    let path = path.strip_prefix(base.path().trim_end_matches('/')).unwrap_or(path).trim_start_matches('/');
    // A service of version 2 is one segment; of version 4: group, repository, namespace, service, version.
    for (prefix, segments) in [(&protocol.prefix, 1), (&protocol.prefix_v4, 5)] {
        let prefix = prefix.trim_matches('/');
        if let Some(rest) = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/') && !prefix.is_empty()) {
            let service: Vec<&str> = rest[1..].split('/').take(segments).collect();
            return Ok(format!("{prefix}/{}", service.join("/")));
        }
    }
    Ok(format!("{}/{}", protocol.prefix.trim_matches('/'), path.split('/').next().unwrap_or_default()))
}

fn is_stale(answer: &Answer) -> bool {
    answer.status == 403 && answer.header(CSRF).is_some_and(|value| value.eq_ignore_ascii_case("required"))
}

fn refused_twice() -> Error {
    Error::Unexpected("the CSRF token was refused twice".to_owned())
}

async fn csrf_session(link: &Link, root: &str, fresh: bool) -> Result<Session, Error> {
    let mut kept = link.session().lock().await;
    if let (Some(session), false) = (kept.as_ref(), fresh) {
        return Ok(session.clone());
    }
    let request = Request::get(link.url_beside(&format!("{root}/?$format=json"))?)
        .with_header(ACCEPT, HeaderValue::from_static(JSON))
        .with_header(CSRF, HeaderValue::from_static("Fetch"));
    let answer = accepted(link.call(request).await?, Effect::Read)?;
    let mut session = Session::new(link.source_now());
    session.take_cookies(&answer);
    match answer.headers.get(CSRF) {
        Some(token) => session.headers.push((CSRF, token.clone())),
        // Where none is given none is asked for; but one that was refused must be had.
        None if fresh => return Err(Error::Unexpected("no CSRF token was given".to_owned())),
        None => {}
    }
    *kept = Some(session.clone());
    Ok(session)
}

/// Tells success from the ways to refuse.
pub(in super::super) fn accepted(answer: Answer, effect: Effect) -> Result<Answer, Error> {
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

/// `{"error":{"code":…,"message":…}}`, where the details say more than the head: version 2 has its message in `value` and the
/// details in `innererror.errordetails`, version 4 in `details`.
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
    let details = error.get("innererror").and_then(|inner| inner.get("errordetails")).or_else(|| error.get("details"));
    for detail in details.and_then(Node::items).unwrap_or_default() {
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
