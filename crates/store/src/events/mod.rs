//! The event log: what changed, numbered per connection without holes.

mod append;
mod read;
mod types;

pub(crate) use append::append;
pub use types::{Event, EventPage, NewEvent};
