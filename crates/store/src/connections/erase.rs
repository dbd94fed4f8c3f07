//! Forgetting a connection.

use trunnion_model::ids::{ApplicationId, ConnectionId};

use super::rows;
use crate::db::args;
use crate::sync::cancel_all;
use crate::{Result, Store};

impl Store {
    /// Deletes the connection and all that hangs on it: credentials, records, events with their deliveries, plans, runs,
    /// operations, links.
    pub async fn erase(&self, application: ApplicationId, id: ConnectionId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        // Whoever is storing a page of it is waited for here, and finds no lease after.
        cancel_all(&mut tx, id, self.now()).await?;
        rows::lock_own(&mut tx, application, id).await?;
        for sql in [
            "delete from delivery_attempt where delivery_id in (select id from delivery where connection_id = $1)",
            "delete from delivery where connection_id = $1",
            "delete from log_range where connection_id = $1",
            "delete from connection_log where connection_id = $1",
            "delete from webhook_cursor where connection_id = $1",
            "delete from record where connection_id = $1",
            "delete from event where connection_id = $1",
            "delete from operation where connection_id = $1",
            "delete from run where connection_id = $1",
            "delete from sync_plan where connection_id = $1",
            "delete from link_session where connection_id = $1",
            "delete from credential where connection_id = $1",
            "delete from connection where id = $1",
        ] {
            tx.execute(sql, args![id]).await?;
        }
        tx.commit().await
    }
}
