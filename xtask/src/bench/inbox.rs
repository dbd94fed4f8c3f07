//! `cargo xtask bench inbox`: how many webhooks a second are verified, stored and acknowledged, beside what the same database
//! does alone on the same disk, and how long one takes at a steady rate. Times are printed, never judged.

use std::time::Duration;

use crate::command;
use crate::environment::lock;
use crate::environment::postgres::{self, Durability};
use crate::janitor::Janitor;
use crate::outcome::usage;
use crate::workspace;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

pub(super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let seconds = match arguments {
        [] => 10,
        [flag, number] if flag == "--seconds" => number.parse().map_err(|_| usage("--seconds takes a number"))?,
        _ => return Err(usage("bench inbox takes --seconds N, and nothing else")),
    };
    let logs = workspace::cache_dir()?.join("logs");
    std::fs::create_dir_all(&logs)?;
    let one_at_a_time = lock::take(&workspace::cache_dir()?.join("lock"))?;
    let programs = postgres::install(&logs)?;
    drop(one_at_a_time);
    let build = ["build", "--release", "--package", "trunnion-receiver", "--example", "bench_inbox"];
    command::run(&mut workspace::cargo(&build), BUILD_LIMIT)?;
    let mut janitor = Janitor::start()?;
    let cluster = postgres::start(&programs, Durability::Stock, &mut janitor)?;
    let sqlite = format!("sqlite:{}", janitor.directory().join("inbox.db").display());
    for (name, url) in [("SQLite", sqlite.as_str()), ("PostgreSQL, as it comes", cluster.url.as_str())] {
        println!("\n{name}, {seconds} s each:");
        let mut bench = command::tethered(workspace::target_dir()?.join("release/examples/bench_inbox"));
        command::run(bench.args([url, &seconds.to_string()]), Duration::from_secs(60 + 20 * seconds))?;
    }
    Ok(())
}
