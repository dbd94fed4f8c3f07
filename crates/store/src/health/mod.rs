//! How connections do: what is wrong with them (incidents), when they are looked at next (probes), and how their calls went.

mod incidents;
mod probes;
mod read;
mod tallies;
mod types;

pub(crate) use incidents::resolve_all;
pub(crate) use probes::{begin, wake};
pub use types::{CallHour, Cleared, DueProbe, Incident, ProbeState, Tally, Trouble};
