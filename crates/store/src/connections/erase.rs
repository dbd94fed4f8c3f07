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
        let mut tx = self.inner.db.begin_long().await?;
        // Whoever is storing a page of it is waited for here, and finds no lease after.
        cancel_all(&mut tx, id, self.now()).await?;
        rows::lock_own(&mut tx, application, id).await?;
        for sql in [
            // By endpoint, because that is what the index begins with.
            "delete from delivery_attempt where delivery_id in (
                 select d.id from delivery d join webhook_endpoint e on e.id = d.endpoint_id
                 where d.connection_id = $1
                   and e.application_id = (select application_id from connection where id = $1))",
            "delete from delivery where connection_id = $1 and endpoint_id in (
                 select id from webhook_endpoint
                 where application_id = (select application_id from connection where id = $1))",
            "delete from log_range where connection_id = $1",
            "delete from connection_log where connection_id = $1",
            "delete from webhook_cursor where connection_id = $1",
            "delete from listing_page where connection_id = $1",
            "delete from record_unseen where connection_id = $1",
            "delete from held_deletion where connection_id = $1",
            "delete from quarantine where connection_id = $1",
            "delete from row_shape where connection_id = $1",
            "delete from field_mapping where connection_id = $1",
            "delete from schema_drift where connection_id = $1",
            "delete from record where connection_id = $1",
            "delete from event where connection_id = $1",
            "delete from bulk_item where bulk_id in (select id from bulk where connection_id = $1)",
            "delete from bulk where connection_id = $1",
            "delete from operation where connection_id = $1",
            "delete from run where connection_id = $1",
            "delete from sync_plan where connection_id = $1",
            "delete from oauth_pending where link_id in (select id from link_session where connection_id = $1)",
            "delete from link_session where connection_id = $1",
            "delete from probe where connection_id = $1",
            "delete from alert_firing where subject = $1",
            "delete from incident where connection_id = $1",
            "delete from call_hour where connection_id = $1",
            "delete from hook_hour where connection_id = $1",
            "delete from subscription where connection_id = $1",
            "delete from inbound_hook where connection_id = $1",
            "delete from oauth_grant where connection_id = $1",
            "delete from credential where connection_id = $1",
            "delete from connection where id = $1",
        ] {
            tx.execute(sql, args![id]).await?;
        }
        tx.commit().await
    }
}
