//! Working bulks off: claimed by one node at a time, item by item, until none is open.

use std::collections::HashSet;
use std::time::Duration;

use trunnion_model::ids::{BulkId, ConnectionId};
use uuid::Uuid;

use super::{BulkLease, BulkOutcome, OpenItem};
use crate::db::args;
use crate::sync::{random, until};
use crate::{Error, Result, Store};

impl Store {
    /// Bulks that nobody works on, the oldest first, one of each connection; the caller has them for `lease_for`.
    pub async fn claim_bulks(&self, lease_for: Duration, limit: usize) -> Result<Vec<BulkLease>> {
        let now = self.now();
        let limit = i64::try_from(limit.clamp(1, 100)).unwrap_or(i64::MAX);
        let sql = "select id from bulk where finished_at is null and lease_until <= $1 limit 1";
        if self.inner.db.row::<(Uuid,)>(sql, args![now]).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.inner.db.begin().await?;
        // A connection's bulks are done one after the other: the system takes no more at a time anyway.
        let sql = crate::db::locking!(
            tx.dialect(),
            "select b.id, b.connection_id, b.entity, b.created_at from bulk b
             where b.finished_at is null and b.lease_until <= $1 and not exists (
                 select 1 from bulk o where o.connection_id = b.connection_id and o.finished_at is null and o.lease_until > $1)
             order by b.id limit $2"
        );
        let mut claimed = Vec::new();
        let mut busy = HashSet::new();
        for (bulk, connection, entity, created_at) in
            tx.rows::<(Uuid, Uuid, String, i64)>(sql, args![now, limit]).await?
        {
            if !busy.insert(connection) {
                continue;
            }
            let lease = BulkLease {
                bulk: BulkId(bulk),
                connection: ConnectionId(connection),
                entity,
                created_at,
                id: Uuid::from_bytes(random()?),
            };
            let sql = "update bulk set lease_id = $2, lease_until = $3 where id = $1";
            tx.execute(sql, args![lease.bulk, lease.id, until(now, lease_for)]).await?;
            claimed.push(lease);
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// Keeps the bulk for `lease_for` from now. `LeaseLost` if somebody else has it.
    pub async fn keep_bulk(&self, lease: &BulkLease, lease_for: Duration) -> Result<()> {
        let sql = "update bulk set lease_until = $3 where id = $1 and lease_id = $2 and finished_at is null";
        held(self.inner.db.execute(sql, args![lease.bulk, lease.id, until(self.now(), lease_for)]).await?)
    }

    /// Items that nobody began yet, in their order, from the one after `after`.
    pub async fn open_bulk_items(&self, lease: &BulkLease, after: i64, limit: usize) -> Result<Vec<OpenItem>> {
        let limit = i64::try_from(limit.clamp(1, 500)).unwrap_or(i64::MAX);
        let sql = "select place, idempotency_key, request from bulk_item
                   where bulk_id = $1 and place > $2 and operation_id is null and outcome_status is null
                   order by place limit $3";
        let rows = self.inner.db.rows::<(i64, String, String)>(sql, args![lease.bulk, after, limit]).await?;
        let item = |(place, idempotency_key, request)| OpenItem { place, idempotency_key, request };
        Ok(rows.into_iter().map(item).collect())
    }

    /// Writes down what became of an item. `LeaseLost` if somebody else has the bulk.
    pub async fn note_bulk_item(&self, lease: &BulkLease, place: i64, outcome: &BulkOutcome) -> Result<()> {
        let (operation, status, body) = match outcome {
            BulkOutcome::Begun(operation) => (Some(operation.0), None, None),
            BulkOutcome::Refused(status, body) => (None, Some(*status), Some(body.as_str())),
        };
        let sql = "update bulk_item set operation_id = $4, outcome_status = $5, outcome_body = $6
                   where bulk_id = $1 and place = $2 and exists (select 1 from bulk where id = $1 and lease_id = $3)";
        held(self.inner.db.execute(sql, args![lease.bulk, place, lease.id, operation, status, body]).await?)
    }

    /// No item is open any more.
    pub async fn finish_bulk(&self, lease: &BulkLease) -> Result<()> {
        let sql = "update bulk set finished_at = $3, lease_id = null where id = $1 and lease_id = $2";
        held(self.inner.db.execute(sql, args![lease.bulk, lease.id, self.now()]).await?)
    }
}

fn held(touched: u64) -> Result<()> {
    if touched == 0 { Err(Error::LeaseLost) } else { Ok(()) }
}
