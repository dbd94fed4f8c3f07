//! The suite that every connector runs, over real sockets: what a declaration promises is tried, one promise after another.
//!
//! [`run`] knows no vendor. It enumerates the declaration, reads, writes and breaks things through the connector's own
//! methods, and collects what did not hold in a [`Report`]. A promise that could not be tried is reported as such, so that
//! a suite that runs out of data is not mistaken for one that passed. [`relay`] stands in front of a system that has no
//! control functions, logs its requests and breaks them on demand.

mod apart;
mod breaking;
mod examples;
mod fits;
mod login;
mod options;
mod reading;
mod relay;
mod report;
mod subject;
mod suite;
mod writing;

pub use options::Options;
pub use relay::relay;
pub use report::Report;
pub use suite::run;

#[cfg(test)]
mod tests;
