//! Deleting old events, in small transactions. What is deleted is always the beginning of a log, and how far is written
//! down with it: so whoever comes with an older cursor is told that events are missing.

use trunnion_model::ids::{ApplicationId, ConnectionId};
use uuid::Uuid;

use super::order::lock_log;
use crate::db::{Tx, args, columns};
use crate::{Result, Store};

/// Events in one transaction.
const BATCH: i64 = 1_000;

columns! {
    struct LogRow {
        id: Uuid,
        application_id: Uuid,
        dispatched_sequence: i64,
    }
}

impl Store {
    /// Deletes events that happened before `before`, at most `most` of them; how many. An event stays as long as it is on its
    /// way to a webhook endpoint, and with it those of its log that came after.
    pub async fn forget_events(&self, before: i64, most: i64) -> Result<i64> {
        // An application's own log stands beside those of its connections.
        let sql = "select id, application_id, dispatched_sequence from connection
                   union all select id, id, dispatched_sequence from application";
        let mut forgotten = 0;
        for log in self.inner.db.rows::<LogRow>(sql, Vec::new()).await? {
            while forgotten < most {
                let count = self.forget_some(&log, before).await?;
                forgotten += count;
                if count < BATCH {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    async fn forget_some(&self, log: &LogRow, before: i64) -> Result<i64> {
        let (id, application) = (ConnectionId(log.id), ApplicationId(log.application_id));
        let first = self.first_sequence(id).await?;
        let sql =
            "select sequence, at from event where connection_id = $1 and sequence >= $2 order by sequence limit $3";
        let oldest = self.inner.db.rows::<(i64, i64)>(sql, args![id, first, BATCH]).await?;
        let Some((last, _)) = oldest.iter().take_while(|(_, at)| *at < before).last().copied() else { return Ok(0) };
        self.order_events(application).await?;
        let mut tx = self.inner.db.begin_long().await?;
        lock_log(&mut tx, application).await?;
        let upto = last.min(log.dispatched_sequence).min(needed(&mut tx, id).await? - 1);
        if upto < first {
            return Ok(0);
        }
        let sql = "delete from event where connection_id = $1 and sequence >= $2 and sequence <= $3";
        let deleted = tx.execute(sql, args![id, first, upto]).await?;
        let sql = "update connection_log set first_sequence = $2 where connection_id = $1";
        tx.execute(sql, args![id, upto + 1]).await?;
        let sql = "select position + ($2 - first_sequence) from log_range
                   where connection_id = $1 and first_sequence <= $2 order by first_sequence desc limit 1";
        if let Some((position,)) = tx.row::<(i64,)>(sql, args![id, upto]).await? {
            let sql =
                "update application_log set first_position = $2 where application_id = $1 and first_position < $2";
            tx.execute(sql, args![application, position + 1]).await?;
        }
        let sql = "delete from log_range where connection_id = $1 and first_sequence + events - 1 <= $2";
        tx.execute(sql, args![id, upto]).await?;
        tx.commit().await?;
        Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
    }
}

/// The first event of the log that is still to be made into a delivery or to be sent.
async fn needed(tx: &mut Tx, log: ConnectionId) -> Result<i64> {
    let mut first = i64::MAX;
    for sql in [
        "select min(w.last_sequence + 1) from webhook_cursor w join webhook_endpoint e on e.id = w.endpoint_id
         where w.connection_id = $1 and e.disabled_at is null",
        "select min(sequence) from delivery where due_at is not null and connection_id = $1",
        "select min(sequence) from delivery where state = 'pending' and order_key is not null and connection_id = $1",
    ] {
        let found = tx.row::<(Option<i64>,)>(sql, args![log]).await?.and_then(|(found,)| found);
        first = first.min(found.unwrap_or(i64::MAX));
    }
    Ok(first)
}
