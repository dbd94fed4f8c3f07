//! Rows that cannot be mapped, and trying them again.

use serde_json::{Value, json};
use trunnion_model::change::Cause;
use trunnion_model::ids::QuarantineId;
use trunnion_store::Quarantined;

use super::syncs::{RunPage, may_sync, named};
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::params::Params;
use crate::sync;

/// The newest first.
pub async fn list(engine: &Engine, scope: &Scope, params: &[(String, String)]) -> Result<RunPage> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor"]);
    let limit = params.limit();
    let after = params.text("cursor").map(|text| (QuarantineId::parse(text), text));
    if let Some((None, _)) = after {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let rows = engine.store().quarantine(scope.id(), after.and_then(|(id, _)| id), limit).await?;
    let next_cursor = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(RunPage { data: rows.iter().map(Quarantined::to_json).collect(), next_cursor })
}

/// Reads the row again now: `stored`, `quarantined` (still, with the problem as it is now) or `gone`.
pub async fn retry(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Write)?;
    let missing = || ServiceError::missing("quarantined row");
    let id = QuarantineId::parse(id).ok_or_else(missing)?;
    let row = engine.store().quarantined(scope.id(), id).await?.ok_or_else(missing)?;
    may_sync(scope.row().status)?;
    let entity = named(&row.entity).ok_or_else(missing)?;
    let done = sync::refresh_now(engine, scope, entity, &row.remote_id, Cause::Live).await?;
    let outcome = match (done.found, done.poison) {
        (1.., _) => "stored",
        (_, 1..) => "quarantined",
        _ => "gone",
    };
    if outcome == "gone" {
        engine.store().forget_quarantined(scope.id(), id).await?;
    }
    let left = engine.store().quarantined(scope.id(), id).await?;
    Ok(json!({ "outcome": outcome, "row": left.map(|row| row.to_json()) }))
}
