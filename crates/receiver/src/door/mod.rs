//! The door: one request in, one answer out. Limits, handshake, proof, storing, in this order.

mod again;
mod receive;
mod service;
mod source;

pub use again::{Again, judge_again, judge_again_with};
pub use receive::{Rejected, Reply, receive, receive_with};
pub use service::Door;
pub use source::{Limits, Named, Naming, Source};
