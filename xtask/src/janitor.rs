//! A run's temporary directory and servers, cleaned up however the run ends.
//!
//! Signals cannot be caught without unsafe code or another crate, so the cleaning is done by a small shell process in a
//! group of its own, which waits for the end of a pipe that only we hold open. The kernel closes the pipe when we return,
//! panic, get Ctrl-C or are killed; then the shell ends the process group of each server and removes the directory.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::command;

/// Reads lines `PID SIGNAL` until the pipe ends. A zombie counts as ended: we may be the parent that will not reap it.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
pids=() signals=()
while read -r pid signal; do pids+=("$pid"); signals+=("$signal"); done
running() { [[ -r /proc/$1/stat ]] && ! grep -q ') Z ' "/proc/$1/stat"; } 2>/dev/null
for i in "${!pids[@]}"; do kill -s "${signals[i]}" -- "-${pids[i]}"; done
for ((tries = 0; tries < 50; tries++)); do
    left=
    for pid in "${pids[@]}"; do if running "$pid"; then left=1; fi; done
    [[ $left ]] || break
    sleep 0.1
done
for pid in "${pids[@]}"; do if running "$pid"; then kill -s KILL -- "-$pid"; fi; done
rm -rf -- "$1"
"#;

/// Longer than the shell needs at worst.
const PATIENCE: Duration = Duration::from_secs(30);

/// Owns the temporary directory and the servers of one run.
pub(crate) struct Janitor {
    directory: PathBuf,
    shell: Child,
    pipe: Option<ChildStdin>,
    servers: Vec<(&'static str, Child)>,
}

impl Janitor {
    /// Makes an empty temporary directory, which other users may enter, and the process that will remove it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let directory = std::env::temp_dir().join(format!("trunnion-xtask-{}", std::process::id()));
        std::fs::create_dir(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let mut shell = Command::new("bash");
        shell.args(["-c", SCRIPT, "janitor"]).arg(&directory).process_group(0).current_dir("/");
        let mut shell = command::spawn(shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()))?;
        let pipe = shell.stdin.take();
        Ok(Self { directory, shell, pipe, servers: Vec::new() })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts a server in a process group of its own, to be ended by this signal; tells its process id.
    pub(crate) fn serve(&mut self, name: &'static str, command: &mut Command, signal: &str) -> anyhow::Result<u32> {
        let child = command::spawn(command.process_group(0))?;
        let pid = child.id();
        self.servers.push((name, child));
        let pipe = self.pipe.as_mut().context("the janitor has stopped")?;
        pipe.write_all(format!("{pid} {signal}\n").as_bytes())?;
        Ok(pid)
    }

    /// Waits until a server that was just started is ready, or says why it will not be; `log` is its output.
    pub(crate) fn wait_until(
        &mut self,
        log: &Path,
        limit: Duration,
        mut ready: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + limit;
        while !ready() {
            self.check().with_context(|| command::tail(log))?;
            if Instant::now() >= end {
                bail!("not ready after {} s\n{}", limit.as_secs(), command::tail(log));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Fails if a server has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for (name, child) in &mut self.servers {
            if let Some(status) = child.try_wait()? {
                bail!("{name} has ended with {status}");
            }
        }
        Ok(())
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.pipe.take());
        if let Err(error) = command::wait(&mut self.shell, PATIENCE) {
            eprintln!("xtask: cleaning up {}: {error:#}", self.directory.display());
        }
        for (name, child) in &mut self.servers {
            if let Err(error) = command::wait(child, Duration::from_secs(1)) {
                eprintln!("xtask: stopping {name}: {error:#}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_directory_are_gone_after_the_end() {
        let mut janitor = Janitor::start().unwrap();
        let directory = janitor.directory().to_path_buf();
        std::fs::write(directory.join("file"), "x").unwrap();
        // A server with a child, which ignores the first signal as a busy one might.
        let script = "trap '' TERM; sleep 61 & echo $! > child; mv child ready; wait";
        janitor.serve("busy", Command::new("bash").args(["-c", script]).current_dir(&directory), "TERM").unwrap();
        let ready = directory.join("ready");
        janitor.wait_until(Path::new("/dev/null"), Duration::from_secs(10), || ready.exists()).unwrap();
        let child = std::fs::read_to_string(ready).unwrap();
        drop(janitor);
        assert!(!directory.exists());
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        assert!(stat.as_ref().map_or(true, |stat| stat.contains(") Z ")), "still runs: {stat:?}");
    }
}
