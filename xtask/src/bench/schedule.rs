//! `bench schedule`: what finding, taking and finishing due work costs, and how late it is. The measurement itself is an
//! example of the store, because only the store knows its insides.

use std::time::Duration;

use crate::command;

/// A day of ten thousand connections takes an hour on a busy machine.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

pub(super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut cargo = command::tethered("cargo");
    cargo.args(["run", "--release", "--quiet", "-p", "trunnion-store", "--example", "bench_schedule", "--"]);
    command::run(cargo.args(arguments), LONGEST)
}
