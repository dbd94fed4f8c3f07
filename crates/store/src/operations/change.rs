//! What changes of records need beyond creates: one writer per record, on all nodes, and the journal of their steps.

use std::time::Duration;

use crate::db::args;
use crate::operations::OperationLease;
use crate::sync::until;
use crate::{Error, Result, Store};

impl Store {
    /// Whether the operation may write the record now. Taken by one operation at a time; taking it again prolongs it.
    pub async fn lock_record(
        &self,
        lease: &OperationLease,
        entity: &str,
        remote_id: &str,
        lock_for: Duration,
    ) -> Result<bool> {
        let now = self.now();
        let sql = "insert into record_lock (connection_id, entity, remote_id, operation_id, until)
                   values ($1, $2, $3, $4, $5)
                   on conflict (connection_id, entity, remote_id) do update
                   set operation_id = excluded.operation_id, until = excluded.until
                   where record_lock.until <= $6 or record_lock.operation_id = excluded.operation_id";
        let bound = args![lease.connection, entity, remote_id, lease.operation, until(now, lock_for), now];
        Ok(self.inner.db.execute(sql, bound).await? == 1)
    }

    /// Lets the next one write the record.
    pub async fn unlock_record(&self, lease: &OperationLease, entity: &str, remote_id: &str) -> Result<()> {
        let sql = "delete from record_lock
                   where connection_id = $1 and entity = $2 and remote_id = $3 and operation_id = $4";
        self.inner.db.execute(sql, args![lease.connection, entity, remote_id, lease.operation]).await.map(drop)
    }

    /// Writes down how far the operation got. `LeaseLost` if somebody else has it.
    pub async fn note_steps(&self, lease: &OperationLease, steps: &str) -> Result<()> {
        let sql = "update operation set steps = $4 where id = $1 and connection_id = $2 and lease_id = $3";
        match self.inner.db.execute(sql, args![lease.operation, lease.connection, lease.id, steps]).await? {
            0 => Err(Error::LeaseLost),
            _ => Ok(()),
        }
    }
}
