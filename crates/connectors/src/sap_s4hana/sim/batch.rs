//! `$batch`: several requests in one, as `multipart/mixed` (RFC 2046). Reads stand alone; changes stand in a changeset, of which
//! all is done or nothing, and whose refusal is one part.
//!
//! Source: OData version 2, "Batch Processing"; OData version 4, protocol, 11.7.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::errors::{self, Refusal};
use super::place::Place;
use super::server::{App, Changeset, operation};

/// More than this is refused.
const MOST: usize = 1_000;

/// One request of a batch.
struct Inner {
    method: String,
    /// Path and query, below the service's root or from the host's on.
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

enum Part {
    Alone(Inner),
    Changeset(Vec<Inner>),
}

/// What became of a changeset.
enum Done {
    All(Vec<Response>),
    /// The one refusal, after which all is as before.
    Nothing(Response),
}

/// A request to `ROOT/$batch`, which is the place `root`.
pub(super) async fn answer(app: &App, root: &Place, headers: &HeaderMap, body: &Bytes) -> Response {
    let parts = app.conditions.takes_batches().and_then(|()| parts(headers, body).map_err(Refusal::syntax));
    let parts = match parts {
        Ok(parts) => parts,
        Err(refusal) => return root.refuse(app, refusal),
    };
    let boundary = "ejjeeffe0";
    let mut out = String::new();
    for part in parts {
        out.push_str(&format!("--{boundary}\r\n"));
        match part {
            Part::Alone(inner) if inner.method == "GET" => http(&mut out, run(app, root, &inner)).await,
            // A change alone is a changeset of one.
            Part::Alone(inner) => match changeset(app, root, &[inner]) {
                Done::Nothing(response) => http(&mut out, response).await,
                Done::All(all) => {
                    for response in all {
                        http(&mut out, response).await;
                    }
                }
            },
            Part::Changeset(changes) => match changeset(app, root, &changes) {
                Done::Nothing(refusal) => http(&mut out, refusal).await,
                Done::All(all) => {
                    let inner = "ejjeeffe1";
                    out.push_str(&format!("Content-Type: multipart/mixed; boundary={inner}\r\n\r\n"));
                    for response in all {
                        out.push_str(&format!("--{inner}\r\n"));
                        http(&mut out, response).await;
                    }
                    out.push_str(&format!("--{inner}--\r\n\r\n"));
                }
            },
        }
    }
    out.push_str(&format!("--{boundary}--"));
    let status = if root.is_v4() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let mut response = errors::answer(status, "multipart/mixed", out);
    if let Ok(kind) = HeaderValue::from_str(&format!("multipart/mixed; boundary={boundary}")) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    if root.is_v4() {
        super::v4::mark(&mut response);
    }
    response
}

/// Nobody else changes anything meanwhile, and events are sent when all of it is done.
fn changeset(app: &App, root: &Place, changes: &[Inner]) -> Done {
    let _alone = app.changes.write().unwrap_or_else(PoisonError::into_inner);
    let before = app.world.read().unwrap_or_else(PoisonError::into_inner).clone();
    let held = Arc::new(Changeset { before, untold: Mutex::default() });
    let quiet = app.in_changeset(&held);
    let mut answers = Vec::with_capacity(changes.len());
    for change in changes {
        let response = run(&quiet, root, change);
        if !response.status().is_success() {
            *app.world.write().unwrap_or_else(PoisonError::into_inner) = held.before.clone();
            return Done::Nothing(response);
        }
        answers.push(response);
    }
    let told = std::mem::take(&mut *held.untold.lock().unwrap_or_else(PoisonError::into_inner));
    for (family, what, id) in told {
        super::events::tell(app, family, what, &id);
    }
    Done::All(answers)
}

fn run(app: &App, root: &Place, inner: &Inner) -> Response {
    let (path, query) = inner.target.split_once('?').unwrap_or((&inner.target, ""));
    let place = match path.starts_with('/') || path.contains("://") {
        true => Place::of(app, path.split_once("://").map_or(path, |(_, rest)| &rest[rest.find('/').unwrap_or(0)..])),
        false => Some(root.at(path)),
    };
    match place {
        Some(place) => operation(app, &place, (&inner.method, query), &inner.headers, &inner.body),
        None => root.refuse(app, Refusal::not_found(path)),
    }
}

/// Appends an answer as a part of its own.
async fn http(out: &mut String, response: Response) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let reason = parts.status.canonical_reason().unwrap_or_default();
    out.push_str("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
    out.push_str(&format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()));
    for (name, value) in &parts.headers {
        out.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    out.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    out.push_str(&String::from_utf8_lossy(&body));
    out.push_str("\r\n");
}

fn parts(headers: &HeaderMap, body: &Bytes) -> Result<Vec<Part>, String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = boundary(kind).ok_or("A batch is multipart/mixed with a boundary")?;
    let text = std::str::from_utf8(body).map_err(|_| "The batch is not text")?;
    let mut found = Vec::new();
    let host = headers.get(header::HOST).cloned();
    let request = |text: &str| request(text, host.as_ref());
    for part in split(text, &boundary)? {
        let (headers, content) = head(part)?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if let Some(inner) = self::boundary(kind) {
            let changes = split(content, &inner)?.into_iter().map(|change| request(head(change)?.1));
            let changes: Vec<Inner> = changes.collect::<Result<_, String>>()?;
            if changes.is_empty() || changes.iter().any(|change| change.method == "GET") {
                return Err("A changeset holds changes only".to_owned());
            }
            found.push(Part::Changeset(changes));
        } else if kind.starts_with("application/http") {
            found.push(Part::Alone(request(content)?));
        } else {
            return Err(format!("A part of the batch is {kind:?}, neither application/http nor a changeset"));
        }
    }
    if found.is_empty() || found.len() > MOST {
        Err("The batch has no parts, or too many".to_owned())
    } else {
        Ok(found)
    }
}

fn boundary(kind: &str) -> Option<String> {
    let rest = kind.strip_prefix("multipart/mixed")?;
    let value = rest.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

/// What stands between the lines with the boundary.
fn split<'t>(text: &'t str, boundary: &str) -> Result<Vec<&'t str>, String> {
    let line = format!("--{boundary}");
    let mut pieces = text.split(line.as_str());
    pieces.next();
    let mut found = Vec::new();
    for piece in pieces {
        if piece.starts_with("--") {
            return Ok(found);
        }
        found.push(piece.trim_start_matches([' ', '\t']).trim_start_matches("\r\n").trim_start_matches('\n'));
    }
    Err(format!("The batch does not end with --{boundary}--"))
}

/// Header lines up to the first empty one, and the rest.
fn head(text: &str) -> Result<(HeaderMap, &str), String> {
    let mut headers = HeaderMap::new();
    let mut rest = text;
    loop {
        let (line, after) = rest.split_once('\n').ok_or("A part of the batch has no empty line behind its headers")?;
        rest = after;
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            return Ok((headers, rest));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| format!("{line:?} is no header"))?;
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.trim()), HeaderValue::try_from(value.trim())) {
            headers.append(name, value);
        }
    }
}

fn request(text: &str, host: Option<&HeaderValue>) -> Result<Inner, String> {
    let (line, rest) = text.split_once('\n').ok_or("A request of the batch has one line only")?;
    let mut words = line.trim().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(format!("{:?} is no request line", line.trim()));
    };
    let (mut headers, body) = head(rest)?;
    if let Some(host) = host {
        headers.insert(header::HOST, host.clone());
    }
    let target = target.to_owned();
    Ok(Inner { method: method.to_owned(), target, headers, body: Bytes::copy_from_slice(body.trim_end().as_bytes()) })
}
