//! Writing to a system: checked before anything is sent, sent once, read back, and stored by the same way as a sync's rows.
//!
//! # Exactly one effect
//!
//! 1. The body is resolved and mapped; all problems are told at once, and the idempotency key is still free.
//! 2. The operation is written down under its key. Of many calls with one key one goes on; the others wait for its outcome.
//! 3. It is marked as sending and sent, with a write key in a field of the record that the system keeps: random digits of
//!    the operation's id. Where a search can tell afterwards, 2 and 3 are one commit: what was never sent is not found.
//! 4. If no answer comes, the system is **searched** for the write key, after a pause. Found: it took effect. Not found: it
//!    is sent once more. The search fails: the outcome is unknown, and nobody sends anything until a search has succeeded.
//! 5. The record is read back, and stored together with the operation's outcome.
//!
//! A node that dies in the middle leaves the operation under a lease that runs out; another node takes it up, and searches
//! before it sends, unless it was never marked as sending.
//!
//! A **change** of a record that is there is never sent blindly either: the record is read, what it does not say yet is sent, and
//! it is read again (`carry.rs`). After a lost answer that reading is the search. One operation at a time writes a record, on
//! all nodes; the journal of its steps lies with the operation, as far as the record does not show them by itself.
//!
//! A failure is an outcome too and is replayed to the same key, as users of payment APIs expect: whoever wants another try
//! sends another key.

mod answer;
mod asked;
mod begin;
mod blame;
mod body;
mod bulk;
mod carry;
mod change;
mod create;
mod diff;
mod dry;
mod key;
mod look;
mod perform;
mod post;
mod receive;
mod recover;
mod resolve;
mod route;

pub use begin::Answer;
pub(crate) use begin::{Ask, may_write};
pub(crate) use bulk::work_off;
pub(crate) use change::{Deed, change};
pub(crate) use create::{LONGEST_KEY, create};
pub(crate) use post::{lacking, post};
pub(crate) use receive::receive;
pub(crate) use recover::recover;
