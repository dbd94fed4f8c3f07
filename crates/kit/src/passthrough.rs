//! A request in the system's own words, sent with the connection's credentials: where it may go, what it may say, and what
//! of the answer is handed on.
//!
//! It goes to the connection's own address, below the paths that the declaration opens (`protocol.passthrough`), and
//! nowhere else. A path is judged as a lenient server might read it: decoded again and again, with `\` as `/`. What changes
//! something there is sent once, and again only where nothing can have arrived.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::error::Error;
use crate::http::{Answer, Effect, Request};
use crate::link::Link;
use crate::protocol::{self, encode};
use crate::spec::{AuthScheme, Spec};

/// The largest answer that is read.
pub const LARGEST: usize = 8_000_000;
const LONGEST_PATH: usize = 2_000;
/// A text that still changes after so many decodings is not decoded by any server.
const DECODINGS: usize = 4;

/// What a caller wants to be sent.
#[derive(Debug)]
pub struct Passage {
    pub method: Method,
    /// From the connection's address on, percent-encoded.
    pub path: String,
    /// Names and values, not encoded.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<(HeaderValue, Bytes)>,
}

/// What is wrong with a passage: the member and a sentence.
pub type Wrong = (String, String);

/// The request's headers that are ours or the connection's to set: who it is from, where it goes, how it is carried, and
/// what could make another request of it.
const OURS: [&str; 35] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "ssl-client-cert",
    "ssl_client_cert",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-client-cert",
    "x-csrf-token",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-original-host",
    "x-real-ip",
    "x-rewrite-url",
];

/// The answer's headers that are not handed on.
const KEPT: [HeaderName; 12] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::WWW_AUTHENTICATE,
    header::COOKIE,
];

/// Whether the system's protocol can carry requests of others at all.
pub fn is_offered(spec: &Spec) -> bool {
    !spec.protocol.passthrough.is_empty()
}

/// All that speaks against a passage; nothing of it is sent.
pub fn problems(link: &Link, passage: &Passage) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if let Err(message) = checked_path(&link.spec().protocol.passthrough, &passage.path) {
        wrong.push(("/path".to_owned(), message));
    }
    let own = |name: &str| link.spec().protocol.query.iter().any(|(parameter, _)| parameter.eq_ignore_ascii_case(name));
    for (name, _) in passage.query.iter().filter(|(name, _)| own(name)) {
        wrong.push((format!("/query/{name}"), "is the connection's own".to_owned()));
    }
    for (name, value) in &passage.headers {
        let message = match HeaderName::try_from(name.as_str()) {
            Err(_) => "is no name of a header",
            Ok(known) if is_ours(link.spec(), &known) || own(known.as_str()) => "is set by the connection itself",
            Ok(_) if HeaderValue::try_from(value.as_str()).is_err() => "has a value that no header can have",
            Ok(_) => continue,
        };
        wrong.push((format!("/headers/{name}"), message.to_owned()));
    }
    for (at, message) in protocol::passage_problems(link, passage) {
        if wrong.iter().all(|(known, _)| *known != at) {
            wrong.push((at, message));
        }
    }
    wrong
}

/// Sends a passage that has no problems. Every answer of the system is one, refusals too.
pub async fn send(link: &Link, passage: Passage) -> Result<Answer, Error> {
    let query: Vec<String> =
        passage.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let url = link.url_beside(&format!("{}{query}", passage.path))?;
    let reads = matches!(passage.method, Method::GET | Method::HEAD);
    let effect = if reads { Effect::Read } else { Effect::Write };
    let mut request = Request::new(passage.method, url, effect);
    request.largest = Some(LARGEST);
    for (name, value) in &passage.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) else {
            return Err(Error::Unexpected("a header that was checked cannot be sent".to_owned()));
        };
        request.headers.append(name, value);
    }
    if let Some((kind, body)) = passage.body {
        request.headers.entry(header::CONTENT_TYPE).or_insert(kind);
        request.body = Some(body);
    }
    let answer = protocol::passthrough(link, request).await?;
    Ok(clean(link, answer).await)
}

/// The answer without anything that is the connection's: not its login, its session or how it came here.
async fn clean(link: &Link, answer: Answer) -> Answer {
    let session = link.session().lock().await.clone();
    let mut secrets: Vec<String> = Vec::new();
    for session in session.iter() {
        secrets.extend(session.cookies.iter().map(|(_, value)| value.clone()));
        secrets.extend(session.secrets.iter().cloned());
        secrets.extend(session.headers.iter().filter_map(|(_, value)| Some(value.to_str().ok()?.to_owned())));
    }
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).filter(|secret| secret.len() >= 8).collect();
    let hide = |text: &str| crate::http::redact(&link.redact(text), &secrets);
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        let kept = KEPT.contains(name) || OURS.contains(&name.as_str());
        if let (false, Ok(text)) = (kept, value.to_str())
            && let Ok(value) = HeaderValue::try_from(hide(text))
        {
            headers.append(name.clone(), value);
        }
    }
    let body = match String::from_utf8(answer.body) {
        Ok(text) => hide(&text).into_bytes(),
        Err(binary) => binary.into_bytes(),
    };
    Answer { status: answer.status, headers, body }
}

fn is_ours(spec: &Spec, name: &HeaderName) -> bool {
    let logs_in = |scheme: &AuthScheme| matches!(scheme, AuthScheme::ApiKey { header, .. } if header == name);
    OURS.contains(&name.as_str()) || spec.auth.iter().any(|method| logs_in(&method.scheme))
}

/// Whether a path stays below one of those that are open, however it is read.
fn checked_path(open: &[String], path: &str) -> Result<(), String> {
    if path.len() > LONGEST_PATH {
        return Err(format!("is longer than {LONGEST_PATH} characters"));
    }
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(
            "must begin with one `/`: it is a path at the connection's own address, not a whole address".to_owned()
        );
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be percent-encoded".to_owned());
    }
    if path.contains(['?', '#', '\\']) {
        return Err("must be a path only: what is behind `?` goes into `query`".to_owned());
    }
    let mut read = decoded(path).ok_or("is not percent-encoded as it must be")?;
    let mut readings = vec![path.to_owned()];
    while readings.last() != Some(&read) {
        if readings.len() > DECODINGS {
            return Err("is encoded again and again".to_owned());
        }
        // What decoding brought need not be decoded once more by whoever reads it.
        let next = decoded(&read).unwrap_or_else(|| read.clone());
        readings.push(std::mem::replace(&mut read, next));
    }
    let up = |segment: &str| matches!(segment.split(';').next().unwrap_or_default(), "." | "..");
    let leads_elsewhere = |read: &String| read.split(['/', '\\']).any(up) || read.chars().any(char::is_control);
    if readings.iter().any(leads_elsewhere) {
        return Err("must not lead elsewhere".to_owned());
    }
    let below = |prefix: &String| {
        let prefix = prefix.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match open.iter().any(below) {
        true => Ok(()),
        false => Err(format!("must begin with {}", open.join(" or "))),
    }
}

/// The text with its `%XX` decoded once; nothing if one is broken. What is no text becomes a mark that no path has.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (pair, tail) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        rest = tail;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_what_is_open_however_it_is_read() {
        let open = ["/acme/opu/odata/acme".to_owned(), "/rest/v1/".to_owned()];
        for path in [
            "/acme/opu/odata/acme/API_X/A_Product('A%2FB')",
            "/acme/opu/odata/acme/API_X;v=2/Set(A='1',B='..x')/$value",
            "/acme/opu/odata/acme",
            "/rest/v1/thing/eid:7",
            "/rest/v1/100%25",
        ] {
            assert_eq!(checked_path(&open, path), Ok(()), "{path}");
        }
        for path in [
            "",
            "acme/opu/odata/acme/API_X",
            "//other.example/acme/opu/odata/acme",
            "https://other.example/acme/opu/odata/acme",
            "/acme/opu/odata/acmeling/API_X",
            "/acme/opu/odata",
            "/ACME/opu/odata/acme/API_X",
            "/acme/opu/odata/acme/../../../acme/bc/ping",
            "/acme/opu/odata/acme/./API_X",
            "/acme/opu/odata/acme/..%2f..%2fbc",
            "/acme/opu/odata/acme/%2e%2e/%2E%2e/bc",
            "/acme/opu/odata/acme/%252e%252e/bc",
            "/acme/opu/odata/acme/%25252e%25252e%25252fbc",
            "/acme/opu/odata/acme/..;/bc",
            "/acme/opu/odata/acme/..;x=1/bc",
            "/acme/opu/odata/acme/..%5cbc",
            "/acme/opu/odata/acme\\..\\bc",
            "/acme/opu/odata/acme/API_X?client=200",
            "/acme/opu/odata/acme/API_X#there",
            "/acme/opu/odata/acme/API_X%00",
            "/acme/opu/odata/acme/API_X%0d%0aHost:x",
            "/acme/opu/odata/acme/API X",
            "/acme/opu/odata/acme/%zz",
            "/acme/opu/odata/acme/ä",
        ] {
            assert!(checked_path(&open, path).is_err(), "{path}");
        }
        assert!(checked_path(&open, &format!("/rest/v1/{}", "x".repeat(LONGEST_PATH))).is_err());
    }
}
