//! What became of events on their way to an endpoint, and sending one again.

use trunnion_model::ids::DeliveryId;
use trunnion_store::{Delivery, DeliveryState};

use super::endpoints::own;
use super::view::{AttemptView, BlockedPage, BlockedView, DeliveryDetail, DeliveryPage, DeliveryView};
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{Result, ServiceError};
use crate::params::Params;

/// The attempts that are shown with a delivery.
const ATTEMPTS: usize = 100;
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
    let known: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
    let state = params.one_of("state", &known).and_then(DeliveryState::parse);
    let before = params.text("cursor").map(DeliveryId::parse);
    if before == Some(None) {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let rows = engine.store().list_deliveries(endpoint.id, state, before.flatten(), limit).await?;
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

/// Gives it up, so that those of its key that wait for it have their turn.
pub async fn skip(engine: &Engine, caller: &Caller, id: &str) -> Result<DeliveryView> {
    caller.may(Permission::Manage)?;
    let delivery = own_delivery(engine, caller, id).await?;
    let skipped = engine.store().skip_delivery(caller.application(), delivery.id).await?;
    Ok(DeliveryView::of(&skipped))
}

/// What does not get on at an ordered endpoint, and how many wait behind it.
pub async fn blocked(engine: &Engine, caller: &Caller, endpoint: &str) -> Result<BlockedPage> {
    caller.may(Permission::Read)?;
    let endpoint = own(engine, caller, endpoint).await?;
    let keys = engine.store().blocked_keys(endpoint.id).await?;
    Ok(BlockedPage { data: keys.iter().map(BlockedView::of).collect() })
}

async fn own_delivery(engine: &Engine, caller: &Caller, id: &str) -> Result<Delivery> {
    let missing = || ServiceError::missing("delivery");
    let id = DeliveryId::parse(id).ok_or_else(missing)?;
    engine.store().delivery(caller.application(), id).await?.ok_or_else(missing)
}
