//! What is done with hooks: the object is read again, once for all hooks that wait for it.

use trunnion_kit::error::Error as SystemError;
use trunnion_model::change::Cause;
use trunnion_model::ids::ConnectionId;
use trunnion_receiver::inbox::{Handler, Message, Outcome};
use trunnion_store::{Commit, Error as StoreError};

use super::receive::BETWEEN;
use crate::Engine;
use crate::links::{Live, park};

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
    match refresh(engine, &live, entity, remote_id).await {
        Ok(()) => Ok(Outcome::done()),
        Err(Trouble::Store(error)) => Err(Outcome::retry(error.to_string())),
        Err(Trouble::Row(reason)) => Err(dead(&reason)),
        Err(Trouble::System(SystemError::Authentication(message))) => {
            park(engine, &live, &message).await.map_err(|error| Outcome::retry(error.detail()))?;
            Ok(Outcome::done())
        }
        Err(Trouble::System(SystemError::NotFound(_))) => Ok(Outcome::done()),
        Err(Trouble::System(error)) => Err(Outcome::retry(error.to_string())),
    }
}

fn dead(reason: &str) -> Outcome {
    Outcome::Dead { reason: reason.to_owned() }
}

enum Trouble {
    System(SystemError),
    Store(StoreError),
    /// The row is there and cannot be mapped.
    Row(String),
}

/// Reads the record and stores what it is now. One that is not there is left to the next sync.
async fn refresh(engine: &Engine, live: &Live, entity: &str, remote_id: &str) -> Result<(), Trouble> {
    let Some(spec) = live.entity(entity) else { return Ok(()) };
    let page = live.vendor.one(&live.link, spec, remote_id).await.map_err(Trouble::System)?;
    let mut rows = page.rows().map_err(Trouble::System)?;
    let Some(row) = rows.first_mut() else { return Ok(()) };
    let incoming = live.mapper(spec).read(row).map_err(|error| Trouble::Row(error.to_string()))?;
    let commit = Commit {
        connection: live.connection,
        entity: spec.entity,
        rows: vec![incoming],
        cause: Cause::Webhook,
        progress: None,
        outcome: None,
    };
    engine.store().apply(commit).await.map(|_applied| ()).map_err(Trouble::Store)
}
