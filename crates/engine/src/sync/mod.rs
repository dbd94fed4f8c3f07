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
//! The *snapshot* strategy pages in the same way through everything, each time.
//!
//! The cursor (window, place, newest change) commits with each page, so a run goes on where it was after a crash, on any
//! node. An incremental run also goes on where a failed one stopped: its window is open at the end, so it loses nothing.
//!
//! # What happens on errors
//!
//! Passing ones: the same run goes on later, with a growing pause. Refused credentials: the connection is parked at once.
//! Others, and rows that cannot be mapped: the run fails and says why; the next one is due at its time.

mod conclude;
mod cursor;
mod pages;
mod slots;
mod worker;

pub(crate) use conclude::pause;
pub(crate) use worker::work;

#[cfg(test)]
mod tests;
