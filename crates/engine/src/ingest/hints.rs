//! What is done with hooks: the object is read again, once for all hooks that wait for it.

use trunnion_kit::error::Error as SystemError;
use trunnion_kit::spec::Inbound;
use trunnion_model::change::Cause;
use trunnion_model::ids::ConnectionId;
use trunnion_receiver::inbox::{Handler, Message, Outcome};

use super::receive::BETWEEN;
use crate::Engine;
use crate::links::park;
use crate::sync::{RefreshError, refresh};

pub(crate) struct Hints {
    engine: Engine,
}

impl Hints {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl Handler for Hints {
    async fn handle(&self, message: &Message) -> Outcome {
        hint(&self.engine, message).await.unwrap_or_else(|trouble| trouble)
    }

    async fn handle_all(&self, messages: &[Message]) -> Option<Outcome> {
        let first = messages.first()?;
        Some(self.handle(first).await)
    }
}

/// `Err` is an outcome as well: the one of a reading that failed.
async fn hint(engine: &Engine, message: &Message) -> Result<Outcome, Outcome> {
    // A hook about nothing that is synced was still acknowledged: its sender would send it for ever.
    let Some((entity, remote_id)) = message.key.split_once(BETWEEN).filter(|_| !message.key.starts_with('\u{1}'))
    else {
        return Ok(Outcome::done());
    };
    let id = ConnectionId::parse(&message.source).ok_or_else(|| dead("its source is no connection"))?;
    let row = engine.store().connection_for_work(id).await.map_err(|error| Outcome::retry(error.to_string()))?;
    // Of one that rests or waits for credentials nothing is read; its next sync finds what changed.
    let Some(row) = row.filter(|row| row.status.may_sync()) else { return Ok(Outcome::done()) };
    let live = engine.links().get(engine, &row).await.map_err(|error| Outcome::retry(error.detail()))?;
    let Some(spec) = live.entity(entity) else { return Ok(Outcome::done()) };
    let found = match declared(engine, &row.system).and_then(|inbound| inbound.by(entity)) {
        None => Ok(Some(remote_id.to_owned())),
        Some(column) => live.vendor.find_by(&live.link, spec, column, remote_id).await,
    };
    let refreshed = match found {
        Ok(Some(remote_id)) => refresh(engine, &live, spec, &[remote_id], Cause::Webhook, None).await,
        // Nothing that is synced, or deleted by now, which the next sync finds.
        Ok(None) => return Ok(Outcome::done()),
        Err(error) => Err(RefreshError::System(error)),
    };
    match refreshed {
        // What cannot be mapped is in quarantine, and the next syncs try it again.
        Ok(done) if done.poison > 0 => Err(dead("the row cannot be mapped: it is in quarantine")),
        Ok(_) => Ok(Outcome::done()),
        Err(RefreshError::Store(error)) => Err(Outcome::retry(error.to_string())),
        Err(RefreshError::System(SystemError::Authentication(message))) => {
            park(engine, &live, &message).await.map_err(|error| Outcome::retry(error.detail()))?;
            Ok(Outcome::done())
        }
        Err(RefreshError::System(error)) => Err(Outcome::retry(error.to_string())),
    }
}

fn declared<'e>(engine: &'e Engine, system: &str) -> Option<&'e Inbound> {
    engine.catalogue().get(system)?.spec.inbound.as_ref()
}

fn dead(reason: &str) -> Outcome {
    Outcome::Dead { reason: reason.to_owned() }
}
