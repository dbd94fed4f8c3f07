//! Looking after connections: noticing trouble, telling its causes apart, and coming back by itself where nobody is needed.
//!
//! Trouble is found by syncs, by writes and by probes, and becomes an *incident*: one per cause and scope, with a beginning
//! and an end. The open incidents make the connection's status.
//!
//! * Refused credentials: [`confirm`] makes one more login with the stored ones. If that is refused too, the connection is
//!   parked and nothing is sent there until somebody gives new ones, because systems lock accounts that keep knocking.
//! * A system that does not answer is `degraded`, then `offline`. Then only [`watch`]'s probes are sent, with growing pauses;
//!   the first that succeeds brings the connection back. Nobody is asked to log in again for an outage.

mod confirm;
mod report;
mod tally;
mod watch;

pub(crate) use confirm::{Parked, park};
pub(crate) use report::{cannot_read, failed, succeeded};
pub(crate) use tally::Tallies;
pub(crate) use watch::watch;
