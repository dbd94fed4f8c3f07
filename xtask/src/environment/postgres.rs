//! A throw-away PostgreSQL cluster: trust on 127.0.0.1, gone at the end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use super::{apt, port};
use crate::command;
use crate::janitor::Janitor;
use crate::outcome::refused;

/// The server refuses to run as root; Debian's package makes this user.
const USER: &str = "postgres";

/// How the cluster treats its data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing need survive: the fastest there is, for tests.
    None,
    /// As the package comes, with every commit on the disk: for measurements.
    Stock,
}

/// A running cluster.
pub(crate) struct Cluster {
    /// Of the database `postgres`; its role may create others.
    pub(crate) url: String,
    /// The postmaster.
    pub(crate) pid: u32,
}

/// The directory with the server's programs, installed now if there is none.
pub(crate) fn install(logs: &Path) -> anyhow::Result<PathBuf> {
    if let Some(found) = installed()? {
        return Ok(found);
    }
    apt::install(
        &["postgresql"],
        "no PostgreSQL server found (the cluster that Debian makes on port 5432 stays unused)",
        logs,
    )?;
    installed()?.context("the package postgresql brought no server to /usr/lib/postgresql")
}

/// Makes a cluster and starts it.
pub(crate) fn start(programs: &Path, durability: Durability, janitor: &mut Janitor) -> anyhow::Result<Cluster> {
    let log = janitor.directory().join("postgres.log");
    let home = janitor.directory().join("postgres");
    let data = home.join("data");
    std::fs::create_dir(&home)?;
    let root = apt::root()?;
    if root {
        let mut chown = command::tethered("chown");
        command::run_logged(chown.arg(USER).arg(&home), &log, Duration::from_secs(10)).map_err(|error| {
            refused(format!("the server cannot run as root: make a user with `useradd --system {USER}` ({error:#})"))
        })?;
    }
    let program = |name| {
        let mut command = if root { as_user(&programs.join(name)) } else { command::tethered(programs.join(name)) };
        command.current_dir(&home);
        command
    };

    let mut initdb = program("initdb");
    initdb.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync", "-D"]);
    command::run_logged(initdb.arg(&data), &log, Duration::from_secs(120)).context("initdb")?;

    let port = port::free()?.to_string();
    let mut server = program("postgres");
    server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port, "-k"]).arg(&home);
    let fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB"];
    let fast: &[&str] = if durability == Durability::None { &fast } else { &[] };
    for setting in fast.iter().chain(&["max_connections=200", "timezone=UTC"]) {
        server.args(["-c", setting]);
    }
    command::log_to(&mut server, &log)?;
    // SIGINT is the fast shutdown; SIGTERM would wait until each client has gone.
    let pid = janitor.serve("PostgreSQL", &mut server, "INT")?;
    let mut ready = Command::new(programs.join("pg_isready"));
    ready.args(["-q", "-h", "127.0.0.1", "-p", &port]).stdout(Stdio::null());
    janitor
        .wait_until(&log, Duration::from_secs(60), || ready.status().is_ok_and(|status| status.success()))
        .context("PostgreSQL")?;
    Ok(Cluster { url: format!("postgres://{USER}@127.0.0.1:{port}/postgres"), pid })
}

/// The newest server in Debian's place, else the one on the PATH.
fn installed() -> anyhow::Result<Option<PathBuf>> {
    let debian = Path::new("/usr/lib/postgresql");
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for entry in debian.read_dir().into_iter().flatten() {
        let programs = entry?.path().join("bin");
        let version = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse().ok());
        versions.extend(version.filter(|_| programs.join("postgres").is_file()).map(|version| (version, programs)));
    }
    if let Some((_, programs)) = versions.into_iter().max() {
        return Ok(Some(programs));
    }
    let on_path = command::find("postgres").map(std::fs::canonicalize).transpose()?;
    Ok(on_path.and_then(|server| Some(server.parent()?.to_path_buf())))
}

fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--init-groups", "--pdeathsig", "INT", "--"]).arg(program);
    command
}
