//! Changing a connection's description and schedule, its token, and taking it out of use.

use serde::Deserialize;
use serde_json::Value;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{ConnectionChanges, ConnectionStatus, PlanChanges, StatusChange};

use super::connect::{Connected, check_metadata, check_tags, connector, name_problem, working_status};
use super::settings::SyncSettings;
use super::view::ConnectionView;
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::subscriptions;

/// What `PATCH /connections/{id}` takes; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Replaces the whole object.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// Replaces all of them.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    #[serde(default)]
    pub customer: Option<PatchCustomer>,
    #[serde(default)]
    pub sync: Option<SyncSettings>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchCustomer {
    #[serde(default)]
    pub name: Option<String>,
}

pub async fn patch(engine: &Engine, scope: &Scope, patch: Patch) -> Result<ConnectionView> {
    scope.may(Permission::Manage)?;
    let connector = connector(engine, scope)?;
    let mut errors = Vec::new();
    let name = patch.customer.and_then(|customer| customer.name);
    errors.extend(name.as_deref().and_then(|name| name_problem("/customer/name", name)));
    let metadata = patch.metadata.as_ref().map(|given| check_metadata(Some(given), &mut errors));
    check_tags("/tags", patch.tags.as_deref().unwrap_or_default(), &mut errors);
    let sync = patch.sync.unwrap_or_default();
    errors.extend(sync.problems(&connector.spec));
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    if name.is_some() || metadata.is_some() || patch.tags.is_some() {
        let changes =
            ConnectionChanges { customer_name: name, metadata, tags: patch.tags, ..ConnectionChanges::default() };
        engine.store().update_connection(scope.application(), scope.id(), &changes).await?;
    }
    for spec in &connector.spec.entities {
        let changes = sync.changes(spec.entity);
        if changes != PlanChanges::default() {
            engine.store().set_plan(scope.id(), spec.entity, &changes).await?;
        }
    }
    if let Some(paused) = sync.paused {
        pause(engine, scope, paused).await?;
    }
    let row = engine.store().connection(scope.application(), scope.id()).await?;
    let row = row.ok_or_else(|| ServiceError::missing("connection"))?;
    ConnectionView::with_sync(engine, ConnectionView::of(&row), scope).await
}

/// The old token dies.
pub async fn rotate_token(engine: &Engine, scope: &Scope) -> Result<Connected> {
    scope.may(Permission::Manage)?;
    let token = NewToken::new(TokenKind::Connection);
    engine.store().rotate_token(scope.application(), scope.id(), &token.hash()).await?;
    Ok(Connected { connection: scope.connection().clone(), token: token.reveal().to_owned() })
}

/// Disconnects: the token is dead, syncs stop, the data stays. With `erase`, nothing stays.
pub async fn delete(engine: &Engine, scope: &Scope, erase: bool) -> Result<()> {
    scope.may(Permission::Manage)?;
    engine.store().disconnect(scope.application(), scope.id()).await?;
    if erase {
        // What is needed to unsubscribe is erased too.
        let _erased_too = subscriptions::take_away(engine, scope.row()).await?;
        engine.store().erase(scope.application(), scope.id()).await?;
    }
    engine.links().forget(scope.id()).await;
    tracing::info!(connection = %scope.id(), erase, "disconnected");
    Ok(())
}

/// Only a connection that works can rest, and only one that rests goes on: one that waits for credentials must not come
/// back to work by being paused and resumed.
async fn pause(engine: &Engine, scope: &Scope, paused: bool) -> Result<()> {
    let status = match (paused, scope.row().status) {
        (true, ConnectionStatus::Paused) => return Ok(()),
        (true, status) if status.may_sync() => ConnectionStatus::Paused,
        (false, ConnectionStatus::Paused) => working_status(engine, scope).await?,
        (false, status) if status.may_sync() => return Ok(()),
        (_, status) => {
            return Err(ServiceError::Conflict { message: format!("The connection is {}.", status.as_str()) });
        }
    };
    engine.store().set_status(scope.id(), &StatusChange { status, reason: None, event: None }).await?;
    if !paused {
        // What went wrong before the rest is found again, or found to be over.
        engine.store().hurry_probe(scope.id(), engine.clock().now_micros()).await?;
    }
    Ok(())
}
