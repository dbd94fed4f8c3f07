//! What became of events on their way to an endpoint, and sending them again.

use serde::{Deserialize, Serialize};
use trunnion_model::ids::{ConnectionId, DeliveryId};
use trunnion_model::time::parse_instant;
use trunnion_store::{ConnectionFilter, Delivery, DeliveryState};

use super::endpoints::{check_types, own};
use super::view::{AttemptView, DeliveryDetail, DeliveryPage, DeliveryView};
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;

/// The attempts that are shown with a delivery.
const ATTEMPTS: usize = 100;
/// Parts of logs that one call of [`replay`] goes through; each is one transaction of at most 500 events.
const PARTS: usize = 20;

/// What `POST /webhook-endpoints/{id}/replay` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// When the events happened; `until` is not part of it.
    pub since: String,
    #[serde(default)]
    pub until: Option<String>,
    #[serde(default)]
    pub types: Vec<String>,
    /// The `next_cursor` of the call before.
    #[serde(default)]
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ReplayResult {
    /// Deliveries that are due now because of this call.
    pub scheduled: i64,
    /// There is more: call again with it.
    pub next_cursor: Option<String>,
}

/// The endpoint's deliveries, the newest first. Parameters: `state`, `limit`, `cursor`.
pub async fn list_deliveries(
    engine: &Engine,
    caller: &Caller,
    endpoint: &str,
    params: &[(String, String)],
) -> Result<DeliveryPage> {
    caller.may(Permission::Read)?;
    let endpoint = own(engine, caller, endpoint).await?;
    let mut params = Params::new(params, &["state", "limit", "cursor"]);
    let limit = params.limit();
    let state = params.text("state").map(DeliveryState::parse);
    if state == Some(None) {
        params.problem("state", "must be one of: pending, delivered, failed");
    }
    let before = params.text("cursor").map(DeliveryId::parse);
    if before == Some(None) {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let rows = engine.store().list_deliveries(endpoint.id, state.flatten(), before.flatten(), limit).await?;
    let next_cursor = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(DeliveryPage { data: rows.iter().map(DeliveryView::of).collect(), next_cursor })
}

/// A delivery with its attempts.
pub async fn delivery(engine: &Engine, caller: &Caller, id: &str) -> Result<DeliveryDetail> {
    caller.may(Permission::Read)?;
    let delivery = own_delivery(engine, caller, id).await?;
    let attempts = engine.store().attempts(delivery.id, ATTEMPTS).await?;
    let attempts = attempts.iter().map(AttemptView::of).collect();
    Ok(DeliveryDetail { delivery: DeliveryView::of(&delivery), attempts })
}

/// Sends it again now, whatever became of it.
pub async fn resend(engine: &Engine, caller: &Caller, id: &str) -> Result<DeliveryView> {
    caller.may(Permission::Manage)?;
    let delivery = own_delivery(engine, caller, id).await?;
    let again = engine.store().resend_delivery(caller.application(), delivery.id).await?;
    Ok(DeliveryView::of(&again))
}

/// Sends all events of a span of time again that the endpoint wants, also those that it never got. Bounded: a long span
/// takes several calls, and a call that is repeated only makes due what is due already.
pub async fn replay(engine: &Engine, caller: &Caller, endpoint: &str, replay: Replay) -> Result<ReplayResult> {
    caller.may(Permission::Manage)?;
    let endpoint = own(engine, caller, endpoint).await?;
    let mut errors = Vec::new();
    let mut instant = |name: &str, text: &str| {
        let at = parse_instant(text);
        if at.is_none() {
            errors.push(FieldError::new(format!("/{name}"), "must be an instant, as 2026-01-31T10:00:00Z, or a date"));
        }
        at.map_or(0, |at| at.as_microsecond())
    };
    let since = instant("since", &replay.since);
    let until = replay.until.as_deref().map_or(i64::MAX, |text| instant("until", text));
    check_types("/types", &replay.types, &mut errors);
    let place = replay.cursor.as_deref().map(read_cursor);
    if place == Some(None) {
        errors.push(FieldError::new("/cursor", "is no cursor of a replay"));
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let (mut at, mut after) = match place.flatten() {
        Some((connection, after)) => (Some(connection), after),
        None => (next_connection(engine, caller, None).await?, 0),
    };
    let mut scheduled = 0;
    for _part in 0..PARTS {
        let Some(connection) = at else { break };
        let wanted = endpoint.connections.as_ref().is_none_or(|wanted| wanted.contains(&connection));
        let known = engine.store().connection(caller.application(), connection).await?.is_some();
        let next = if wanted && known {
            let page =
                engine.store().replay_events(&endpoint, connection, (since, until), &replay.types, after).await?;
            scheduled += page.scheduled;
            page.next_after
        } else {
            None
        };
        match next {
            Some(next) => after = next,
            None => (at, after) = (next_connection(engine, caller, Some(connection)).await?, 0),
        }
    }
    let next_cursor = at.map(|connection| format!("{connection}:{after}"));
    Ok(ReplayResult { scheduled, next_cursor })
}

async fn next_connection(
    engine: &Engine,
    caller: &Caller,
    after: Option<ConnectionId>,
) -> Result<Option<ConnectionId>> {
    let filter = ConnectionFilter { after, limit: 1, ..ConnectionFilter::default() };
    let found = engine.store().list_connections(caller.application(), &filter).await?;
    Ok(found.first().map(|connection| connection.id))
}

fn read_cursor(text: &str) -> Option<(ConnectionId, i64)> {
    let (connection, after) = text.split_once(':')?;
    Some((ConnectionId::parse(connection)?, after.parse().ok().filter(|after| *after >= 0)?))
}

async fn own_delivery(engine: &Engine, caller: &Caller, id: &str) -> Result<Delivery> {
    let missing = || ServiceError::missing("delivery");
    let id = DeliveryId::parse(id).ok_or_else(missing)?;
    engine.store().delivery(caller.application(), id).await?.ok_or_else(missing)
}
