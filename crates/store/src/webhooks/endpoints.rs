//! Making, reading, changing and removing endpoints.

use trunnion_model::ids::{ApplicationId, WebhookEndpointId};

use super::rows::{self, EndpointRow, select_endpoint};
use super::{EndpointChanges, NewEndpoint, WebhookEndpoint};
use crate::db::args;
use crate::{Result, Store};

/// A page of endpoints holds at most this many.
const MOST: usize = 500;

impl Store {
    /// The endpoint gets what happens from now on: of each connection that is there, what comes after its newest event; of
    /// one that is made later, everything.
    pub async fn create_webhook_endpoint(
        &self,
        application: ApplicationId,
        new: NewEndpoint,
    ) -> Result<WebhookEndpoint> {
        let id = WebhookEndpointId::new(&self.inner.clock);
        let now = self.now();
        let mut tx = self.inner.db.begin().await?;
        tx.execute(
            "insert into webhook_endpoint (id, application_id, url, description, types, connections, created_at, modified_at)
             values ($1, $2, $3, $4, $5, $6, $7, $7)",
            args![
                id,
                application,
                new.url,
                new.description,
                rows::words(&new.types),
                new.connections.as_ref().map(rows::words),
                now,
            ],
        )
        .await?;
        tx.execute(
            "insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
             select e.id, c.id, c.last_sequence from webhook_endpoint e join connection c on c.application_id = e.application_id
             where e.id = $1",
            args![id],
        )
        .await?;
        self.add_secret(&mut tx, id, &new.secret, now).await?;
        let endpoint = rows::lock_own(&mut tx, application, id).await?;
        tx.commit().await?;
        Ok(endpoint)
    }

    /// The endpoint, if it is the application's.
    pub async fn webhook_endpoint(
        &self,
        application: ApplicationId,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>> {
        let sql = select_endpoint!("where e.id = $1 and e.application_id = $2");
        let found = self.inner.db.row::<EndpointRow>(sql, args![id, application]).await?;
        found.map(EndpointRow::endpoint).transpose()
    }

    /// The application's endpoints after `after`, the oldest first, at most `limit` (at most 500).
    pub async fn list_webhook_endpoints(
        &self,
        application: ApplicationId,
        after: Option<WebhookEndpointId>,
        limit: usize,
    ) -> Result<Vec<WebhookEndpoint>> {
        let sql = select_endpoint!("where e.application_id = $1 and e.id > $2 order by e.id limit $3");
        let after = after.unwrap_or(WebhookEndpointId(uuid::Uuid::nil()));
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let found = self.inner.db.rows::<EndpointRow>(sql, args![application, after, limit]).await?;
        found.into_iter().map(EndpointRow::endpoint).collect()
    }

    /// Changes the endpoint. One that is enabled again goes on where it stopped: what happened meanwhile is sent too.
    pub async fn update_webhook_endpoint(
        &self,
        application: ApplicationId,
        id: WebhookEndpointId,
        changes: EndpointChanges,
    ) -> Result<WebhookEndpoint> {
        let mut tx = self.inner.db.begin().await?;
        let before = rows::lock_own(&mut tx, application, id).await?;
        let now = self.now();
        let (disabled_at, disabled_reason, failing_since, held_until) = match changes.disabled {
            Some(false) if before.disabled_at.is_some() => (None, None, None, None),
            Some(true) if before.disabled_at.is_none() => {
                (Some(now), Some("by request".to_owned()), before.failing_since, before.held_until)
            }
            _ => (before.disabled_at, before.disabled_reason, before.failing_since, before.held_until),
        };
        tx.execute(
            "update webhook_endpoint set url = $2, description = $3, types = $4, connections = $5, disabled_at = $6,
                 disabled_reason = $7, failing_since = $8, held_until = $9, modified_at = $10 where id = $1",
            args![
                id,
                changes.url.unwrap_or(before.url),
                changes.description.unwrap_or(before.description),
                rows::words(changes.types.unwrap_or(before.types)),
                changes.connections.unwrap_or(before.connections).map(rows::words),
                disabled_at,
                disabled_reason,
                failing_since,
                held_until,
                now,
            ],
        )
        .await?;
        let after = rows::lock_own(&mut tx, application, id).await?;
        tx.commit().await?;
        self.tell_events();
        Ok(after)
    }

    /// Forgets the endpoint with its secrets, deliveries and attempts.
    pub async fn delete_webhook_endpoint(&self, application: ApplicationId, id: WebhookEndpointId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, id).await?;
        for sql in [
            "delete from delivery_attempt where delivery_id in (select id from delivery where endpoint_id = $1)",
            "delete from delivery where endpoint_id = $1",
            "delete from webhook_cursor where endpoint_id = $1",
            "delete from webhook_secret where endpoint_id = $1",
            "delete from webhook_endpoint where id = $1",
        ] {
            tx.execute(sql, args![id]).await?;
        }
        tx.commit().await
    }
}
