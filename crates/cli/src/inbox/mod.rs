//! `trunnion inbox`: the receiver as a side-car. It verifies, stores, answers 200, and hands on at your pace.

mod catch_up;
mod forward;
mod pull;
mod refused;
mod run;

pub(crate) use run::{Arguments, run};
