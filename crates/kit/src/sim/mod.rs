//! The harness for vendor simulators: a real HTTP server on a free port, a request log, faults on demand, a movable clock.
//!
//! A simulator is written from the vendor's documentation, never from our connector, and changes its data for real.

mod control;
mod faults;
mod inside;
mod push;
mod remote;
mod serve;

pub use control::{Control, Logged};
pub use faults::{Fault, FaultSpecError};
pub use inside::Inside;
pub use push::{Push, Subscription};
pub use remote::Switch;
pub use serve::{Sim, Window, start, start_with};
