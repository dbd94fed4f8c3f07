//! Reading deliveries and their attempts.

use trunnion_model::ids::{ApplicationId, DeliveryId, WebhookEndpointId};

use super::rows::{AttemptRow, DeliveryRow, select_delivery};
use super::{Attempt, Delivery, DeliveryState};
use crate::db::args;
use crate::{Result, Store};

/// A page of deliveries holds at most this many.
const MOST: usize = 500;

impl Store {
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
