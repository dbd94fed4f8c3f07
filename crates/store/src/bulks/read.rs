//! How far a bulk is, and what became of its items.

use trunnion_model::ids::{BulkId, ConnectionId, OperationId};
use uuid::Uuid;

use super::{Bulk, BulkItem};
use crate::db::args;
use crate::{Result, Store};

type ItemRow = (i64, String, String, Option<Uuid>, Option<String>, Option<i64>, Option<String>);

impl Store {
    pub async fn bulk(&self, connection: ConnectionId, id: BulkId) -> Result<Option<Bulk>> {
        let sql = "select entity, total, created_at from bulk where id = $1 and connection_id = $2";
        let found = self.inner.db.row::<(String, i64, i64)>(sql, args![id, connection]).await?;
        let Some((entity, total, created_at)) = found else { return Ok(None) };
        let sql =
            "select coalesce(o.state, case when i.outcome_status is null then 'waiting' else 'failed' end), count(*)
                   from bulk_item i left join operation o on o.id = i.operation_id
                   where i.bulk_id = $1 group by 1";
        let counts = self.inner.db.rows::<(String, i64)>(sql, args![id]).await?;
        let of = |state: &str| counts.iter().filter(|(found, _)| found == state).map(|(_, count)| count).sum::<i64>();
        Ok(Some(Bulk {
            id,
            entity,
            total,
            created_at,
            waiting: of("waiting"),
            running: of("accepted") + of("sending"),
            succeeded: of("succeeded"),
            failed: of("failed"),
            unknown: of("unknown"),
        }))
    }

    /// The items in their order, from the one after `after`; with `state`, those that are in it. At most 500.
    pub async fn bulk_items(
        &self,
        connection: ConnectionId,
        id: BulkId,
        state: Option<&str>,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BulkItem>> {
        let limit = i64::try_from(limit.clamp(1, 500)).unwrap_or(i64::MAX);
        let sql = "select place, idempotency_key, state, operation_id, remote_id, status, body from (
                       select i.place, i.idempotency_key, i.operation_id, o.remote_id,
                           coalesce(o.state, case when i.outcome_status is null then 'waiting' else 'failed' end) as state,
                           coalesce(o.outcome_status, i.outcome_status) as status,
                           coalesce(o.outcome_body, i.outcome_body) as body
                       from bulk b join bulk_item i on i.bulk_id = b.id left join operation o on o.id = i.operation_id
                       where b.id = $1 and b.connection_id = $2 and i.place > $3) found
                   where cast($4 as text) is null or state = $4 order by place limit $5";
        let bound = args![id, connection, after.unwrap_or(-1), state, limit];
        let rows = self.inner.db.rows::<ItemRow>(sql, bound).await?;
        Ok(rows.into_iter().map(item).collect())
    }
}

fn item((place, idempotency_key, state, operation, remote_id, outcome_status, outcome_body): ItemRow) -> BulkItem {
    let operation = operation.map(OperationId);
    BulkItem { place, idempotency_key, state, operation, remote_id, outcome_status, outcome_body }
}
