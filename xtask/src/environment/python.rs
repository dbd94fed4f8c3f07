//! Python virtual environments in the cache, made once for each list of requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;

use super::apt;
use crate::command;
use crate::outcome::refused;

/// What we need of the interpreter; exit code 0 says that it is there.
const PROBE: &str = "import sys, venv, ensurepip, sqlite3, ssl; sys.exit(sys.version_info < (3, 10))";

/// The interpreter of a virtual environment with exactly these requirements, made now if it is not there.
///
/// The file must list the whole tree: nothing else is fetched, and nothing is compiled.
pub(crate) fn environment(name: &str, requirements: &Path, cache: &Path, logs: &Path) -> anyhow::Result<PathBuf> {
    let directory = cache.join(format!("venv-{name}"));
    let python = directory.join("bin/python");
    let stamp = directory.join("requirements.installed");
    let wanted = fs::read_to_string(requirements).with_context(|| requirements.display().to_string())?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works(&python)? {
        return Ok(python);
    }
    let system = interpreter(logs)?;
    eprintln!("    installing {} from PyPI into {}", requirements.display(), directory.display());
    if directory.exists() {
        fs::remove_dir_all(&directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    let log = logs.join(format!("pip-{name}.log"));
    let minutes = |n: u64| Duration::from_secs(60 * n);
    command::run_logged(command::tethered(system).args(["-m", "venv"]).arg(&directory), &log, minutes(2))?;
    let mut install = command::tethered(&python);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    install.args(["--only-binary", ":all:", "-r"]).arg(requirements);
    command::run_logged(&mut install, &log, minutes(10)).context("pip install; is PyPI reachable?")?;
    let mut check = command::tethered(&python);
    check.args(["-m", "pip", "check", "--disable-pip-version-check"]);
    command::run_logged(&mut check, &log, minutes(1)).context("pip check")?;
    fs::write(&stamp, wanted)?;
    Ok(python)
}

/// A Python of the system that can make virtual environments, installed now if there is none.
fn interpreter(logs: &Path) -> anyhow::Result<PathBuf> {
    let debian = PathBuf::from("/usr/bin/python3");
    for candidate in command::find("python3").into_iter().chain([debian.clone()]) {
        if candidate.is_file() && works(&candidate)? {
            return Ok(candidate);
        }
    }
    apt::install(&["python3", "python3-venv"], "Python 3.10 or newer with venv is missing", logs)?;
    if works(&debian)? {
        return Ok(debian);
    }
    Err(refused("Debian's python3 is too old; put a Python of at least 3.10 with venv on the PATH and try again"))
}

fn works(python: &Path) -> anyhow::Result<bool> {
    if !python.exists() {
        return Ok(false);
    }
    let mut probe = command::tethered(python);
    let mut child = command::spawn(probe.args(["-c", PROBE]).stdin(Stdio::null()).stderr(Stdio::null()))?;
    Ok(command::wait(&mut child, Duration::from_secs(30))?.success())
}
