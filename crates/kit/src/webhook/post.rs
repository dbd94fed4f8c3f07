//! One try to send a webhook: to an address that the guard lets pass, within one time limit over connecting, head and body.
//!
//! No redirect is followed, and of the answer's body only the beginning is read. Connections are kept and used again; if
//! one turns out to be dead, the request is sent once more on a new one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use url::{Host, Url};

use super::guard::{Guard, Refusal};
use super::proxy::Proxy;
use super::resolver::{Guarded, Lookup, system};
use crate::error::Error;
use crate::http::http_date;

/// As much of an answer's body is read and kept.
const BODY: usize = 16 * 1024;
/// As much of an answer's head is kept, in bytes of names and values.
const HEAD: usize = 8 * 1024;
const CONNECT: Duration = Duration::from_secs(5);
/// A kept connection that the receiver closed meanwhile breaks at once. What breaks later may have been answered.
const STALE: Duration = Duration::from_secs(1);

/// What is sent: JSON with the three headers of the standard.
#[derive(Debug)]
pub struct Message<'m> {
    pub url: &'m str,
    pub id: &'m str,
    pub timestamp: i64,
    pub signature: &'m str,
    /// Sent along; checked by [`check_header`](super::check_header).
    pub headers: &'m [(String, String)],
    /// For connecting, head and body of the answer together.
    pub timeout: Duration,
    pub body: Bytes,
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
    /// The proxy could not be used: the receiver had no part in it.
    pub proxy_failed: bool,
}

/// Sends webhooks; cheap to clone.
#[derive(Clone)]
pub struct Poster {
    secure: reqwest::Client,
    plain: reqwest::Client,
    guard: Guard,
    lookup: Lookup,
    proxied: bool,
}

impl Poster {
    /// Fails where the machine has no trusted certificates.
    pub fn new(guard: Guard, proxy: Option<&Proxy>) -> Result<Self, Error> {
        Self::with_lookup(guard, proxy, &system())
    }

    pub(super) fn with_lookup(guard: Guard, proxy: Option<&Proxy>, lookup: &Lookup) -> Result<Self, Error> {
        let unusable = |error| Error::Unexpected(format!("the HTTP client cannot be made here: {error:?}"));
        let client = |secure| {
            // The operator chose the proxy, and it may be inside.
            let exempt = proxy.and_then(Proxy::host).into_iter().collect();
            let resolver = Guarded { guard: guard.clone(), secure, exempt, lookup: lookup.clone() };
            let builder = reqwest::Client::builder()
                .user_agent(concat!("trunnion/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(resolver))
                .connect_timeout(CONNECT)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .no_proxy()
                .no_gzip()
                .https_only(secure)
                .pool_idle_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(32);
            let builder = match proxy {
                Some(proxy) => builder.proxy(proxy.set()?),
                None => builder,
            };
            builder.build().map_err(unusable)
        };
        Ok(Self {
            secure: client(true)?,
            plain: client(false)?,
            guard,
            lookup: lookup.clone(),
            proxied: proxy.is_some(),
        })
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
        let both = async {
            if let Err(reply) = self.check_names(message.url).await {
                return reply;
            }
            let began = Instant::now();
            let first = self.exchange(&message).await;
            if first.broken && began.elapsed() < STALE { self.exchange(&message).await.reply } else { first.reply }
        };
        match tokio::time::timeout(message.timeout, both).await {
            Ok(reply) => reply,
            Err(_) => failed(format!("no complete answer within {:?}", message.timeout)),
        }
    }

    /// A proxy looks names up itself, past our resolver: so they are looked up and checked before.
    async fn check_names(&self, url: &str) -> Result<(), Reply> {
        let Some(Host::Domain(name)) = Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()))
        else {
            return Ok(());
        };
        if !self.proxied {
            return Ok(());
        }
        let failed = |refused, error| Reply { error: Some(error), refused, ..Reply::default() };
        let found = (self.lookup)(name).await.map_err(|error| failed(false, format!("no connection: {error}")))?;
        let secure = url.starts_with("https:");
        let check = |address: &IpAddr| self.guard.check(*address, secure);
        found.iter().try_for_each(check).map_err(|refusal| failed(true, format!("refused: {refusal}")))
    }

    async fn exchange(&self, message: &Message<'_>) -> Exchange {
        let secure = message.url.starts_with("https:");
        let client = if secure { &self.secure } else { &self.plain };
        let mut request = client
            .post(message.url)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp.to_string())
            .header("webhook-signature", message.signature);
        for (name, value) in message.headers {
            request = request.header(name, value);
        }
        let failed = |error: &reqwest::Error| self.failed(error, secure);
        let mut response = match request.body(message.body.clone()).send().await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        let mut reply = Reply {
            status: Some(response.status().as_u16()),
            headers: kept(response.headers()),
            retry_after: retry_after(response.headers(), message.timestamp),
            proxy_failed: self.proxied && response.status().as_u16() == 407,
            ..Reply::default()
        };
        let mut body = Vec::new();
        while body.len() < BODY {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(BODY - body.len())]),
                Ok(None) => break,
                // Part of an answer came: the connection was alive.
                Err(error) => return Exchange { broken: false, ..failed(&error) },
            }
        }
        reply.body = String::from_utf8_lossy(&body).into_owned();
        Exchange { reply, broken: false }
    }

    fn failed(&self, error: &reqwest::Error, secure: bool) -> Exchange {
        let (mut refused, mut of_tunnel) = (false, false);
        let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        let mut text = "the request cannot be sent".to_owned();
        // The innermost text: the outer ones name the URL, which may hold a secret.
        while let Some(inner) = cause {
            refused |= inner.is::<Refusal>();
            text = inner.to_string();
            // What the tunnel says of the receiver is "unsuccessful"; all else is about the proxy itself.
            of_tunnel |= text.starts_with("tunnel error") && !text.contains("unsuccessful");
            cause = inner.source();
        }
        let proxy_failed = self.proxied && error.is_connect() && !refused && (of_tunnel || !secure);
        let broken = !(refused || error.is_timeout() || error.is_connect());
        let error = match error {
            _ if refused => format!("refused: {text}"),
            _ if proxy_failed => format!("the proxy cannot be used: {text}"),
            error if error.is_timeout() => "no connection in time".to_owned(),
            error if error.is_connect() => format!("no connection: {text}"),
            _ => format!("the connection broke: {text}"),
        };
        Exchange { reply: Reply { error: Some(error), refused, proxy_failed, ..Reply::default() }, broken }
    }
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").field("guard", &self.guard).field("proxied", &self.proxied).finish_non_exhaustive()
    }
}

/// What came of one request, and whether its connection broke before any answer.
struct Exchange {
    reply: Reply,
    broken: bool,
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
