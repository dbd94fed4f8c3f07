//! Beginning and ceasing to follow the logs: made, disabled, enabled. All of it in the section of dispatching.

use trunnion_model::ids::{ApplicationId, ConnectionId, WebhookEndpointId};

use super::dispatch::DISPATCHING;
use super::rows::{EndpointRow, select_endpoint};
use super::{WebhookEndpoint, health};
use crate::db::{Tx, args, locking};
use crate::events::append_own;
use crate::{Result, Store};

impl Store {
    /// Takes the endpoint out of use, for that reason, and tells so in the application's log. What waits for it stays.
    /// Nothing happens if it is disabled already or gone, or if it was enabled or changed since it was of that version.
    pub async fn disable_webhook_endpoint(&self, id: WebhookEndpointId, version: i64, reason: &str) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        tx.alone(DISPATCHING).await?;
        let sql =
            locking!(tx.dialect(), select_endpoint!("where e.id = $1 and e.version = $2 and e.disabled_at is null"));
        let Some(row) = tx.row::<EndpointRow>(sql, args![id, version]).await? else { return Ok(()) };
        let endpoint = row.endpoint()?;
        self.disable_in(&mut tx, &endpoint, reason).await?;
        let event = health::disabled(&endpoint, reason, self.now());
        append_own(&mut tx, &self.inner.clock, endpoint.application, id.0, &event).await?;
        tx.commit().await?;
        self.tell_events();
        Ok(())
    }

    pub(super) async fn disable_in(&self, tx: &mut Tx, endpoint: &WebhookEndpoint, reason: &str) -> Result<()> {
        leave(tx, endpoint.application, endpoint.id).await?;
        let sql = "update webhook_endpoint set disabled_at = $2, disabled_reason = $3, modified_at = $2 where id = $1";
        tx.execute(sql, args![endpoint.id, self.now(), reason]).await?;
        Ok(())
    }
}

/// A new endpoint gets what comes after the newest event of each log. Of a log that has no news, that is what is followed
/// anyway.
pub(super) async fn begin(tx: &mut Tx, id: WebhookEndpointId) -> Result<()> {
    for sql in [
        "insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
         select e.id, c.id, c.last_sequence from webhook_endpoint e join connection c on c.application_id = e.application_id
         where e.id = $1 and c.last_sequence > c.dispatched_sequence",
        "insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
         select e.id, a.id, a.last_sequence from webhook_endpoint e join application a on a.id = e.application_id
         where e.id = $1 and a.last_sequence > a.dispatched_sequence",
    ] {
        tx.execute(sql, args![id]).await?;
    }
    Ok(())
}

/// Writes down where the endpoint is in each log; where it is behind already, that stays.
async fn leave(tx: &mut Tx, application: ApplicationId, id: WebhookEndpointId) -> Result<()> {
    for sql in [
        "insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
         select $1, c.id, c.dispatched_sequence from connection c where c.application_id = $2
         on conflict (endpoint_id, connection_id) do nothing",
        "insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
         select $1, a.id, a.dispatched_sequence from application a where a.id = $2
         on conflict (endpoint_id, connection_id) do nothing",
    ] {
        tx.execute(sql, args![id, application]).await?;
    }
    Ok(())
}

/// It goes on where it was; of connections that were made meanwhile, from their beginning.
pub(super) async fn resume(tx: &mut Tx, application: ApplicationId, id: WebhookEndpointId) -> Result<()> {
    let sql = "insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
               select $1, c.id, 0 from connection c where c.application_id = $2
               on conflict (endpoint_id, connection_id) do nothing";
    tx.execute(sql, args![id, application]).await?;
    tx.execute("update webhook_endpoint set catching_up = 1, version = version + 1 where id = $1", args![id]).await?;
    Ok(())
}

pub(super) async fn follow_from_here(tx: &mut Tx, id: WebhookEndpointId, log: ConnectionId) -> Result<()> {
    let sql = "delete from webhook_cursor where endpoint_id = $1 and connection_id = $2";
    tx.execute(sql, args![id, log]).await?;
    Ok(())
}
