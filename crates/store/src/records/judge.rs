//! What an incoming row means, seen from what is stored: pure, and the same for both databases.

use trunnion_model::catalog::Entity;
use trunnion_model::change::{Cause, Change, Presence, previous};
use trunnion_model::ids::ConnectionId;
use trunnion_model::record::{Incoming, Record};
use trunnion_model::time::{Clock, rfc3339_micros};

use super::{Applied, Reading};
use crate::db::replace_nul;
use crate::{Error, Result};

/// A page on its way into the database: no id twice, sorted by id.
pub(super) struct Page {
    pub(super) connection: ConnectionId,
    pub(super) entity: &'static Entity,
    pub(super) cause: Cause,
    pub(super) now: i64,
    pub(super) clock: Clock,
    pub(super) reading: Reading,
    /// Of a run that verifies: what changed after it is no drift.
    pub(super) settled_before: Option<i64>,
    pub(super) rows: Vec<Prepared>,
}

/// A row with its hashes.
pub(crate) struct Prepared {
    pub(crate) row: Incoming,
    pub(super) hash: [u8; 16],
    pub(super) raw_hash: i64,
}

/// What the probe tells of a stored record.
pub(super) struct Before {
    pub(super) hash: [u8; 16],
    pub(super) raw_hash: i64,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) deleted_at: Option<i64>,
    pub(super) observed_at: i64,
    pub(super) remote_modified_at: Option<i64>,
}

/// The content of a stored record that is about to change.
pub(super) struct Old {
    pub(super) display: String,
    pub(super) natural_key: Option<String>,
    pub(super) remote_url: Option<String>,
    pub(super) remote_created_at: Option<i64>,
    pub(super) data: String,
    /// Only needed of a record that a bare deletion mark comes for.
    pub(super) raw: Option<String>,
}

/// What to do with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Leave,
    Refresh,
    Change(Change),
}

/// A changed record as it is to be stored, and the old values for its event.
pub(super) struct Written {
    /// Without raw, as its event shows it.
    pub(super) record: Record,
    pub(super) raw: String,
    pub(super) natural_key: Option<String>,
    pub(super) hash: [u8; 16],
    pub(super) raw_hash: i64,
    pub(super) change: Change,
    pub(super) cause: Cause,
    pub(super) previous: Option<String>,
}

/// What writing a page did.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) applied: Applied,
    /// By how many records there are more now that are not deleted.
    pub(super) more: i64,
    pub(super) events: i64,
}

impl Prepared {
    fn of(mut row: Incoming) -> Self {
        // In JSON the character is written in another way.
        for text in [&mut row.remote_id, &mut row.display] {
            replace_nul(text);
        }
        for text in [&mut row.natural_key, &mut row.remote_url].into_iter().flatten() {
            replace_nul(text);
        }
        let (hash, raw_hash) = (row.content_hash(), row.raw_hash());
        Self { row, hash, raw_hash }
    }

    /// The row says nothing but that it is gone: what is stored stays for reading.
    pub(super) fn is_bare_deletion(&self) -> bool {
        self.row.deleted && self.row.data == "{}"
    }
}

/// Of rows with the same id the last one, in the order of ids. The order keeps two writers from waiting for each other in a
/// circle, and walks the index from left to right.
pub(super) fn prepare(mut rows: Vec<Incoming>) -> Vec<Prepared> {
    // A row is large and moved once; as numbers, ids are compared in one step.
    rows.sort_by_cached_key(|row| row.id.0.as_u128());
    let mut prepared: Vec<Prepared> = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        if rows.peek().is_none_or(|next| next.id != row.id) {
            prepared.push(Prepared::of(row));
        }
    }
    prepared
}

/// What to do with a row.
///
/// A row that differs is only taken if it is newer than what is stored. Each reading saw the system's state at some instant
/// between question and answer. If this one was asked after the stored one was answered, it saw a later state, whatever the
/// system's clock says. If the two overlapped, the system's own time of change decides, which never goes back for one row;
/// where that is equal or missing, nothing tells, and `Overtaken` asks the caller to read again: a reading that begins now
/// overlaps with none that is stored. So no reading undoes a newer one, be it a poll's, a webhook's or a write's.
pub(super) fn judge(incoming: &Prepared, before: Option<&Before>, reading: Reading) -> Result<Verdict> {
    let Some(before) = before else {
        return Ok(if incoming.row.deleted { Verdict::Leave } else { Verdict::Change(Change::Created) });
    };
    let bare = incoming.is_bare_deletion();
    let overlaps = reading.asked_at < before.observed_at;
    if before.hash == incoming.hash {
        let same = bare || overlaps || before.raw_hash == incoming.raw_hash;
        return Ok(if same { Verdict::Leave } else { Verdict::Refresh });
    }
    if bare && before.deleted_at.is_some() {
        return Ok(Verdict::Leave);
    }
    // A deletion with a time is told by a feed, which repeats itself: a record that was changed later came back since.
    if bare && incoming.row.remote_modified_at.is_some_and(|at| before.remote_modified_at.is_some_and(|seen| at < seen))
    {
        return Ok(Verdict::Leave);
    }
    if overlaps {
        match (incoming.row.remote_modified_at, before.remote_modified_at) {
            (Some(new), Some(old)) if new > old => {}
            (Some(new), Some(old)) if new < old => return Ok(Verdict::Leave),
            _ => return Err(Error::Overtaken),
        }
    }
    let presence = if before.deleted_at.is_some() { Presence::Deleted } else { Presence::There };
    Ok(Verdict::Change(Change::of(Some(presence), incoming.row.deleted)))
}

/// Whether a change of that row should have been known before a verifying run.
pub(super) fn is_drift(incoming: &Prepared, before: Option<&Before>, settled_before: Option<i64>) -> bool {
    let Prepared { row, .. } = incoming;
    settled_before
        .is_some_and(|settled| row.remote_modified_at.max(row.remote_created_at).is_none_or(|at| at < settled))
        && !is_remap(incoming, before)
}

/// Whether a record differs though the system's row is as it was: our mapping is what changed.
fn is_remap(incoming: &Prepared, before: Option<&Before>) -> bool {
    !incoming.row.deleted
        && before.is_some_and(|before| before.deleted_at.is_none() && before.raw_hash == incoming.raw_hash)
}

/// Whether the system itself changed the row, or brought it back.
fn is_newer(row: &Incoming, before: &Before) -> bool {
    before.deleted_at.is_some() || row.remote_modified_at > before.remote_modified_at
}

/// The record after `change`, which came for `cause`.
pub(super) fn written(
    incoming: Prepared,
    before: Option<(&Before, Old)>,
    (change, cause): (Change, Cause),
    now: i64,
) -> Written {
    let known = before.as_ref().map(|(before, _)| *before);
    let cause = match cause.of(change) {
        _ if is_remap(&incoming, known) => Cause::Remap,
        // Where other fields are asked for than before, every row looks different: the system's own time of change tells.
        Cause::Remap if known.is_some_and(|before| is_newer(&incoming.row, before)) => Cause::Full,
        cause => cause,
    };
    let bare = incoming.is_bare_deletion();
    let Prepared { mut row, hash, raw_hash } = incoming;
    let mut old_values = None;
    let (mut version, mut created_at, mut deleted_at) = (1, now, None);
    if let Some((before, old)) = before {
        version = before.version + 1;
        created_at = before.created_at;
        deleted_at = before.deleted_at;
        if change == Change::Updated {
            old_values = Some(previous_values(before, &old, &row));
        }
        if bare {
            row.display = old.display;
            row.natural_key = old.natural_key;
            row.remote_url = old.remote_url;
            row.remote_created_at = old.remote_created_at;
            row.data = old.data;
            row.raw = old.raw.unwrap_or(row.raw);
            row.remote_modified_at = row.remote_modified_at.max(before.remote_modified_at);
        }
    }
    let record = Record {
        id: row.id,
        remote_id: row.remote_id,
        display: row.display,
        remote_url: row.remote_url,
        created_at,
        modified_at: now,
        remote_created_at: row.remote_created_at,
        remote_modified_at: row.remote_modified_at,
        deleted_at: if row.deleted { deleted_at.or(Some(now)) } else { None },
        version,
        data: row.data,
        raw: None,
    };
    let natural_key = row.natural_key;
    Written { record, raw: row.raw, natural_key, hash, raw_hash, change, cause, previous: old_values }
}

/// What differed, with `deleted_at` if the record comes back from being deleted.
fn previous_values(before: &Before, old: &Old, new: &Incoming) -> String {
    let mut values = previous(&old.data, &new.data);
    if let (Some(at), false) = (before.deleted_at, new.deleted) {
        let comma = if values == "{}" { "" } else { "," };
        values.insert_str(1, &format!("\"deleted_at\":\"{}\"{comma}", rfc3339_micros(at)));
    }
    values
}

impl Tally {
    /// Counts what became of a row; `came_back` if it was deleted before and is not now.
    pub(super) fn count(&mut self, verdict: Verdict, came_back: bool, drift: bool) {
        self.applied.drift += u64::from(drift && matches!(verdict, Verdict::Change(_)));
        match verdict {
            Verdict::Leave => self.applied.unchanged += 1,
            Verdict::Refresh => self.applied.refreshed += 1,
            Verdict::Change(change) => {
                self.events += 1;
                match change {
                    Change::Created => {
                        self.applied.created += 1;
                        self.more += 1;
                    }
                    Change::Updated => {
                        self.applied.updated += 1;
                        self.more += i64::from(came_back);
                    }
                    Change::Deleted => {
                        self.applied.deleted += 1;
                        self.more -= 1;
                    }
                }
            }
        }
    }
}

pub(super) fn event_type(entity: &Entity, change: Change) -> String {
    format!("{}.{}", entity.name, change.as_str())
}
