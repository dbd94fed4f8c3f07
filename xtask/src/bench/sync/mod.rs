//! `cargo xtask bench sync`: what the main job costs, measured on the release binary from outside, beside dlt doing the
//! loading half of it.
//!
//! Every case has a simulator, a server (or dlt) and a database of its own, made for it and thrown away behind it. Times
//! are printed next to what the project aims at and never judged; wrong results (a record too few, a write where nothing
//! changed) fail the bench.

pub(super) mod ours;
mod report;
mod run;
mod source;
pub(super) mod stage;
pub(super) mod task;
mod theirs;
mod writes;

use super::{http, machine, usage};

pub(super) use run::run;
