//! Taking up work, and keeping it.

use std::collections::HashMap;
use std::time::Duration;

use trunnion_model::catalog;
use trunnion_model::ids::{ApplicationId, ConnectionId, RunId};
use uuid::Uuid;

use super::rows::{PlanRow, RunRow, plan_columns, run_columns};
use super::runs::NO_RUN;
use super::{Claim, ClaimRequest, Lane, Lease, PlanState, Room, RunCause, RunMode, RunState, runs};
use crate::connections::ConnectionStatus;
use crate::db::{Arg, Tx, args, columns};
use crate::{Error, Result, Store};

/// Nodes claim one after the other, so that the limit per connection holds over all of them.
const CLAIMING: i64 = 0x7472_756e_0001;

columns! {
    struct Candidate {
        plan: PlanRow = flat,
        application_id: Uuid,
        system: String,
        connection_status: String,
        running: i64,
        has_quarantined: bool,
    }
}

/// Of a plan that is due. `$1` is now, `$2` the limit per connection, `$4` the lane.
macro_rules! is_due {
    () => {
        "p.lane = $4 and p.due_at <= $1
         and (select count(*) from sync_plan r
              where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) < $2"
    };
}

/// What is due, the longest waiting first, at most `$3`. The connection is asked for row by row, which leaves the planner no
/// choice: where it believes that few plans are due it would begin at all connections.
macro_rules! select_due {
    ($whose:literal, $lock:literal) => {
        concat!(
            "select ",
            plan_columns!(),
            ", p.application_id,
                 (select c.system from connection c where c.id = p.connection_id) as system,
                 (select c.status from connection c where c.id = p.connection_id) as connection_status,
                 (select count(*) from sync_plan r
                  where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) as running,
                 exists (select 1 from quarantine q
                         where q.connection_id = p.connection_id and q.entity = p.entity) as has_quarantined
             from sync_plan p where ",
            $whose,
            " and ",
            is_due!(),
            " order by p.due_at, p.priority, p.connection_id, p.entity limit $3",
            $lock
        )
    };
}

/// Read off the index `sync_plan_due`, which has only plans that wait for something.
macro_rules! due_of_all {
    ($lock:literal) => {
        select_due!("not p.resting", $lock)
    };
}

/// Of the application `$5`. In other words than of all, because only `sync_plan_due_of_application` has these.
macro_rules! due_of_one {
    ($lock:literal) => {
        select_due!("p.application_id = $5 and p.resting is not true", $lock)
    };
}

/// The applications but `$5` that have something due, the longest waiting first, at most `$3`. However much is due, it is one
/// look into the index for each.
const OTHERS: &str = concat!(
    "select id from
         (select a.id, (select p.due_at from sync_plan p
                        where p.application_id = a.id and p.resting is not true and ",
    is_due!(),
    "                   order by p.due_at limit 1) as since
          from application a where a.id <> $5) waiting
     where since is not null order by since limit $3"
);

impl Store {
    /// As [`Store::claim_within`], with room for everything.
    pub async fn claim_due(&self, request: &ClaimRequest<'_>) -> Result<Vec<Claim>> {
        let room = Room { lanes: [request.limit; 3], per_application: request.limit, busy: HashMap::new() };
        self.claim_within(request, &room).await
    }

    /// Takes up plans that are due, the longest waiting of each lane first: a queued run, a new one, or one whose lease ran
    /// out (it goes on as the same run, from its cursor). Connections that may not sync are passed over, and so is an
    /// application that has all the runs that it may have.
    pub async fn claim_within(&self, request: &ClaimRequest<'_>, room: &Room) -> Result<Vec<Claim>> {
        let per_connection = i64::try_from(request.per_connection.max(1)).unwrap_or(i64::MAX);
        let open = Lane::ALL.into_iter().zip(room.lanes).filter(|(_, free)| *free > 0);
        let mut waiting = Vec::new();
        for (lane, free) in open.filter(|_| request.limit > 0) {
            // Most looks find nothing: they must not queue for the writer's place.
            if self.is_any_due(lane, per_connection, full(room)).await? {
                waiting.push((lane, free));
            }
        }
        let mut claims: Vec<Claim> = Vec::new();
        if waiting.is_empty() {
            return Ok(claims);
        }
        let mut tx = self.inner.db.begin_relaxed().await?;
        tx.alone(CLAIMING).await?;
        let now = self.now();
        let mut taken = Taken { room: room.clone(), connections: HashMap::new() };
        for (lane, free) in waiting {
            let most = claims.len().saturating_add(free).min(request.limit);
            // Once more, if an application becomes full by what was taken: others wait behind it.
            for _ in 0..2 {
                let before = full(&taken.room);
                // More than wanted, because some may be of connections that this very claim fills up.
                let look = Look { now, per_connection, limit: free.saturating_mul(4), lane };
                for candidate in candidates(&mut tx, &look, before).await? {
                    if claims.len() < most
                        && taken.may_take(&candidate, per_connection)
                        && let Some(claim) = self.take(&mut tx, candidate, request, now).await?
                    {
                        taken.note(&claim);
                        claims.push(claim);
                    }
                }
                if claims.len() >= most || full(&taken.room) == before {
                    break;
                }
            }
        }
        tx.commit().await?;
        Ok(claims)
    }

    /// Whether anything is due in the lane, of others than `full`.
    async fn is_any_due(&self, lane: Lane, per_connection: i64, full: Option<Uuid>) -> Result<bool> {
        let look = Look { now: self.now(), per_connection, limit: 1, lane };
        let found = match full {
            None => self.inner.db.row::<Candidate>(due_of_all!(""), look.bound()).await?.is_some(),
            Some(full) => self.inner.db.row::<(Uuid,)>(OTHERS, look.bound_with(full)).await?.is_some(),
        };
        Ok(found)
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
        let lane = candidate.plan.lane();
        let waiting = candidate.plan.run_id();
        let mut plan = candidate.plan.plan(ConnectionStatus::stored(&candidate.connection_status)?)?;
        let due_at = plan.next_run_at;
        let run = match waiting {
            Some(run) => {
                let sql = concat!(
                    "update run set state = $2, started_at = coalesce(started_at, $3) where id = $1 returning ",
                    run_columns!()
                );
                let bound = args![run, RunState::Running.as_str(), now];
                tx.row::<RunRow>(sql, bound).await?.ok_or(NO_RUN)?.run()?
            }
            None => {
                let cause = match (plan.mode, plan.initial_done) {
                    (RunMode::Full, _) => RunCause::Full,
                    (RunMode::Verify, _) => RunCause::Verify,
                    (RunMode::Incremental, false) => RunCause::Initial,
                    (RunMode::Incremental, true) => RunCause::Incremental,
                };
                let run = RunId::new(&self.inner.clock);
                runs::insert(tx, (run, connection, entity.name), (plan.mode, cause, RunState::Running), now).await?
            }
        };
        let lease = Lease { connection, entity: entity.name, run: run.id, id: Uuid::from_bytes(random()?) };
        plan.attempt = if waiting.is_some() { plan.attempt + 1 } else { 1 };
        (plan.state, plan.run, plan.next_run_at) = (PlanState::Running, Some(run.id), None);
        tx.execute(
            "update sync_plan set state = $3, run_id = $4, lease_id = $5, lease_node = $6, attempt = $7, due_at = $8
             where connection_id = $1 and entity = $2",
            args![
                connection,
                entity.name,
                PlanState::Running.as_str(),
                run.id,
                lease.id,
                request.node,
                plan.attempt,
                until(now, request.lease_for),
            ],
        )
        .await?;
        let Candidate { application_id, system, has_quarantined, .. } = candidate;
        let application = ApplicationId(application_id);
        Ok(Some(Claim { lease, application, system, entity, lane, due_at, plan, run, has_quarantined }))
    }
}

/// What is looked for.
struct Look {
    now: i64,
    per_connection: i64,
    limit: usize,
    lane: Lane,
}

impl Look {
    fn bound(&self) -> Vec<Arg> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        args![self.now, self.per_connection, limit, self.lane.number()]
    }

    fn bound_with(&self, application: Uuid) -> Vec<Arg> {
        let mut bound = self.bound();
        bound.extend(args![application]);
        bound
    }
}

/// What is due, locked; without what the application `full` has, which may be nearly all.
async fn candidates(tx: &mut Tx, look: &Look, full: Option<Uuid>) -> Result<Vec<Candidate>> {
    let Some(full) = full else {
        let sql = tx.dialect().pick(due_of_all!(""), due_of_all!(" for update of p skip locked"));
        return tx.rows(sql, look.bound()).await;
    };
    let mut found = Vec::new();
    for (other,) in tx.rows::<(Uuid,)>(OTHERS, look.bound_with(full)).await? {
        let sql = tx.dialect().pick(due_of_one!(""), due_of_one!(" for update of p skip locked"));
        found.extend(tx.rows(sql, look.bound_with(other)).await?);
        if found.len() >= look.limit {
            break;
        }
    }
    Ok(found)
}

/// What a claim has taken so far.
struct Taken {
    room: Room,
    /// The runs that each connection has on all nodes.
    connections: HashMap<Uuid, i64>,
}

impl Taken {
    fn may_take(&mut self, candidate: &Candidate, per_connection: i64) -> bool {
        let running = *self.connections.entry(candidate.plan.connection_id).or_insert(candidate.running);
        let busy = self.room.busy.get(&ApplicationId(candidate.application_id)).copied().unwrap_or(0);
        running < per_connection && busy < self.room.per_application
    }

    fn note(&mut self, claim: &Claim) {
        *self.connections.entry(claim.plan.connection.0).or_default() += 1;
        *self.room.busy.entry(claim.application).or_default() += 1;
    }
}

/// An application that has all the runs that it may have. With a limit of more than half of the slots there is one at most.
fn full(room: &Room) -> Option<Uuid> {
    room.busy.iter().find(|(_, busy)| **busy >= room.per_application).map(|(application, _)| application.0)
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

#[cfg(test)]
mod tests;
