//! Making records of the rows of a page.
//!
//! A run that reads again what it has read before mostly meets rows that are stored already. Of these it only finds out that
//! they are, by their hash, in batches: making the same record of the same row once more was a third of what such a run cost.

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::json::Node;
use trunnion_kit::mapping::{Glance, MapError, Mapper};
use trunnion_kit::shape::Watch;
use trunnion_kit::vendor::Page;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::Incoming;
use trunnion_store::{Error as StoreError, Known, Mapping, Poison, Reading, Store};

use super::job::{Halt, Job, Stored};
use crate::error::ServiceError;

/// A page of at least so many rows of which not one can be mapped is no matter of single rows.
const ALL_POISON: usize = 20;

/// So many bytes of rows, and so many rows, are in memory as trees while it is found out which of them are stored. A tree
/// takes several times what its text does.
const GLANCED_BYTES: usize = 250_000;
const GLANCED: usize = 500;

/// What one page gave.
#[derive(Default)]
pub(super) struct Mapped {
    rows: Vec<Incoming>,
    known: Vec<Known>,
    poison: Vec<Poison>,
    pub(super) told: Told,
    /// The newest change of a row, by the system's account.
    pub(super) newest: Option<i64>,
}

/// What is known of a page before its rows are read.
#[derive(Clone, Default)]
pub(super) struct Told {
    pub(super) last_key: Option<String>,
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// Who knows which rows are stored as they are.
struct Memory {
    store: Store,
    connection: ConnectionId,
    entity: &'static Entity,
    mapping: Mapping,
}

/// Maps a page on a thread for such work: a thousand orders with their lines take tens of milliseconds. Tells the last key
/// as soon as the rows are found, so that the next page can be asked for.
pub(super) async fn map(job: &Job<'_>, page: Page, tell: oneshot::Sender<Told>) -> Result<Mapped, Halt> {
    let (mapper, watching, memory, entity) = (job.mapper.clone(), job.watching.clone(), memory(job), job.claim.entity);
    let work = tokio::task::spawn_blocking(move || {
        let found = page.split()?;
        let last = found.last()?;
        let last_key = last.as_ref().and_then(|row| mapper.key(row));
        // Nobody waits for the key if the run was dropped meanwhile.
        let told = Told { last_key, rows: found.len(), bytes: page.bytes() };
        let _heard = tell.send(told.clone());
        if let (Some(_), None) = (&last, &told.last_key) {
            // Without its key nobody can ask for what comes behind it.
            return Err(Halt::System(SystemError::Unexpected("the last row of a page has no key".to_owned())));
        }
        let mut mapped = Mapped { told, ..Mapped::default() };
        let mut watch = watching.watch();
        match memory.filter(|_| !watch.is_strict()) {
            None => found.each(|mut row| {
                mapped.take(watch.read(&mapper, &mut row));
                Ok::<_, Halt>(())
            })?,
            Some(memory) => {
                let Told { rows, bytes, .. } = mapped.told;
                let batch = as_many_as_weigh(GLANCED_BYTES, (rows, bytes), GLANCED);
                let mut glanced = Vec::with_capacity(batch);
                found.each(|mut row| {
                    match watch.glance(&mapper, &mut row) {
                        Ok(glance) => glanced.push((row, glance)),
                        Err(error) => mapped.poison.push(poisoned(error)),
                    }
                    if glanced.len() == batch {
                        mapped.recall(&memory, (&mapper, &mut watch), &mut glanced)?;
                    }
                    Ok::<_, Halt>(())
                })?;
                mapped.recall(&memory, (&mapper, &mut watch), &mut glanced)?;
            }
        }
        mapped.checked(entity)
    });
    match work.await {
        Ok(mapped) => mapped,
        Err(error) => Err(Halt::Here(ServiceError::internal(&format!("mapping a page: {error}")))),
    }
}

/// `None` if all rows are to be read: those that are mostly new, as nothing is gained, and all of a run that compares.
fn memory(job: &Job<'_>) -> Option<Memory> {
    let mapping = job.mapping.filter(|_| job.expects_known())?;
    let (store, connection) = (job.engine.store().clone(), job.claim.plan.connection);
    Some(Memory { store, connection, entity: job.claim.entity, mapping })
}

impl Mapped {
    /// Rows that the page had.
    pub(super) fn seen(&self) -> u64 {
        (self.rows.len() + self.known.len() + self.poison.len()) as u64
    }

    /// Adds what the system says is gone.
    pub(super) fn with_gone(mut self, gone: impl Iterator<Item = Incoming>) -> Self {
        self.rows.extend(gone);
        self
    }

    pub(super) fn stored(self, reading: Reading) -> Stored {
        let Self { rows, known, poison, .. } = self;
        Stored { rows, known, poison, reading: Some(reading), ..Stored::default() }
    }

    fn take(&mut self, read: Result<Incoming, MapError>) {
        match read {
            Ok(incoming) => {
                self.newest = self.newest.max(incoming.remote_modified_at.max(incoming.remote_created_at));
                self.rows.push(incoming);
            }
            Err(error) => self.poison.push(poisoned(error)),
        }
    }

    /// Makes records of those of the rows that are not known.
    fn recall(
        &mut self,
        memory: &Memory,
        (mapper, watch): (&Mapper, &mut Watch),
        glanced: &mut Vec<(Node<'_>, Glance)>,
    ) -> Result<(), StoreError> {
        if glanced.is_empty() {
            return Ok(());
        }
        let Memory { store, connection, entity, mapping } = memory;
        let asked: Vec<(RecordId, i64)> = glanced.iter().map(|(_, glance)| (glance.id, glance.raw_hash)).collect();
        let mut differing = Handle::current().block_on(store.differing(*connection, entity, *mapping, &asked))?;
        // Of the rows of one record the last one counts, also if it is the one that is stored.
        differing.extend(self.rows.iter().map(|row| row.id));
        for (mut row, glance) in glanced.drain(..) {
            if differing.contains(&glance.id) {
                self.take(watch.read_glanced(mapper, &mut row, glance));
            } else {
                self.newest = self.newest.max(glance.changed_at);
                self.known.push(Known { id: glance.id, remote_id: glance.remote_id });
            }
        }
        Ok(())
    }

    fn checked(mut self, entity: &Entity) -> Result<Self, Halt> {
        let is_all = self.rows.is_empty() && self.known.is_empty() && self.poison.len() >= ALL_POISON;
        match self.poison.pop_if(|_| is_all) {
            Some(Poison { remote_id, raw, field, problem }) => {
                Err(Halt::Row(MapError { entity: entity.name, remote_id, field, problem, raw }))
            }
            None => Ok(self),
        }
    }
}

/// How many of rows of which so many have so many bytes weigh `weight` together; at least one.
pub(super) fn as_many_as_weigh(weight: usize, (rows, bytes): (usize, usize), most: usize) -> usize {
    rows.saturating_mul(weight).checked_div(bytes).unwrap_or(most).clamp(1, most)
}

pub(super) fn poisoned(error: MapError) -> Poison {
    let MapError { remote_id, raw, field, problem, .. } = error;
    Poison { remote_id, raw, field, problem }
}
