//! The durable inbox: a message is stored before it is acknowledged, and processed after.
//!
//! What holds: [`Inbox::put`] returns `Stored` only after a commit that the disk has; the same `(source, dedupe)` is stored
//! once, on all nodes together; messages of one key are processed one after the other in their order, and another key is
//! never waited for; a message is in work under a lease, so that a node may die at any instruction; what a handler writes
//! by [`Effect`]s commits with the mark that it is done, so it takes place exactly once.

mod claim;
mod db;
mod error;
mod finish;
mod gather;
mod ingest;
mod inspect;
mod metrics;
mod open;
mod pull;
mod refused;
mod sequence;
mod trouble;
mod types;
mod work;

pub use db::Value;
pub use error::{Error, Result};
pub use finish::Effect;
pub use inspect::{Filter, Stored};
pub(crate) use metrics::Count;
pub use metrics::SourceMetrics;
pub use open::{Inbox, Options, Time};
pub use pull::Pulled;
pub use refused::Refused;
pub use sequence::{CatchUp, Caught, LogEvent, NoCatchUp};
pub use trouble::Troubled;
pub use types::{Batch, Message, New, Outcome, Put, State};
pub use work::{Handler, Workers};
