//! The unified model: what Trunnion's records, changes and ids are.
//!
//! Pure: no input or output, no async, no SQL, no HTTP, no vendor. Everything else in the house is built on this crate,
//! and this crate is built on nobody.

pub mod catalog;
pub mod change;
pub mod decimal;
pub mod drift;
pub mod events;
pub mod ids;
pub mod record;
pub mod schedule;
pub mod schema;
pub mod time;
pub mod token;
