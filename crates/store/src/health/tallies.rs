//! How calls went, hour by hour.

use trunnion_model::ids::ConnectionId;

use super::{CallHour, Tally};
use crate::db::args;
use crate::{Result, Store};

const HOUR: i64 = 60 * 60 * 1_000_000;

impl Store {
    /// Adds calls that were just made to those of the present hour. Connections that are gone are passed over.
    pub async fn add_tallies(&self, tallies: &[(ConnectionId, Tally)]) -> Result<()> {
        if tallies.is_empty() {
            return Ok(());
        }
        let mut tx = self.inner.db.begin().await?;
        let hour = self.now().div_euclid(HOUR);
        for (id, tally) in tallies {
            tx.execute(
                "insert into call_hour (connection_id, hour, succeeded, failed, micros, slowest)
                 select id, $2, $3, $4, $5, $6 from connection where id = $1
                 on conflict (connection_id, hour) do update set
                     succeeded = call_hour.succeeded + excluded.succeeded, failed = call_hour.failed + excluded.failed,
                     micros = call_hour.micros + excluded.micros,
                     slowest = case when excluded.slowest > call_hour.slowest then excluded.slowest
                         else call_hour.slowest end",
                args![*id, hour, tally.succeeded, tally.failed, tally.micros, tally.slowest],
            )
            .await?;
        }
        tx.commit().await
    }

    /// The hours since `since`, the oldest first.
    pub async fn call_hours(&self, id: ConnectionId, since: i64) -> Result<Vec<CallHour>> {
        let sql = "select hour, succeeded, failed, micros, slowest from call_hour
                   where connection_id = $1 and hour >= $2 order by hour";
        let rows = self.inner.db.rows::<(i64, i64, i64, i64, i64)>(sql, args![id, since.div_euclid(HOUR)]).await?;
        let hour = |(hour, succeeded, failed, micros, slowest)| CallHour {
            hour,
            tally: Tally { succeeded, failed, micros, slowest },
        };
        Ok(rows.into_iter().map(hour).collect())
    }

    /// Forgets hours, and incidents that were over, before the instant `before`.
    pub async fn purge_health(&self, before: i64) -> Result<u64> {
        let hour = before.div_euclid(HOUR);
        let mut hours = self.inner.db.execute("delete from call_hour where hour < $1", args![hour]).await?;
        hours += self.inner.db.execute("delete from hook_hour where hour < $1", args![hour]).await?;
        let sql = "delete from incident where resolved_at < $1";
        Ok(hours + self.inner.db.execute(sql, args![before]).await?)
    }
}
