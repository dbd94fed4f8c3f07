//! The code for the token: the OAuth 2.0 authorisation code grant (RFC 6749 §4.1.3, RFC 7636).
//!
//! Whoever presents the code proves to be the application: by the verifier of the session's challenge, or by one of the
//! application's keys with the scope `manage` as client secret; where both are there, both must fit.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use trunnion_model::token::{self, NewToken, TokenKind, hash_of};
use trunnion_store::{Link, Principal, Redeemed};

use crate::Engine;
use crate::caller::{Actor, Permission};
use crate::error::ServiceError;
use crate::services::audit::{self, Deed};

/// What the token route was given.
#[derive(Clone, Default)]
pub struct Grant {
    pub grant_type: Option<String>,
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
}

#[derive(Clone, Serialize)]
pub struct Granted {
    pub access_token: String,
    pub token_type: &'static str,
    pub connection_id: String,
    pub scope: &'static str,
}

/// RFC 6749 §5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantError {
    InvalidRequest(&'static str),
    /// Who presents the code is not the application.
    InvalidClient,
    /// The code is unknown, was used, has expired or belongs to another redirect address.
    InvalidGrant(&'static str),
    UnsupportedGrantType,
    Service(ServiceError),
}

const NO_CODE: GrantError = GrantError::InvalidGrant("the code is unknown, was used or has expired");

pub async fn exchange(engine: &Engine, grant: &Grant) -> Result<Granted, GrantError> {
    match grant.grant_type.as_deref() {
        Some("authorization_code") => {}
        Some(_) => return Err(GrantError::UnsupportedGrantType),
        None => return Err(GrantError::InvalidRequest("grant_type is required")),
    }
    let code = grant.code.as_deref().ok_or(GrantError::InvalidRequest("code is required"))?;
    let redirect = grant.redirect_uri.as_deref().ok_or(GrantError::InvalidRequest("redirect_uri is required"))?;
    let code = hash_of(code);
    let link = engine.store().link_by_code(&code).await.map_err(stored)?.ok_or(NO_CODE)?;
    check_client(engine, &link, grant).await?;
    if redirect != link.redirect_uri {
        return Err(GrantError::InvalidGrant("redirect_uri is not the one of the link session"));
    }
    let token = NewToken::new(TokenKind::Connection);
    match engine.store().redeem_code(&code, &token.hash()).await.map_err(stored)? {
        Redeemed::Refused => Err(NO_CODE),
        Redeemed::Token(connection) => {
            tracing::info!(link = %link.id, %connection, "a code was exchanged for a token");
            let deed = Deed {
                action: "exchange_code".to_owned(),
                target: Some(link.id.to_string()),
                connection: Some(connection),
                outcome: audit::SUCCEEDED.to_owned(),
                request_id: None,
            };
            audit::note_by(engine, link.application, Actor::Link(link.id), deed).await;
            Ok(Granted {
                access_token: token.reveal().to_owned(),
                token_type: "Bearer",
                connection_id: connection.to_string(),
                scope: "read write",
            })
        }
    }
}

async fn check_client(engine: &Engine, link: &Link, grant: &Grant) -> Result<(), GrantError> {
    if grant.client_id.as_ref().is_some_and(|id| *id != link.application.to_string()) {
        return Err(GrantError::InvalidClient);
    }
    match &grant.client_secret {
        Some(secret) => check_secret(engine, link, secret).await?,
        None if link.code_challenge.is_none() => return Err(GrantError::InvalidClient),
        None => {}
    }
    match (&link.code_challenge, &grant.code_verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if fits(challenge, verifier) => Ok(()),
        // A verifier without a challenge: somebody took the challenge out on the way (RFC 9700 §2.1.1).
        _ => Err(GrantError::InvalidGrant("code_verifier does not fit the link session's code_challenge")),
    }
}

async fn check_secret(engine: &Engine, link: &Link, secret: &str) -> Result<(), GrantError> {
    let Some((kind @ TokenKind::Application, hash)) = token::inspect(secret) else {
        return Err(GrantError::InvalidClient);
    };
    match engine.store().authenticate(kind, &hash).await.map_err(stored)? {
        Some(Principal::Application { application, scopes, .. })
            if application == link.application && scopes.iter().any(|scope| scope == Permission::Manage.as_str()) =>
        {
            Ok(())
        }
        _ => Err(GrantError::InvalidClient),
    }
}

/// The comparison of blake3 hashes takes the same time wherever they differ.
fn fits(challenge: &str, verifier: &str) -> bool {
    let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    (43..=128).contains(&verifier.len()) && blake3::hash(made.as_bytes()) == blake3::hash(challenge.as_bytes())
}

fn stored(error: trunnion_store::Error) -> GrantError {
    GrantError::Service(error.into())
}

#[test]
fn the_example_of_the_standard_fits_and_another_does_not() {
    // RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert!(fits(challenge, verifier));
    assert!(!fits(challenge, &verifier.replace('d', "e")));
    assert!(!fits(challenge, challenge));
}
