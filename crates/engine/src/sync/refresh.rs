//! Bringing single records up to date: after a write, for a webhook, for a reader who wants to know it now, and where a
//! listing and the store disagree.

use trunnion_kit::error::Error as SystemError;
use trunnion_kit::spec::EntitySpec;
use trunnion_model::catalog::Entity;
use trunnion_model::change::Cause;
use trunnion_model::ids::RecordScope;
use trunnion_model::record::Incoming;
use trunnion_store::{Commit, Error as StoreError, PageProgress, Poison, Reading};

use super::mapped::poisoned;
use super::watching::Watching;
use crate::Engine;
use crate::caller::Scope;
use crate::error::{ServiceError, from_system};
use crate::links::{Live, park};

/// So often a record is read again because another reading overlapped with ours.
const READINGS: u32 = 5;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refreshed {
    /// There in the system, and stored as they are there.
    pub(crate) found: u64,
    /// Not there.
    pub(crate) gone: u64,
    /// There, but not to be mapped: set aside.
    pub(crate) poison: u64,
}

/// Why a record could not be refreshed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshError {
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads each of the records and stores what it is now; a record that is not there any more is deleted. `progress` counts it for
/// a run.
pub(crate) async fn refresh(
    engine: &Engine,
    live: &Live,
    spec: &EntitySpec,
    remote_ids: &[String],
    cause: Cause,
    progress: Option<&PageProgress>,
) -> Result<Refreshed, RefreshError> {
    let mut done = Refreshed::default();
    if remote_ids.is_empty() {
        return Ok(done);
    }
    let watching = Watching::strict(engine, live.connection, spec).await?;
    for remote_id in remote_ids {
        match one((engine, live, spec), remote_id, cause, progress, watching.as_ref()).await? {
            Seen::There => done.found += 1,
            Seen::Gone => done.gone += 1,
            Seen::Poison => done.poison += 1,
        }
    }
    Ok(done)
}

/// As [`refresh`], of one record for a caller, whose connection is parked if the system refuses its credentials.
pub(crate) async fn refresh_now(
    engine: &Engine,
    scope: &Scope,
    entity: &'static Entity,
    remote_id: &str,
    cause: Cause,
) -> Result<Refreshed, ServiceError> {
    let live = engine.links().get(engine, scope.row()).await?;
    let spec = live.entity(entity.name).ok_or_else(|| ServiceError::UnsupportedOperation {
        message: format!("The connector does not offer {}.", entity.name),
    })?;
    match refresh(engine, &live, spec, &[remote_id.to_owned()], cause, None).await {
        Ok(done) => Ok(done),
        Err(RefreshError::Store(error)) => Err(error.into()),
        Err(RefreshError::System(error)) => {
            if let SystemError::Authentication(message) = &error {
                park(engine, &live, message).await?;
            }
            Err(from_system(&error))
        }
    }
}

enum Seen {
    There,
    Gone,
    Poison,
}

async fn one(
    (engine, live, spec): (&Engine, &Live, &EntitySpec),
    remote_id: &str,
    cause: Cause,
    progress: Option<&PageProgress>,
    watching: Option<&Watching>,
) -> Result<Seen, RefreshError> {
    let mut overtaken = StoreError::Overtaken;
    for _ in 0..READINGS {
        let asked_at = engine.clock().now_micros();
        let (row, poison, unmapped) = read(live, spec, remote_id, watching).await?;
        if let Some(watching) = watching {
            watching.note(engine, live.connection, spec).await?;
        } else if !unmapped.is_empty() {
            // A sync that sees the row as it is stored makes no record of it, and would not hear of them.
            let watching = Watching::begin(engine, live.connection, spec).await?;
            watching.watch().hear(remote_id, unmapped);
            watching.note(engine, live.connection, spec).await?;
        }
        let reading = Reading { asked_at, answered_at: engine.clock().now_micros() };
        let seen = match (&row, &poison) {
            (_, Some(_)) => Seen::Poison,
            (Some(_), None) => Seen::There,
            (None, None) => Seen::Gone,
        };
        let gone =
            || Incoming::gone(RecordScope::new(live.connection, spec.entity).id(remote_id), remote_id.to_owned());
        let rows = if poison.is_some() { Vec::new() } else { vec![row.unwrap_or_else(gone)] };
        let commit = Commit {
            progress: progress.cloned(),
            reading: Some(reading),
            poison: poison.into_iter().collect(),
            mapping: live.mapping(spec),
            ..Commit::new(live.connection, spec.entity, rows, cause)
        };
        match engine.store().apply(commit).await {
            Ok(_) => return Ok(seen),
            Err(error @ StoreError::Overtaken) => overtaken = error,
            Err(error) => return Err(error.into()),
        }
    }
    Err(overtaken.into())
}

/// The row as the system has it now, mapped; or why it cannot be. Without a watch also the words that have none of ours.
async fn read(
    live: &Live,
    spec: &EntitySpec,
    remote_id: &str,
    watching: Option<&Watching>,
) -> Result<(Option<Incoming>, Option<Poison>, Vec<(String, String)>), SystemError> {
    let mut unmapped = Vec::new();
    let page = match live.vendor.one(&live.link, spec, remote_id).await {
        Ok(page) => page,
        Err(SystemError::NotFound(_)) => return Ok((None, None, unmapped)),
        Err(error) => return Err(error),
    };
    let mut rows = page.rows()?;
    let Some(row) = rows.first_mut() else { return Ok((None, None, unmapped)) };
    let mapper = live.mapper(spec);
    let mapped = match watching {
        Some(watching) => watching.watch().read(&mapper, row),
        None => mapper.read_noting(row, &mut unmapped),
    };
    Ok(match mapped {
        Ok(incoming) => (Some(incoming), None, unmapped),
        Err(error) => (None, Some(poisoned(error)), unmapped),
    })
}
