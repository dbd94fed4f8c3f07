//! The order of things: build, then on each database creates, updates, and creates at a rate.

use std::path::Path;
use std::time::Duration;

use super::report::{Row, Sample};
use super::stage::Bench;
use super::tap::Tap;
use super::task;
use crate::bench::sync::ours::{Postgres, connect, key};
use crate::bench::sync::stage::{Stage, checkpoint};
use crate::bench::sync::task::Task as Sizes;
use crate::bench::{machine, usage};
use crate::command;
use crate::environment::{lock, postgres};
use crate::workspace;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);
/// Before anything is measured: logins, prepared statements, pools.
const WARM_UP: usize = 20;

pub(in crate::bench) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut task = task::parse(arguments)?;
    let logs = workspace::cache_dir()?.join("logs");
    std::fs::create_dir_all(&logs)?;
    let one_at_a_time = lock::take(&workspace::cache_dir()?.join("lock"))?;
    let programs = postgres::install(&logs)?;
    drop(one_at_a_time);
    let binary = match task.program.take() {
        Some(program) => std::path::absolute(program)?,
        None => {
            let build = ["build", "--release", "--package", "trunnion", "--bin", "trunnion"];
            command::run(&mut workspace::cargo(&build), BUILD_LIMIT)?;
            workspace::target_dir()?.join("release/trunnion")
        }
    };
    let before = machine::load();
    measure(&task, &binary, None)?;
    measure(&task, &binary, Some(&programs))?;
    println!("\n`cargo xtask bench write {}`", arguments.join(" "));
    println!("machine {}; load {before:.1} before, {:.1} after", machine::describe(), machine::load());
    println!("every commit is on the disk; the simulator's calls are measured at a proxy beside it");
    Ok(())
}

fn measure(task: &task::Task, binary: &Path, programs: Postgres<'_>) -> anyhow::Result<()> {
    let sizes =
        Sizes { system: "sap-s4hana", records: 100, page: 1_000, record_bytes: None, binary: binary.to_owned() };
    let mut stage = Stage::set(&sizes)?;
    let tap = Tap::start(&stage.simulator.url)?;
    stage.credentials["url"] = tap.url.clone().into();
    let cluster = programs.map(|programs| stage.postgres(programs)).transpose()?;
    let server = stage.server(binary, cluster.as_ref())?;
    let connection = connect(&server, &stage, key(&server)?)?;
    let bench = Bench { url: &server.url, token: &connection.token, tap: &tap };
    bench.creates(0..WARM_UP)?;

    println!("\n{}:", if programs.is_some() { "PostgreSQL, as it comes" } else { "SQLite" });
    let mut ids = Vec::new();
    let mut next = WARM_UP;
    let row = |what, work: &mut dyn FnMut() -> anyhow::Result<Vec<Sample>>| -> anyhow::Result<()> {
        usage::forget_peak(server.pid)?;
        let database = || cluster.as_ref().map(|cluster| usage::family_cpu(cluster.pid)).transpose();
        let before = (usage::cpu(server.pid)?, database()?);
        let samples = work()?;
        let (cpu, peak) = (usage::cpu(server.pid)? - before.0, usage::peak(server.pid)?);
        if let Some((programs, cluster)) = programs.zip(cluster.as_ref()) {
            checkpoint(programs, cluster)?;
        }
        let database_cpu = database()?.zip(before.1).map(|(after, before)| after - before);
        print!("{}", Row { what, samples, cpu, database_cpu, peak });
        Ok(())
    };
    row("creates, one after the other", &mut || {
        let (samples, made) = bench.creates(next..next + task.writes)?;
        ids = made;
        next += task.writes;
        Ok(samples)
    })?;
    row("updates, one after the other", &mut || bench.updates(&ids))?;
    let what = "creates at the rate";
    row(what, &mut || bench.at_a_rate(next..next + task.writes, task.rate))?;
    println!("  (the rate is {} a second)", task.rate);
    Ok(())
}
