//! What changes of records need beyond creates: one writer per record, on all nodes.

use std::time::Duration;

use crate::db::arg::Arg;
use crate::db::{Tx, args};
use crate::operations::{Operation, OperationLease};
use crate::sync::until;
use crate::{Result, Store};

impl Store {
    /// Whether the operation may write the record now. Taken by one operation at a time; taking it again prolongs it.
    pub async fn lock_record(
        &self,
        lease: &OperationLease,
        entity: &str,
        remote_id: &str,
        lock_for: Duration,
    ) -> Result<bool> {
        let (sql, bound) = lock(lease, entity, remote_id, lock_for, self.now());
        Ok(self.inner.db.execute(sql, bound).await? == 1)
    }
}

/// Changes one row if the record is free or the operation's already.
pub(super) fn lock(
    lease: &OperationLease,
    entity: &str,
    remote_id: &str,
    lock_for: Duration,
    now: i64,
) -> (&'static str, Vec<Arg>) {
    let sql = "insert into record_lock (connection_id, entity, remote_id, operation_id, until)
               values ($1, $2, $3, $4, $5)
               on conflict (connection_id, entity, remote_id) do update
               set operation_id = excluded.operation_id, until = excluded.until
               where record_lock.until <= $6 or record_lock.operation_id = excluded.operation_id";
    (sql, args![lease.connection, entity, remote_id, lease.operation, until(now, lock_for), now])
}

/// Lets the next one write the record, in the transaction that settles the operation.
pub(super) async fn unlock(tx: &mut Tx, operation: &Operation) -> Result<()> {
    let Some(remote_id) = &operation.remote_id else { return Ok(()) };
    let sql = "delete from record_lock
               where connection_id = $1 and entity = $2 and remote_id = $3 and operation_id = $4";
    tx.execute(sql, args![operation.connection, &operation.entity, remote_id, operation.id]).await.map(drop)
}
