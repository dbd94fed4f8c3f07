//! Following the logs: from each event that an endpoint wants, a delivery.

use trunnion_model::ids::{ConnectionId, DeliveryId, WebhookEndpointId};
use uuid::Uuid;

use super::rows::{EndpointRow, select_endpoint};
use super::{DeliveryState, WebhookEndpoint};
use crate::db::{Tx, args, locking};
use crate::{Result, Store};

/// Logs looked at in one pass, and events in one transaction. Small enough to leave room for syncs between two.
const LOGS: i64 = 64;
const EVENTS: i64 = 200;

impl Store {
    /// Makes deliveries from what the endpoints have not seen yet. `true`: there is more.
    pub async fn dispatch_deliveries(&self) -> Result<bool> {
        let behind = self
            .inner
            .db
            .rows::<(Uuid, Uuid)>(
                "select e.id, c.id from webhook_endpoint e
                 join connection c on c.application_id = e.application_id
                 left join webhook_cursor w on w.endpoint_id = e.id and w.connection_id = c.id
                 where e.disabled_at is null and c.last_sequence > coalesce(w.last_sequence, 0)
                 order by e.id, c.id limit $1",
                args![LOGS],
            )
            .await?;
        let mut more = i64::try_from(behind.len()).unwrap_or(i64::MAX) == LOGS;
        for (endpoint, connection) in behind {
            more |= self.dispatch_log(WebhookEndpointId(endpoint), ConnectionId(connection)).await?;
        }
        Ok(more)
    }

    /// One transaction's worth of one log for one endpoint. `true`: there is more.
    async fn dispatch_log(&self, endpoint: WebhookEndpointId, connection: ConnectionId) -> Result<bool> {
        let mut tx = self.inner.db.begin().await?;
        // The endpoint's row is held, so that nobody removes it meanwhile; the cursor's, so that no other node does the same.
        let sql = locking!(tx.dialect(), select_endpoint!("where e.id = $1 and e.disabled_at is null"));
        let Some(found) = tx.row::<EndpointRow>(sql, args![endpoint]).await? else { return Ok(false) };
        let found = found.endpoint()?;
        let sql = "insert into webhook_cursor (endpoint_id, connection_id, last_sequence) values ($1, $2, 0)
                   on conflict (endpoint_id, connection_id) do nothing";
        tx.execute(sql, args![endpoint, connection]).await?;
        let sql = locking!(
            tx.dialect(),
            "select last_sequence from webhook_cursor where endpoint_id = $1 and connection_id = $2"
        );
        let last = tx.row::<(i64,)>(sql, args![endpoint, connection]).await?.map_or(0, |(last,)| last);
        let sql = "select last_sequence from connection where id = $1";
        let Some((newest,)) = tx.row::<(i64,)>(sql, args![connection]).await? else { return Ok(false) };
        let upto = if found.follows(connection) { newest.min(last + EVENTS) } else { newest };
        if upto <= last {
            return Ok(false);
        }
        if found.follows(connection) {
            self.make_deliveries(&mut tx, &found, connection, (last, upto)).await?;
        }
        let sql = "update webhook_cursor set last_sequence = $3 where endpoint_id = $1 and connection_id = $2";
        tx.execute(sql, args![endpoint, connection, upto]).await?;
        tx.commit().await?;
        Ok(upto < newest)
    }

    async fn make_deliveries(
        &self,
        tx: &mut Tx,
        endpoint: &WebhookEndpoint,
        connection: ConnectionId,
        (after, upto): (i64, i64),
    ) -> Result<()> {
        let sql = "select sequence, id, type from event
                   where connection_id = $1 and sequence > $2 and sequence <= $3 order by sequence";
        let events = tx.rows::<(i64, Uuid, String)>(sql, args![connection, after, upto]).await?;
        let now = self.now();
        for (sequence, event, kind) in events.into_iter().filter(|(.., kind)| endpoint.wants(kind)) {
            insert(tx, self, (endpoint.id, connection), (sequence, event, &kind), now).await?;
        }
        Ok(())
    }
}

/// A delivery, due at once. One that is there already is left alone.
pub(super) async fn insert(
    tx: &mut Tx,
    store: &Store,
    (endpoint, connection): (WebhookEndpointId, ConnectionId),
    (sequence, event, kind): (i64, Uuid, &str),
    now: i64,
) -> Result<()> {
    tx.execute(
        "insert into delivery (id, endpoint_id, connection_id, sequence, event_id, type, state, attempts, tries, due_at,
             created_at, modified_at)
         values ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $8, $8)
         on conflict (endpoint_id, connection_id, sequence) do nothing",
        args![
            DeliveryId::new(&store.inner.clock),
            endpoint,
            connection,
            sequence,
            event,
            kind,
            DeliveryState::Pending.as_str(),
            now,
        ],
    )
    .await?;
    Ok(())
}
