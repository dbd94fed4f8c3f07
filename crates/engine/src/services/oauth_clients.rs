//! The application's own client at a system whose customers consent by OAuth 2.0: registered there by the integrator.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use trunnion_kit::spec::AuthScheme;

use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};

const LONGEST: usize = 2_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOAuthClient {
    pub client_id: String,
    pub client_secret: String,
}

/// Without the secret, which is shown to nobody.
#[derive(Clone, Debug, Serialize)]
pub struct OAuthClientView {
    pub system: String,
    /// `null`: none was given yet.
    pub client_id: Option<String>,
    /// To register at the system.
    pub redirect_uri: String,
}

impl std::fmt::Debug for NewOAuthClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewOAuthClient").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Where a system sends customers back to, below the address of this server.
pub(crate) fn redirect_uri(base: &str) -> String {
    format!("{base}/link/callback")
}

pub async fn get(engine: &Engine, caller: &Caller, system: &str, base: &str) -> Result<OAuthClientView> {
    caller.may(Permission::Manage)?;
    check_system(engine, system)?;
    let found = engine.store().oauth_client(caller.application(), system).await?;
    let client_id = found.map(|(id, _)| id);
    Ok(OAuthClientView { system: system.to_owned(), client_id, redirect_uri: redirect_uri(base) })
}

/// Replaces the one before; connections that are there renew with the new one.
pub async fn set(
    engine: &Engine,
    caller: &Caller,
    system: &str,
    new: NewOAuthClient,
    base: &str,
) -> Result<OAuthClientView> {
    caller.may(Permission::Manage)?;
    check_system(engine, system)?;
    let mut errors = Vec::new();
    for (pointer, text) in [("/client_id", &new.client_id), ("/client_secret", &new.client_secret)] {
        if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            errors.push(FieldError::new(pointer, format!("must have 1 to {LONGEST} bytes, without line breaks")));
        }
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let secret = SecretString::from(new.client_secret);
    engine.store().set_oauth_client(caller.application(), system, &new.client_id, &secret).await?;
    get(engine, caller, system, base).await
}

/// Grants that are there can no longer be renewed.
pub async fn delete(engine: &Engine, caller: &Caller, system: &str) -> Result<()> {
    caller.may(Permission::Manage)?;
    match engine.store().delete_oauth_client(caller.application(), system).await? {
        true => Ok(()),
        false => Err(ServiceError::missing("OAuth client")),
    }
}

fn check_system(engine: &Engine, system: &str) -> Result<()> {
    let connector = engine.catalogue().get(system).ok_or_else(|| ServiceError::missing("system"))?;
    let consents = |scheme: &AuthScheme| matches!(scheme, AuthScheme::OAuth2Code { .. });
    if connector.spec.auth.iter().any(|method| consents(&method.scheme)) {
        return Ok(());
    }
    let message = "This system has no way to log in by which customers consent.".to_owned();
    Err(ServiceError::UnsupportedOperation { message })
}
