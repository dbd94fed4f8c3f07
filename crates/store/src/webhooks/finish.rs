//! Writing down what came of tries: the attempts, what becomes of the deliveries, and how the endpoints are doing.

use std::collections::BTreeMap;

use trunnion_model::ids::WebhookEndpointId;

use super::health::{self, Rung};
use super::rows::{EndpointRow, select_endpoint};
use super::{Ending, FinishedAttempt, HealthPolicy, WebhookEndpoint, attempts, make};
use crate::db::{Tx, args, locking};
use crate::events::append_own;
use crate::{Result, Store};

/// What follows from tries that were stored.
#[derive(Clone, Debug, Default)]
pub struct Concluded {
    /// For these something may be due now.
    pub endpoints: Vec<WebhookEndpointId>,
    /// These are to be disabled: which, at which version, and why.
    pub disable: Vec<(WebhookEndpointId, i64, &'static str)>,
}

impl Store {
    /// Stores tries that are over, all in one transaction. Of a delivery whose lease was lost nothing is stored: another
    /// node has it. If the transaction is lost in a crash, they are sent again.
    pub async fn finish_attempts(&self, finished: &[FinishedAttempt], policy: &HealthPolicy) -> Result<Concluded> {
        let mut concluded = Concluded::default();
        if finished.is_empty() {
            return Ok(concluded);
        }
        let mut by_endpoint: BTreeMap<WebhookEndpointId, Vec<&FinishedAttempt>> = BTreeMap::new();
        for one in finished {
            by_endpoint.entry(one.endpoint).or_default().push(one);
        }
        let mut tx = self.inner.db.begin_relaxed().await?;
        let now = self.now();
        let mut told = false;
        // Endpoints are locked before deliveries, in one order, as everywhere.
        let mut endpoints = BTreeMap::new();
        for (&id, tries) in &by_endpoint {
            endpoints.insert(id, read(&mut tx, id, tries).await?);
        }
        let stored = attempts::store(&mut tx, finished, now).await?;
        let mut keys = Vec::new();
        for (id, tries) in by_endpoint {
            let Some(Some(before)) = endpoints.remove(&id) else { continue };
            let tries: Vec<_> = tries.into_iter().filter(|one| stored.contains_key(&one.delivery)).collect();
            let mut after = before.clone();
            for one in &tries {
                health::note(&mut after, one, policy, now);
                if !matches!(one.ending, Ending::Again { .. }) {
                    keys.extend(one.order_key.map(|key| (id, key)));
                }
                concluded.disable.extend(one.disable.map(|reason| (id, one.version, reason)));
            }
            match (health::rung(&after, policy, now), tries.last()) {
                (Rung::Disable, _) if after.disabled_at.is_none() => {
                    concluded.disable.push((id, after.version, health::FAILED_FOR_TOO_LONG));
                }
                (Rung::Tell(percent), Some(last)) => {
                    after.told = percent;
                    let event = health::failing(&after, last, percent, policy);
                    append_own(&mut tx, &self.inner.clock, after.application, id.0, &event).await?;
                    told = true;
                }
                _ => {}
            }
            // The row of an endpoint that works is not written again and again.
            if after != before {
                write(&mut tx, &after).await?;
            }
            concluded.endpoints.push(id);
        }
        make::promote(&mut tx, &keys, now).await?;
        tx.commit().await?;
        if told {
            self.tell_events();
        }
        Ok(concluded)
    }
}

/// The endpoint. It is locked if its row, or whose turn it is, may change.
async fn read(tx: &mut Tx, id: WebhookEndpointId, tries: &[&FinishedAttempt]) -> Result<Option<WebhookEndpoint>> {
    let found = tx.row::<EndpointRow>(select_endpoint!("where e.id = $1"), args![id]).await?;
    let Some(endpoint) = found.map(EndpointRow::endpoint).transpose()? else { return Ok(None) };
    let all_well = endpoint.failing_since.is_none() && tries.iter().all(|one| one.ending == Ending::Delivered);
    if all_well && tries.iter().all(|one| one.order_key.is_none()) {
        return Ok(Some(endpoint));
    }
    let sql = locking!(tx.dialect(), select_endpoint!("where e.id = $1"));
    tx.row::<EndpointRow>(sql, args![id]).await?.map(EndpointRow::endpoint).transpose()
}

async fn write(tx: &mut Tx, after: &WebhookEndpoint) -> Result<()> {
    tx.execute(
        "update webhook_endpoint set failing_since = $2, failures = $3, told = $4, held_until = $5 where id = $1",
        args![after.id, after.failing_since, after.failures, after.told, after.held_until],
    )
    .await?;
    Ok(())
}
