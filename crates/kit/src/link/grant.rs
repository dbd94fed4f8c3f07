//! Sending with a customer's grant: its access token, renewed before it ends, by one caller of all tasks and nodes.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use url::Url;

use super::Link;
use super::sign::{authorization, refusal, send_with};
use crate::auth::oauth2_code::{OAuthClient, Tokens, renew};
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Request};
use crate::vendor::Answered;

/// For the provider's answer; a turn lasts longer, so that nobody begins a second renewal meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);
pub const TURN: Duration = Duration::from_secs(30);
/// While another one renews.
const LOOK_AGAIN: Duration = Duration::from_millis(150);
/// As long as a turn whose holder died, and a renewal after it.
const WAIT_AT_MOST: Duration = Duration::from_secs(60);

/// The tokens of a connection with the count of their renewals.
#[derive(Clone, Debug)]
pub struct Held {
    pub generation: i64,
    pub tokens: Tokens,
}

/// Where a connection's grant is kept for all tasks and nodes.
pub trait Vault: Send + Sync {
    fn client(&self) -> Answered<'_, OAuthClient>;
    fn read(&self) -> Answered<'_, Held>;
    /// The turn to renew that generation, for [`TURN`]. False if somebody else has it, or has renewed it.
    fn claim(&self, generation: i64) -> Answered<'_, bool>;
    /// Nothing came of it.
    fn release(&self, generation: i64) -> Answered<'_, ()>;
    /// Stores what that generation was renewed to. False if another answer was stored before.
    fn store<'a>(&'a self, generation: i64, tokens: &'a Tokens) -> Answered<'a, bool>;
}

pub(super) async fn send(link: &Link, token_url: &Url, request: &Request) -> Result<Answer, Error> {
    let held = token(link, token_url, None).await?;
    let answer = send_as(link, request, &held).await?;
    if answer.status != 401 {
        return Ok(answer);
    }
    // A 401 did nothing, so that even a write may be sent again with the new token.
    let renewed = token(link, token_url, Some(held.generation)).await?;
    let answer = send_as(link, request, &renewed).await?;
    if answer.status == 401 { Err(refusal(link, &answer)) } else { Ok(answer) }
}

async fn send_as(link: &Link, request: &Request, held: &Held) -> Result<Answer, Error> {
    let header = crate::auth::sensitive(&format!("Bearer {}", held.tokens.access.expose_secret()))?;
    let sign = |_: &Request| Ok(authorization(header.clone()));
    send_with(link, request, sign, |_| ()).await
}

/// Tokens that are good for a while, of a later generation than `refused`.
async fn token(link: &Link, token_url: &Url, refused: Option<i64>) -> Result<Held, Error> {
    let vault = link.vault()?;
    let is_good = |held: &Held| refused.is_none_or(|refused| held.generation > refused);
    let now = || link.0.clock.now();
    let lives = |held: &Held| is_good(held) && held.tokens.expires_at.duration_since(now()) > SignedDuration::ZERO;
    let is_fresh = |held: &Held| is_good(held) && held.tokens.renew_at.duration_since(now()) > SignedDuration::ZERO;
    if let Some(held) = link.held()
        && is_fresh(&held)
    {
        return Ok(held);
    }
    let end = tokio::time::Instant::now() + WAIT_AT_MOST;
    loop {
        link.refuse_if_parked()?;
        let held = vault.read().await?;
        link.hold(&held);
        if is_fresh(&held) {
            return Ok(held);
        }
        if vault.claim(held.generation).await? {
            match renewed(link, token_url, vault.as_ref(), &held).await {
                // Another one's answer came first: it is read next.
                Ok(None) => continue,
                Ok(Some(new)) => return Ok(new),
                // The provider is down, and the token is still good for a moment.
                Err(error) if error.is_passing() && lives(&held) => return Ok(held),
                Err(error) => return Err(error),
            }
        }
        if lives(&held) {
            return Ok(held);
        }
        if tokio::time::Instant::now() >= end {
            let reason = "another renewal of the grant does not end".to_owned();
            return Err(Error::Unreachable { reason, after: None });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Renews in one's turn. `None`: somebody else's answer was stored before.
async fn renewed(link: &Link, token_url: &Url, vault: &dyn Vault, old: &Held) -> Result<Option<Held>, Error> {
    let asked = async {
        let Some(refresh) = &old.tokens.refresh else {
            let text = "the access token has ended, and there is none to renew it with".to_owned();
            return Err(Error::Authentication(VendorMessage { text, ..VendorMessage::default() }));
        };
        let client = vault.client().await?;
        link.hold_client(&client);
        let asking = renew(&link.0.client, token_url, &client, refresh, &link.0.clock);
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                Err(Error::Unreachable { reason: "no answer to the renewal in time".to_owned(), after: None })
            }
        }
    };
    match asked.await {
        Ok(tokens) => {
            if !vault.store(old.generation, &tokens).await? {
                return Ok(None);
            }
            let new = Held { generation: old.generation + 1, tokens };
            link.hold(&new);
            Ok(Some(new))
        }
        Err(Error::Authentication(message)) => {
            // Somebody whose turn ran out may have been answered after all: then ours is the refusal of a used token.
            if vault.read().await?.generation > old.generation {
                return Ok(None);
            }
            vault.release(old.generation).await?;
            Err(link.park(message))
        }
        Err(error) => {
            vault.release(old.generation).await?;
            Err(error)
        }
    }
}
