//! Reading deliveries and their attempts.

use trunnion_model::ids::{ApplicationId, DeliveryId, WebhookEndpointId};

use super::rows::{AttemptRow, DeliveryRow, select_delivery};
use super::{Attempt, Delivery, DeliveryState};
use crate::db::args;
use crate::{Result, Store};

/// A page of deliveries holds at most this many.
const MOST: usize = 500;

/// What has to be sent one after the other, and does not get on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedKey {
    /// The one that the others wait for.
    pub head: Delivery,
    pub waiting: i64,
}

impl Store {
    /// Of an ordered endpoint, the keys of which one was tried in vain while others wait behind it; at most 100.
    pub async fn blocked_keys(&self, endpoint: WebhookEndpointId) -> Result<Vec<BlockedKey>> {
        let sql = select_delivery!(
            "where d.endpoint_id = $1 and d.state = 'pending' and d.order_key is not null and d.due_at is not null
               and d.tries > 0 and exists (select 1 from delivery w
                   where w.endpoint_id = d.endpoint_id and w.order_key = d.order_key and w.state = 'pending'
                     and w.due_at is null)
             order by d.created_at, d.id limit 100"
        );
        let mut blocked = Vec::new();
        for row in self.inner.db.rows::<DeliveryRow>(sql, args![endpoint]).await? {
            let head = row.delivery()?;
            let sql = "select count(*) from delivery
                       where endpoint_id = $1 and order_key = $2 and state = 'pending' and due_at is null";
            let waiting = self.inner.db.total::<(i64,)>(sql, args![endpoint, head.order_key]).await?;
            blocked.push(BlockedKey { head, waiting: waiting.map_or(0, |(count,)| count) });
        }
        Ok(blocked)
    }

    /// The endpoint's deliveries before `before`, the newest first, at most `limit` (at most 500).
    pub async fn list_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        state: Option<DeliveryState>,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql = select_delivery!(
            "where d.endpoint_id = $1 and d.id < $2 and ($3 = '' or d.state = $3) order by d.id desc limit $4"
        );
        // The greatest id stands for "from the newest".
        let before = before.unwrap_or(DeliveryId(uuid::Uuid::max()));
        let state = state.map_or("", |state| state.as_str());
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let found = self.inner.db.rows::<DeliveryRow>(sql, args![endpoint, before, state, limit]).await?;
        found.into_iter().map(DeliveryRow::delivery).collect()
    }

    /// The delivery, if its endpoint is the application's.
    pub async fn delivery(&self, application: ApplicationId, id: DeliveryId) -> Result<Option<Delivery>> {
        let sql = select_delivery!(
            "join webhook_endpoint e on e.id = d.endpoint_id where d.id = $1 and e.application_id = $2"
        );
        let found = self.inner.db.row::<DeliveryRow>(sql, args![id, application]).await?;
        found.map(DeliveryRow::delivery).transpose()
    }

    /// The newest attempts of a delivery, the newest first.
    pub async fn attempts(&self, delivery: DeliveryId, limit: usize) -> Result<Vec<Attempt>> {
        let sql =
            "select delivery_id, number, at, micros, url, request_headers, status, response_headers, response_body,
                   error from delivery_attempt where delivery_id = $1 order by number desc limit $2";
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let found = self.inner.db.rows::<AttemptRow>(sql, args![delivery, limit]).await?;
        Ok(found.into_iter().map(AttemptRow::attempt).collect())
    }
}
