//! Sending again by hand: one delivery, or all events of a span of time.

use trunnion_model::ids::{ApplicationId, ConnectionId, DeliveryId};
use uuid::Uuid;

use super::rows::{self, DeliveryRow, NO_DELIVERY, select_delivery};
use super::types::any_fits;
use super::{Delivery, DeliveryState, WebhookEndpoint, dispatch};
use crate::db::args;
use crate::{Error, Result, Store};

/// Events looked at in one call of [`Store::replay_events`].
const EVENTS: i64 = 500;

/// How far a replay got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayPage {
    /// Deliveries that are due now because of this call.
    pub scheduled: i64,
    /// Where to go on in this connection's log; `None`: it is through.
    pub next_after: Option<i64>,
}

impl Store {
    /// Makes the delivery due now, with its pauses counted from the start. One that is waiting is only made due; one that
    /// is being sent is left to that. `Conflict` if its endpoint is disabled.
    pub async fn resend_delivery(&self, application: ApplicationId, id: DeliveryId) -> Result<Delivery> {
        let endpoint = self.delivery(application, id).await?.ok_or(NO_DELIVERY)?.endpoint;
        let mut tx = self.inner.db.begin().await?;
        if rows::lock_own(&mut tx, application, endpoint).await?.disabled_at.is_some() {
            return Err(Error::Conflict { what: "the webhook endpoint is disabled" });
        }
        let sql = "update delivery set state = $2, tries = 0, due_at = $3, modified_at = $3
                   where id = $1 and lease_id is null";
        tx.execute(sql, args![id, DeliveryState::Pending.as_str(), self.now()]).await?;
        let sql = select_delivery!("where d.id = $1");
        let delivery = tx.row::<DeliveryRow>(sql, args![id]).await?.ok_or(NO_DELIVERY)?.delivery()?;
        tx.commit().await?;
        self.tell_events();
        Ok(delivery)
    }

    /// Sends the connection's events after `after` again that happened from `since` until before `until` and that the
    /// endpoint wants (of them those of `types`, if any are named): also those that it never got. Looks at a bounded part of the log; call it again with `next_after`.
    pub async fn replay_events(
        &self,
        endpoint: &WebhookEndpoint,
        connection: ConnectionId,
        (since, until): (i64, i64),
        types: &[String],
        after: i64,
    ) -> Result<ReplayPage> {
        let mut tx = self.inner.db.begin().await?;
        if rows::lock_own(&mut tx, endpoint.application, endpoint.id).await?.disabled_at.is_some() {
            return Err(Error::Conflict { what: "the webhook endpoint is disabled" });
        }
        let sql = "select sequence, id, type from event
                   where connection_id = $1 and sequence > $2 and at >= $3 and at < $4 order by sequence limit $5";
        let events = tx.rows::<(i64, Uuid, String)>(sql, args![connection, after, since, until, EVENTS]).await?;
        let full = i64::try_from(events.len()).unwrap_or(i64::MAX) == EVENTS;
        let next_after = events.last().filter(|_| full).map(|(sequence, ..)| *sequence);
        let now = self.now();
        let mut scheduled = 0;
        for (sequence, event, kind) in
            events.into_iter().filter(|(.., kind)| endpoint.wants(kind) && any_fits(types, kind))
        {
            dispatch::insert(&mut tx, self, (endpoint.id, connection), (sequence, event, &kind), now).await?;
            // What is being sent at this moment arrives anyway.
            let sql = "update delivery set state = $4, tries = 0, due_at = $5, modified_at = $5
                       where endpoint_id = $1 and connection_id = $2 and sequence = $3 and lease_id is null";
            let bound = args![endpoint.id, connection, sequence, DeliveryState::Pending.as_str(), now];
            scheduled += i64::try_from(tx.execute(sql, bound).await?).unwrap_or(0);
        }
        tx.commit().await?;
        self.tell_events();
        Ok(ReplayPage { scheduled, next_after })
    }
}
