//! What a system's rows look like: their fields and the JSON types of these, learned from the rows themselves.
//!
//! A [`Watch`] walks over each row that is mapped anyway, so nothing is read twice. Rows come with their members in one order,
//! and the walk goes along what is known in the same order: a row that is as all others costs a comparison of names and
//! types, and allocates nothing. What is known is bounded in fields, depth and findings.

mod known;
mod level;
mod types;
mod volatile;
mod watch;

pub use types::Types;
pub use volatile::Volatile;
pub use watch::{Ended, Over, Watch};

#[cfg(test)]
mod tests;
