//! The event log: what changed, numbered per connection without holes; and one order over all connections of an application.

mod append;
mod forget;
mod history;
mod order;
mod own;
mod read;
mod types;

pub(crate) use append::append;
pub(crate) use own::{append_own, is_own};
pub use types::{Event, EventPage, LogPage, NewEvent};
