//! A customer's consent at the system (OAuth 2.0 authorisation code with PKCE): sent there, and what comes back.
//!
//! The state works once, within minutes, and only in the browser that was sent: a cookie proves that it is the same one
//! (RFC 9700, 4.7). So nobody can have somebody else's consent attached to a session of his own, or the other way round.

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunnion_kit::auth::oauth2_code::{Consent, Endpoints, OAuthClient, endpoints, exchange};
use trunnion_kit::vendor::Connector;
use trunnion_model::token::{NewToken, hash_of};
use trunnion_store::NewPending;
use url::Url;

use super::refusal::{Refusal, Why, refusal};
use super::submit::{Filled, Submitted, try_on_system};
use super::visit::{Brand, Closed, Opened, Visit, open};
use super::way::Way;
use crate::error::{Result, ServiceError, connecting};
use crate::services::oauth_clients::redirect_uri;
use crate::{Engine, grants};

/// How long a customer may take at the system.
const WAIT_MICROS: i64 = 30 * 60 * 1_000_000;

/// What is kept, sealed, until the customer comes back.
#[derive(Serialize, Deserialize)]
struct Pending {
    /// Of the session's address.
    secret: String,
    system: String,
    filled: Filled,
    verifier: String,
    redirect_uri: String,
}

/// What the system sent back with the browser.
#[derive(Clone, Default)]
pub struct Back {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
    /// The cookie's value.
    pub browser: String,
}

pub enum Returned {
    /// As after a form. The way back to the session's page is there, to try again.
    Submitted {
        outcome: Submitted,
        /// The path, without what the page carries.
        again: String,
        brand: Brand,
        way: Way,
    },
    Closed {
        why: Closed,
        brand: Brand,
        way: Way,
    },
    /// No consent is waited for, or not from this browser.
    Unknown,
}

/// Sends the customer to consent.
pub(super) async fn begin(
    engine: &Engine,
    visit: &Visit,
    secret: &str,
    connector: &Connector,
    filled: Filled,
    base: &str,
) -> Result<Submitted> {
    let system = connector.spec.system.id.clone();
    let Some(client) = client(engine, visit, &system).await? else {
        return Ok(Submitted::Refused(Why::NotSetUp.into()));
    };
    let ends = provider(connector, &filled.credentials)?;
    let (state, browser) = (NewToken::one_time("st"), NewToken::one_time("br"));
    // 256 random bits in 58 characters of those that a verifier may have.
    let verifier = NewToken::one_time("v").reveal().to_owned();
    let redirect_uri = redirect_uri(base);
    let consent = Consent {
        authorize_url: &ends.authorize,
        client_id: &client.id,
        redirect_uri: &redirect_uri,
        scope: &ends.scope,
        state: state.reveal(),
        verifier: &verifier,
    };
    let address = consent.url().to_string();
    let kept = Pending { secret: secret.to_owned(), system, filled, verifier, redirect_uri: redirect_uri.clone() };
    let kept = serde_json::to_string(&kept).map_err(|error| ServiceError::internal(&error))?;
    let pending = NewPending {
        link: visit.link.id,
        state_hash: state.hash(),
        browser_hash: browser.hash(),
        secret: kept.into(),
        expires_at: engine.clock().now_micros().saturating_add(WAIT_MICROS),
    };
    engine.store().put_pending_consent(pending).await?;
    Ok(Submitted::Consent { address, browser: browser.reveal().to_owned() })
}

/// The customer is back: the code is exchanged, the grant tried on the system, and the connection made.
pub async fn returned(engine: &Engine, back: &Back) -> Result<Returned> {
    let taken = engine.store().take_pending_consent(&hash_of(&back.state), &hash_of(&back.browser)).await?;
    let Some(taken) = taken else { return Ok(Returned::Unknown) };
    let pending: Pending =
        serde_json::from_str(taken.expose_secret()).map_err(|error| ServiceError::internal(&error))?;
    let way = pending.filled.way.clone();
    let visit = match open(engine, &pending.secret).await? {
        Opened::Visit(visit) => visit,
        Opened::Closed(why, brand) => return Ok(Returned::Closed { why, brand, way }),
    };
    let again = format!("/link/{}?system={}&auth=oauth2_code", pending.secret, pending.system);
    let outcome = go_on(engine, &visit, back, pending).await?;
    Ok(Returned::Submitted { outcome, again, brand: visit.brand, way })
}

async fn go_on(engine: &Engine, visit: &Visit, back: &Back, pending: Pending) -> Result<Submitted> {
    let Some(code) = back.code.as_deref().filter(|_| back.error.is_none()) else {
        return Ok(Submitted::Refused(not_given(back.error.as_deref())));
    };
    let connector = engine.catalogue().get(&pending.system);
    let connector = connector.ok_or_else(|| ServiceError::missing("system"))?;
    let client = client(engine, visit, &pending.system).await?;
    let client = client.ok_or_else(|| ServiceError::missing("OAuth client"))?;
    let ends = provider(connector, &pending.filled.credentials)?;
    let http = engine.client().with_limits(&connector.spec.limits);
    let (redirect, verifier) = (&pending.redirect_uri, &pending.verifier);
    let exchanged = exchange(&http, &ends.token, &client, code, redirect, verifier, engine.clock()).await;
    let grant = match exchanged.and_then(|tokens| grants::to_store(&tokens)) {
        Ok(grant) => grant,
        Err(error) => return Ok(Submitted::Refused(refusal(&connecting(&error)))),
    };
    try_on_system(engine, visit, &pending.secret, connector, pending.filled, Some(grant)).await
}

/// Of the address in a form that was checked.
fn provider(connector: &Connector, credentials: &Value) -> Result<Endpoints> {
    let url = credentials["url"].as_str().and_then(|url| Url::parse(url).ok());
    let url = url.ok_or_else(|| ServiceError::internal("a checked form has no address"))?;
    endpoints(&connector.spec, &url).map_err(|error| ServiceError::internal(&error))
}

async fn client(engine: &Engine, visit: &Visit, system: &str) -> Result<Option<OAuthClient>> {
    let found = engine.store().oauth_client(visit.link.application, system).await?;
    Ok(found.map(|(id, secret)| OAuthClient { id, secret }))
}

/// RFC 6749, 4.1.2.1.
fn not_given(error: Option<&str>) -> Refusal {
    let mut refusal = Refusal::from(if error == Some("access_denied") { Why::Denied } else { Why::NotGranted });
    let sane = |text: &&str| text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_graphic());
    refusal.said = error.filter(sane).map(str::to_owned);
    refusal
}
