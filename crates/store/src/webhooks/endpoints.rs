//! Making, reading, changing and removing endpoints.

use std::time::Duration;

use trunnion_model::ids::{ApplicationId, WebhookEndpointId};

use super::dispatch::DISPATCHING;
use super::rows::{self, EndpointRow, select_endpoint};
use super::{EndpointChanges, NewEndpoint, WebhookEndpoint, switch};
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
        tx.alone(DISPATCHING).await?;
        let settings = new.settings;
        tx.execute(
            "insert into webhook_endpoint (id, application_id, url, description, types, connections, ordering, payload,
                 rate_per_second, timeout_seconds, disable_after_seconds, header_names, created_at, modified_at,
                 connection_tags, retry_first_seconds, retry_longest_seconds, retry_for_seconds)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, $16, $17)",
            args![
                id,
                application,
                new.url,
                new.description,
                rows::words(&new.types),
                new.connections.as_ref().map(rows::words),
                settings.ordering.as_str(),
                settings.payload.as_str(),
                settings.rate_per_second,
                settings.timeout_seconds,
                settings.disable_after_seconds,
                rows::words(&new.header_names),
                now,
                rows::words(&new.connection_tags),
                settings.retry.first_seconds,
                settings.retry.longest_seconds,
                settings.retry.total_seconds,
            ],
        )
        .await?;
        switch::begin(&mut tx, id).await?;
        for secret in &new.secrets {
            self.add_secret(&mut tx, id, secret, now).await?;
        }
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
        tx.alone(DISPATCHING).await?;
        let before = rows::lock_own(&mut tx, application, id).await?;
        let now = self.now();
        match changes.disabled {
            Some(true) if before.disabled_at.is_none() => self.disable_in(&mut tx, &before, "by request").await?,
            Some(false) if before.disabled_at.is_some() => {
                switch::resume(&mut tx, application, id).await?;
                tx.execute(
                    "update webhook_endpoint set disabled_at = null, disabled_reason = null, failing_since = null,
                         failures = 0, told = 0, held_until = null where id = $1",
                    args![id],
                )
                .await?;
            }
            _ => {}
        }
        let settings = changes.settings.unwrap_or(before.settings);
        if settings.ordering != before.settings.ordering {
            // What waits for its turn waited by the old rule; the new one is for what comes.
            let sql = "update delivery set due_at = coalesce(due_at, $2), order_key = null
                       where endpoint_id = $1 and state = 'pending' and order_key is not null";
            tx.execute(sql, args![id, now]).await?;
        }
        let names = match &changes.headers {
            Some((names, secret)) => {
                self.replace_secret(&mut tx, id, secret, Duration::ZERO).await?;
                rows::words(names)
            }
            None => rows::words(&before.header_names),
        };
        tx.execute(
            "update webhook_endpoint set url = $2, description = $3, types = $4, connections = $5, ordering = $6,
                 payload = $7, rate_per_second = $8, timeout_seconds = $9, disable_after_seconds = $10, header_names = $11,
                 modified_at = $12, connection_tags = $13, retry_first_seconds = $14, retry_longest_seconds = $15,
                 retry_for_seconds = $16 where id = $1",
            args![
                id,
                changes.url.unwrap_or(before.url),
                changes.description.unwrap_or(before.description),
                rows::words(changes.types.unwrap_or(before.types)),
                changes.connections.unwrap_or(before.connections).map(rows::words),
                settings.ordering.as_str(),
                settings.payload.as_str(),
                settings.rate_per_second,
                settings.timeout_seconds,
                settings.disable_after_seconds,
                names,
                now,
                rows::words(changes.connection_tags.unwrap_or(before.connection_tags)),
                settings.retry.first_seconds,
                settings.retry.longest_seconds,
                settings.retry.total_seconds,
            ],
        )
        .await?;
        let after = rows::lock_own(&mut tx, application, id).await?;
        tx.commit().await?;
        self.tell_webhooks();
        Ok(after)
    }

    /// Forgets the endpoint with its secrets, deliveries and attempts.
    pub async fn delete_webhook_endpoint(&self, application: ApplicationId, id: WebhookEndpointId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        tx.alone(DISPATCHING).await?;
        rows::lock_own(&mut tx, application, id).await?;
        for sql in [
            "delete from delivery_attempt where delivery_id in (select id from delivery where endpoint_id = $1)",
            "delete from delivery where endpoint_id = $1",
            "delete from webhook_cursor where endpoint_id = $1",
            "delete from webhook_secret where endpoint_id = $1",
            "delete from webhook_replay where endpoint_id = $1",
            "delete from webhook_endpoint where id = $1",
        ] {
            tx.execute(sql, args![id]).await?;
        }
        tx.commit().await
    }
}
