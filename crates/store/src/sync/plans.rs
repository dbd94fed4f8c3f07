//! Reading and changing plans.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RunId};
use uuid::Uuid;

use super::rows::{PlanRow, select_plan};
use super::{Lease, PlanChanges, PlanState, RunMode, RunState, SyncPlan};
use crate::connections::{ConnectionStatus, NewPlan};
use crate::db::{Tx, args, locking};
use crate::{Error, Result, Store};

pub(super) const NO_PLAN: Error = Error::NotFound { what: "plan" };

#[derive(sqlx::FromRow)]
struct PlanAndStatus {
    #[sqlx(flatten)]
    plan: PlanRow,
    connection_status: String,
}

impl Store {
    /// All plans of the connection, in the order in which they run.
    pub async fn plans(&self, connection: ConnectionId) -> Result<Vec<SyncPlan>> {
        // The left side is the connection, so that one without plans is told from none.
        let sql = "select p.connection_id, p.entity, p.interval_seconds, p.history_days, p.priority, p.state, p.paused,
                       p.mode, p.due_at, p.run_id, p.attempt, p.cursor, p.cursor_at, p.initial_done,
                       p.last_success_at, p.last_error_code, p.last_error_message, p.failing_since,
                       p.records,
                       c.status as connection_status
                   from sync_plan p join connection c on c.id = p.connection_id
                   where p.connection_id = $1 order by p.priority, p.entity";
        let rows = self.inner.db.rows::<PlanAndStatus>(sql, args![connection]).await?;
        rows.into_iter().map(|row| row.plan.plan(ConnectionStatus::stored(&row.connection_status)?)).collect()
    }

    /// Changes a plan. A shorter interval counts from the last success; an unpaused plan is due at once.
    pub async fn set_plan(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        changes: &PlanChanges,
    ) -> Result<SyncPlan> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let row = lock_plan(&mut tx, connection, entity.name).await?.ok_or(NO_PLAN)?;
        let (state, was_paused) = (row.state()?, row.paused());
        let before = row.plan(ConnectionStatus::Online)?;
        let interval = changes.interval_seconds.unwrap_or(before.interval_seconds);
        let history = changes.history_days.unwrap_or(before.history_days);
        let paused = changes.paused.unwrap_or(was_paused);
        tx.execute(
            "update sync_plan set interval_seconds = $3, history_days = $4, paused = $5
             where connection_id = $1 and entity = $2",
            args![connection, entity.name, interval, history, paused],
        )
        .await?;
        if matches!(state, PlanState::Idle | PlanState::Failed) {
            let due_at = if paused {
                None
            } else if was_paused || !before.initial_done {
                Some(now)
            } else {
                interval.map(|seconds| after(before.last_success_at.unwrap_or(now), seconds).max(now))
            };
            let sql = "update sync_plan set due_at = $3 where connection_id = $1 and entity = $2";
            tx.execute(sql, args![connection, entity.name, due_at]).await?;
        }
        tx.commit().await?;
        self.tell_work();
        self.plan(connection, entity.name).await
    }

    /// Adds a plan, due at once; one that is there already is left alone.
    pub async fn add_plan(&self, connection: ConnectionId, plan: &NewPlan) -> Result<SyncPlan> {
        let mut tx = self.inner.db.begin().await?;
        let sql = "select id from connection where id = $1";
        tx.row::<(Uuid,)>(sql, args![connection]).await?.ok_or(Error::NotFound { what: "connection" })?;
        insert_plan(&mut tx, connection, plan, self.now()).await?;
        tx.commit().await?;
        self.tell_work();
        self.plan(connection, plan.entity.name).await
    }

    async fn plan(&self, connection: ConnectionId, entity: &str) -> Result<SyncPlan> {
        self.plans(connection).await?.into_iter().find(|plan| plan.entity == entity).ok_or(NO_PLAN)
    }
}

/// `seconds` after the instant `from`.
pub(super) fn after(from: i64, seconds: i64) -> i64 {
    from.saturating_add(seconds.saturating_mul(1_000_000))
}

pub(crate) async fn insert_plan(tx: &mut Tx, connection: ConnectionId, plan: &NewPlan, now: i64) -> Result<()> {
    tx.execute(
        "insert into sync_plan (connection_id, entity, interval_seconds, history_days, priority, state, paused, mode,
             due_at, attempt, initial_done, records)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $7, 0)
         on conflict (connection_id, entity) do nothing",
        args![
            connection,
            plan.entity.name,
            plan.interval_seconds,
            plan.history_days,
            plan.priority,
            PlanState::Idle.as_str(),
            false,
            RunMode::Incremental.as_str(),
            now,
        ],
    )
    .await?;
    Ok(())
}

/// One plan, locked until the end of the transaction.
pub(super) async fn lock_plan(tx: &mut Tx, connection: ConnectionId, entity: &str) -> Result<Option<PlanRow>> {
    let sql = locking!(tx.dialect(), select_plan!("where p.connection_id = $1 and p.entity = $2"));
    tx.row(sql, args![connection, entity]).await
}

/// All plans of a connection, locked in the order that everybody uses.
pub(super) async fn lock_plans(tx: &mut Tx, connection: ConnectionId) -> Result<Vec<PlanRow>> {
    let sql = locking!(tx.dialect(), select_plan!("where p.connection_id = $1 order by p.entity"));
    tx.rows(sql, args![connection]).await
}

/// The plan under `lease`, locked until the end of the transaction; `LeaseLost` if the lease is no longer held. Gives the
/// number of the entity's newest listing.
pub(crate) async fn lock_lease(tx: &mut Tx, lease: &Lease) -> Result<Option<i64>> {
    let sql = locking!(
        tx.dialect(),
        "select run_id, listing from sync_plan where connection_id = $1 and entity = $2 and lease_id = $3 and state = $4"
    );
    let bound = args![lease.connection, lease.entity, lease.id, PlanState::Running.as_str()];
    match tx.row::<(Uuid, i64)>(sql, bound).await? {
        Some((run, listing)) if RunId(run) == lease.run => Ok(numbered(listing)),
        _ => Err(Error::LeaseLost),
    }
}

/// The number of the entity's newest listing, if there was one.
pub(crate) async fn newest_listing(tx: &mut Tx, connection: ConnectionId, entity: &Entity) -> Result<Option<i64>> {
    let sql = "select listing from sync_plan where connection_id = $1 and entity = $2";
    let row = tx.row::<(i64,)>(sql, args![connection, entity.name]).await?;
    Ok(row.and_then(|(listing,)| numbered(listing)))
}

fn numbered(listing: i64) -> Option<i64> {
    (listing > 0).then_some(listing)
}

/// Makes the plans of a connection that wait for their time due now.
pub(crate) async fn make_due(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<()> {
    lock_plans(tx, connection).await?;
    tx.execute(
        "update sync_plan set due_at = $2
         where connection_id = $1 and state <> $3 and due_at is not null and not paused",
        args![connection, now, PlanState::Running.as_str()],
    )
    .await?;
    Ok(())
}

/// Cancels what is queued or running of a connection; the plans are due again when the connection may sync again.
pub(crate) async fn cancel_all(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<()> {
    lock_plans(tx, connection).await?;
    tx.execute(
        "update run set state = $2, finished_at = $3
         where id in (select run_id from sync_plan where connection_id = $1 and run_id is not null)",
        args![connection, RunState::Cancelled.as_str(), now],
    )
    .await?;
    tx.execute(
        "update sync_plan set state = $2, run_id = null, lease_id = null, lease_node = null, attempt = 0, due_at = $3
         where connection_id = $1 and run_id is not null",
        args![connection, PlanState::Idle.as_str(), now],
    )
    .await?;
    Ok(())
}
