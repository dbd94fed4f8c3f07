//! Writing down what came of tries: the attempt, what becomes of the delivery, and how the endpoint is doing.

use super::rows::{EndpointRow, select_endpoint};
use super::{DeliveryState, Ending, FinishedAttempt};
use crate::db::{Tx, args, locking};
use crate::{Result, Store};

impl Store {
    /// Stores tries that are over, all in one transaction. Of a delivery whose lease was lost nothing is stored: another
    /// node has it. An endpoint on which nothing but failures came for `disable_after` microseconds is disabled.
    pub async fn finish_attempts(&self, finished: &[FinishedAttempt], disable_after: i64) -> Result<()> {
        if finished.is_empty() {
            return Ok(());
        }
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        // Endpoints are locked before deliveries, in one order, as everywhere.
        let mut endpoints: Vec<_> = finished.iter().map(|one| one.endpoint).collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        for endpoint in endpoints {
            let sql = locking!(tx.dialect(), select_endpoint!("where e.id = $1"));
            let Some(row) = tx.row::<EndpointRow>(sql, args![endpoint]).await? else { continue };
            let before = row.endpoint()?;
            let mut after = before.clone();
            for one in finished.iter().filter(|one| one.endpoint == endpoint) {
                if !store_one(&mut tx, one, now).await? {
                    continue;
                }
                after.failing_since = match one.ending {
                    Ending::Delivered => None,
                    Ending::Again { .. } | Ending::GivenUp => after.failing_since.or(Some(one.outcome.at)),
                };
                after.held_until = after.held_until.max(one.hold_until);
                if let Some(reason) = one.disable {
                    (after.disabled_at, after.disabled_reason) = (Some(now), Some(reason.to_owned()));
                }
            }
            if after.failing_since.is_some_and(|since| now - since >= disable_after) && after.disabled_at.is_none() {
                let reason = "every attempt failed for too long";
                (after.disabled_at, after.disabled_reason) = (Some(now), Some(reason.to_owned()));
            }
            // The row of an endpoint that works is not written again and again.
            if after != before {
                tx.execute(
                    "update webhook_endpoint set failing_since = $2, held_until = $3, disabled_at = $4, disabled_reason = $5
                     where id = $1",
                    args![endpoint, after.failing_since, after.held_until, after.disabled_at, after.disabled_reason],
                )
                .await?;
            }
        }
        tx.commit().await
    }
}

/// `false` if the lease is no longer held.
async fn store_one(tx: &mut Tx, one: &FinishedAttempt, now: i64) -> Result<bool> {
    let (state, due_at) = match one.ending {
        Ending::Delivered => (DeliveryState::Delivered, None),
        Ending::Again { at } => (DeliveryState::Pending, Some(at)),
        Ending::GivenUp => (DeliveryState::Failed, None),
    };
    let outcome = &one.outcome;
    let number = tx
        .row::<(i64,)>(
            "update delivery set state = $3, due_at = $4, lease_id = null, attempts = attempts + 1, tries = tries + 1,
                 last_status = $5, last_error = $6, modified_at = $7
             where id = $1 and lease_id = $2 returning attempts",
            args![one.delivery, one.lease, state.as_str(), due_at, outcome.status, outcome.error.as_deref(), now],
        )
        .await?;
    let Some((number,)) = number else { return Ok(false) };
    tx.execute(
        "insert into delivery_attempt (delivery_id, number, at, micros, url, request_headers, status, response_headers,
             response_body, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            one.delivery,
            number,
            outcome.at,
            outcome.micros,
            &outcome.url,
            &outcome.request_headers,
            outcome.status,
            &outcome.response_headers,
            &outcome.response_body,
            outcome.error.as_deref(),
        ],
    )
    .await?;
    Ok(true)
}
