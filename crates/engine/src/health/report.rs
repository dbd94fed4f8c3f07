//! What an error or a success says about its connection.

use trunnion_kit::error::{Cause, Error as SystemError};
use trunnion_model::ids::ConnectionId;
use trunnion_store::{Cleared, ConnectionStatus, Error as StoreError, Trouble};

use crate::Engine;

/// So many failures make an outage: one may be a hiccup.
const OUTAGE: i64 = 3;

/// A call about `entity`, or about the connection as a whole, failed. Refused credentials are not for here: see
/// [`park`](super::park).
pub(crate) async fn failed(engine: &Engine, id: ConnectionId, entity: Option<&str>, error: &SystemError) {
    let soon = engine.options().health.first;
    let micros = i64::try_from(soon.as_micros()).unwrap_or(i64::MAX);
    let look_at = entity.is_some().then(|| engine.clock().now_micros().saturating_add(micros));
    report(engine, id, &diagnose(error, entity, look_at)).await;
}

/// A record of `entity` does not fit the declaration.
pub(crate) async fn cannot_read(engine: &Engine, id: ConnectionId, entity: &str, message: &str) {
    let trouble = Trouble {
        cause: "UNMAPPABLE_RECORD",
        scope: entity.to_owned(),
        status: ConnectionStatus::Degraded,
        offline_after: None,
        message: message.to_owned(),
        passing: false,
        look_at: None,
    };
    report(engine, id, &trouble).await;
}

/// A call was answered well.
pub(crate) async fn succeeded(engine: &Engine, id: ConnectionId, cleared: Cleared<'_>) -> Result<(), StoreError> {
    if engine.store().report_success(id, cleared).await? {
        tracing::info!(connection = %id, "the connection's status changed after a success");
    }
    Ok(())
}

async fn report(engine: &Engine, id: ConnectionId, trouble: &Trouble) {
    match engine.store().report_trouble(id, trouble).await {
        Ok(true) => tracing::warn!(connection = %id, cause = trouble.cause, message = trouble.message, "trouble"),
        Ok(false) => {}
        Err(error) => tracing::warn!(connection = %id, %error, "a connection's trouble was not written down"),
    }
}

fn diagnose(error: &SystemError, entity: Option<&str>, look_at: Option<i64>) -> Trouble {
    let cause = error.cause();
    let offline_after = match cause {
        Cause::CertificateNotTrusted | Cause::AddressNotAllowed => Some(1),
        Cause::Outage | Cause::NotThatProduct | Cause::AddressBlocked => Some(OUTAGE),
        _ => None,
    };
    // What keeps every call from being answered is no entity's own.
    let of_all = offline_after.is_some() || cause == Cause::Throttled;
    Trouble {
        cause: cause.code(),
        scope: entity.filter(|_| !of_all).unwrap_or_default().to_owned(),
        status: ConnectionStatus::Degraded,
        offline_after,
        message: error.to_string(),
        passing: of_all,
        look_at: look_at.filter(|_| of_all),
    }
}
