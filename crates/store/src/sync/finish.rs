//! Ending work on a run.

use trunnion_model::ids::{ConnectionId, RunId};

use super::plans::lock_leased;
use super::remap::follow;
use super::rows::{PlanRow, RunRow, run_columns};
use super::runs::NO_RUN;
use super::{Failure, Finished, Lane, Lease, PlanState, Run, RunMode, RunState};
use crate::db::{Tx, args};
use crate::events::{NewEvent, append};
use crate::{Result, Store};

impl Store {
    /// Ends the work under `lease`; the run as it is then.
    pub async fn finish_run(&self, lease: &Lease, finished: &Finished) -> Result<Run> {
        let mut tx = self.inner.db.begin().await?;
        let row = lock_leased(&mut tx, lease).await?;
        let now = self.now();
        let run = match finished {
            Finished::Succeeded { cursor, cursor_at, next_run_at } => {
                tx.execute(
                    "update sync_plan set state = $3, due_at = $4, lane = $5, run_id = null, lease_id = null,
                         lease_node = null, attempt = 0, cursor = coalesce($6, cursor), cursor_at = coalesce($7, cursor_at),
                         mode = $8, initial_done = $9, last_success_at = $10, last_error_code = null,
                         last_error_message = null, failing_since = null
                     where connection_id = $1 and entity = $2",
                    args![
                        lease.connection,
                        lease.entity,
                        PlanState::Idle.as_str(),
                        next_due(&row, *next_run_at, now)?,
                        Lane::Usual.number(),
                        cursor.as_deref(),
                        *cursor_at,
                        RunMode::Incremental.as_str(),
                        true,
                        now,
                    ],
                )
                .await?;
                let run = end_run(&mut tx, lease.run, RunState::Succeeded, None, now).await?;
                follow(&mut tx, &self.inner.clock, &row, now).await?;
                run
            }
            Finished::Retry { at, error } => {
                // What is handed back to go on at once is in no trouble.
                let lane = if *at <= now { row.lane() } else { Lane::Troubled };
                let at = if *at <= now { *at } else { row.outside_quiet(*at)? };
                tx.execute(
                    "update sync_plan set state = $3, due_at = $4, lane = $5, lease_id = null, lease_node = null
                     where connection_id = $1 and entity = $2",
                    args![lease.connection, lease.entity, PlanState::Queued.as_str(), at, lane.number()],
                )
                .await?;
                note_error(&mut tx, lease, error).await?;
                leave_run(&mut tx, lease.run, (RunState::Queued, Some(error)), None).await?
            }
            Finished::Failed { error, next_run_at } => {
                let due_at = next_due(&row, *next_run_at, now)?;
                rest(&mut tx, lease.connection, lease.entity, PlanState::Failed, due_at, Lane::Troubled).await?;
                note_error(&mut tx, lease, error).await?;
                let sql = "update sync_plan set failing_since = coalesce(failing_since, $3)
                           where connection_id = $1 and entity = $2";
                tx.execute(sql, args![lease.connection, lease.entity, now]).await?;
                end_run(&mut tx, lease.run, RunState::Failed, Some(error), now).await?
            }
            Finished::Cancelled => cancel(&mut tx, lease.connection, lease.entity, lease.run, &row, now).await?,
        };
        let kind = match finished {
            Finished::Succeeded { .. } => Some("sync.completed"),
            // Once per incident: as long as nothing succeeds, it is the same one.
            Finished::Failed { .. } => (!row.is_failing()).then_some("sync.failed"),
            Finished::Retry { .. } | Finished::Cancelled => None,
        };
        if let Some(kind) = kind {
            let event = NewEvent { kind: kind.to_owned(), data: run.to_json().to_string() };
            append(&mut tx, &self.inner.clock, lease.connection, &[event]).await?;
        }
        tx.commit().await?;
        if kind.is_some() {
            self.tell_events();
        }
        self.tell_work();
        Ok(run)
    }
}

/// Cancels the run that the plan `row` has, and puts the plan to rest until its next time.
pub(super) async fn cancel(
    tx: &mut Tx,
    connection: ConnectionId,
    entity: &str,
    run: RunId,
    row: &PlanRow,
    now: i64,
) -> Result<Run> {
    let lane = Lane::of(RunMode::Incremental, row.initial_done());
    rest(tx, connection, entity, PlanState::Idle, next_due(row, None, now)?, lane).await?;
    let sql = "update sync_plan set mode = $3 where connection_id = $1 and entity = $2";
    tx.execute(sql, args![connection, entity, RunMode::Incremental.as_str()]).await?;
    end_run(tx, run, RunState::Cancelled, None, now).await
}

async fn end_run(tx: &mut Tx, run: RunId, state: RunState, error: Option<&Failure>, now: i64) -> Result<Run> {
    leave_run(tx, run, (state, error), Some(now)).await
}

/// The run as it is then.
async fn leave_run(
    tx: &mut Tx,
    run: RunId,
    (state, error): (RunState, Option<&Failure>),
    finished_at: Option<i64>,
) -> Result<Run> {
    let sql = concat!(
        "update run set state = $2, finished_at = coalesce($3, finished_at), error_code = $4, error_message = $5
         where id = $1 returning ",
        run_columns!()
    );
    let (code, message) = error.map(|error| (error.code.as_str(), error.message.as_str())).unzip();
    tx.row::<RunRow>(sql, args![run, state.as_str(), finished_at, code, message]).await?.ok_or(NO_RUN)?.run()
}

/// Takes run and lease from the plan.
async fn rest(
    tx: &mut Tx,
    connection: ConnectionId,
    entity: &str,
    state: PlanState,
    due_at: Option<i64>,
    lane: Lane,
) -> Result<()> {
    tx.execute(
        "update sync_plan set state = $3, due_at = $4, lane = $5, run_id = null, lease_id = null, lease_node = null,
             attempt = 0
         where connection_id = $1 and entity = $2",
        args![connection, entity, state.as_str(), due_at, lane.number()],
    )
    .await?;
    Ok(())
}

async fn note_error(tx: &mut Tx, lease: &Lease, error: &Failure) -> Result<()> {
    tx.execute(
        "update sync_plan set last_error_code = $3, last_error_message = $4 where connection_id = $1 and entity = $2",
        args![lease.connection, lease.entity, &error.code, &error.message],
    )
    .await?;
    Ok(())
}

fn next_due(row: &PlanRow, wanted: Option<i64>, now: i64) -> Result<Option<i64>> {
    match wanted {
        Some(_) if row.paused() => Ok(None),
        Some(wanted) => Ok(Some(wanted)),
        None => row.next_due(now),
    }
}
