//! Customers' OAuth 2.0 grants: kept in the store, where one node at a time renews them.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use trunnion_kit::auth::oauth2_code::{OAuthClient, Tokens};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::link::{Held, TURN, Vault};
use trunnion_kit::vendor::Answered;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_model::time::from_micros;
use trunnion_store::{NewGrant, Store};

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    access: String,
    refresh: Option<String>,
    /// Microseconds since 1970, as all times that are stored.
    renew_at: i64,
    expires_at: i64,
}

pub(crate) fn to_store(tokens: &Tokens) -> Result<NewGrant, SystemError> {
    let kept = Kept {
        access: tokens.access.expose_secret().to_owned(),
        refresh: tokens.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned()),
        renew_at: tokens.renew_at.as_microsecond(),
        expires_at: tokens.expires_at.as_microsecond(),
    };
    let text = serde_json::to_string(&kept).map_err(|error| SystemError::Unexpected(error.to_string()))?;
    Ok(NewGrant { expires_at: kept.expires_at, tokens: text.into() })
}

fn from_store(text: &SecretString) -> Result<Tokens, SystemError> {
    let kept: Kept = serde_json::from_str(text.expose_secret())
        .map_err(|_| SystemError::Unexpected("the stored grant cannot be read".to_owned()))?;
    Ok(Tokens {
        access: kept.access.into(),
        refresh: kept.refresh.map(SecretString::from),
        renew_at: from_micros(kept.renew_at),
        expires_at: from_micros(kept.expires_at),
    })
}

/// The grant of a connection that is there.
pub(crate) struct Stored {
    pub(crate) store: Store,
    pub(crate) application: ApplicationId,
    pub(crate) connection: ConnectionId,
    pub(crate) system: String,
}

/// The database is as far away as a system that does not answer: both pass.
fn away(error: &trunnion_store::Error) -> SystemError {
    SystemError::Unreachable { reason: format!("the grant could not be read or stored: {error}"), after: None }
}

impl Vault for Stored {
    fn client(&self) -> Answered<'_, OAuthClient> {
        Box::pin(async {
            let found = self.store.oauth_client(self.application, &self.system).await.map_err(|error| away(&error))?;
            let (id, secret) = found.ok_or_else(|| {
                let reason = "the application's OAuth client of this system was removed".to_owned();
                SystemError::Unreachable { reason, after: None }
            })?;
            Ok(OAuthClient { id, secret })
        })
    }

    fn read(&self) -> Answered<'_, Held> {
        Box::pin(async {
            let found = self.store.grant(self.connection).await.map_err(|error| away(&error))?;
            let found = found.ok_or_else(|| SystemError::Unexpected("the connection has no grant".to_owned()))?;
            Ok(Held { generation: found.generation, tokens: from_store(&found.tokens)? })
        })
    }

    fn claim(&self, generation: i64) -> Answered<'_, bool> {
        Box::pin(async move {
            self.store.claim_grant(self.connection, generation, TURN).await.map_err(|error| away(&error))
        })
    }

    fn release(&self, generation: i64) -> Answered<'_, ()> {
        Box::pin(
            async move { self.store.release_grant(self.connection, generation).await.map_err(|error| away(&error)) },
        )
    }

    fn store<'a>(&'a self, generation: i64, tokens: &'a Tokens) -> Answered<'a, bool> {
        Box::pin(async move {
            let stored = self.store.renew_grant(self.connection, generation, &to_store(tokens)?).await;
            let stored = stored.map_err(|error| away(&error))?;
            tracing::info!(connection = %self.connection, stored, "a grant was renewed");
            Ok(stored)
        })
    }
}

/// A grant that was just given, for the probe before it is stored. It is not renewed: a new token that is refused is no good.
pub(crate) struct Fresh(Tokens);

impl Fresh {
    pub(crate) fn of(grant: &NewGrant) -> Result<Arc<dyn Vault>, SystemError> {
        Ok(Arc::new(Self(Tokens { refresh: None, ..from_store(&grant.tokens)? })))
    }
}

impl Vault for Fresh {
    fn client(&self) -> Answered<'_, OAuthClient> {
        Box::pin(async { Err(SystemError::Unexpected("a grant that is tried is not renewed".to_owned())) })
    }

    fn read(&self) -> Answered<'_, Held> {
        Box::pin(async { Ok(Held { generation: 1, tokens: self.0.clone() }) })
    }

    fn claim(&self, _generation: i64) -> Answered<'_, bool> {
        Box::pin(async { Ok(true) })
    }

    fn release(&self, _generation: i64) -> Answered<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn store<'a>(&'a self, _generation: i64, _tokens: &'a Tokens) -> Answered<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}
