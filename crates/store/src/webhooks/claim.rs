//! Taking up deliveries: endpoint by endpoint, so that a long queue for one hides nothing from another.

use std::sync::Arc;

use uuid::Uuid;

use super::rows::{DeliveryRow, EndpointRow, select_delivery, select_endpoint};
use super::{Delivery, DeliveryClaim, DeliveryRequest, Target, WebhookEndpoint};
use crate::db::{args, locking};
use crate::events::Event;
use crate::sync::{random, until};
use crate::{Result, Store};

/// Endpoints looked at in one pass.
const ENDPOINTS: i64 = 1_000;

impl Store {
    /// Endpoints that something is due for and that may be sent to now, those that work before those that fail.
    pub async fn due_webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>> {
        let sql = select_endpoint!(
            "where e.disabled_at is null and (e.held_until is null or e.held_until <= $1)
               and exists (select 1 from delivery d where d.endpoint_id = e.id and d.due_at <= $1)
             order by case when e.failing_since is null then 0 else 1 end, e.id limit $2"
        );
        let found = self.inner.db.rows::<EndpointRow>(sql, args![self.now(), ENDPOINTS]).await?;
        found.into_iter().map(EndpointRow::endpoint).collect()
    }

    /// Takes up what is due for the endpoint, the longest waiting first: new ones, those to be tried again, and those whose
    /// lease ran out.
    pub async fn claim_deliveries(
        &self,
        endpoint: &WebhookEndpoint,
        request: DeliveryRequest,
    ) -> Result<Vec<DeliveryClaim>> {
        let secrets = self.webhook_secrets(endpoint.id).await?;
        let target = Arc::new(Target { endpoint: endpoint.clone(), secrets });
        let mut tx = self.inner.db.begin().await?;
        // Whoever disables or removes the endpoint is waited for, and waits.
        let sql = locking!(tx.dialect(), select_endpoint!("where e.id = $1 and e.disabled_at is null"));
        if tx.row::<EndpointRow>(sql, args![endpoint.id]).await?.is_none() {
            return Ok(Vec::new());
        }
        let now = self.now();
        let sql = tx.dialect().pick(
            select_delivery!("where d.endpoint_id = $1 and d.due_at <= $2 order by d.due_at, d.id limit $3"),
            select_delivery!(
                "where d.endpoint_id = $1 and d.due_at <= $2 order by d.due_at, d.id limit $3 for update skip locked"
            ),
        );
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
        let rows = tx.rows::<DeliveryRow>(sql, args![endpoint.id, now, limit]).await?;
        let lease = Uuid::from_bytes(random()?);
        let mut taken: Vec<Delivery> = Vec::with_capacity(rows.len());
        for row in rows {
            let delivery = row.delivery()?;
            let sql = "update delivery set lease_id = $2, due_at = $3 where id = $1";
            tx.execute(sql, args![delivery.id, lease, until(now, request.lease_for)]).await?;
            taken.push(delivery);
        }
        tx.commit().await?;
        let mut claims = Vec::with_capacity(taken.len());
        for delivery in taken {
            match self.event_of(&delivery).await? {
                Some(event) => claims.push(DeliveryClaim { delivery, target: target.clone(), event, lease }),
                None => self.forget(&delivery).await?,
            }
        }
        Ok(claims)
    }

    async fn event_of(&self, delivery: &Delivery) -> Result<Option<Event>> {
        let page = self.events(delivery.connection, delivery.sequence - 1, &[], 1).await;
        match page {
            Ok(page) => Ok(page.events.into_iter().find(|event| event.sequence == delivery.sequence)),
            Err(crate::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Of a connection that was erased while its deliveries were made.
    async fn forget(&self, delivery: &Delivery) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        tx.execute("delete from delivery_attempt where delivery_id = $1", args![delivery.id]).await?;
        tx.execute("delete from delivery where id = $1", args![delivery.id]).await?;
        tx.commit().await
    }
}
