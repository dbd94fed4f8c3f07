//! One try to send a webhook: to an address that the guard lets pass, within one time limit over connecting, head and body.
//!
//! No redirect is followed, no proxy is used (it would connect for us, past the guard), and of the answer's body only the
//! beginning is read.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::guard::{Guard, Refusal};
use super::resolver::{Guarded, Lookup, system};
use crate::error::Error;
use crate::http::http_date;

/// As much of an answer's body is read and kept.
const BODY: usize = 16 * 1024;
/// As much of an answer's head is kept, in bytes of names and values.
const HEAD: usize = 8 * 1024;
const CONNECT: Duration = Duration::from_secs(5);

/// What is sent: JSON with the three headers of the standard.
#[derive(Debug)]
pub struct Message<'m> {
    pub url: &'m str,
    pub id: &'m str,
    pub timestamp: i64,
    pub signature: &'m str,
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// `None` if there was no whole answer; `error` says why.
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    /// The beginning; bytes that are no text are replaced.
    pub body: String,
    pub error: Option<String>,
    /// `Retry-After`, in seconds from now.
    pub retry_after: Option<Duration>,
    /// The guard refused the address: nothing was sent.
    pub refused: bool,
}

/// Sends webhooks; cheap to clone.
#[derive(Clone, Debug)]
pub struct Poster {
    secure: reqwest::Client,
    plain: reqwest::Client,
    guard: Guard,
    timeout: Duration,
}

impl Poster {
    /// Fails where the machine has no trusted certificates.
    pub fn new(guard: Guard, timeout: Duration) -> Result<Self, Error> {
        Self::with_lookup(guard, timeout, &system())
    }

    pub(super) fn with_lookup(guard: Guard, timeout: Duration, lookup: &Lookup) -> Result<Self, Error> {
        let client = |secure| {
            let resolver = Guarded { guard: guard.clone(), secure, exempt: Vec::new(), lookup: lookup.clone() };
            reqwest::Client::builder()
                .user_agent(concat!("trunnion/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(resolver))
                .connect_timeout(CONNECT.min(timeout))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .no_gzip()
                .https_only(secure)
                .pool_idle_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(8)
                .build()
                .map_err(|error| Error::Unexpected(format!("the HTTP client cannot be made here: {error:?}")))
        };
        Ok(Self { secure: client(true)?, plain: client(false)?, guard, timeout })
    }

    /// Whether the URL can be an endpoint at all. Names are looked up at each try, not here.
    pub fn check(&self, url: &str) -> Result<(), String> {
        let url = Url::parse(url).map_err(|error| format!("is no URL: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or password".to_owned());
        }
        match url.scheme() {
            "https" => {}
            "http" if self.guard.may_be_plain() => {}
            "http" => return Err(Refusal::NotSecure.to_string()),
            _ => return Err("must begin with https://".to_owned()),
        }
        self.guard.check_literal(&url, url.scheme() == "https").map_err(|refusal| refusal.to_string())
    }

    /// One try, ended at the latest when the time is over.
    pub async fn post(&self, message: Message<'_>) -> Reply {
        let failed = |error: String| Reply { error: Some(error), ..Reply::default() };
        if let Err(why) = self.check(message.url) {
            return Reply { refused: true, ..failed(format!("the URL {why}")) };
        }
        match tokio::time::timeout(self.timeout, self.exchange(message)).await {
            Ok(reply) => reply,
            Err(_) => failed(format!("no complete answer within {:?}", self.timeout)),
        }
    }

    async fn exchange(&self, message: Message<'_>) -> Reply {
        let client = if message.url.starts_with("https:") { &self.secure } else { &self.plain };
        let request = client
            .post(message.url)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp.to_string())
            .header("webhook-signature", message.signature)
            .body(message.body);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return of_error(&error),
        };
        let mut reply = Reply {
            status: Some(response.status().as_u16()),
            headers: kept(response.headers()),
            retry_after: retry_after(response.headers(), message.timestamp),
            ..Reply::default()
        };
        let mut body = Vec::new();
        while body.len() < BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(BODY - body.len())]),
                Ok(None) => break,
                Err(error) => return of_error(&error),
            }
        }
        reply.body = String::from_utf8_lossy(&body).into_owned();
        reply
    }
}

fn of_error(error: &reqwest::Error) -> Reply {
    let mut refused = false;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    let mut text = "the request cannot be sent".to_owned();
    // The innermost text: the outer ones name the URL, which may hold a secret.
    while let Some(inner) = cause {
        refused |= inner.is::<Refusal>();
        text = inner.to_string();
        cause = inner.source();
    }
    let kind = match error {
        _ if refused => "refused: ",
        error if error.is_timeout() => {
            return Reply { error: Some("no connection in time".to_owned()), ..Reply::default() };
        }
        error if error.is_connect() => "no connection: ",
        _ => "the connection broke: ",
    };
    Reply { error: Some(format!("{kind}{text}")), refused, ..Reply::default() }
}

fn kept(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let mut room = HEAD;
    let mut kept = Vec::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let size = name.as_str().len() + value.len();
        if size > room {
            break;
        }
        room -= size;
        kept.push((name.to_string(), value));
    }
    kept
}

/// Seconds, or an HTTP date, counted from the instant `now`.
fn retry_after(headers: &http::HeaderMap, now: i64) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let seconds = match text.parse() {
        Ok(seconds) => seconds,
        Err(_) => u64::try_from(http_date(text)?.as_second().saturating_sub(now)).unwrap_or(0),
    };
    Some(Duration::from_secs(seconds))
}
