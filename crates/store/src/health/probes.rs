//! When connections are looked at, and that one node does it at a time.

use std::time::Duration;

use trunnion_model::ids::ConnectionId;
use uuid::Uuid;

use super::DueProbe;
use crate::connections::ConnectionStatus;
use crate::db::{Tx, args, columns};
use crate::sync::until;
use crate::{Result, Store};

/// A connection that was just tried is looked at again after this time.
const FIRST_LOOK: Duration = Duration::from_secs(15 * 60);

columns! {
    struct Candidate {
        connection_id: Uuid,
        due_at: i64,
        failures: i64,
        status: String,
        last_success_at: Option<i64>,
    }
}

impl Store {
    /// Takes up to `limit` connections that are due for a look, for `lease_for`. One that synced within `fresh_for` and had no
    /// trouble needs none and is put off; one that rests is not looked at until it is [woken](wake).
    pub async fn claim_probes(&self, lease_for: Duration, fresh_for: Duration, limit: usize) -> Result<Vec<DueProbe>> {
        let sql = "select p.connection_id, p.due_at, p.failures, c.status,
                       (select max(s.last_success_at) from sync_plan s where s.connection_id = p.connection_id)
                           as last_success_at
                   from probe p join connection c on c.id = p.connection_id
                   where p.due_at <= $1 and (p.lease_until is null or p.lease_until <= $1) order by p.due_at limit $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.inner.db.rows::<Candidate>(sql, args![self.now(), limit]).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let mut claimed = Vec::new();
        for candidate in found {
            let id = candidate.connection_id;
            let well = [ConnectionStatus::Online, ConnectionStatus::Syncing];
            let status = ConnectionStatus::stored(&candidate.status)?;
            let fresh_until = candidate.last_success_at.map(|at| until(at, fresh_for)).filter(|until| *until > now);
            let sql = "update probe set due_at = $3, lease_until = $4
                       where connection_id = $1 and due_at = $2 and (lease_until is null or lease_until <= $5)";
            let taken = async |tx: &mut Tx, due_at: Option<i64>, lease: Option<i64>| {
                tx.execute(sql, args![id, candidate.due_at, due_at, lease, now]).await
            };
            if !status.may_sync() {
                taken(&mut tx, None, None).await?;
            } else if let (Some(at), 0, true) = (fresh_until, candidate.failures, well.contains(&status)) {
                taken(&mut tx, Some(at), None).await?;
            } else if taken(&mut tx, Some(candidate.due_at), Some(until(now, lease_for))).await? == 1 {
                claimed.push(DueProbe { connection: ConnectionId(id), failures: candidate.failures });
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// Takes one connection for a look now, whenever it is due. False if somebody looks at it already.
    pub async fn claim_probe(&self, id: ConnectionId, lease_for: Duration) -> Result<bool> {
        let now = self.now();
        let sql = "update probe set lease_until = $2
                   where connection_id = $1 and (lease_until is null or lease_until <= $3)";
        Ok(self.inner.db.execute(sql, args![id, until(now, lease_for), now]).await? == 1)
    }

    /// The look is over; the next one is due at `next`.
    pub async fn finish_probe(&self, id: ConnectionId, next: i64, failures: i64) -> Result<()> {
        let sql = "update probe set due_at = $2, lease_until = null, failures = $3, checked_at = $4
                   where connection_id = $1";
        self.inner.db.execute(sql, args![id, next, failures, self.now()]).await?;
        Ok(())
    }

    /// Looks at the connection by `at`, if not before.
    pub async fn hurry_probe(&self, id: ConnectionId, at: i64) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        hurry(&mut tx, id, at).await?;
        tx.commit().await
    }
}

pub(super) async fn hurry(tx: &mut Tx, id: ConnectionId, at: i64) -> Result<()> {
    let sql = "update probe set due_at = $2 where connection_id = $1 and (due_at is null or due_at > $2)";
    tx.execute(sql, args![id, at]).await?;
    Ok(())
}

/// A new connection, which was tried a moment ago.
pub(crate) async fn begin(tx: &mut Tx, id: ConnectionId, now: i64) -> Result<()> {
    let sql = "insert into probe (connection_id, due_at, failures, checked_at) values ($1, $2, 0, $3)";
    tx.execute(sql, args![id, until(now, FIRST_LOOK), now]).await?;
    Ok(())
}

/// A connection that comes back into use.
pub(crate) async fn wake(tx: &mut Tx, id: ConnectionId, now: i64) -> Result<()> {
    let sql = "update probe set due_at = $2, lease_until = null, failures = 0 where connection_id = $1";
    tx.execute(sql, args![id, until(now, FIRST_LOOK)]).await?;
    Ok(())
}
