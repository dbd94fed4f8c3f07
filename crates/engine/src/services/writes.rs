//! Writing to the system through the unified model: create, change, move to another status, delete.

use serde_json::Value;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{OperationId, RecordId};
use trunnion_model::record::Record;

use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::params::Params;
use crate::services::records::entity;
use crate::write::{Ask, Deed};
use crate::{Engine, write};

pub use crate::write::Answer;

/// How a write was answered.
#[derive(Clone, Debug)]
pub struct Written {
    pub operation: OperationId,
    /// This answer was given before, to an earlier call with the same key.
    pub replayed: bool,
    pub result: Result<Stored>,
}

/// The record, read back from the system after the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub status: u16,
    pub json: String,
    pub version: i64,
    pub id: String,
}

/// What a request says of how it wants to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner<'a> {
    pub idempotency_key: Option<&'a str>,
    /// `If-Match`, as it came.
    pub if_match: Option<&'a str>,
    /// `Prefer: respond-async`.
    pub respond_async: bool,
}

/// Actions, and the status that each moves a record to.
pub const ACTIONS: &[(&str, &str)] = &[
    ("cancel", "cancelled"),
    ("close", "closed"),
    ("approve", "approved"),
    ("start", "in_progress"),
    ("hold", "on_hold"),
    ("complete", "completed"),
    ("reopen", "open"),
];

/// Creates a record in the system. An error of this function: nothing was begun, and the key is still free.
pub async fn create(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    body: Value,
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    scope.may(Permission::Write)?;
    let entity = entity(entity_path)?;
    let mut params = Params::new(params, &["dry_run"]);
    let ask = ask(&mut params, manner);
    params.finish()?;
    if manner.if_match.is_some() {
        let message = "If-Match names a version, and a record that is not there yet has none.".to_owned();
        return Err(ServiceError::UnsupportedOperation { message });
    }
    let _in_hand = engine.courtesy().enter();
    write::create(engine, scope.row(), entity, body, ask).await
}

/// Changes a record: only the members that are given. An error: nothing was begun.
pub async fn update(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    id: &str,
    body: Value,
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    changed(engine, scope, entity_path, id, Deed::Update(body), manner, params).await
}

/// Moves a record to the status that the action stands for.
pub async fn act(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    (id, action): (&str, &str),
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    let known = ACTIONS.iter().find(|(name, _)| *name == action);
    let (action, status) = known.ok_or_else(|| ServiceError::missing("action"))?;
    changed(engine, scope, entity_path, id, Deed::Act { action, status }, manner, params).await
}

/// Receives goods for a purchase order: makes a goods receipt, of all that is open where the body names no lines.
pub async fn receive(
    engine: &Engine,
    scope: &Scope,
    id: &str,
    body: Value,
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    scope.may(Permission::Write)?;
    let mut params = Params::new(params, &["dry_run"]);
    let ask = ask(&mut params, manner);
    params.finish()?;
    let _in_hand = engine.courtesy().enter();
    let order = record(engine, scope, entity("purchase-orders")?, id).await?;
    is_version(&order, manner)?;
    Box::pin(write::receive(engine, scope.row(), order, body, ask)).await
}

/// Changes stock by a document: `adjust`s it by a difference, or `transfer`s some of it to another place.
pub async fn post(
    engine: &Engine,
    scope: &Scope,
    (id, action): (&str, &'static str),
    body: Value,
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    scope.may(Permission::Write)?;
    let entity = entity("inventory-levels")?;
    let mut params = Params::new(params, &["dry_run"]);
    let ask = ask(&mut params, manner);
    params.finish()?;
    let _in_hand = engine.courtesy().enter();
    let level = record(engine, scope, entity, id).await?;
    is_version(&level, manner)?;
    Box::pin(write::post(engine, scope.row(), entity, level, action, body, ask)).await
}

/// Deletes a record where the system truly can; with `mode`, does the nearest thing of that name.
pub async fn delete(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    id: &str,
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    let mode = params.iter().find(|(name, _)| name == "mode").map(|(_, mode)| mode.clone());
    changed(engine, scope, entity_path, id, Deed::Delete { mode }, manner, params).await
}

async fn changed(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    id: &str,
    deed: Deed,
    manner: Manner<'_>,
    params: &[(String, String)],
) -> Result<Answer> {
    scope.may(Permission::Write)?;
    let entity = entity(entity_path)?;
    let known: &[&str] = if matches!(deed, Deed::Delete { .. }) { &["dry_run", "mode"] } else { &["dry_run"] };
    let mut params = Params::new(params, known);
    let ask = ask(&mut params, manner);
    params.finish()?;
    let version = manner.if_match.map(version).transpose()?.flatten();
    let _in_hand = engine.courtesy().enter();
    let record = record(engine, scope, entity, id).await?;
    write::change(engine, scope.row(), entity, record, deed, version, ask).await
}

fn ask<'a>(params: &mut Params<'_>, manner: Manner<'a>) -> Ask<'a> {
    let (key, respond_async) = (manner.idempotency_key, manner.respond_async);
    Ask { key, dry_run: params.flag("dry_run"), respond_async, patient: false }
}

/// `"7"`; `*` is any version.
fn version(given: &str) -> Result<Option<i64>> {
    if given.trim() == "*" {
        return Ok(None);
    }
    let number =
        given.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| ServiceError::invalid("/If-Match", "must be a version in quotes, as \"7\""))
}

/// Of a write that leaves the record itself to the system: the record must be the one that the caller knows.
fn is_version(record: &Record, manner: Manner<'_>) -> Result<()> {
    match manner.if_match.map(version).transpose()?.flatten() {
        Some(given) if given != record.version => Err(ServiceError::VersionMismatch { given, current: record.version }),
        _ => Ok(()),
    }
}

/// By our id, or by the system's own behind `remote:`.
async fn record(engine: &Engine, scope: &Scope, entity: &'static Entity, id: &str) -> Result<Record> {
    let found = match (id.strip_prefix("remote:"), RecordId::parse(entity, id)) {
        (Some(remote_id), _) => engine.store().get_by_remote_id(scope.id(), entity, remote_id, false).await?,
        (None, Some(id)) => engine.store().get(scope.id(), entity, id, false).await?,
        (None, None) => None,
    };
    found.ok_or_else(|| ServiceError::missing(&entity.name.replace('_', " ")))
}
