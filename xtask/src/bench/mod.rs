//! `cargo xtask bench …`: measurements with a limit that can fail.

mod build;
mod run;

pub(crate) use run::run;
