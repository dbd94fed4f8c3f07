//! Hooks that were not believed: looked at, and judged again after the secret was corrected.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunnion_kit::spec::SecretForm;
use trunnion_kit::webhook::Secret;
use trunnion_model::time::rfc3339_micros;
use trunnion_receiver::door::judge_again_with;
use trunnion_receiver::inbox::Refused;

use super::inbound::{failed, inbound, inbox, next_cursor, paging};
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::ingest::{name, source};

/// A guess of what is shorter is found too soon.
const LEAST_PASSWORD: usize = 16;
const LONGEST: usize = 512;

/// What `PATCH …/inbound-hook` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSecret {
    pub secret: String,
}

/// A hook that was not believed, without credentials.
#[derive(Clone, Debug, Serialize)]
pub struct UnverifiableView {
    pub id: String,
    pub reason: String,
    pub received_at: String,
    pub headers: Value,
    pub body: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct UnverifiablePage {
    pub data: Vec<UnverifiableView>,
    pub next_cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Judged {
    pub believed: u64,
    pub refused: u64,
}

/// Another secret for the newest address: one that the system gave, or that was mistyped there.
pub async fn replace_secret(engine: &Engine, scope: &Scope, new: NewSecret) -> Result<()> {
    scope.may(Permission::Manage)?;
    let secret = SecretString::from(new.secret);
    let text = secret.expose_secret();
    let problem = match inbound(engine, scope)?.secret {
        _ if text.len() > LONGEST => Some("must have at most 512 characters"),
        SecretForm::Standard if Secret::parse(&secret).is_none() => {
            Some("must be `whsec_` and 24 to 64 bytes in base64")
        }
        SecretForm::Basic => match text.split_once(':') {
            Some((user, password)) if !user.is_empty() && password.len() >= LEAST_PASSWORD => None,
            _ => Some("must be `user:password`, with a password of 16 characters or more"),
        },
        SecretForm::Standard => None,
    };
    if let Some(problem) = problem {
        return Err(ServiceError::invalid("/secret", problem));
    }
    let replaced = engine.store().replace_inbound_secret(scope.application(), scope.id(), &secret).await?;
    if replaced { Ok(()) } else { Err(ServiceError::missing("address for hooks")) }
}

/// The last hooks that were not believed, in the order of arrival.
pub async fn list(engine: &Engine, scope: &Scope, query: &[(String, String)]) -> Result<UnverifiablePage> {
    scope.may(Permission::Read)?;
    let (after, limit) = paging(query)?;
    let found = inbox(engine)?.refused(&scope.id().to_string(), after, limit).await.map_err(|error| failed(&error))?;
    let next_cursor = next_cursor(found.last().map(|last| last.seq), found.len(), limit);
    Ok(UnverifiablePage { data: found.into_iter().map(view).collect(), next_cursor })
}

/// Judges them once more, by the secrets that are good now and the time at which they came.
pub async fn judge_again(engine: &Engine, scope: &Scope) -> Result<Judged> {
    scope.may(Permission::Manage)?;
    let inbound = inbound(engine, scope)?;
    let secrets = engine.store().inbound_hook_secrets(scope.id()).await?;
    let source = source(inbound, scope.id(), secrets, String::new());
    let again = judge_again_with(inbox(engine)?, &source, |incoming| name(inbound, incoming)).await;
    let again = again.map_err(|error| failed(&error))?;
    Ok(Judged { believed: again.believed, refused: again.refused })
}

fn view(refused: Refused) -> UnverifiableView {
    UnverifiableView {
        id: refused.seq.to_string(),
        reason: refused.reason,
        received_at: rfc3339_micros(refused.received_at),
        headers: serde_json::from_str(&refused.headers).unwrap_or_default(),
        body: String::from_utf8_lossy(&refused.body).into_owned(),
    }
}
