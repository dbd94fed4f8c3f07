//! Reading and changing plans.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::ConnectionId;
use trunnion_model::schedule::{Cron, Schedule};
use uuid::Uuid;

use super::rows::{PlanRow, phase, plan_columns, quiet_text, select_plan};
use super::{Lane, Lease, PlanChanges, PlanState, RunMode, RunState, SyncPlan};
use crate::connections::{ConnectionStatus, NewPlan};
use crate::db::{Tx, args, columns, locking};
use crate::{Error, Result, Store};

pub(super) const NO_PLAN: Error = Error::NotFound { what: "plan" };

columns! {
    struct PlanAndStatus {
        plan: PlanRow = flat,
        connection_status: String,
    }
}

impl Store {
    /// All plans of the connection, in the order in which they run.
    pub async fn plans(&self, connection: ConnectionId) -> Result<Vec<SyncPlan>> {
        // The left side is the connection, so that one without plans is told from none.
        let sql = concat!(
            "select ",
            plan_columns!(),
            ", c.status as connection_status from sync_plan p join connection c on c.id = p.connection_id
             where p.connection_id = $1 order by p.priority, p.entity"
        );
        let rows = self.inner.db.rows::<PlanAndStatus>(sql, args![connection]).await?;
        rows.into_iter().map(|row| row.plan.plan(ConnectionStatus::stored(&row.connection_status)?)).collect()
    }

    /// Changes a plan. A plan that waits for its time gets another; an unpaused one is due at once.
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
        let schedule = Schedule {
            every: changes.every.clone().unwrap_or(before.schedule.every),
            zone: changes.zone.clone().unwrap_or(before.schedule.zone),
            quiet: changes.quiet.clone().unwrap_or(before.schedule.quiet),
        };
        let paused = changes.paused.unwrap_or(was_paused);
        tx.execute(
            "update sync_plan set interval_seconds = $3, cron = $4, time_zone = $5, quiet_hours = $6, real_time = $7,
                 history_days = $8, paused = $9, strict = $10
             where connection_id = $1 and entity = $2",
            args![
                connection,
                entity.name,
                schedule.interval_seconds(),
                schedule.cron().map(Cron::text),
                schedule.zone_name(),
                quiet_text(&schedule.quiet),
                changes.real_time.unwrap_or(before.real_time),
                changes.history_days.unwrap_or(before.history_days),
                paused,
                changes.strict.unwrap_or(before.strict),
            ],
        )
        .await?;
        if matches!(state, PlanState::Idle | PlanState::Failed) {
            let phase = phase(connection.0);
            let due_at = if paused {
                None
            } else if was_paused || !before.initial_done {
                Some(schedule.outside_quiet(now, phase))
            } else {
                // From the last success on, so that a shorter interval counts at once.
                schedule.next(before.last_success_at.unwrap_or(now), phase).map(|due| due.max(now))
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
        let sql = "select status from connection where id = $1";
        let status =
            tx.row::<(String,)>(sql, args![connection]).await?.ok_or(Error::NotFound { what: "connection" })?;
        insert_plan(&mut tx, connection, ConnectionStatus::stored(&status.0)?, plan, self.now()).await?;
        tx.commit().await?;
        self.tell_work();
        self.plan(connection, plan.entity.name).await
    }

    async fn plan(&self, connection: ConnectionId, entity: &str) -> Result<SyncPlan> {
        self.plans(connection).await?.into_iter().find(|plan| plan.entity == entity).ok_or(NO_PLAN)
    }
}

pub(crate) async fn insert_plan(
    tx: &mut Tx,
    connection: ConnectionId,
    status: ConnectionStatus,
    plan: &NewPlan,
    now: i64,
) -> Result<()> {
    let schedule = &plan.schedule;
    tx.execute(
        "insert into sync_plan (connection_id, entity, interval_seconds, history_days, priority, state, paused, mode,
             due_at, attempt, initial_done, records, cron, time_zone, quiet_hours, real_time, resting, lane, strict,
             application_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $7, 0, $10, $11, $12, $13, $14, $15, $16,
             (select application_id from connection where id = $1))
         on conflict (connection_id, entity) do nothing",
        args![
            connection,
            plan.entity.name,
            schedule.interval_seconds(),
            plan.history_days,
            plan.priority,
            PlanState::Idle.as_str(),
            false,
            RunMode::Incremental.as_str(),
            schedule.outside_quiet(now, phase(connection.0)),
            schedule.cron().map(Cron::text),
            schedule.zone_name(),
            quiet_text(&schedule.quiet),
            plan.real_time,
            !status.may_sync(),
            Lane::Backfill.number(),
            plan.strict,
        ],
    )
    .await?;
    Ok(())
}

/// Says whether anybody need look at the plans of the connection. They are locked already.
pub(crate) async fn rest_or_work(tx: &mut Tx, connection: ConnectionId, status: ConnectionStatus) -> Result<()> {
    let sql = "update sync_plan set resting = $2 where connection_id = $1 and resting <> $2";
    tx.execute(sql, args![connection, status.lets_plans_rest()]).await?;
    Ok(())
}

/// One plan, locked until the end of the transaction.
pub(super) async fn lock_plan(tx: &mut Tx, connection: ConnectionId, entity: &str) -> Result<Option<PlanRow>> {
    let sql = locking!(tx.dialect(), select_plan!("where p.connection_id = $1 and p.entity = $2"));
    tx.row(sql, args![connection, entity]).await
}

/// The plan under `lease`, locked until the end of the transaction; `LeaseLost` if the lease is no longer held.
pub(super) async fn lock_leased(tx: &mut Tx, lease: &Lease) -> Result<PlanRow> {
    let sql = locking!(
        tx.dialect(),
        select_plan!("where p.connection_id = $1 and p.entity = $2 and p.lease_id = $3 and p.state = $4")
    );
    let bound = args![lease.connection, lease.entity, lease.id, PlanState::Running.as_str()];
    let row = tx.row::<PlanRow>(sql, bound).await?;
    row.filter(|row| row.run_id() == Some(lease.run)).ok_or(Error::LeaseLost)
}

columns! {
    /// What a locked plan tells of its entity, for whoever stores what was read of it.
    #[derive(Clone, Copy)]
    pub(crate) struct Locked {
        run_id: Option<Uuid>,
        /// A complete listing goes on.
        pub(crate) listing_open: bool,
        /// Listings that are over did not see some records.
        pub(crate) has_unseen: bool,
        /// Some rows are in quarantine.
        pub(crate) has_quarantined: bool,
        /// Records that are there.
        pub(crate) records: i64,
        /// See `records/known.rs`.
        pub(crate) mapping: Option<i64>,
        pub(crate) mapping_next: Option<i64>,
    }
}

macro_rules! select_locked {
    ($rest:literal) => {
        concat!(
            "select p.run_id, p.listing_open, p.has_unseen,
                 exists (select 1 from quarantine q where q.connection_id = p.connection_id and q.entity = p.entity)
                     as has_quarantined,
                 p.records, p.mapping, p.mapping_next
             from sync_plan p where p.connection_id = $1 and p.entity = $2",
            $rest
        )
    };
}

/// The plan of an entity, if it has one, locked until the end of the transaction.
pub(crate) async fn lock_one(tx: &mut Tx, connection: ConnectionId, entity: &Entity) -> Result<Locked> {
    let sql = tx.dialect().pick(select_locked!(""), select_locked!(" for update of p"));
    Ok(tx.row(sql, args![connection, entity.name]).await?.unwrap_or(NOTHING_KNOWN))
}

/// Without a plan nobody says that no rows are in quarantine.
const NOTHING_KNOWN: Locked = Locked {
    run_id: None,
    listing_open: false,
    has_unseen: false,
    has_quarantined: true,
    records: 0,
    mapping: None,
    mapping_next: None,
};

/// All plans of a connection, locked in the order that everybody uses, and before the connection itself.
pub(crate) async fn lock_all(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    lock_plans(tx, connection).await.map(|_plans| ())
}

pub(super) async fn lock_plans(tx: &mut Tx, connection: ConnectionId) -> Result<Vec<PlanRow>> {
    let sql = locking!(tx.dialect(), select_plan!("where p.connection_id = $1 order by p.entity"));
    tx.rows(sql, args![connection]).await
}

/// The plan under `lease`, locked until the end of the transaction; `LeaseLost` if the lease is no longer held.
pub(crate) async fn lock_lease(tx: &mut Tx, lease: &Lease) -> Result<Locked> {
    let sql = tx.dialect().pick(
        select_locked!(" and p.lease_id = $3 and p.state = $4"),
        select_locked!(" and p.lease_id = $3 and p.state = $4 for update of p"),
    );
    let bound = args![lease.connection, lease.entity, lease.id, PlanState::Running.as_str()];
    let row = tx.row::<Locked>(sql, bound).await?;
    row.filter(|row| row.run_id == Some(lease.run.0)).ok_or(Error::LeaseLost)
}

/// Makes the plans of a connection that wait for their time due now, or after the quiet hours. What failed before is
/// forgotten: there is a new reason to try.
pub(crate) async fn make_due(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<()> {
    for plan in lock_plans(tx, connection).await? {
        tx.execute(
            "update sync_plan set due_at = $3, lane = $4
             where connection_id = $1 and entity = $2 and state <> $5 and due_at is not null and not paused",
            args![
                connection,
                &plan.entity,
                plan.outside_quiet(now)?,
                Lane::of(plan.mode()?, plan.initial_done()).number(),
                PlanState::Running.as_str(),
            ],
        )
        .await?;
    }
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
