//! Many writes in one call: kept as they came, worked off under a lease, their progress read from their operations.

mod begin;
mod read;
mod types;
mod work;

pub use types::{Bulk, BulkItem, BulkLease, BulkOutcome, NewBulkItem, OpenItem};
