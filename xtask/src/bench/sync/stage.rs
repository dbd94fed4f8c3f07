//! What one case runs in: a throw-away directory with a simulator, perhaps a PostgreSQL cluster, perhaps a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::http::Client;
use super::source;
use super::task::Task;
use crate::command;
use crate::environment::postgres::{self, Cluster, Durability};
use crate::janitor::Janitor;

const START: Duration = Duration::from_secs(60);

pub(in crate::bench) struct Stage {
    pub(in crate::bench) janitor: Janitor,
    pub(in crate::bench) simulator: Program,
    pub(in crate::bench) credentials: Value,
    pub(in crate::bench) system: &'static str,
}

/// A program that printed where it listens.
pub(in crate::bench) struct Program {
    pub(in crate::bench) url: String,
    pub(in crate::bench) pid: u32,
    pub(in crate::bench) printed: String,
}

impl Stage {
    pub(in crate::bench) fn set(task: &Task) -> anyhow::Result<Self> {
        let mut janitor = Janitor::start()?;
        if let Some(bytes) = task.record_bytes {
            let url = source::start(task.records, bytes, task.page)?;
            let credentials = json!({"auth": "basic", "url": url, "username": "bench", "password": "bench"});
            // It lives in this process, which does nothing else while the others are measured.
            let simulator = Program { url, pid: std::process::id(), printed: String::new() };
            return Ok(Self { janitor, simulator, credentials, system: task.system });
        }
        let records = task.records.to_string();
        let mut arguments = vec!["sandbox", task.system, "--records", &records];
        if task.is_usual() {
            // The clients of others that read beside us speak version 2.
            arguments.extend(["--without", "odata-v4"]);
        }
        let simulator = start(&mut janitor, "simulator", &task.binary, &arguments, "Ctrl-C")?;
        let start = simulator.printed.find("{\n").context("the simulator shows no credentials")?;
        let end = simulator.printed.find("\n}").context("the simulator's credentials have no end")? + 2;
        let credentials = serde_json::from_str(&simulator.printed[start..end])?;
        if task.is_usual() {
            let cap = format!("/_control/page_cap?rows={}", task.page);
            Client::connect(&simulator.url, "")?.json("POST", &cap, None, 204)?;
        }
        Ok(Self { janitor, simulator, credentials, system: task.system })
    }

    /// With every commit on the disk, and all settings as PostgreSQL comes. Its log has been through a gigabyte: from then on
    /// it uses its files again, where a cluster of this minute makes each of them first, and small runs would pay for it.
    pub(in crate::bench) fn postgres(&mut self, programs: &Path) -> anyhow::Result<Cluster> {
        let cluster = postgres::start(programs, Durability::Stock, &mut self.janitor)?;
        let sql =
            "select count(pg_logical_emit_message(false, 'bench', repeat('x', 1000000))) from generate_series(1, 1000)";
        psql(programs, &cluster, &[sql, "checkpoint"])?;
        Ok(cluster)
    }

    /// A server on data of its own.
    pub(in crate::bench) fn server(&mut self, binary: &Path, database: Option<&Cluster>) -> anyhow::Result<Program> {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"];
        arguments.extend(database.map(|cluster| ["--database-url", cluster.url.as_str()]).into_iter().flatten());
        start(&mut self.janitor, "server", binary, &arguments, "listens on")
    }
}

/// PostgreSQL writes all that it still holds in memory, so that this work is counted with what caused it.
pub(in crate::bench) fn checkpoint(programs: &Path, cluster: &Cluster) -> anyhow::Result<()> {
    psql(programs, cluster, &["checkpoint"])
}

/// As [`checkpoint`], after tidying the tables that grow: PostgreSQL does so by itself once a minute, in the middle of whatever
/// is measured then.
pub(super) fn tidy(programs: &Path, cluster: &Cluster) -> anyhow::Result<()> {
    psql(programs, cluster, &["vacuum record, event", "checkpoint"])
}

fn psql(programs: &Path, cluster: &Cluster, statements: &[&str]) -> anyhow::Result<()> {
    let mut psql = command::tethered(programs.join("psql"));
    psql.args(["-X", "-q", "-o", "/dev/null", "-d", &cluster.url]).args(statements.iter().flat_map(|sql| ["-c", sql]));
    command::run(&mut psql, Duration::from_secs(300))
}

fn start(
    janitor: &mut Janitor,
    name: &'static str,
    binary: &Path,
    arguments: &[&str],
    ready: &str,
) -> anyhow::Result<Program> {
    let log: PathBuf = janitor.directory().join(name).with_extension("log");
    let mut program = command::tethered(binary);
    program.args(arguments).current_dir(janitor.directory());
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRUNNION_")) {
        program.env_remove(variable);
    }
    command::log_to(&mut program, &log)?;
    let pid = janitor.serve(name, &mut program, "TERM")?;
    let printed = || fs::read_to_string(&log).unwrap_or_default();
    janitor.wait_until(&log, START, || printed().contains(ready)).with_context(|| name.to_owned())?;
    let printed = printed();
    let url = printed.split_whitespace().find(|word| word.starts_with("http://"));
    Ok(Program { url: url.with_context(|| format!("{name} does not say where it listens"))?.to_owned(), pid, printed })
}
