//! `cargo xtask bench …`: measurements. Sizes and build times have limits that can fail; run times are only printed.

mod build;
mod run;
mod schedule;
mod sync;

pub(crate) use run::run;
