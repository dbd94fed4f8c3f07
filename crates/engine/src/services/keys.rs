//! Application keys: made, listed, revoked. A key's text is shown once; only its hash is stored.

use std::time::Duration;

use serde::Serialize;
use trunnion_model::ids::{ApplicationId, KeyId};
use trunnion_model::time::rfc3339_micros;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::KeyInfo;

use crate::Engine;
use crate::caller::{Actor, Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};
use crate::health::micros;
use crate::services::audit::{self, Deed};

/// A key without its text.
#[derive(Clone, Debug, Serialize)]
pub struct KeyView {
    pub id: String,
    pub name: String,
    pub scopes: Vec<String>,
    pub created_at: String,
    pub last_used_at: Option<String>,
    pub expires_at: Option<String>,
    pub revoked_at: Option<String>,
}

/// A key that was just made. Its text is nowhere else.
#[derive(Clone, Serialize)]
pub struct NewKey {
    pub key: KeyView,
    pub token: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A key to be made.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    /// None means all of them.
    pub scopes: &'a [String],
    /// Without it, the key is good until it is revoked.
    pub good_for: Option<Duration>,
}

pub async fn create(engine: &Engine, caller: &Caller, wanted: Wanted<'_>) -> Result<NewKey> {
    caller.may(Permission::Manage)?;
    make(engine, caller.application(), caller.actor(), wanted).await
}

/// A key of the same name and scopes; the old one is good for `overlap` yet.
pub async fn rotate(
    engine: &Engine,
    caller: &Caller,
    id: &str,
    (good_for, overlap): (Option<Duration>, Duration),
) -> Result<NewKey> {
    caller.may(Permission::Manage)?;
    let missing = || ServiceError::missing("key");
    let id = KeyId::parse(id).ok_or_else(missing)?;
    let known = engine.store().list_keys(caller.application()).await?;
    let old = known.into_iter().find(|key| key.id == id && key.revoked_at.is_none()).ok_or_else(missing)?;
    let wanted = Wanted { name: &old.name, scopes: &old.scopes, good_for };
    // The new one first: whoever is interrupted has two that are good, and not none.
    let made = create(engine, caller, wanted).await?;
    let end = engine.clock().now_micros().saturating_add(micros(overlap));
    engine.store().expire_key(caller.application(), id, end).await?;
    let (target, outcome) = (Some(id.to_string()), audit::SUCCEEDED.to_owned());
    audit::note(engine, caller, Deed { action: "expire_key".to_owned(), target, outcome, ..Deed::default() }).await;
    Ok(made)
}

pub async fn list(engine: &Engine, caller: &Caller) -> Result<Vec<KeyView>> {
    caller.may(Permission::Manage)?;
    let keys = engine.store().list_keys(caller.application()).await?;
    Ok(keys.iter().map(KeyView::of).collect())
}

pub async fn revoke(engine: &Engine, caller: &Caller, id: &str) -> Result<()> {
    caller.may(Permission::Manage)?;
    let id = KeyId::parse(id).ok_or_else(|| ServiceError::missing("key"))?;
    let revoked = engine.store().revoke_key(caller.application(), id).await.map_err(ServiceError::from);
    let (target, outcome) = (Some(id.to_string()), audit::outcome(&revoked));
    audit::note(engine, caller, Deed { action: "revoke_key".to_owned(), target, outcome, ..Deed::default() }).await;
    revoked
}

/// For whoever has the database: the application of that name, made if it is not there, and a new key of it.
pub async fn create_for(engine: &Engine, application: &str, wanted: Wanted<'_>) -> Result<NewKey> {
    let known = engine.store().list_applications().await?;
    let id = match known.into_iter().find(|known| known.name == application) {
        Some(known) => known.id,
        None => engine.store().create_application(application).await?.id,
    };
    make(engine, id, Actor::CommandLine, wanted).await
}

/// The first application and its first key, if there is no application yet.
pub async fn first_start(engine: &Engine) -> Result<Option<NewKey>> {
    if engine.store().list_applications().await?.is_empty() {
        return create_for(engine, "default", Wanted::all("first key")).await.map(Some);
    }
    Ok(None)
}

/// Somebody who may do everything with the application of that name, or with the first: the command line on the same machine.
pub async fn owner(engine: &Engine, application: Option<&str>) -> Result<Caller> {
    let known = engine.store().list_applications().await?;
    let wanted = known.iter().find(|known| application.is_none_or(|name| known.name == name));
    wanted.map(|found| Caller::owner(found.id, Actor::CommandLine)).ok_or_else(|| ServiceError::missing("application"))
}

async fn make(
    engine: &Engine,
    application: ApplicationId,
    actor: Actor,
    Wanted { name, scopes, good_for }: Wanted<'_>,
) -> Result<NewKey> {
    let mut errors = Vec::new();
    if name.trim().is_empty() || name.chars().count() > 200 {
        errors.push(FieldError::new("/name", "must have 1 to 200 characters"));
    }
    let mut held: Vec<&str> = Vec::new();
    for (place, scope) in scopes.iter().enumerate() {
        match Permission::ALL.iter().find(|known| known.as_str() == scope) {
            Some(known) => held.push(known.as_str()),
            None => errors.push(FieldError::new(format!("/scopes/{place}"), "must be one of: read, write, manage")),
        }
    }
    if good_for.is_some_and(|good_for| good_for.is_zero()) {
        errors.push(FieldError::new("/good_for", "must be some time"));
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    if held.is_empty() {
        held = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    }
    let token = NewToken::new(TokenKind::Application);
    let expires_at = good_for.map(|good_for| engine.clock().now_micros().saturating_add(micros(good_for)));
    let info = engine.store().create_key(application, name, &held, &token, expires_at).await?;
    let (target, outcome) = (Some(info.id.to_string()), audit::SUCCEEDED.to_owned());
    let deed = Deed { action: "create_key".to_owned(), target, outcome, ..Deed::default() };
    audit::note_by(engine, application, actor, deed).await;
    Ok(NewKey { key: KeyView::of(&info), token: token.reveal().to_owned() })
}

impl<'a> Wanted<'a> {
    /// With all scopes, until it is revoked.
    pub fn all(name: &'a str) -> Self {
        Self { name, scopes: &[], good_for: None }
    }
}

impl KeyView {
    fn of(info: &KeyInfo) -> Self {
        Self {
            id: info.id.to_string(),
            name: info.name.clone(),
            scopes: info.scopes.clone(),
            created_at: rfc3339_micros(info.created_at),
            last_used_at: info.last_used_at.map(rfc3339_micros),
            expires_at: info.expires_at.map(rfc3339_micros),
            revoked_at: info.revoked_at.map(rfc3339_micros),
        }
    }
}
