//! OAuth 2.0 authorisation code with PKCE, and renewal by refresh token (RFC 6749, RFC 7636, RFC 9700).
//!
//! A request for tokens is sent once: both a code and, at many providers, a refresh token work a single time, so that a request
//! whose answer was lost must not be repeated blindly.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use trunnion_model::time::{Clock, Timestamp};
use url::Url;

use super::basic;
use super::oauth2_jwt::{life, token_answer};
use crate::error::Error;
use crate::http::{Client, Effect, Request};
use crate::spec::{AuthScheme, Spec};

/// Who we are at the provider.
#[derive(Clone)]
pub struct OAuthClient {
    pub id: String,
    pub secret: SecretString,
}

/// What a customer granted, as it is now.
#[derive(Clone)]
pub struct Tokens {
    pub access: SecretString,
    /// Without it, the grant ends with the access token.
    pub refresh: Option<SecretString>,
    /// Early enough that none ends on the way.
    pub renew_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The two addresses of a system's provider.
pub struct Endpoints {
    pub authorize: Url,
    pub token: Url,
    pub scope: String,
}

/// For a connection's address. The page for people may be on a sibling of its host, as the declaration says; the token is
/// fetched from the address itself, because that is where secrets are sent.
pub fn endpoints(spec: &Spec, base: &Url) -> Result<Endpoints, Error> {
    let code = spec.auth.iter().find_map(|method| match &method.scheme {
        AuthScheme::OAuth2Code { authorize_path, authorize_hosts, token_path, scope } => {
            Some((authorize_path, authorize_hosts, token_path, scope))
        }
        _ => None,
    });
    let Some((authorize_path, hosts, token_path, scope)) = code else {
        return Err(Error::Unexpected("the system has no way to log in by consent".to_owned()));
    };
    let below = |path: &str| {
        let text = format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_matches('/'));
        Url::parse(&text).map_err(|error| Error::Unexpected(format!("{text}: {error}")))
    };
    let (mut authorize, token) = (below(authorize_path)?, below(token_path)?);
    let host = authorize.host_str().unwrap_or_default().to_owned();
    for (of_api, of_people) in hosts {
        if let Some(account) = host.strip_suffix(of_api.as_str()) {
            let sibling = format!("{account}{of_people}");
            authorize.set_host(Some(&sibling)).map_err(|error| Error::Unexpected(format!("{sibling}: {error}")))?;
        }
    }
    Ok(Endpoints { authorize, token, scope: scope.clone() })
}

/// Renewed this long before its end, or when three quarters of a short life are over.
const MARGIN: Duration = Duration::from_secs(60);

/// Where the customer is sent to consent.
#[derive(Clone, Copy)]
pub struct Consent<'a> {
    pub authorize_url: &'a Url,
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    /// Separated by blanks; may be empty.
    pub scope: &'a str,
    pub state: &'a str,
    pub verifier: &'a str,
}

impl Consent<'_> {
    pub fn url(&self) -> Url {
        let mut url = self.authorize_url.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("response_type", "code").append_pair("client_id", self.client_id);
            query.append_pair("redirect_uri", self.redirect_uri).append_pair("state", self.state);
            query.append_pair("code_challenge", &challenge(self.verifier)).append_pair("code_challenge_method", "S256");
            if !self.scope.is_empty() {
                query.append_pair("scope", self.scope);
            }
        }
        url
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Exchanges the code that the customer brought back.
pub async fn exchange(
    http: &Client,
    token_url: &Url,
    client: &OAuthClient,
    code: &str,
    redirect_uri: &str,
    verifier: &str,
    clock: &Clock,
) -> Result<Tokens, Error> {
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    ask(http, token_url, client, &grant, None, clock).await
}

/// New tokens for old ones. Where the provider gives no new refresh token, the old one stays good.
pub async fn renew(
    http: &Client,
    token_url: &Url,
    client: &OAuthClient,
    refresh: &SecretString,
    clock: &Clock,
) -> Result<Tokens, Error> {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose_secret())];
    ask(http, token_url, client, &grant, Some(refresh), clock).await
}

async fn ask(
    http: &Client,
    token_url: &Url,
    client: &OAuthClient,
    grant: &[(&str, &str)],
    refresh: Option<&SecretString>,
    clock: &Clock,
) -> Result<Tokens, Error> {
    let asked = clock.now();
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(grant).finish();
    // RFC 6749, 2.3.1: both are form-encoded before they are joined.
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let authorization = basic::authorization(&encode(&client.id), &encode(client.secret.expose_secret()))?;
    let request = Request::new(Method::POST, token_url.clone(), Effect::Write)
        .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .with_header(header::AUTHORIZATION, authorization)
        .with_body("application/x-www-form-urlencoded", body);
    let answer = match http.send(&request).await {
        // Nothing in the system was changed by it but the grant itself, which the next answer tells about.
        Err(Error::OutcomeUnknown(reason)) => return Err(Error::Unreachable { reason, after: None }),
        other => other?,
    };
    let parsed = token_answer(&answer)?;
    let life = life(parsed.expires_in.as_ref());
    let after = |time: Duration| asked.checked_add(time).unwrap_or(Timestamp::MAX);
    let (renew_at, expires_at) = (after(life - MARGIN.min(life / 4)), after(life));
    let refresh = parsed.refresh_token.map(SecretString::from).or_else(|| refresh.cloned());
    Ok(Tokens { access: parsed.access_token.into(), refresh, renew_at, expires_at })
}

impl std::fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuthClient").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[test]
fn the_customer_is_sent_with_a_challenge_and_never_with_the_verifier() {
    let authorize = Url::parse("https://login.example.com/authorize?tenant=1").unwrap();
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let consent = Consent {
        authorize_url: &authorize,
        client_id: "ours",
        redirect_uri: "https://connect.example/link/callback",
        scope: "a b",
        state: "s&1",
        verifier,
    };
    let url = consent.url();
    let given = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(given("code_challenge").as_deref(), Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
    assert_eq!(given("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(given("tenant").as_deref(), Some("1"));
    assert_eq!(given("state").as_deref(), Some("s&1"));
    assert_eq!(given("scope").as_deref(), Some("a b"));
    assert!(!url.as_str().contains(verifier));
}
