//! Hooks that systems send us: received durably, then taken as hints.
//!
//! A hook names objects; what they are now is read from the system and goes the way of every sync. So copies, hooks out of
//! order and lies change nothing, and many hooks about one object cost one reading.

mod hints;
mod receive;

pub(crate) use hints::Hints;
pub use receive::{Reply, receive};
pub(crate) use receive::{name, source};
