//! The order of things: build, measure each size on both databases, measure the peers, print.

use std::time::{Duration, Instant};

use super::report::{self, Facts, Row};
use super::task::{self, Task};
use super::{machine, ours, theirs, usage, writes};
use crate::command;
use crate::environment::{lock, postgres};
use crate::workspace;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

pub(in super::super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut plan = task::parse(arguments)?;
    let logs = workspace::cache_dir()?.join("logs");
    std::fs::create_dir_all(&logs)?;
    let one_at_a_time = lock::take(&workspace::cache_dir()?.join("lock"))?;
    let programs = postgres::install(&logs)?;
    drop(one_at_a_time);
    let (binary, build) = match plan.program.take() {
        Some(program) => (std::path::absolute(program)?, None),
        None => (workspace::target_dir()?.join("release/trunnion"), Some(build()?)),
    };

    let before = machine::load();
    let (mut rows, mut peers): (Vec<Row>, _) = (Vec::new(), Vec::new());
    let sizes = std::mem::take(&mut plan.sizes);
    for &records in &sizes {
        let task = Task {
            system: plan.system,
            records,
            page: plan.page,
            record_bytes: plan.record_bytes,
            binary: binary.clone(),
        };
        let (sqlite, postgres) = plan.databases;
        let databases = [sqlite.then_some(None), postgres.then_some(Some(programs.as_path()))];
        let mut query = String::new();
        for database in databases.into_iter().flatten() {
            if plan.beside_writes {
                writes::measure(&task, plan.latency, database)?;
                continue;
            }
            let (more, asked) = ours::measure(&task, database)?;
            rows.extend(more);
            query = asked;
        }
        if plan.peer_size(&sizes) == Some(records) {
            for peer in theirs::ALL {
                let (row, about) = theirs::measure(peer, &task, &programs, &query)?;
                rows.push(row);
                peers.push(about);
            }
        }
    }
    if plan.beside_writes {
        println!("machine {}; load {before:.1} before, {:.1} after", machine::describe(), machine::load());
        return Ok(());
    }
    let facts = Facts {
        command: std::iter::once("cargo xtask bench sync")
            .chain(arguments.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" "),
        machine: machine::describe(),
        load: [before, machine::load()],
        postgres: command::capture(command::tethered(programs.join("postgres")).arg("--version"), BUILD_LIMIT)?
            .trim()
            .to_owned(),
        build,
        page: plan.page,
        record_bytes: plan.record_bytes,
        peers,
    };
    match plan.json {
        true => println!("{:#}", report::json(&rows, &facts)),
        false => print!("{}", report::table(&rows, &facts)),
    }
    Ok(())
}

/// CPU and wall seconds of the release build: of all of it the first time, of next to nothing after that.
fn build() -> anyhow::Result<[f64; 2]> {
    eprintln!("    release build");
    let before = usage::ended_children_cpu()?;
    let start = Instant::now();
    command::run(
        &mut workspace::cargo(&["build", "--release", "--package", "trunnion", "--bin", "trunnion"]),
        BUILD_LIMIT,
    )?;
    Ok([usage::ended_children_cpu()? - before, start.elapsed().as_secs_f64()])
}
