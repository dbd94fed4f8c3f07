//! `cargo xtask bench write`: what a write costs over the system's own calls, measured on the release binary from outside.
//!
//! A proxy between server and simulator notes when each of the system's calls began and ended; what a client waits for beyond
//! their sum is ours. A create is known by its vendor's name, which stands in the request and in what is read back, so that
//! calls of several creates at once are told apart. Times are printed and never judged; a write that fails ends the bench.

mod report;
mod run;
mod stage;
mod tap;
mod task;

pub(super) use run::run;
