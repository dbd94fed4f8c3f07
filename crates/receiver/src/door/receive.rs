//! One request, from its first byte to its answer.
//!
//! 200 is said after the commit and only then. What cannot be stored now is 503 with `Retry-After`, never a 4xx, because
//! several senders give up on those. What cannot be verified is a flat 401.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};

use super::source::{Named, Source};
use crate::inbox::{Count, Inbox, New, Put, Refused};
use crate::verify::{self, Answer, Incoming, Place, Proof};

/// An answer that any HTTP server of the ecosystem can send.
pub type Reply = Response<Full<Bytes>>;

/// Longer heads than this are kept in part.
const MOST_HEADERS: usize = 16 * 1024;
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// Where the database does not answer.
const AFTER_FAILURE: u64 = 5;

/// Why a request got no 200; for the log and the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    TooLarge,
    TooSlow,
    TooMany,
    Method,
    Unverifiable(verify::Refusal),
    Unavailable,
}

/// Takes a request of `source`, naming what it is about by the source's own data.
pub async fn receive<B>(inbox: &Inbox, source: &Source, request: Request<B>) -> Reply
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    receive_with(inbox, source, request, |incoming| source.naming.name(incoming)).await
}

/// The same, with a name for each event by `name`.
pub async fn receive_with<B>(
    inbox: &Inbox,
    source: &Source,
    request: Request<B>,
    name: impl FnOnce(&Incoming<'_>) -> Named,
) -> Reply
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let gauge = inbox.gauge(&source.name);
    let (parts, body) = request.into_parts();
    let now = inbox.time().micros();
    if source.limits.per_second.is_some_and(|most| !gauge.within(now, most)) {
        gauge.count(Count::Full);
        return reject(Rejected::TooMany);
    }
    let body = match tokio::time::timeout(source.limits.time, read(body, source.limits.body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(rejected)) => return reject(rejected),
        Err(_elapsed) => return reject(Rejected::TooSlow),
    };
    let judged = judge(source, &parts.method, &parts.uri, &parts.headers, &body, now / 1_000_000, name);
    let (dedupe, named) = match judged {
        Judged::Event { dedupe, named } => (dedupe, named),
        Judged::Handshake(answer) => {
            gauge.count(Count::Handshake);
            return shake(answer);
        }
        Judged::Rejected(rejected) => {
            if let Rejected::Unverifiable(refusal) = rejected {
                gauge.count(Count::Unverifiable);
                tracing::info!(source = source.name, %refusal, "a request was not believed");
                // An address may hold the proof itself.
                let signs = matches!(source.scheme.proof, Proof::Signed(_));
                inbox.refuse(Refused {
                    seq: 0,
                    source: source.name.clone(),
                    reason: refusal.to_string(),
                    query: parts.uri.query().filter(|_| signs).unwrap_or_default().to_owned(),
                    headers: kept(&parts.headers, source),
                    body: body.to_vec(),
                    received_at: now,
                });
            }
            return reject(rejected);
        }
    };
    let new = New {
        source: source.name.clone(),
        dedupe,
        key: named.key,
        kind: named.kind,
        place: named.place,
        headers: kept(&parts.headers, source),
        body,
        received_at: now,
    };
    match inbox.put(new).await {
        Ok(Put::Stored) => answer(StatusCode::OK, None, "{\"received\":true}"),
        Ok(Put::Full { retry_after }) => {
            gauge.count(Count::Full);
            answer(StatusCode::SERVICE_UNAVAILABLE, Some(retry_after.as_secs().max(1)), "{\"received\":false}")
        }
        Err(error) => {
            gauge.count(Count::Unavailable);
            tracing::warn!(source = source.name, %error, "a request could not be stored");
            reject(Rejected::Unavailable)
        }
    }
}

enum Judged {
    Event { dedupe: String, named: Named },
    Handshake(Answer),
    Rejected(Rejected),
}

fn judge(
    source: &Source,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
    now: i64,
    name: impl FnOnce(&Incoming<'_>) -> Named,
) -> Judged {
    let incoming = Incoming::new(method, uri, &source.url, headers, body);
    if let Some(answer) = verify::answer(&source.scheme.handshakes, &source.secrets, &incoming) {
        return Judged::Handshake(answer);
    }
    if method != Method::POST {
        return Judged::Rejected(Rejected::Method);
    }
    match verify::check(&source.scheme, &source.secrets, &incoming, now) {
        Ok(verified) => Judged::Event { dedupe: verified.dedupe, named: name(&incoming) },
        Err(refusal) => Judged::Rejected(Rejected::Unverifiable(refusal)),
    }
}

/// The body, whatever its head says about its length.
async fn read<B>(mut body: B, most: usize) -> Result<Bytes, Rejected>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    if body.size_hint().lower() > most as u64 {
        return Err(Rejected::TooLarge);
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| Rejected::TooSlow)?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + data.len() > most {
            return Err(Rejected::TooLarge);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// `[["name","value"],…]`, without what proves the sender by itself.
fn kept(headers: &HeaderMap, source: &Source) -> String {
    let token = match &source.scheme.proof {
        Proof::Token { at: Place::Header(name) } => name.as_str(),
        _ => "",
    };
    let mut room = MOST_HEADERS;
    let mut kept: Vec<(&str, String)> = Vec::new();
    for (name, value) in headers {
        if SECRET_HEADERS.contains(&name.as_str()) || name.as_str() == token {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match room.checked_sub(name.as_str().len() + value.len()) {
            Some(left) => room = left,
            None => break,
        }
        kept.push((name.as_str(), value));
    }
    serde_json::to_string(&kept).unwrap_or_else(|_never| "[]".to_owned())
}

fn shake(shaken: Answer) -> Reply {
    if shaken.refused {
        return answer(StatusCode::FORBIDDEN, None, "{\"received\":false}");
    }
    let mut reply = Response::new(Full::new(Bytes::from(shaken.body)));
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(shaken.content_type));
    // What is echoed comes from outside: no browser may take it for a page.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in shaken.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    reply
}

fn reject(rejected: Rejected) -> Reply {
    let body = "{\"received\":false}";
    match rejected {
        Rejected::TooLarge => answer(StatusCode::PAYLOAD_TOO_LARGE, None, body),
        Rejected::TooSlow => answer(StatusCode::REQUEST_TIMEOUT, None, body),
        Rejected::TooMany => answer(StatusCode::TOO_MANY_REQUESTS, Some(1), body),
        Rejected::Unverifiable(_) => answer(StatusCode::UNAUTHORIZED, None, body),
        Rejected::Unavailable => answer(StatusCode::SERVICE_UNAVAILABLE, Some(AFTER_FAILURE), body),
        Rejected::Method => {
            let mut reply = answer(StatusCode::METHOD_NOT_ALLOWED, None, body);
            reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            reply
        }
    }
}

fn answer(status: StatusCode, retry_after: Option<u64>, body: &'static str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

/// For services that cannot fail.
pub(super) type Never = Infallible;
