//! `cargo xtask bench schedule`: what finding, taking and doing due work costs, and how late it is, on both databases. The
//! measurement itself is an example of the engine, whose worker it drives.

use std::time::Duration;

use super::machine;
use crate::command;
use crate::environment::lock;
use crate::environment::postgres::{self, Durability};
use crate::janitor::Janitor;
use crate::workspace;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);
/// A day of ten thousand connections is five million runs.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// The arguments go to the example, which knows `--connections` and `--hours`.
pub(super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let logs = workspace::cache_dir()?.join("logs");
    std::fs::create_dir_all(&logs)?;
    let one_at_a_time = lock::take(&workspace::cache_dir()?.join("lock"))?;
    let programs = postgres::install(&logs)?;
    drop(one_at_a_time);
    // Beside the product, so that what both depend on is built once, with the same features.
    let packages = ["--package", "trunnion", "--package", "trunnion-engine"];
    let mut build = workspace::cargo(&["build", "--release", "--example", "bench_schedule"]);
    command::run(build.args(packages), BUILD_LIMIT)?;
    let mut janitor = Janitor::start()?;
    let cluster = postgres::start(&programs, Durability::Stock, &mut janitor)?;
    let sqlite = format!("sqlite:{}", janitor.directory().join("schedule.db").display());
    let before = machine::load();
    for url in [&sqlite, &cluster.url] {
        let mut bench = command::tethered(workspace::target_dir()?.join("release/examples/bench_schedule"));
        command::run(bench.args(["--database-url", url]).args(arguments), LONGEST)?;
    }
    println!("machine {}; load {before:.1} before, {:.1} after", machine::describe(), machine::load());
    Ok(())
}
