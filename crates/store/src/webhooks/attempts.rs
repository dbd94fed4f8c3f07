//! Writing tries down, many at once.

use std::collections::HashMap;

use serde_json::json;
use trunnion_model::ids::DeliveryId;
use uuid::Uuid;

use super::{DeliveryState, Ending, FinishedAttempt};
use crate::Result;
use crate::db::{Tx, args, hex, over_set};

/// Stores the tries and what becomes of their deliveries. Those whose lease was lost are not stored; the others are told.
pub(super) async fn store(tx: &mut Tx, finished: &[FinishedAttempt], now: i64) -> Result<HashMap<DeliveryId, i64>> {
    let ends: Vec<_> = finished.iter().map(ending).collect();
    // A receiver that failed is not asked before those that work; a try that was no try leaves the lane as it is.
    let sql = over_set!(
        tx.dialect(),
        "update delivery set state = j.ended, due_at = j.again, lease_id = null, attempts = attempts + 1,
             tries = tries + j.counts, lane = case when j.counts = 1 then 1 else lane end, last_status = j.status,
             last_error = j.error, modified_at = $2 from ",
        ("$1", id "of", id "lease", text "ended", int "again", int "counts", int "status", text "error"),
        " where delivery.id = j.of and delivery.lease_id = j.lease returning id, attempts"
    );
    let set = serde_json::Value::from(ends).to_string();
    let numbers: HashMap<DeliveryId, i64> =
        tx.rows::<(Uuid, i64)>(sql, args![set, now]).await?.into_iter().map(|(id, n)| (DeliveryId(id), n)).collect();
    let tries: Vec<_> =
        finished.iter().filter_map(|one| numbers.get(&one.delivery).map(|number| attempt(one, *number))).collect();
    let sql = over_set!(
        tx.dialect(),
        "insert into delivery_attempt (delivery_id, number, at, micros, url, request_headers, status, response_headers,
             response_body, error)
         select of, number, at, micros, url, request, status, response, body, error from ",
        ("$1", id "of", int "number", int "at", int "micros", text "url", text "request", int "status", text "response",
         text "body", text "error"),
        " where true"
    );
    tx.execute(sql, args![serde_json::Value::from(tries).to_string()]).await?;
    Ok(numbers)
}

fn ending(one: &FinishedAttempt) -> serde_json::Value {
    let (state, again) = match one.ending {
        Ending::Delivered => (DeliveryState::Delivered, None),
        Ending::Again { at } => (DeliveryState::Pending, Some(at)),
        Ending::GivenUp => (DeliveryState::Failed, None),
    };
    json!({
        "of": hex(one.delivery.0),
        "lease": hex(one.lease),
        "ended": state.as_str(),
        "again": again,
        "counts": i64::from(!one.not_its_fault),
        "status": one.outcome.status,
        "error": one.outcome.error,
    })
}

fn attempt(one: &FinishedAttempt, number: i64) -> serde_json::Value {
    let outcome = &one.outcome;
    json!({
        "of": hex(one.delivery.0),
        "number": number,
        "at": outcome.at,
        "micros": outcome.micros,
        "url": outcome.url,
        "request": outcome.request_headers,
        "status": outcome.status,
        "response": outcome.response_headers,
        "body": outcome.response_body,
        "error": outcome.error,
    })
}
