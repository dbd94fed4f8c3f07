//! Deleting deliveries that are over, with their tries, in small transactions.

use serde_json::json;
use trunnion_model::ids::DeliveryId;
use uuid::Uuid;

use crate::db::{Manner, args, hex, over_set};
use crate::{Result, Store};

/// Deliveries in one transaction.
const BATCH: usize = 1_000;

impl Store {
    /// Deletes deliveries that were made before `before` and are over since then, at most `most` of them; how many. What is
    /// still to be sent stays, however old it is.
    pub async fn forget_deliveries(&self, before: i64, most: usize) -> Result<usize> {
        let mut forgotten = 0;
        let mut after = DeliveryId(Uuid::nil());
        // Ids grow with time: the walk ends at the first that is young enough, and never sees the rest of the table.
        while forgotten < most {
            let sql = "select id, created_at, modified_at, state from delivery where id > $1 order by id limit $2";
            let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
            let found = self.inner.db.rows::<(Uuid, i64, i64, String)>(sql, args![after, limit]).await?;
            let old: Vec<_> = found.iter().take_while(|(_, created_at, ..)| *created_at < before).collect();
            let Some((last, ..)) = old.last() else { break };
            after = DeliveryId(*last);
            let over = old.iter().filter(|(_, _, modified_at, state)| state != "pending" && *modified_at < before);
            forgotten += self.delete_deliveries(over.map(|(id, ..)| *id)).await?;
            if old.len() < BATCH {
                break;
            }
        }
        Ok(forgotten)
    }

    async fn delete_deliveries(&self, ids: impl Iterator<Item = Uuid>) -> Result<usize> {
        let set: Vec<_> = ids.map(|id| json!({ "id": hex(id) })).collect();
        if set.is_empty() {
            return Ok(0);
        }
        let mut tx = self.inner.db.begin_as(Manner { long: true, relaxed: true }).await?;
        // One that is sent again by hand meanwhile is no longer over.
        let sql = over_set!(
            tx.dialect(),
            "delete from delivery where state <> 'pending' and id in (select id from ",
            ("$1", id "id"),
            ") returning id"
        );
        let gone = tx.rows::<(Uuid,)>(sql, args![serde_json::Value::from(set).to_string()]).await?;
        let sql = over_set!(
            tx.dialect(),
            "delete from delivery_attempt where delivery_id in (select id from ",
            ("$1", id "id"),
            ")"
        );
        let set: Vec<_> = gone.iter().map(|(id,)| json!({ "id": hex(*id) })).collect();
        tx.execute(sql, args![serde_json::Value::from(set).to_string()]).await?;
        tx.commit().await?;
        Ok(gone.len())
    }
}
