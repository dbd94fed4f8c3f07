//! Alerts: rules that are looked at again and again, and a message when one begins to hold and when it is over.
//!
//! What fires is a row, so a message is sent again if a node dies before it is sure that it arrived, and another node goes on.

mod hooks;
mod message;
mod rule;
mod watch;

pub(crate) use message::{Said, tell};
pub use rule::{Channel, Rule};
pub(crate) use watch::watch;
