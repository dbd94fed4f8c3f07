//! Parking a connection whose credentials are refused, once that is certain.

use std::time::Duration;

use trunnion_kit::error::{Error as SystemError, VendorMessage};
use trunnion_store::{Cleared, Connection, ConnectionStatus, Trouble};

use super::report::{failed, succeeded};
use crate::Engine;
use crate::caller::Actor;
use crate::error::Result;
use crate::links::{Live, make};
use crate::services::audit::{self, Deed};
use crate::services::connections::probe;

/// Beside the probe itself, for the database.
const MARGIN: Duration = Duration::from_secs(30);

/// What became of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parked {
    /// The connection waits for new credentials; nothing is sent there.
    Yes,
    /// The credentials were replaced meanwhile: what was refused were the old ones.
    Replaced,
    /// The same credentials were taken a moment later.
    Disproved,
    /// Another node or task is finding out, or the system did not say.
    Undecided,
}

/// The system refused the credentials of `live`: tries them once more, alone of all nodes, and parks the connection if they
/// are refused again.
pub(crate) async fn park(engine: &Engine, live: &Live, message: &VendorMessage) -> Result<Parked> {
    let Some(row) = engine.store().connection_for_work(live.connection).await? else { return Ok(Parked::Yes) };
    if let Some(known) = known(engine, live, &row).await? {
        return Ok(known);
    }
    if !engine.store().claim_probe(row.id, engine.options().probe.saturating_add(MARGIN)).await? {
        // The link stays as it is, parked: whoever takes it meanwhile sends nothing, and so does not log in once more.
        return Ok(Parked::Undecided);
    }
    // Another one may have finished between the look and the claim.
    let row = engine.store().connection_for_work(row.id).await?.unwrap_or(row);
    let parked = match known(engine, live, &row).await? {
        Some(known) => known,
        None => confirm(engine, &row, message).await?,
    };
    let next = engine.clock().now_micros().saturating_add(micros(engine.options().health.probe_interval));
    engine.store().finish_probe(row.id, next, 0).await?;
    Ok(parked)
}

/// What is known without asking the system.
async fn known(engine: &Engine, live: &Live, row: &Connection) -> Result<Option<Parked>> {
    if matches!(row.status, ConnectionStatus::ReauthorizationRequired | ConnectionStatus::Disconnected) {
        return Ok(Some(Parked::Yes));
    }
    if !live.is_made_from(&engine.store().credentials(row.id).await?) {
        engine.links().forget(row.id).await;
        return Ok(Some(Parked::Replaced));
    }
    Ok(None)
}

/// One more login, whose caller holds the connection's probe.
pub(super) async fn confirm(engine: &Engine, row: &Connection, message: &VendorMessage) -> Result<Parked> {
    let credentials = engine.store().credentials(row.id).await?;
    let again = make(engine, row, &credentials).await?;
    let Err(error) = probe(engine, again.vendor.as_ref(), &again.link).await else {
        engine.links().put(again).await;
        succeeded(engine, row.id, Cleared::Probe).await?;
        return Ok(Parked::Disproved);
    };
    engine.links().forget(row.id).await;
    let SystemError::Authentication(second) = &error else {
        failed(engine, row.id, None, &error).await;
        return Ok(Parked::Undecided);
    };
    // Of the two refusals, the one that says more.
    let first = SystemError::Authentication(message.clone());
    let cause = if second.text.is_empty() { first.cause() } else { error.cause() };
    let text = if second.text.is_empty() { message.text.clone() } else { second.text.clone() };
    let trouble = Trouble {
        cause: cause.code(),
        scope: String::new(),
        status: ConnectionStatus::ReauthorizationRequired,
        offline_after: None,
        message: text.clone(),
        passing: false,
        look_at: None,
    };
    if engine.store().report_trouble(row.id, &trouble).await? {
        tracing::warn!(connection = %row.id, reason = text, "the system no longer accepts the credentials");
        let deed = Deed {
            action: "park_connection".to_owned(),
            target: Some(row.id.to_string()),
            connection: Some(row.id),
            outcome: audit::SUCCEEDED.to_owned(),
            request_id: None,
        };
        audit::note_by(engine, row.application, Actor::System, deed).await;
    }
    Ok(Parked::Yes)
}

pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
