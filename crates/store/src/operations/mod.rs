//! Writes to systems: begun once per idempotency key, settled once.

mod begin;
mod change;
mod evidence;
mod rows;
mod settle;
mod types;

pub use evidence::WriteEvidence;
pub(crate) use settle::{lock_lease, settle};
pub use types::{Begun, NewOperation, Operation, OperationLease, OperationOutcome, OperationState, OutcomeBody};
