//! Runs that somebody asks for, or no longer wants.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RunId};
use trunnion_model::time::Clock;

use super::finish::cancel;
use super::plans::{NO_PLAN, lock_plan, lock_plans};
use super::{Lane, PlanState, Run, RunCause, RunMode, RunState, runs};
use crate::connections::ConnectionStatus;
use crate::db::{Tx, args};
use crate::{Error, Result, Store};

impl Store {
    /// Makes a run due now for each of the entities (none: all that have a plan). An entity that has a run queued or going
    /// gets that one instead of another. `NotFound` if an entity has no plan.
    pub async fn request_runs(
        &self,
        connection: ConnectionId,
        entities: &[&'static Entity],
        mode: RunMode,
    ) -> Result<Vec<Run>> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let plans = lock_plans(&mut tx, connection).await?;
        if entities.iter().any(|entity| !plans.iter().any(|plan| plan.entity == entity.name)) {
            return Err(NO_PLAN);
        }
        let sql = "select status from connection where id = $1";
        let (status,) =
            tx.row::<(String,)>(sql, args![connection]).await?.ok_or(Error::NotFound { what: "connection" })?;
        if status == ConnectionStatus::Disconnected.as_str() {
            return Err(Error::Conflict { what: "the connection is disconnected" });
        }
        let mut answer = Vec::new();
        for plan in plans {
            if !entities.is_empty() && !entities.iter().any(|entity| entity.name == plan.entity) {
                continue;
            }
            let run = match plan.run_id() {
                Some(run) => {
                    // One that waits for another try need not wait any longer; one that did not start yet may still be
                    // made one that reads more.
                    tx.execute(
                        "update sync_plan set due_at = $3 where connection_id = $1 and entity = $2 and state = $4",
                        args![connection, &plan.entity, now, PlanState::Queued.as_str()],
                    )
                    .await?;
                    if mode != RunMode::Incremental {
                        let sql = "update run set mode = $2 where id = $1 and started_at is null";
                        tx.execute(sql, args![run, mode.as_str()]).await?;
                    }
                    run
                }
                None => {
                    let kind = (mode, RunCause::Manual, Lane::of(mode, plan.initial_done()));
                    queue(&mut tx, &self.inner.clock, (connection, &plan.entity), kind, now).await?
                }
            };
            answer.push(runs::read(&mut tx, connection, run).await?);
        }
        tx.commit().await?;
        self.tell_work();
        Ok(answer)
    }

    /// Cancels a queued or running run; a worker that has it finds its lease lost. One that is over stays as it is.
    pub async fn cancel_run(&self, connection: ConnectionId, run: RunId) -> Result<Run> {
        let mut tx = self.inner.db.begin().await?;
        let entity = runs::read(&mut tx, connection, run).await?.entity;
        let row = lock_plan(&mut tx, connection, &entity).await?.ok_or(NO_PLAN)?;
        if row.run_id() == Some(run) {
            cancel(&mut tx, connection, &entity, run, &row, self.now()).await?;
        }
        let run = runs::read(&mut tx, connection, run).await?;
        tx.commit().await?;
        Ok(run)
    }
}

/// Makes a run due now, of a plan that has none.
pub(super) async fn queue(
    tx: &mut Tx,
    clock: &Clock,
    (connection, entity): (ConnectionId, &str),
    (mode, cause, lane): (RunMode, RunCause, Lane),
    now: i64,
) -> Result<RunId> {
    let run = RunId::new(clock);
    runs::insert(tx, (run, connection, entity), (mode, cause, RunState::Queued), now).await?;
    tx.execute(
        "update sync_plan set state = $3, run_id = $4, due_at = $5, mode = $6, attempt = 0, lane = $7
         where connection_id = $1 and entity = $2",
        args![connection, entity, PlanState::Queued.as_str(), run, now, mode.as_str(), lane.number()],
    )
    .await?;
    Ok(run)
}
