//! Rows that cannot be mapped, set aside so that the others go on.

mod note;
mod read;

pub(crate) use note::{let_go, note};
pub use read::Quarantined;
