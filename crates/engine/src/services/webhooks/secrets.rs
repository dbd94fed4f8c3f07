//! What endpoints sign by: made, replaced, and of `v1a` the public half shown.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use trunnion_kit::webhook::{PrivateKey, Secret};
use trunnion_store::{NewSecret, SecretKind, WebhookEndpoint};

use super::endpoints::own;
use super::view::{EndpointView, EndpointWithSecret};
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{Result, ServiceError};

const OVERLAP: i64 = 24 * 60 * 60;
const LONGEST_OVERLAP: i64 = 7 * OVERLAP;

/// What `POST /webhook-endpoints/{id}/rotate-secret` takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// How long the old secret signs beside the new one: a day by default, a week at most.
    #[serde(default)]
    pub overlap_seconds: Option<i64>,
    /// `v1`, if it is not given.
    #[serde(default)]
    pub scheme: Option<String>,
}

pub async fn rotate_secret(engine: &Engine, caller: &Caller, id: &str, rotate: Rotate) -> Result<EndpointWithSecret> {
    caller.may(Permission::Manage)?;
    let endpoint = own(engine, caller, id).await?;
    let seconds = rotate.overlap_seconds.unwrap_or(OVERLAP);
    let overlap = u64::try_from(seconds).ok().filter(|_| seconds <= LONGEST_OVERLAP).map(Duration::from_secs);
    let overlap = overlap.ok_or_else(|| {
        ServiceError::invalid("/overlap_seconds", format!("must be a whole number from 0 to {LONGEST_OVERLAP}"))
    })?;
    let kind = match rotate.scheme.as_deref() {
        None | Some("v1") => SecretKind::V1,
        Some("v1a") if signs_by_v1a(engine, &endpoint).await? => SecretKind::V1a,
        Some("v1a") => return Err(ServiceError::invalid("/scheme", "the endpoint does not sign by v1a")),
        Some(_) => return Err(ServiceError::invalid("/scheme", "must be v1 or v1a")),
    };
    let new = generate(kind)?;
    engine.store().rotate_webhook_secret(caller.application(), endpoint.id, &new, overlap).await?;
    // A private key is for nobody to see; its public half is among the endpoint's.
    let secret = (kind == SecretKind::V1).then(|| new.secret.expose_secret().to_owned());
    let endpoint = own(engine, caller, id).await?;
    Ok(EndpointWithSecret { endpoint: shown(engine, &endpoint).await?, secret })
}

/// A new secret that signs.
pub(super) fn generate(kind: SecretKind) -> Result<NewSecret> {
    let failed = |error| ServiceError::internal(&error);
    let (secret, public_key) = match kind {
        SecretKind::V1a => PrivateKey::generate().map(|(private, public)| (private, Some(public))).map_err(failed)?,
        _ => (Secret::generate().map_err(failed)?, None),
    };
    Ok(NewSecret { kind, secret, public_key })
}

/// Headers, as a secret: they often hold one.
pub(super) fn headers(headers: &BTreeMap<String, String>) -> Result<NewSecret> {
    let text = serde_json::to_string(headers).map_err(|error| ServiceError::internal(&error))?;
    Ok(NewSecret { kind: SecretKind::Headers, secret: SecretString::from(text), public_key: None })
}

/// Makes the endpoint sign by `v1a` too, or no more; as it is, if nothing is wanted.
pub(super) async fn sign_by_v1a(engine: &Engine, endpoint: &WebhookEndpoint, wanted: Option<bool>) -> Result<()> {
    let signs = signs_by_v1a(engine, endpoint).await?;
    let (store, application) = (engine.store(), endpoint.application);
    match wanted {
        Some(true) if !signs => {
            let new = generate(SecretKind::V1a)?;
            Ok(store.rotate_webhook_secret(application, endpoint.id, &new, Duration::ZERO).await?)
        }
        Some(false) if signs => Ok(store.drop_webhook_secrets(application, endpoint.id, SecretKind::V1a).await?),
        _ => Ok(()),
    }
}

/// The endpoint as the API shows it, with the public keys that verify what it gets.
pub(super) async fn shown(engine: &Engine, endpoint: &WebhookEndpoint) -> Result<EndpointView> {
    let secrets = engine.store().cached_secrets(endpoint).await?;
    let keys = secrets.into_iter().filter_map(|secret| secret.public_key).collect();
    Ok(EndpointView::of(endpoint, keys))
}

async fn signs_by_v1a(engine: &Engine, endpoint: &WebhookEndpoint) -> Result<bool> {
    let secrets = engine.store().webhook_secrets(endpoint.id).await?;
    Ok(secrets.iter().any(|secret| secret.kind == SecretKind::V1a))
}
