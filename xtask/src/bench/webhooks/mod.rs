//! `cargo xtask bench webhooks`: how fast events are sent, at what cost, and how soon after their commit they arrive.
//!
//! Events come from commits in the sending process, as a sync makes them; there is no API call per event, so what is
//! compared with other senders leaves that out. A receiver in a process of its own verifies every signature. Each case has
//! a database of its own. Wrong results (an event that is missing, a signature that is wrong) fail the bench, times never.

mod cases;
mod report;
mod run;
mod stage;

use super::{machine, usage};

pub(super) use run::run;
