//! `cargo xtask bench …`: measurements. Sizes and build times have limits that can fail; run times are only printed.

mod build;
mod http;
mod inbox;
mod machine;
mod run;
mod schedule;
mod sync;
mod usage;
mod webhooks;
mod write;

pub(crate) use run::run;
