//! What goes into the store with a page of records, and how records are asked for.

use std::time::Duration;

use trunnion_model::catalog::Entity;
use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::{Incoming, Record};

use super::{FieldFilters, Known, Mapping};
use crate::operations::{Operation, OperationOutcome};
use crate::sync::Lease;

/// Records that belong together, and what must commit with them.
#[derive(Debug)]
pub struct Commit {
    pub connection: ConnectionId,
    pub entity: &'static Entity,
    /// In the system's order: of rows with the same id the last one counts.
    pub rows: Vec<Incoming>,
    pub cause: Cause,
    /// Of a sync's page: its lease and how far the sync got.
    pub progress: Option<PageProgress>,
    /// Of a write of our own: how it ended.
    pub outcome: Option<OperationOutcome>,
    /// When the rows were read; `None` for rows that are surely newer than what is stored.
    pub reading: Option<Reading>,
    /// By which mapping the rows were read, if that is known.
    pub mapping: Option<Mapping>,
    /// Rows of the page that [`Store::differing`](crate::Store::differing) did not find to differ.
    pub known: Vec<Known>,
    /// Records that are there in the system although their content is not in `rows`.
    pub listed: Vec<RecordId>,
    /// Rows that could not be mapped.
    pub poison: Vec<Poison>,
}

impl Commit {
    /// Only rows; what else belongs to it is set on what this gives.
    pub fn new(connection: ConnectionId, entity: &'static Entity, rows: Vec<Incoming>, cause: Cause) -> Self {
        Self {
            connection,
            entity,
            rows,
            cause,
            progress: None,
            outcome: None,
            reading: None,
            mapping: None,
            known: Vec::new(),
            listed: Vec::new(),
            poison: Vec::new(),
        }
    }
}

/// Between which instants, by our clock, the system answered with the rows: their content was its state at one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub asked_at: i64,
    pub answered_at: i64,
}

/// A row that cannot be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    pub remote_id: String,
    /// The row as the system sent it.
    pub raw: String,
    pub field: String,
    pub problem: String,
}

/// How far a sync got with a page.
#[derive(Clone, Debug)]
pub struct PageProgress {
    pub lease: Lease,
    /// The lease is good for that long again from this commit on.
    pub lease_for: Duration,
    /// `None` leaves the cursor where it is, and counts no page.
    pub cursor: Option<String>,
    /// The instant up to which the data is complete, for people; `None` leaves it.
    pub cursor_at: Option<i64>,
    /// Whether the first sync is over; `None` leaves it.
    pub initial_done: Option<bool>,
    /// How many rows the system says there are in this run.
    pub total_known: Option<i64>,
    /// Of a run that verifies: a row that was last changed before this instant should not differ.
    pub settled_before: Option<i64>,
}

/// What a commit did, in records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    /// Nothing written: the same as stored, or the deletion of a record that never was.
    pub unchanged: u64,
    /// Only the raw form was new: refreshed without a version or an event.
    pub refreshed: u64,
    /// Of those that changed: the ones that should have been known already.
    pub drift: u64,
    /// The operation, settled, if the commit had an outcome.
    pub operation: Option<Operation>,
}

/// In which order records are listed. Each goes on exactly where it was, whatever is inserted or deleted meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// In an order of the database's own, which does not change: the cheapest.
    #[default]
    Steady,
    ModifiedAsc,
    ModifiedDesc,
}

/// The place of a record in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub modified_at: i64,
    pub id: RecordId,
}

/// Which records to list. Instants are microseconds; `after` bounds are exclusive, `before` bounds too.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    pub sort: Sort,
    /// The last one of the page before, in the same order.
    pub after: Option<Position>,
    /// At most 1000.
    pub limit: usize,
    pub modified_after: Option<i64>,
    pub modified_before: Option<i64>,
    pub created_after: Option<i64>,
    pub created_before: Option<i64>,
    pub fields: FieldFilters,
    pub include_deleted: bool,
    pub include_raw: bool,
}

/// A record that goes by a natural key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaturalMatch {
    pub key: String,
    pub id: RecordId,
    pub remote_id: String,
}

impl Position {
    pub fn of(record: &Record) -> Self {
        Self { modified_at: record.modified_at, id: record.id }
    }
}
