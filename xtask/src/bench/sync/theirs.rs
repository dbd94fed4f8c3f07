//! dlt (dlthub.com), the usual open-source way to load an API into a database: the same pages of the same simulator into a
//! PostgreSQL of the same kind, with its defaults (nested lists become child tables, rows are appended). Telemetry is off.
//! It keeps no versions, no events and no raw rows, and does not look whether a row has changed.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::report::{Dlt, Row};
use super::run::Task;
use super::stage::{Stage, checkpoint};
use super::usage;
use crate::command;
use crate::environment::{lock, python};
use crate::workspace;

const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// `query` is what the server asked for its first page by.
pub(super) fn measure(task: &Task, programs: &Path, query: &str) -> anyhow::Result<(Row, Dlt)> {
    let mut stage = Stage::set(task)?;
    let cache = workspace::cache_dir()?;
    let one_at_a_time = lock::take(&cache.join("lock"))?;
    let interpreter =
        python::environment("dlt", &workspace::test_file("dlt/requirements.txt"), &cache, stage.janitor.directory())?;
    drop(one_at_a_time);
    let cluster = stage.postgres(programs)?;
    // dlt refuses to start without a password, though the cluster asks for none.
    let url = cluster.url.replacen('@', ":none@", 1);
    let order = stage.janitor.directory().join("order.json");
    let text = json!({
        "url": format!("{}{query}", stage.simulator.url),
        "key": "PurchaseOrder",
        "user": stage.credentials["username"],
        "password": stage.credentials["password"],
        "database": url,
        "dataset": "bench",
    });
    fs::write(&order, text.to_string())?;
    let mut script = command::tethered(interpreter);
    script.arg(workspace::test_file("dlt/load.py")).current_dir(stage.janitor.directory());

    let before = (usage::ended_children_cpu()?, usage::family_cpu(cluster.pid)?, usage::cpu(stage.simulator.pid)?);
    let start = Instant::now();
    let answer = answer(&mut script, &order)?;
    let wall = start.elapsed().as_secs_f64();
    let cpu = usage::ended_children_cpu()? - before.0;
    let other_cpu = usage::cpu(stage.simulator.pid)? - before.2;
    checkpoint(programs, &cluster)?;
    let database_cpu = usage::family_cpu(cluster.pid)? - before.1;

    let stored = answer["stored"]["purchase_order"].as_u64();
    ensure!(stored == Some(task.records as u64), "dlt stored something else: {answer}");
    let row = Row {
        program: "dlt",
        database: "PostgreSQL",
        phase: "loading the same pages",
        aim: "5 times our CPU s",
        wall,
        cpu,
        database_cpu: Some(database_cpu),
        other_cpu,
        peak: answer["peak"].as_u64().context("no peak")?,
        records: task.records,
    };
    row.tell();
    let version = answer["version"].as_str().unwrap_or_default().to_owned();
    Ok((row, Dlt { version, imports: answer["cpu_imports"].as_f64().context("no cpu_imports")? }))
}

fn answer(script: &mut std::process::Command, order: &Path) -> anyhow::Result<Value> {
    let answer = order.with_file_name("answer.json");
    script.stdin(fs::File::open(order)?).stdout(fs::File::create(&answer)?).stderr(Stdio::inherit());
    let mut child = command::spawn(script)?;
    let status = command::wait(&mut child, PATIENCE)?;
    ensure!(status.success(), "dlt ended with {status}");
    let text = fs::read_to_string(&answer)?;
    // dlt may print lines of its own.
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("dlt's script printed {text}"))
}
