//! Which processes are alive. Whoever has deliveries in hand counts up; whoever no longer does is dead, and what it had is
//! free at once. Who that is is for observers to say, by their own clock: no two machines need the same time.

use uuid::Uuid;

use crate::db::args;
use crate::{Result, Store};

impl Store {
    /// The node is alive. To be called before it takes deliveries up, and every second as long as it has some.
    pub async fn beat(&self, node: Uuid, name: &str) -> Result<()> {
        let mut tx = self.inner.db.begin_relaxed().await?;
        let sql = "insert into webhook_node (id, name, beats) values ($1, $2, 1)
                   on conflict (id) do update set beats = webhook_node.beats + 1";
        tx.execute(sql, args![node, name]).await?;
        tx.commit().await
    }

    /// All nodes that may have deliveries in hand, and their counts.
    pub async fn nodes(&self) -> Result<Vec<(Uuid, i64)>> {
        self.inner.db.rows("select id, beats from webhook_node", args![]).await
    }

    /// The node is gone: what it had in hand is due now, and no try was made. How many there were.
    pub async fn bury_node(&self, node: Uuid) -> Result<u64> {
        let mut tx = self.inner.db.begin().await?;
        let sql = "update delivery set lease_id = null, due_at = $2 where lease_id = $1";
        let freed = tx.execute(sql, args![node, self.now()]).await?;
        tx.execute("delete from webhook_node where id = $1", args![node]).await?;
        tx.commit().await?;
        Ok(freed)
    }
}
