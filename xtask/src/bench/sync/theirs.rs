//! What others need for the same pages of the same source, each as its documentation shows and with telemetry off:
//!
//! - dlt (dlthub.com), the usual open-source way to load an API into a database: into a PostgreSQL of the same kind, with its
//!   defaults (nested lists become child tables, rows are appended).
//! - airbyte-cdk (airbyte.com), which its connectors are written with: the reading half only, an HTTP stream whose records
//!   are printed as messages; what would load them is another program.
//!
//! Neither keeps versions, events and raw rows, nor looks whether a row has changed.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::report::{About, Row};
use super::stage::{Stage, checkpoint};
use super::task::Task;
use super::usage;
use crate::command;
use crate::environment::{lock, python};
use crate::workspace;

const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// A program of others, run by `tests-env/NAME/load.py`.
pub(super) struct Peer {
    name: &'static str,
    loads: bool,
    phase: &'static str,
    aim: &'static str,
}

pub(super) const ALL: &[Peer] = &[
    Peer { name: "dlt", loads: true, phase: "loading the same pages", aim: "5 times our CPU" },
    Peer { name: "airbyte-cdk", loads: false, phase: "reading the same pages", aim: "-" },
];

/// `query` is what the server asked for its first page by.
pub(super) fn measure(peer: &Peer, task: &Task, programs: &Path, query: &str) -> anyhow::Result<(Row, About)> {
    let mut stage = Stage::set(task)?;
    let cache = workspace::cache_dir()?;
    let one_at_a_time = lock::take(&cache.join("lock"))?;
    let needs = workspace::test_file(&format!("{}/requirements.txt", peer.name));
    let interpreter = python::environment(peer.name, &needs, &cache, stage.janitor.directory())?;
    drop(one_at_a_time);
    let cluster = if peer.loads { Some(stage.postgres(programs)?) } else { None };
    let order = stage.janitor.directory().join("order.json");
    let text = json!({
        "url": format!("{}{query}", stage.simulator.url),
        "key": "PurchaseOrder",
        "user": stage.credentials["username"],
        "password": stage.credentials["password"],
        // dlt refuses to start without a password, though the cluster asks for none.
        "database": cluster.as_ref().map(|cluster| cluster.url.replacen('@', ":none@", 1)),
        "dataset": "bench",
    });
    fs::write(&order, text.to_string())?;
    let mut script = command::tethered(interpreter);
    script.arg(workspace::test_file(&format!("{}/load.py", peer.name))).current_dir(stage.janitor.directory());

    let database = || cluster.as_ref().map(|cluster| usage::family_cpu(cluster.pid)).transpose();
    let before = (usage::ended_children_cpu()?, database()?, usage::cpu(stage.simulator.pid)?);
    let start = Instant::now();
    let answer = answer(peer.name, &mut script, &order)?;
    let wall = start.elapsed().as_secs_f64();
    let cpu = usage::ended_children_cpu()? - before.0;
    let other_cpu = usage::cpu(stage.simulator.pid)? - before.2;
    if let Some(cluster) = &cluster {
        checkpoint(programs, cluster)?;
    }
    let database_cpu = database()?.zip(before.1).map(|(after, before)| after - before);

    let stored = answer["stored"]["purchase_order"].as_u64();
    ensure!(stored == Some(task.records as u64), "{} handled something else: {answer}", peer.name);
    let row = Row {
        program: peer.name,
        database: if peer.loads { "PostgreSQL" } else { "none" },
        phase: peer.phase,
        aim: peer.aim,
        wall,
        cpu,
        database_cpu,
        other_cpu,
        peak: answer["peak"].as_u64().context("no peak")?,
        records: task.records,
        times: 1,
    };
    row.tell();
    let version = answer["version"].as_str().unwrap_or_default().to_owned();
    let imports = answer["cpu_imports"].as_f64().context("no cpu_imports")?;
    Ok((row, About { name: peer.name, version, imports }))
}

fn answer(name: &str, script: &mut std::process::Command, order: &Path) -> anyhow::Result<Value> {
    let answer = order.with_file_name("answer.json");
    script.stdin(fs::File::open(order)?).stdout(fs::File::create(&answer)?).stderr(Stdio::inherit());
    let mut child = command::spawn(script)?;
    let status = command::wait(&mut child, PATIENCE)?;
    ensure!(status.success(), "{name} ended with {status}");
    let text = fs::read_to_string(&answer)?;
    // It may print lines of its own.
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).with_context(|| format!("the script of {name} printed {text}"))
}
