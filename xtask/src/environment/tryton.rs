//! A real ERP: Tryton 8.2 from PyPI on SQLite, with data that `tests-env/tryton/seed.py` makes once.
//!
//! Each run starts from a copy of the seeded database, so tests always begin equal and may change what they like.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;

use super::{port, python};
use crate::command;
use crate::janitor::Janitor;
use crate::workspace;

const DATABASE: &str = "acme";
const USER: &str = "api";
/// Of a server that lives for one run and listens on the loopback interface only.
const PASSWORD: &str = "Trunnion-tests-8.2";

/// The interpreter that has the server and its client library.
pub(crate) fn install(cache: &Path, logs: &Path) -> anyhow::Result<PathBuf> {
    python::environment("tryton", &requirements(), cache, logs)
}

/// The database file that each run copies, made now if the script or a version has changed.
pub(crate) fn seed(python: &Path, cache: &Path, logs: &Path) -> anyhow::Result<PathBuf> {
    let script = workspace::test_file("tryton/seed.py");
    let name = format!("tryton-{:016x}.sqlite", key(&[&fs::read(&script)?, &fs::read(requirements())?]));
    let template = cache.join(&name);
    if template.is_file() {
        return Ok(template);
    }
    eprintln!("    creating the database; this takes about half a minute, once");
    remove_old_templates(cache)?;
    let work = logs.join("tryton-seed");
    let config = configure(&work, 0)?;
    let log = logs.join("tryton-seed.log");
    let mut seed = command::tethered(python);
    seed.arg(script).arg(config).args([DATABASE, USER]);
    command::log_to(&mut seed, &log)?;
    let mut child = command::spawn(seed.stdin(Stdio::piped()))?;
    // The password goes through a pipe because arguments are visible to every process.
    writeln!(child.stdin.take().context("the input is not piped")?, "{PASSWORD}")?;
    let status = command::wait(&mut child, Duration::from_secs(15 * 60)).with_context(|| command::tail(&log))?;
    anyhow::ensure!(status.success(), "seed.py ended with {status}\n{}", command::tail(&log));
    // The last act is a rename, so a template that exists is complete.
    let part = cache.join("tryton.part");
    fs::copy(work.join(format!("{DATABASE}.sqlite")), &part)?;
    fs::rename(part, &template)?;
    Ok(template)
}

/// Starts the server on a copy of the template, and tells where it is and how to log in.
pub(crate) fn start(
    python: &Path,
    template: &Path,
    janitor: &mut Janitor,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let home = janitor.directory().join("tryton");
    let log = janitor.directory().join("tryton.log");
    let port = port::free()?;
    let config = configure(&home, port)?;
    fs::copy(template, home.join(format!("{DATABASE}.sqlite")))?;
    let mut server = command::tethered(python);
    server.arg(python.with_file_name("trytond")).arg("-c").arg(config).args(["-d", DATABASE, "-v"]);
    command::log_to(&mut server, &log)?;
    janitor.serve("Tryton", &mut server, "TERM")?;
    janitor.wait_until(&log, Duration::from_secs(120), || answers(port).unwrap_or(false)).context("Tryton")?;
    Ok(vec![
        ("TRUNNION_TEST_TRYTON", format!("http://127.0.0.1:{port}")),
        ("TRUNNION_TEST_TRYTON_DB", DATABASE.to_owned()),
        ("TRUNNION_TEST_TRYTON_USER", USER.to_owned()),
        ("TRUNNION_TEST_TRYTON_PASSWORD", PASSWORD.to_owned()),
        ("TRUNNION_TEST_TRYTON_PYTHON", python.display().to_string()),
    ])
}

fn requirements() -> PathBuf {
    workspace::test_file("tryton/requirements.txt")
}

/// Makes a directory for the database file with a configuration beside it.
fn configure(directory: &Path, port: u16) -> anyhow::Result<PathBuf> {
    fs::create_dir(directory)?;
    let config = directory.join("trytond.conf");
    let path = directory.display();
    fs::write(&config, format!("[web]\nlisten = 127.0.0.1:{port}\n[database]\nuri = sqlite://\npath = {path}\n"))?;
    Ok(config)
}

/// What the seeded data depend on: the given texts and the login.
fn key(texts: &[&[u8]]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (texts, DATABASE, USER, PASSWORD).hash(&mut hasher);
    hasher.finish()
}

fn remove_old_templates(cache: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(cache)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("tryton-") && name.ends_with(".sqlite") {
            fs::remove_file(&file)?;
        }
    }
    Ok(())
}

/// Whether the server answers the one call that needs no login.
fn answers(port: u16) -> anyhow::Result<bool> {
    let limit = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let body = r#"{"id":1,"method":"common.server.version","params":[]}"#;
    let head = "POST /rpc/ HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer.contains(r#""result":"8.2""#))
}
