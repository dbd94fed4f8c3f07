//! The order of things: build, measure on both databases, print.

use std::path::PathBuf;
use std::time::Duration;

use super::{cases, machine, report};
use crate::command;
use crate::environment::{lock, postgres};
use crate::outcome::usage as wrong;
use crate::workspace;

const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) messages: u64,
    pub(super) seconds: u64,
    /// Empty: it is built.
    pub(super) program: PathBuf,
}

pub(in super::super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut task = parse(arguments)?;
    let logs = workspace::cache_dir()?.join("logs");
    std::fs::create_dir_all(&logs)?;
    let one_at_a_time = lock::take(&workspace::cache_dir()?.join("lock"))?;
    let programs = postgres::install(&logs)?;
    drop(one_at_a_time);
    if task.program.as_os_str().is_empty() {
        eprintln!("    release build");
        let build = ["build", "--release", "--package", "trunnion-engine", "--example", "bench_webhooks"];
        command::run(&mut workspace::cargo(&build), BUILD_LIMIT)?;
        task.program = workspace::target_dir()?.join("release/examples/bench_webhooks");
    }
    let before = machine::load();
    let mut rows = cases::all(&task, "SQLite", None)?;
    rows.extend(cases::all(&task, "PostgreSQL", Some(&programs))?);
    let words = arguments.iter().map(String::as_str);
    let command = std::iter::once("cargo xtask bench webhooks").chain(words).collect::<Vec<_>>().join(" ");
    let facts = format!("{command}\n{}; load {before:.1} before, {:.1} after", machine::describe(), machine::load());
    print!("{}", report::table(&rows, &facts));
    Ok(())
}

fn parse(arguments: &[String]) -> anyhow::Result<Task> {
    let mut task = Task { messages: 20_000, seconds: 30, program: PathBuf::new() };
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == "--program" {
            task.program = words.next().map(PathBuf::from).ok_or_else(|| wrong("--program takes a file".to_owned()))?;
            continue;
        }
        let mut number = || {
            let value = words.next().and_then(|value| value.parse().ok()).filter(|number| *number > 0);
            value.ok_or_else(|| wrong(format!("{word} takes a number above 0")))
        };
        match word {
            "--messages" => task.messages = number()?,
            "--seconds" => task.seconds = number()?,
            other => {
                let known = "--messages, --seconds and --program";
                return Err(wrong(format!("bench webhooks knows {known}, not {other:?}")));
            }
        }
    }
    Ok(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_wrong_ones_refused() {
        let parsed = |line: &str| parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let task = parsed("--seconds 5 --messages 100").unwrap();
        assert_eq!((task.messages, task.seconds), (100, 5));
        for line in ["--messages", "--messages 0", "--fast"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
