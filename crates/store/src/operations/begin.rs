//! Beginning operations, reading them, and finding those that nobody finished.

use std::time::Duration;

use trunnion_model::ids::{ConnectionId, OperationId};
use uuid::Uuid;

use super::change::lock;
use super::rows::{OperationRow, returning_operation, select_operation};
use super::{Begun, NewOperation, Operation, OperationLease, OperationState};
use crate::db::args;
use crate::sync::{random, until};
use crate::{Error, Result, Store};

impl Store {
    /// Writes the operation down before anything is sent. Of many with the same key exactly one is `New`.
    pub async fn begin_operation(&self, connection: ConnectionId, new: &NewOperation<'_>) -> Result<Begun> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let lease = OperationLease {
            connection,
            operation: OperationId::new(&self.inner.clock),
            id: Uuid::from_bytes(random()?),
        };
        // Whoever comes second waits here until the first one's transaction is over, and then inserts nothing.
        let state = if new.sends { OperationState::Sending } else { OperationState::Accepted };
        let made = tx
            .row::<OperationRow>(
                returning_operation!(
                    "insert into operation (id, connection_id, idempotency_key, body_hash, entity, action, state, request,
                         created_at, updated_at, lease_id, lease_until, remote_id, record_id)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13)
                     on conflict (connection_id, idempotency_key) do nothing"
                ),
                args![
                    lease.operation,
                    connection,
                    new.idempotency_key,
                    &new.body_hash,
                    new.entity.name,
                    new.action,
                    state.as_str(),
                    new.request,
                    now,
                    lease.id,
                    until(now, new.lease_for),
                    new.target.map(|(remote_id, _)| remote_id),
                    new.target.map(|(_, record)| record),
                ],
            )
            .await?;
        if let Some(made) = made {
            let locked = match new.target.zip(new.lock_for) {
                Some(((remote_id, _), lock_for)) => {
                    let (sql, bound) = lock(&lease, new.entity.name, remote_id, lock_for, now);
                    tx.execute(sql, bound).await? == 1
                }
                None => false,
            };
            tx.commit().await?;
            return Ok(Begun::New { operation: made.operation()?, lease, locked });
        }
        let sql = select_operation!("where connection_id = $1 and idempotency_key = $2");
        let found = tx.row::<OperationRow>(sql, args![connection, new.idempotency_key]).await?;
        // It can only be missing if its key was given free between the two statements.
        let row = found.ok_or(Error::Conflict { what: "the idempotency key has just expired" })?;
        let same = row.body_hash == new.body_hash;
        Ok(if same { Begun::Existing(row.operation()?) } else { Begun::KeyReused })
    }

    /// What the key was used for before, if it was: `Existing` or `KeyReused`. A repeat is answered from here before anything
    /// else is asked, so that it gets its answer whatever became of the connection.
    pub async fn begun_before(
        &self,
        connection: ConnectionId,
        idempotency_key: &str,
        body_hash: &[u8; 32],
    ) -> Result<Option<Begun>> {
        let sql = select_operation!("where connection_id = $1 and idempotency_key = $2");
        let Some(row) = self.inner.db.row::<OperationRow>(sql, args![connection, idempotency_key]).await? else {
            return Ok(None);
        };
        let same = row.body_hash == *body_hash;
        Ok(Some(if same { Begun::Existing(row.operation()?) } else { Begun::KeyReused }))
    }

    pub async fn operation(&self, connection: ConnectionId, id: OperationId) -> Result<Option<Operation>> {
        let sql = select_operation!("where id = $1 and connection_id = $2");
        self.inner.db.row::<OperationRow>(sql, args![id, connection]).await?.map(OperationRow::operation).transpose()
    }

    /// The connection's operations, the newest first, from the one after (older than) `after`. At most 500.
    pub async fn operations(
        &self,
        connection: ConnectionId,
        state: Option<OperationState>,
        after: Option<OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>> {
        let before = after.unwrap_or(OperationId(Uuid::max()));
        let limit = i64::try_from(limit.clamp(1, 500)).unwrap_or(i64::MAX);
        let sql = select_operation!(
            "where connection_id = $1 and id < $2 and (cast($3 as text) is null or state = $3) order by id desc limit $4"
        );
        let bound = args![connection, before, state.map(OperationState::as_str), limit];
        let rows = self.inner.db.rows::<OperationRow>(sql, bound).await?;
        rows.into_iter().map(OperationRow::operation).collect()
    }

    /// Operations that were begun and not settled, and that nobody works on any more, of all connections; the caller has
    /// them for `lease_for`.
    pub async fn claim_unsettled(&self, lease_for: Duration, limit: usize) -> Result<Vec<(Operation, OperationLease)>> {
        let now = self.now();
        let limit = i64::try_from(limit.clamp(1, 500)).unwrap_or(i64::MAX);
        let sql = select_operation!(
            "where state in ('accepted', 'sending', 'unknown') and lease_until <= $1 order by lease_until, id limit $2"
        );
        if self.inner.db.row::<OperationRow>(sql, args![now, 1_i64]).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.inner.db.begin().await?;
        let locked = select_operation!(
            "where state in ('accepted', 'sending', 'unknown') and lease_until <= $1 order by lease_until, id limit $2
             for update skip locked"
        );
        let mut claimed = Vec::new();
        for row in tx.rows::<OperationRow>(tx.dialect().pick(sql, locked), args![now, limit]).await? {
            let operation = row.operation()?;
            let lease = OperationLease {
                connection: operation.connection,
                operation: operation.id,
                id: Uuid::from_bytes(random()?),
            };
            let sql = "update operation set lease_id = $2, lease_until = $3 where id = $1";
            tx.execute(sql, args![operation.id, lease.id, until(now, lease_for)]).await?;
            claimed.push((operation, lease));
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// Gives free the idempotency keys of settled operations begun before `before`; how many.
    pub async fn purge_idempotency_keys(&self, before: i64) -> Result<u64> {
        self.inner
            .db
            .execute(
                "update operation set idempotency_key = null
                 where created_at < $1 and idempotency_key is not null and state in ('succeeded', 'failed')",
                args![before],
            )
            .await
    }
}

pub(super) const NO_OPERATION: Error = Error::NotFound { what: "operation" };
