//! Asking a system, once a day and before an entity is read, which fields its customer added.

use trunnion_kit::error::Error as SystemError;
use trunnion_store::{Claim, RunCause, RunMode};

use super::job::Halt;
use crate::Engine;
use crate::error::ServiceError;
use crate::links::Live;

/// Where there is anything new, `live` knows it afterwards, and a run of what was read before becomes one that reads
/// everything. A system that does not tell is no reason to read nothing.
pub(super) async fn look(engine: &Engine, claim: &mut Claim, live: &mut Live) -> Result<(), Halt> {
    let entity = claim.entity;
    // Systems to whose records nobody adds; and a run that goes on ends as it began.
    if live.spec.protocol.custom.is_empty() || claim.run.pages > 0 {
        return Ok(());
    }
    if !live.custom.take_turn(entity.name, engine.clock().now_micros()) {
        return Ok(());
    }
    let Some(spec) = live.entity(entity.name) else { return Ok(()) };
    let found = match live.vendor.custom_fields(&live.link, spec).await {
        Ok(found) => found,
        Err(error @ SystemError::Authentication(_)) => return Err(Halt::System(error)),
        Err(error) => {
            live.custom.take_turn_again(entity.name, engine.clock().now_micros());
            tracing::debug!(connection = %live.connection, entity = entity.name, %error, "custom fields are not told");
            return Ok(());
        }
    };
    let text = serde_json::to_string(&found).map_err(|error| Halt::Here(ServiceError::internal(&error)))?;
    let again = (claim.plan.initial_done && claim.run.mode == RunMode::Incremental).then_some(claim.run.id);
    if !engine.store().keep_found_fields(live.connection, entity, &text, again).await? {
        return Ok(());
    }
    if again.is_some() {
        (claim.run.mode, claim.run.cause) = (RunMode::Full, RunCause::Remap);
    }
    let row = engine.store().connection_for_work(live.connection).await?;
    let row = row.ok_or_else(|| Halt::Here(ServiceError::missing("connection")))?;
    *live = engine.links().get(engine, &row).await.map_err(Halt::Here)?.in_lane(live.link.lane());
    Ok(())
}
