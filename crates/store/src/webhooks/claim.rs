//! Taking up deliveries: endpoint by endpoint, so that a long queue for one hides nothing from another; in it what is new
//! before what is sent again, unless the endpoint fails.

use std::sync::Arc;

use serde_json::json;
use trunnion_model::ids::WebhookEndpointId;
use uuid::Uuid;

use super::rows::{EndpointRow, WorkRow, select_endpoint, select_work};
use super::{Delivery, DeliveryClaim, DeliveryRequest, Taken, Target, WebhookEndpoint, make, pace};
use crate::db::{Tx, args, hex, locking, over_set};
use crate::sync::until;
use crate::{Result, Store};

/// Endpoints looked at in one pass.
const ENDPOINTS: i64 = 1_000;

/// An endpoint that something is due for.
#[derive(Clone, Copy, Debug)]
pub struct DueEndpoint {
    pub id: WebhookEndpointId,
    pub failing: bool,
}

impl Store {
    /// Endpoints that something is due for and that may be sent to now, those that work before those that fail.
    pub async fn due_webhook_endpoints(&self) -> Result<Vec<DueEndpoint>> {
        let sql = "select e.id, cast(case when e.failing_since is null then 0 else 1 end as bigint)
             from webhook_endpoint e
             where e.disabled_at is null and (e.held_until is null or e.held_until <= $1)
               and (exists (select 1 from delivery d where d.endpoint_id = e.id and d.lane = 0 and d.due_at <= $1)
                    or exists (select 1 from delivery d where d.endpoint_id = e.id and d.lane = 1 and d.due_at <= $1))
             order by case when e.failing_since is null then 0 else 1 end, e.id limit $2";
        let found = self.inner.db.rows::<(Uuid, i64)>(sql, args![self.now(), ENDPOINTS]).await?;
        let due = |(id, failing)| DueEndpoint { id: WebhookEndpointId(id), failing: failing == 1 };
        Ok(found.into_iter().map(due).collect())
    }

    /// The endpoint, if something may be sent to it now.
    pub async fn ready_webhook_endpoint(&self, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>> {
        let sql = select_endpoint!(
            "where e.id = $1 and e.disabled_at is null and (e.held_until is null or e.held_until <= $2)"
        );
        let found = self.inner.db.row::<EndpointRow>(sql, args![id, self.now()]).await?;
        found.map(EndpointRow::endpoint).transpose()
    }

    /// Takes up what is due for the endpoint: new ones, those to be tried again, and those whose lease ran out.
    pub async fn claim_deliveries(&self, endpoint: &WebhookEndpoint, request: DeliveryRequest) -> Result<Taken> {
        let secrets = self.cached_secrets(endpoint).await?;
        let target = Arc::new(Target { endpoint: endpoint.clone(), secrets });
        let mut tx = self.inner.db.begin_relaxed().await?;
        let now = self.now();
        let mut limit = request.limit;
        let mut paced = None;
        if let Some(rate) = endpoint.settings.rate_per_second {
            let sql = locking!(tx.dialect(), "select paced_until from webhook_endpoint where id = $1");
            let Some((used,)) = tx.row::<(Option<i64>,)>(sql, args![endpoint.id]).await? else {
                return Ok(Taken::default());
            };
            let (allowed, _used, next) = pace::allow(rate, used, now, limit);
            if allowed == 0 {
                return Ok(Taken { paced_until: Some(next), more: true, ..Taken::default() });
            }
            (limit, paced) = (allowed, Some((rate, used)));
        }
        let mut work = Vec::new();
        // One that fails is tried with what waited longest; one that works gets news first.
        let lanes = if endpoint.failing_since.is_some() { [1, 0] } else { [0, 1] };
        let mut full = false;
        for lane in lanes {
            let room = limit.saturating_sub(work.len());
            let room = if lane == 1 { room.min(request.again) } else { room };
            if room > 0 {
                let found = due(&mut tx, endpoint.id, lane, now, room).await?;
                full |= found.len() == room;
                work.extend(found);
            } else {
                full = true;
            }
        }
        if work.is_empty() {
            return Ok(Taken { more: full, ..Taken::default() });
        }
        let sql = over_set!(
            tx.dialect(),
            "update delivery set lease_id = $2, due_at = $3 where id in (select id from ",
            ("$1", id "id"),
            ")"
        );
        let ids: Vec<_> = work.iter().map(|(delivery, _)| json!({ "id": hex(delivery.id.0) })).collect();
        let ids = serde_json::Value::from(ids).to_string();
        tx.execute(sql, args![ids, request.node, until(now, request.lease_for)]).await?;
        let mut paced_until = None;
        if let Some((rate, used)) = paced {
            let (_, used, next) = pace::allow(rate, used, now, work.len());
            tx.execute("update webhook_endpoint set paced_until = $2 where id = $1", args![endpoint.id, used]).await?;
            paced_until = Some(next);
        }
        let mut claims = Vec::with_capacity(work.len());
        for (delivery, event) in work {
            match event {
                Some(event) => {
                    claims.push(DeliveryClaim { delivery, target: target.clone(), event, lease: request.node })
                }
                None => forget(&mut tx, &delivery, now).await?,
            }
        }
        tx.commit().await?;
        Ok(Taken { claims, more: full, paced_until })
    }
}

type Work = (Delivery, Option<crate::events::Event>);

async fn due(tx: &mut Tx, endpoint: WebhookEndpointId, lane: i64, now: i64, limit: usize) -> Result<Vec<Work>> {
    let sql = tx.dialect().pick(
        select_work!("where d.endpoint_id = $1 and d.lane = $2 and d.due_at <= $3 order by d.due_at limit $4"),
        select_work!(
            "where d.endpoint_id = $1 and d.lane = $2 and d.due_at <= $3 order by d.due_at limit $4
             for update of d skip locked"
        ),
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx.rows::<WorkRow>(sql, args![endpoint, lane, now, limit]).await?;
    rows.into_iter().map(WorkRow::work).collect()
}

/// Of an event that is no longer in the log.
async fn forget(tx: &mut Tx, delivery: &Delivery, now: i64) -> Result<()> {
    tx.execute("delete from delivery_attempt where delivery_id = $1", args![delivery.id]).await?;
    tx.execute("delete from delivery where id = $1", args![delivery.id]).await?;
    let key = delivery.order_key.map(|key| (delivery.endpoint, key));
    make::promote(tx, key.as_slice(), now).await
}
