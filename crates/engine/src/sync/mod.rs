//! Bringing a connection's records up to date, entity by entity.
//!
//! # How changes are found, and why none is missed
//!
//! A run by *watermark* has a window that is fixed when it starts: every row created or changed at or after `since`, with no
//! upper end. It pages through the window **by key**, never by time: a row that is changed while the run pages keeps its
//! key and so its place. If its place is still ahead, the run sees the new state. If it is behind, the change happened
//! after the run started and belongs to the next one, because the next watermark is never later than that start:
//!
//! > next watermark = min(newest change seen, the system's clock when the run started), never before the last one;
//! > next `since` = watermark − overlap
//!
//! Rows with equal timestamps, and clocks that are cut to seconds or days, cannot fall between two pages, because pages
//! are not cut by time. The overlap (from the declaration) covers changes that were stamped before they were committed.
//! Rows that come again unchanged are compared and write nothing. A run that saw nothing keeps its watermark.
//!
//! *Inserted* is the same over the time of creation, for documents that never change.
//!
//! A *keyset* asks for rows with greater keys than the greatest that was known an overlap before the last run began. Keys are given out before
//! their rows are committed, so a smaller key may appear after a greater one; the overlap covers that, as it does for time.
//!
//! A *snapshot* pages by key through everything, each time. *Delta* asks with the token that the system gave; token, rows
//! and deletions are stored together, so no answer is lost or skipped.
//!
//! The cursor (window, place, newest change) commits with each page, so a run goes on where it was after a crash, on any
//! node. An incremental run also goes on where a failed one stopped: its window is open at the end, so it loses nothing;
//! after that it begins its own, so that whoever asked for it gets what changed since.
//!
//! # How deletions are found
//!
//! By a mark in the row (the mapping knows it); by the system's list of deletions (`feed.rs`); or because a complete listing
//! did not show them: a snapshot, a full or verifying run without a window, or all keys (`keys.rs`). A listing has a
//! generation. From its begin on, *every* commit marks the records that it saw, whether they changed or not, in its own
//! transaction. So a record without that mark was seen by nobody since, be it a page of the listing, a write of ours or a
//! webhook, whatever crashed in between, and nothing is held in memory. `settle.rs` decides whether that is to be believed.
//! A record that comes back after it was deleted is updated, with `deleted_at` in `previous`.
//!
//! # Whose word counts
//!
//! Each reading has an interval, from question to answer, and the store keeps the end of the one that a record's content is
//! from. `store/records/judge.rs` has the rule by which no reading undoes a newer one, and its proof.
//!
//! # What happens on errors
//!
//! Passing ones: the same run goes on later, with a growing pause. Refused credentials: the connection is parked at once.
//! Rows that cannot be mapped: they are set aside, and tried again by the next runs, unless it is all of a page. Others: the
//! run fails and says why; the next one is due at its time.

mod conclude;
mod cursor;
mod custom;
mod delta;
mod feed;
mod job;
mod keys;
mod mapped;
mod pages;
mod parts;
mod refresh;
mod run;
mod settle;
mod slots;
mod watching;
mod worker;

pub(crate) use conclude::pause;
pub(crate) use refresh::{RefreshError, refresh, refresh_now};
pub(crate) use worker::work;

#[cfg(test)]
mod tests;
