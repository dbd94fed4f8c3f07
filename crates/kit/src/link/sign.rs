//! How a link's requests are signed, and what a 401 then means.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use trunnion_model::time::Timestamp;
use url::Url;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Link, grant};
use crate::auth::oauth2_code::OAuthClient;
use crate::auth::oauth2_jwt::Token;
use crate::auth::{basic, certificate, oauth1, oauth2_client, oauth2_code, oauth2_jwt, sensitive};
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Client, Request, vendor_text};
use crate::spec::form::Credentials;
use crate::spec::{AuthScheme, Spec};

/// A token is renewed this long before it ends, so that none ends on the way.
const MARGIN: Duration = Duration::from_secs(60);
/// A token that was refused within this time of its making was never any good.
const JUST_FETCHED: Duration = Duration::from_secs(60);
/// A system refuses signatures whose time is further off than about this.
const CLOCKS_APART: Duration = Duration::from_secs(240);

pub(super) enum Signer {
    /// The same value in each request: HTTP Basic, or a key in a header.
    Fixed(HeaderName, HeaderValue),
    /// The connection itself proves who we are (see [`client`]).
    Certificate,
    /// The protocol signs by itself.
    Session,
    OAuth1,
    /// By what the customer granted, which is in the link's vault.
    OAuth2Code {
        token_url: Url,
    },
    /// By a token that is fetched with the client's own credentials.
    Token {
        token_url: Url,
        scope: String,
        /// What the client proves itself by; `None`: a secret.
        key: Option<oauth2_jwt::Key>,
        token: Mutex<Option<Arc<Cached>>>,
    },
}

pub(super) struct Cached {
    header: HeaderValue,
    expires_at: Timestamp,
    fetched_at: Timestamp,
    /// The system took it at least once.
    proved: AtomicBool,
}

/// The declaration's form lacks a field that its way to log in needs, or an optional one was left out.
pub(super) fn missing(field: &str) -> Error {
    Error::Unexpected(format!("the connection has no value for `{field}`"))
}

fn need<'a>(credentials: &'a Credentials, field: &str) -> Result<&'a str, Error> {
    credentials.get(field).ok_or_else(|| missing(field))
}

/// The client for a link: with the certificate that its customer gave, where that is the way to log in.
pub(super) fn client(credentials: &Credentials, client: Client) -> Result<Client, Error> {
    if credentials.auth() != AuthScheme::Certificate.name() {
        return Ok(client);
    }
    let (certificate, key) = (need(credentials, "certificate")?, need(credentials, "private_key")?);
    let refused = |text: String| {
        let field = Some("certificate".to_owned());
        Error::Authentication(VendorMessage { status: None, code: None, text, field })
    };
    let identity = certificate::identity(certificate, key).map_err(refused)?;
    client.with_identity(identity).map_err(|_| refused(certificate::NOT_TOGETHER.to_owned()))
}

fn below(base: &Url, path: &str) -> Result<Url, Error> {
    let url = format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_matches('/'));
    Url::parse(&url).map_err(|error| Error::Unexpected(format!("the token address {url}: {error}")))
}

fn oauth1_keys(credentials: &Credentials) -> Result<oauth1::Keys<'_>, Error> {
    Ok(oauth1::Keys {
        realm: need(credentials, "account")?,
        consumer_key: need(credentials, "consumer_key")?,
        consumer_secret: need(credentials, "consumer_secret")?,
        token_id: need(credentials, "token_id")?,
        token_secret: need(credentials, "token_secret")?,
    })
}

impl Signer {
    pub(super) fn new(spec: &Spec, credentials: &Credentials, base: &Url) -> Result<Self, Error> {
        let method = spec.auth.iter().find(|method| method.scheme.name() == credentials.auth());
        let method = method.ok_or_else(|| Error::Unexpected("the connector has no such way to log in".to_owned()))?;
        match &method.scheme {
            AuthScheme::Basic => {
                let (username, password) = (need(credentials, "username")?, need(credentials, "password")?);
                Ok(Self::Fixed(AUTHORIZATION, basic::authorization(username, password)?))
            }
            AuthScheme::ApiKey { header, prefix } => {
                let value = sensitive(&format!("{prefix}{}", need(credentials, "api_key")?))?;
                Ok(Self::Fixed(header.clone(), value))
            }
            AuthScheme::Certificate => Ok(Self::Certificate),
            AuthScheme::Session => Ok(Self::Session),
            AuthScheme::OAuth1 => oauth1_keys(credentials).map(|_| Self::OAuth1),
            AuthScheme::OAuth2Code { .. } => {
                Ok(Self::OAuth2Code { token_url: oauth2_code::endpoints(spec, base)?.token })
            }
            AuthScheme::OAuth2Jwt { token_path, scope } => {
                need(credentials, "client_id")?;
                need(credentials, "certificate_id")?;
                let key = oauth2_jwt::Key::from_pem(need(credentials, "private_key")?).map_err(|text| {
                    let field = Some("private_key".to_owned());
                    Error::Authentication(VendorMessage { status: None, code: None, text, field })
                })?;
                let (token_url, scope) = (below(base, token_path)?, scope.clone());
                Ok(Self::Token { token_url, scope, key: Some(key), token: Mutex::default() })
            }
            AuthScheme::OAuth2Client { scope } => {
                need(credentials, "client_id")?;
                need(credentials, "client_secret")?;
                let token_url = Url::parse(need(credentials, "token_url")?)
                    .map_err(|error| Error::Unexpected(format!("the stored token address: {error}")))?;
                Ok(Self::Token { token_url, scope: scope.clone(), key: None, token: Mutex::default() })
            }
        }
    }

    pub(super) async fn send(&self, link: &Link, request: &Request) -> Result<Answer, Error> {
        match self {
            Self::Session => {
                let answer = link.0.client.send(request).await?;
                link.note_server_time(&answer);
                Ok(answer)
            }
            Self::Fixed(name, value) => send_fixed(link, request, |_| Ok(Some((name.clone(), value.clone())))).await,
            Self::Certificate => send_fixed(link, request, |_| Ok(None)).await,
            Self::OAuth1 => {
                let sign = |request: &Request| {
                    let keys = oauth1_keys(&link.0.credentials)?;
                    let nonce = link.0.client.random().text(20);
                    let now = link.0.clock.now();
                    oauth1::authorization(&keys, &request.method, &request.url, now, &nonce).map(authorization)
                };
                send_fixed(link, request, sign).await
            }
            Self::OAuth2Code { token_url } => grant::send(link, token_url, request).await,
            Self::Token { .. } => self.send_with_token(link, request).await,
        }
    }

    async fn send_with_token(&self, link: &Link, request: &Request) -> Result<Answer, Error> {
        let token = self.token(link, None).await?;
        let answer = send_with(link, request, |_| Ok(authorization(token.header.clone())), |_| ()).await?;
        if answer.status != 401 {
            token.proved.store(true, Ordering::Relaxed);
            return Ok(answer);
        }
        let age = link.0.clock.now().duration_since(token.fetched_at).unsigned_abs();
        if !token.proved.load(Ordering::Relaxed) && age < JUST_FETCHED {
            return Err(refusal(link, &answer));
        }
        // A 401 did nothing, so that even a write may be sent again with the new token.
        let token = self.token(link, Some(&token)).await?;
        let answer = send_with(link, request, |_| Ok(authorization(token.header.clone())), |_| ()).await?;
        if answer.status == 401 {
            return Err(refusal(link, &answer));
        }
        token.proved.store(true, Ordering::Relaxed);
        Ok(answer)
    }

    /// The token in use, fetched by one caller while the others wait; never `refused` again.
    async fn token(&self, link: &Link, refused: Option<&Arc<Cached>>) -> Result<Arc<Cached>, Error> {
        let Self::Token { key, token_url, scope, token } = self else {
            return Err(Error::Unexpected("this way to log in has no token".to_owned()));
        };
        let mut cached = token.lock().await;
        let now = link.0.clock.now();
        if let Some(cached) = cached.as_ref()
            && cached.expires_at.duration_since(now) > jiff::SignedDuration::ZERO
            && refused.is_none_or(|refused| !Arc::ptr_eq(refused, cached))
        {
            return Ok(cached.clone());
        }
        // The one that held the lock before may have been refused.
        link.refuse_if_parked()?;
        let fetched = match key {
            Some(key) => by_assertion(link, token_url, scope, key).await,
            None => by_secret(link, token_url, scope).await,
        };
        let fetched = match fetched {
            // Parked while the lock is held, so that nobody who waits for it asks again.
            Err(Error::Authentication(message)) => return Err(link.park(message)),
            other => other?,
        };
        let text = format!("Bearer {}", fetched.value.expose_secret());
        let new = Arc::new(Cached {
            header: sensitive(&text)?,
            expires_at: fetched.expires_at.checked_sub(MARGIN).unwrap_or(Timestamp::MIN),
            fetched_at: now,
            proved: AtomicBool::new(false),
        });
        *cached = Some(new.clone());
        Ok(new)
    }
}

async fn by_assertion(link: &Link, token_url: &Url, scope: &str, key: &oauth2_jwt::Key) -> Result<Token, Error> {
    let credentials = &link.0.credentials;
    let grant = oauth2_jwt::Grant {
        token_url,
        client_id: need(credentials, "client_id")?,
        certificate_id: need(credentials, "certificate_id")?,
        scope,
    };
    oauth2_jwt::fetch(&link.0.client, &grant, key, &link.0.clock).await
}

async fn by_secret(link: &Link, token_url: &Url, scope: &str) -> Result<Token, Error> {
    let credentials = &link.0.credentials;
    let id = need(credentials, "client_id")?.to_owned();
    let of = OAuthClient { id, secret: need(credentials, "client_secret")?.into() };
    oauth2_client::fetch(&link.0.client, token_url, &of, scope, &link.0.clock).await
}

/// A header that proves who sends.
pub(super) type Proof = (HeaderName, HeaderValue);

pub(super) fn authorization(value: HeaderValue) -> Option<Proof> {
    Some((AUTHORIZATION, value))
}

/// With credentials that are the same for each request, whose refusals the system counts before it locks the account:
/// the first request goes alone, and after a refusal those that wait are not sent.
async fn send_fixed(
    link: &Link,
    request: &Request,
    sign: impl Fn(&Request) -> Result<Option<Proof>, Error> + Send + Sync,
) -> Result<Answer, Error> {
    let _alone = if link.0.proved.load(Ordering::Acquire) { None } else { Some(link.0.first.lock().await) };
    let see = |answer: &Answer| match answer.status {
        401 => drop(refusal(link, answer)),
        _ => link.0.proved.store(true, Ordering::Release),
    };
    let answer = match send_with(link, request, sign, see).await {
        // Refused before there was an answer: a certificate.
        Err(Error::Authentication(message)) => return Err(link.park(message)),
        other => other?,
    };
    if answer.status == 401 { Err(refusal(link, &answer)) } else { Ok(answer) }
}

pub(super) async fn send_with(
    link: &Link,
    request: &Request,
    sign: impl Fn(&Request) -> Result<Option<Proof>, Error> + Send + Sync,
    see: impl Fn(&Answer) + Send + Sync,
) -> Result<Answer, Error> {
    let signed = || {
        link.refuse_if_parked()?;
        let mut signed = request.clone();
        if let Some((name, value)) = sign(&signed)? {
            signed.headers.insert(name, value);
        }
        Ok(signed)
    };
    let seen = |answer: &Answer| {
        link.note_server_time(answer);
        see(answer);
    };
    link.0.client.send_seen(request.lane, signed, seen).await
}

/// Parks the link for a 401.
pub(super) fn refusal(link: &Link, answer: &Answer) -> Error {
    let mut message = answer.vendor_message();
    if let Some(description) = answer.header(WWW_AUTHENTICATE).and_then(error_description) {
        message.text = vendor_text(description.as_bytes());
    }
    let apart = link.source_now().duration_since(link.0.clock.now()).unsigned_abs();
    if matches!(link.0.signer, Signer::OAuth1 | Signer::Token { key: Some(_), .. }) && apart > CLOCKS_APART {
        message.text.push_str(&format!(" (our clock and the system's are {} s apart)", apart.as_secs()));
    }
    link.park(message)
}

/// RFC 6750: `Bearer realm="…", error="invalid_token", error_description="…"`.
fn error_description(challenge: &str) -> Option<&str> {
    let (_, rest) = challenge.split_once("error_description=\"")?;
    rest.split('"').next().filter(|text| !text.is_empty())
}
