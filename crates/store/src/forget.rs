//! Forgetting what was over long ago: syncs and writes, in steps that hold nobody up.
//!
//! Their ids begin with the time at which they were made, so the oldest are the first by id, and no index on time is needed.

use uuid::Uuid;

use crate::db::args;
use crate::{Result, Store};

/// Rows in one transaction.
const STEP: i64 = 1_000;

/// Runs that are over, but for those that a plan goes on from.
const RUNS: &str = "delete from run where id in (
        select r.id from run r
        where r.id < $1 and r.state in ('succeeded', 'failed', 'cancelled')
          and not exists (select 1 from sync_plan p where p.connection_id = r.connection_id and p.run_id = r.id)
        order by r.id limit $2)";

/// Those whose outcome is known. Bulks that show them are forgotten sooner.
const OPERATIONS: &str = "delete from operation where id in (
        select id from operation where id < $1 and state in ('succeeded', 'failed') order by id limit $2)";

impl Store {
    /// Forgets syncs that began before the instant and are over, up to `most`; how many these were.
    pub async fn forget_runs(&self, before: i64, most: i64) -> Result<i64> {
        self.forget_first(RUNS, before, most).await
    }

    /// Forgets writes that began before the instant and are settled, up to `most`; how many these were. Their idempotency keys
    /// must have been given free before.
    pub async fn forget_operations(&self, before: i64, most: i64) -> Result<i64> {
        self.forget_first(OPERATIONS, before, most).await
    }

    async fn forget_first(&self, sql: &'static str, before: i64, most: i64) -> Result<i64> {
        let first = first_id(before);
        let mut forgotten = 0;
        while forgotten < most {
            let mut tx = self.inner.db.begin_long().await?;
            let deleted = tx.execute(sql, args![first, STEP]).await?;
            tx.commit().await?;
            let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
            forgotten += deleted;
            if deleted < STEP {
                break;
            }
        }
        Ok(forgotten)
    }
}

/// The least id (UUIDv7) that could have been made at the instant, in Unix microseconds.
fn first_id(at: i64) -> Uuid {
    let millis = u128::try_from(at.div_euclid(1_000)).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}
