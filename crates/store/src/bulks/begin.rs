//! Beginning bulks, and forgetting old ones.

use serde_json::json;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{BulkId, ConnectionId};

use super::NewBulkItem;
use crate::db::{args, over_set};
use crate::{Error, Result, Store};

/// Bulks of one connection that are not finished; more are refused.
const UNFINISHED: i64 = 20;

impl Store {
    /// Writes the items down, all or none, for whoever claims the bulk. `Conflict` if the connection has too many to do.
    pub async fn begin_bulk(&self, connection: ConnectionId, entity: &Entity, items: &[NewBulkItem]) -> Result<BulkId> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let sql = "select count(*) from bulk where connection_id = $1 and finished_at is null";
        let waiting = tx.row::<(i64,)>(sql, args![connection]).await?.map_or(0, |(count,)| count);
        if waiting >= UNFINISHED {
            return Err(Error::Conflict { what: "the connection has 20 bulks to do; wait until one is done" });
        }
        let id = BulkId::new(&self.inner.clock);
        let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let sql = "insert into bulk (id, connection_id, entity, total, created_at, lease_until)
                   values ($1, $2, $3, $4, $5, $5)";
        tx.execute(sql, args![id, connection, entity.name, total, now]).await?;
        let row = |(place, item): (usize, &NewBulkItem)| json!({ "place": place, "key": item.idempotency_key, "request": item.request });
        let rows: Vec<_> = items.iter().enumerate().map(row).collect();
        let sql = over_set!(
            tx.dialect(),
            "insert into bulk_item (bulk_id, place, idempotency_key, request) select $2, place, key, request from ",
            ("$1", int "place", text "key", text "request"),
            ""
        );
        tx.execute(sql, args![serde_json::Value::from(rows).to_string(), id]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Forgets bulks that were finished before `before`; their operations stay. How many.
    pub async fn purge_bulks(&self, before: i64) -> Result<u64> {
        let mut tx = self.inner.db.begin().await?;
        let sql = "delete from bulk_item where bulk_id in (select id from bulk where finished_at < $1)";
        tx.execute(sql, args![before]).await?;
        let purged = tx.execute("delete from bulk where finished_at < $1", args![before]).await?;
        tx.commit().await?;
        Ok(purged)
    }
}
