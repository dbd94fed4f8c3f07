//! Reading again what was read by a mapping that is no longer the connection's.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RunId};
use trunnion_model::time::Clock;

use super::plans::lock_plans;
use super::request::queue;
use super::rows::PlanRow;
use super::{Lane, RunCause, RunMode};
use crate::Result;
use crate::db::{Tx, args};

/// Has all of the entities read once more, in the transaction in which their mapping changes and before the connection is
/// locked: by a run of their own, by one that waits and did not begin yet, or, where one has begun, by another after it.
pub(crate) async fn read_again(
    tx: &mut Tx,
    clock: &Clock,
    connection: ConnectionId,
    entities: &[&'static Entity],
    now: i64,
) -> Result<()> {
    for plan in lock_plans(tx, connection).await? {
        if !entities.iter().any(|entity| entity.name == plan.entity) {
            continue;
        }
        match plan.run_id() {
            None if plan.initial_done() => queue_remap(tx, clock, &plan, now).await?,
            Some(run) if plan.initial_done() && turn_waiting(tx, run).await? => {}
            _ if plan.has_begun()? => set_follows(tx, &plan, true).await?,
            _ => {}
        }
    }
    Ok(())
}

/// As [`read_again`], when the run that is over had begun before the mapping changed.
pub(super) async fn follow(tx: &mut Tx, clock: &Clock, plan: &PlanRow, now: i64) -> Result<()> {
    // Whoever paused the entity gets it with the first run after that.
    if !plan.remap() || plan.paused() {
        return Ok(());
    }
    set_follows(tx, plan, false).await?;
    queue_remap(tx, clock, plan, now).await
}

/// Makes `run`, which has stored nothing yet, one that reads everything.
pub(crate) async fn turn_into_remap(tx: &mut Tx, run: RunId) -> Result<()> {
    let sql = "update run set mode = $2, cause = $3 where id = $1 and pages = 0";
    tx.execute(sql, args![run, RunMode::Full.as_str(), RunCause::Remap.as_str()]).await.map(drop)
}

/// As [`turn_into_remap`], unless it has begun, or is to tell how much differs. Whether it could be.
async fn turn_waiting(tx: &mut Tx, run: RunId) -> Result<bool> {
    let sql = "update run set mode = $2, cause = $3 where id = $1 and started_at is null and mode <> $4";
    let bound = args![run, RunMode::Full.as_str(), RunCause::Remap.as_str(), RunMode::Verify.as_str()];
    Ok(tx.execute(sql, bound).await? > 0)
}

async fn queue_remap(tx: &mut Tx, clock: &Clock, plan: &PlanRow, now: i64) -> Result<()> {
    let kind = (RunMode::Full, RunCause::Remap, Lane::of(RunMode::Full, true));
    queue(tx, clock, (plan.connection(), &plan.entity), kind, now).await.map(drop)
}

/// Has what a first sync stored before it failed read again once one has succeeded.
pub(crate) async fn note_half_read(tx: &mut Tx, connection: ConnectionId, entity: &Entity) -> Result<()> {
    let sql = "update sync_plan set remap = $3
               where connection_id = $1 and entity = $2 and not initial_done and cursor is not null";
    tx.execute(sql, args![connection, entity.name, true]).await.map(drop)
}

async fn set_follows(tx: &mut Tx, plan: &PlanRow, follows: bool) -> Result<()> {
    let sql = "update sync_plan set remap = $3 where connection_id = $1 and entity = $2";
    tx.execute(sql, args![plan.connection(), &plan.entity, follows]).await.map(drop)
}
