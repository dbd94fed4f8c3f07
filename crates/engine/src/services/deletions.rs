//! Deletions that are held until somebody says whether they are to be believed.

use serde_json::Value;
use trunnion_model::ids::HeldDeletionId;
use trunnion_store::{HeldDeletion, HeldState};

use super::syncs::RunPage;
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::params::Params;

/// The newest first.
pub async fn list(engine: &Engine, scope: &Scope, params: &[(String, String)]) -> Result<RunPage> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor"]);
    let limit = params.limit();
    let after = params.text("cursor").map(|text| (HeldDeletionId::parse(text), text));
    if let Some((None, _)) = after {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let held = engine.store().held_deletions(scope.id(), after.and_then(|(id, _)| id), limit).await?;
    let next_cursor = (held.len() == limit).then(|| held.last().map(|held| held.id.to_string())).flatten();
    Ok(RunPage { data: held.iter().map(HeldDeletion::to_json).collect(), next_cursor })
}

pub async fn get(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Read)?;
    let held = engine.store().held_deletion(scope.id(), parse(id)?).await?;
    held.map(|held| held.to_json()).ok_or_else(|| ServiceError::missing("held deletion"))
}

/// Deletes what is held and was not seen again since. A call that breaks off is repeated and goes on.
pub async fn accept(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Write)?;
    let id = parse(id)?;
    // Each turn deletes some, and nothing puts records back under the old listing, so this comes to an end.
    loop {
        let held = engine.store().accept_deletion(scope.id(), id).await?;
        if held.state == HeldState::Accepted {
            return Ok(held.to_json());
        }
    }
}

/// The records stay; the same listing is not asked about again.
pub async fn refuse(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Write)?;
    Ok(engine.store().refuse_deletion(scope.id(), parse(id)?).await?.to_json())
}

fn parse(id: &str) -> Result<HeldDeletionId> {
    HeldDeletionId::parse(id).ok_or_else(|| ServiceError::missing("held deletion"))
}
