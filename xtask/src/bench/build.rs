//! `bench build`: what a newcomer pays before the first run, which is a clean release build.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::command;
use crate::janitor::Janitor;
use crate::outcome::usage;
use crate::workspace::cargo;

/// CPU seconds, user and system together, of cargo and all that it starts.
const LIMIT: f64 = 600.0;
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// The shell's own timing counts the processes that the command waited for; `$0` is the file for the numbers.
const TIMED: &str = r#"TIMEFORMAT='%R %U %S'; { time "$@" 2>&3; } 3>&2 2>"$0""#;

/// Wall, user and system seconds.
#[derive(Debug, PartialEq)]
struct Times {
    wall: f64,
    user: f64,
    system: f64,
}

/// Builds a package that has a binary of the same name, from nothing, and prints what it cost.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let package = match arguments {
        [] => "trunnion",
        [flag, package] if flag == "--package" => package,
        other => return Err(usage(format!("bench build takes only --package NAME, not {:?}", other.join(" ")))),
    };
    let janitor = Janitor::start()?;
    let target = janitor.directory().join("target");
    let crates = crate_count(package)?;
    fetch()?;
    let times = timed_build(package, &target, &janitor.directory().join("times"))?;
    let binary = target.join("release").join(package);
    let size = fs::metadata(&binary).with_context(|| format!("no binary {}", binary.display()))?.len();
    let cpu = times.user + times.system;
    println!("clean release build of {package}");
    println!("CPU     {cpu:>9.1} s  (user {:.1}, system {:.1}; limit {LIMIT})", times.user, times.system);
    println!("wall    {:>9.1} s", times.wall);
    println!("binary  {:>9.1} MB", size as f64 / 1e6);
    println!("crates  {crates:>9}");
    judge(cpu)
}

fn judge(cpu: f64) -> anyhow::Result<()> {
    if cpu > LIMIT {
        bail!("the build took {cpu:.0} CPU seconds, more than {LIMIT}; `cargo build --timings` shows where they went");
    }
    Ok(())
}

/// Downloads are not part of the measurement.
fn fetch() -> anyhow::Result<()> {
    command::run(&mut cargo(&["fetch", "--locked"]), PATIENCE)
}

fn timed_build(package: &str, target: &Path, numbers: &Path) -> anyhow::Result<Times> {
    let mut build = cargo(&["build", "--release", "--locked", "--package", package, "--bin", package, "--target-dir"]);
    build.arg(target);
    let mut shell = command::tethered("bash");
    shell.args(["-c", TIMED]).arg(numbers).arg(build.get_program()).args(build.get_args());
    shell.current_dir(crate::workspace::root());
    for (name, value) in build.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    command::run(&mut shell, PATIENCE)?;
    parse_times(&fs::read_to_string(numbers)?)
}

fn parse_times(text: &str) -> anyhow::Result<Times> {
    let numbers: Vec<f64> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
    match numbers[..] {
        [wall, user, system] => Ok(Times { wall, user, system }),
        _ => bail!("the shell's timing is not three numbers: {text:?}"),
    }
}

/// The crates that the binary is built from, with their build scripts' and macros' own.
fn crate_count(package: &str) -> anyhow::Result<usize> {
    let arguments = ["tree", "--locked", "--package", package, "--edges", "normal,build", "--prefix", "none"];
    Ok(count_crates(&command::capture(&mut cargo(&arguments), Duration::from_secs(300))?))
}

/// Counts name and version, because cargo marks repeated crates and macros behind them.
fn count_crates(tree: &str) -> usize {
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    crates.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shells_numbers_are_read_in_order() {
        assert_eq!(parse_times("12.5 20.25 3.0\n").unwrap(), Times { wall: 12.5, user: 20.25, system: 3.0 });
        assert!(parse_times("real 1m0s").is_err());
    }

    #[test]
    fn a_build_above_the_limit_fails() {
        assert!(judge(600.0).is_ok());
        assert!(judge(600.1).is_err());
    }

    #[test]
    fn a_crate_counts_once_for_each_version() {
        let tree =
            "app v0.1.0 (/x)\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nserde v1.0.0 (*)\nserde v0.9.0\n\n";
        assert_eq!(count_crates(tree), 4);
    }
}
