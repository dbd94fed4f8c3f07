//! Taking up work, and keeping it.

use std::collections::HashMap;
use std::time::Duration;

use trunnion_model::catalog;
use trunnion_model::ids::{ApplicationId, ConnectionId, RunId};
use uuid::Uuid;

use super::rows::PlanRow;
use super::{Claim, ClaimRequest, Lease, PlanState, RunCause, RunMode, RunState, runs};
use crate::connections::ConnectionStatus;
use crate::db::{Tx, args};
use crate::{Error, Result, Store};

/// Nodes claim one after the other, so that the limit per connection holds over all of them.
const CLAIMING: i64 = 0x7472_756e_0001;

#[derive(sqlx::FromRow)]
struct Candidate {
    #[sqlx(flatten)]
    plan: PlanRow,
    application_id: Uuid,
    system: String,
    connection_status: String,
    running: i64,
}

/// What is due, the longest waiting first. `$1` is now, `$2` the limit per connection, `$3` how many.
macro_rules! select_due {
    ($lock:literal) => {
        concat!(
            "select p.connection_id, p.entity, p.interval_seconds, p.history_days, p.priority, p.state, p.paused, p.mode,
                 p.due_at, p.run_id, p.attempt, p.cursor, p.cursor_at, p.initial_done, p.last_success_at,
                 p.last_error_code, p.last_error_message, p.failing_since, p.records,
                 c.application_id, c.system, c.status as connection_status,
                 (select count(*) from sync_plan r
                  where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) as running
             from sync_plan p join connection c on c.id = p.connection_id
             where p.due_at <= $1 and c.status not in ('reauthorization_required', 'paused', 'disconnected')
               and (select count(*) from sync_plan r
                    where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) < $2
             order by p.due_at, p.priority, p.connection_id, p.entity limit $3",
            $lock
        )
    };
}

impl Store {
    /// Takes up plans that are due, the longest waiting first: a queued run, a new one, or one whose lease ran out (it goes
    /// on as the same run, from its cursor). Connections that may not sync are passed over.
    pub async fn claim_due(&self, request: &ClaimRequest<'_>) -> Result<Vec<Claim>> {
        let now = self.now();
        let per_connection = i64::try_from(request.per_connection.max(1)).unwrap_or(i64::MAX);
        // Most looks find nothing: they must not queue for the writer's place.
        let peek = self.inner.db.row::<Candidate>(select_due!(""), args![now, per_connection, 1_i64]).await?;
        if request.limit == 0 || peek.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.inner.db.begin().await?;
        tx.alone(CLAIMING).await?;
        let now = self.now();
        // More than wanted, because some may be of connections that this very claim fills up.
        let look_at = i64::try_from(request.limit.saturating_mul(4)).unwrap_or(i64::MAX);
        let sql = tx.dialect().pick(select_due!(""), select_due!(" for update of p skip locked"));
        let candidates = tx.rows::<Candidate>(sql, args![now, per_connection, look_at]).await?;
        let mut claims: Vec<Claim> = Vec::new();
        let mut taken: HashMap<Uuid, i64> = HashMap::new();
        for candidate in candidates {
            let running = taken.entry(candidate.plan.connection_id).or_insert(candidate.running);
            if claims.len() == request.limit || *running >= per_connection {
                continue;
            }
            if let Some(claim) = self.take(&mut tx, candidate, request, now).await? {
                *running += 1;
                claims.push(claim);
            }
        }
        tx.commit().await?;
        Ok(claims)
    }

    /// The lease is good for `lease_for` again. `LeaseLost` also tells that the run was cancelled.
    pub async fn heartbeat(&self, lease: &Lease, lease_for: Duration) -> Result<()> {
        let sql = "update sync_plan set due_at = $4
                   where connection_id = $1 and entity = $2 and lease_id = $3 and state = 'running'";
        let bound = args![lease.connection, lease.entity, lease.id, until(self.now(), lease_for)];
        match self.inner.db.execute(sql, bound).await? {
            0 => Err(Error::LeaseLost),
            _ => Ok(()),
        }
    }

    async fn take(
        &self,
        tx: &mut Tx,
        candidate: Candidate,
        request: &ClaimRequest<'_>,
        now: i64,
    ) -> Result<Option<Claim>> {
        let Some(entity) = catalog::entity(&candidate.plan.entity) else {
            tracing::warn!(entity = candidate.plan.entity, "a plan is for an entity that this version does not know");
            return Ok(None);
        };
        let connection = ConnectionId(candidate.plan.connection_id);
        let waiting = candidate.plan.run_id();
        let mut plan = candidate.plan.plan(ConnectionStatus::stored(&candidate.connection_status)?)?;
        let run = match waiting {
            Some(run) => {
                let sql = "update run set state = $2, started_at = coalesce(started_at, $3) where id = $1";
                tx.execute(sql, args![run, RunState::Running.as_str(), now]).await?;
                run
            }
            None => {
                let cause = match (plan.mode, plan.initial_done) {
                    (RunMode::Full, _) => RunCause::Full,
                    (RunMode::Verify, _) => RunCause::Verify,
                    (RunMode::Incremental, false) => RunCause::Initial,
                    (RunMode::Incremental, true) => RunCause::Incremental,
                };
                let run = RunId::new(&self.inner.clock);
                runs::insert(tx, (run, connection, entity.name), (plan.mode, cause, RunState::Running), now).await?;
                run
            }
        };
        let lease = Lease { connection, entity: entity.name, run, id: Uuid::from_bytes(random()?) };
        plan.attempt = if waiting.is_some() { plan.attempt + 1 } else { 1 };
        (plan.state, plan.run, plan.next_run_at) = (PlanState::Running, Some(run), None);
        tx.execute(
            "update sync_plan set state = $3, run_id = $4, lease_id = $5, lease_node = $6, attempt = $7, due_at = $8
             where connection_id = $1 and entity = $2",
            args![
                connection,
                entity.name,
                PlanState::Running.as_str(),
                run,
                lease.id,
                request.node,
                plan.attempt,
                until(now, request.lease_for),
            ],
        )
        .await?;
        let run = runs::read(tx, connection, run).await?;
        let application = ApplicationId(candidate.application_id);
        Ok(Some(Claim { lease, application, system: candidate.system, entity, plan, run }))
    }
}

/// `patience` after the instant `now`.
pub(crate) fn until(now: i64, patience: Duration) -> i64 {
    now.saturating_add(i64::try_from(patience.as_micros()).unwrap_or(i64::MAX))
}

/// The random bits of a lease's id.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Configuration(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}
