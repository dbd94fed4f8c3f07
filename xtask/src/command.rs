//! Child processes with a limit in time, which do not outlive us.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How many lines of a log an error shows.
const TAIL: usize = 25;

/// A command that the kernel ends when this process dies, however it dies.
///
/// The bond is to the thread that starts the command, so start it from the main thread.
pub(crate) fn tethered(program: impl AsRef<OsStr>) -> Command {
    let Some(setpriv) = find("setpriv") else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

/// The program of this name on the PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// Runs a command whose output the user sees.
pub(crate) fn run(command: &mut Command, limit: Duration) -> anyhow::Result<()> {
    let mut child = spawn(command)?;
    let status = wait(&mut child, limit)?;
    if !status.success() {
        bail!("{} ended with {status}", name_of(command));
    }
    Ok(())
}

/// Runs a command whose output goes to a file; the end of the file is in the error.
pub(crate) fn run_logged(command: &mut Command, log: &Path, limit: Duration) -> anyhow::Result<()> {
    log_to(command, log)?;
    let mut child = spawn(command)?;
    let status = wait(&mut child, limit).with_context(|| tail(log))?;
    if !status.success() {
        bail!("{} ended with {status}\n{}", name_of(command), tail(log));
    }
    Ok(())
}

/// Runs a command for what it prints.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> anyhow::Result<String> {
    let mut child = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut pipe = child.stdout.take().context("the output is not piped")?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let status = wait(&mut child, limit)?;
    if !status.success() {
        bail!("{} ended with {status}", name_of(command));
    }
    let text = reader.join().map_err(|_| anyhow::anyhow!("reading the output of {} panicked", name_of(command)))?;
    Ok(text?)
}

/// Sends everything that a command prints to the end of a file.
pub(crate) fn log_to(command: &mut Command, log: &Path) -> anyhow::Result<()> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    Ok(())
}

/// Starts a command; the error names the program.
pub(crate) fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    command.spawn().with_context(|| format!("cannot start {}", name_of(command)))
}

/// Waits for a child, and ends it when the limit is over: politely first, so that it can end its own children.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> anyhow::Result<ExitStatus> {
    if let Some(status) = wait_quietly(child, limit)? {
        return Ok(status);
    }
    let polite = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    if polite.is_err() || wait_quietly(child, Duration::from_secs(10))?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    bail!("not done after {} s, stopped", limit.as_secs());
}

/// The end of a log file, indented, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    let text = match std::fs::read(log) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return format!("(cannot read {}: {error})", log.display()),
    };
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(TAIL)..];
    last.iter().map(|line| format!("    | {line}\n")).collect()
}

fn wait_quietly(child: &mut Child, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        sleep(Duration::from_millis(20));
    }
}

/// The program that a tethered command runs.
fn name_of(command: &Command) -> String {
    let wrapped = Path::new(command.get_program()).ends_with("setpriv");
    let program = command.get_args().skip_while(|argument| *argument != "--").nth(1).filter(|_| wrapped);
    Path::new(program.unwrap_or_else(|| command.get_program())).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_takes_too_long_is_stopped() {
        let start = Instant::now();
        let error = run(tethered("sleep").arg("60"), Duration::from_millis(100)).unwrap_err();
        assert!(error.to_string().contains("stopped"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_failure_names_the_program_and_not_its_wrapper() {
        let error = run(tethered("false").args(["--", "x"]), Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().starts_with("false ended with"), "{error}");
    }

    #[test]
    fn output_larger_than_a_pipe_is_captured_whole() {
        let text = capture(tethered("seq").arg("100000"), Duration::from_secs(30)).unwrap();
        assert_eq!(text.lines().count(), 100_000);
    }
}
