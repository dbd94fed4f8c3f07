//! What the steps of a run share: whom it is for, how a page is stored, and how it can end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::mapping::{MapError, Mapper};
use trunnion_kit::spec::{EntitySpec, Strategy};
use trunnion_model::change::Cause;
use trunnion_model::ids::RecordId;
use trunnion_model::record::Incoming;
use trunnion_store::{
    Applied, Claim, Commit, Error as StoreError, Known, Mapping, PageProgress, Poison, Reading, RunCause, RunMode,
};

use super::cursor::Cursor;
use super::parts;
use super::watching::Watching;
use crate::Engine;
use crate::error::ServiceError;
use crate::links::Live;

/// Beyond this the system is going round in circles.
pub(super) const MOST_PAGES: i64 = 10_000_000;

/// Where nothing is new, a part may be so many times as large: it writes next to nothing.
const LARGER: usize = 4;

/// A run at work.
pub(super) struct Job<'a> {
    pub(super) engine: &'a Engine,
    pub(super) claim: &'a Claim,
    pub(super) live: &'a Live,
    pub(super) spec: &'a EntitySpec,
    pub(super) mapper: Arc<Mapper>,
    pub(super) mapping: Option<Mapping>,
    pub(super) watching: Watching,
    pub(super) stopping: &'a watch::Receiver<bool>,
    /// The part that was stored last had nothing new.
    pub(super) nothing_new: AtomicBool,
    /// Most rows of that part were stored already.
    pub(super) mostly_known: AtomicBool,
}

/// Why a run cannot go on.
pub(super) enum Halt {
    System(SystemError),
    Row(MapError),
    Store(StoreError),
    /// Something here: no connector, unreadable credentials.
    Here(ServiceError),
}

/// How a step came to its end, or to a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Over,
    /// The node stops; everything fetched is stored.
    Stopped,
}

/// What of a page goes into the store.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) rows: Vec<Incoming>,
    pub(super) known: Vec<Known>,
    pub(super) poison: Vec<Poison>,
    pub(super) listed: Vec<RecordId>,
    pub(super) reading: Option<Reading>,
}

impl From<SystemError> for Halt {
    fn from(error: SystemError) -> Self {
        Self::System(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Job<'_> {
    pub(super) fn now(&self) -> i64 {
        self.engine.clock().now_micros()
    }

    pub(super) fn must_stop(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Whether to find out which rows of the next page are stored before records are made of them: it mostly pays where a run
    /// reads again what was read before. A run that verifies believes nothing.
    pub(super) fn expects_known(&self) -> bool {
        let mode = self.claim.run.mode;
        let again =
            mode == RunMode::Full || mode == RunMode::Incremental && self.spec.sync.strategy == Strategy::Snapshot;
        again && self.claim.plan.records > 0 && self.mostly_known.load(Ordering::Relaxed)
    }

    /// Why records change in this run.
    pub(super) fn cause(&self) -> Cause {
        match self.claim.run.mode {
            RunMode::Full if self.claim.run.cause == RunCause::Remap => Cause::Remap,
            RunMode::Full => Cause::Full,
            RunMode::Verify => Cause::Verify,
            RunMode::Incremental if self.claim.plan.initial_done => Cause::Incremental,
            RunMode::Incremental => Cause::Initial,
        }
    }

    pub(super) fn progress(&self, cursor: Option<&Cursor>) -> PageProgress {
        let verifies = self.claim.run.mode == RunMode::Verify;
        PageProgress {
            lease: self.claim.lease.clone(),
            lease_for: self.engine.options().lease,
            cursor: cursor.map(Cursor::text),
            cursor_at: None,
            initial_done: None,
            total_known: None,
            settled_before: cursor.and_then(|cursor| cursor.run.as_ref()?.settled_before).filter(|_| verifies),
        }
    }

    /// Stores a page, and the cursor behind it with its last part. A crash between two parts costs reading the page again.
    pub(super) async fn store(&self, cursor: &Cursor, page: Stored) -> Result<(), StoreError> {
        self.watching.note(self.engine, self.claim.plan.connection, self.spec).await?;
        let usual = self.engine.options().commit_bytes;
        let mut rest = parts::Rows::new(page.rows);
        loop {
            let most = if self.nothing_new.load(Ordering::Relaxed) { usual.saturating_mul(LARGER) } else { usual };
            let part = rest.next(self.engine.courtesy().give_way(most).await);
            if rest.is_empty() {
                let commit = Commit {
                    progress: Some(self.progress(Some(cursor))),
                    reading: page.reading,
                    known: page.known,
                    listed: page.listed,
                    poison: page.poison,
                    ..self.commit(part)
                };
                return self.apply(commit).await;
            }
            let progress = PageProgress { cursor: None, ..self.progress(Some(cursor)) };
            let commit = Commit { progress: Some(progress), reading: page.reading, ..self.commit(part) };
            self.apply(commit).await?;
        }
    }

    async fn apply(&self, commit: Commit) -> Result<(), StoreError> {
        let rows = (commit.rows.len() + commit.known.len()) as u64;
        let Applied { created, updated, deleted, refreshed, .. } = self.engine.store().apply(commit).await?;
        let new = created + updated + deleted + refreshed;
        self.nothing_new.store(new == 0, Ordering::Relaxed);
        self.mostly_known.store(new <= rows / 4, Ordering::Relaxed);
        Ok(())
    }

    fn commit(&self, rows: Vec<Incoming>) -> Commit {
        let commit = Commit::new(self.claim.plan.connection, self.claim.entity, rows, self.cause());
        Commit { mapping: self.mapping, ..commit }
    }
}
