//! The order of things: build, measure on both databases, measure the peer, print.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::report::{self, Facts};
use super::{machine, ours, theirs, usage};
use crate::command;
use crate::environment::{lock, postgres};
use crate::outcome::usage as wrong;
use crate::workspace;

/// What the connector asks for at once.
const PAGE: usize = 1_000;
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) records: usize,
    pub(super) page: usize,
    pub(super) binary: PathBuf,
    peer: bool,
    json: bool,
}

pub(in super::super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut task = parse(arguments)?;
    let logs = workspace::cache_dir()?.join("logs");
    std::fs::create_dir_all(&logs)?;
    let one_at_a_time = lock::take(&workspace::cache_dir()?.join("lock"))?;
    let programs = postgres::install(&logs)?;
    drop(one_at_a_time);
    let build = build()?;
    task.binary = workspace::target_dir()?.join("release/trunnion");

    let before = machine::load();
    let (mut rows, _) = ours::measure(&task, None)?;
    let (more, query) = ours::measure(&task, Some(&programs))?;
    rows.extend(more);
    let mut dlt = None;
    if task.peer {
        let (row, about) = theirs::measure(&task, &programs, &query)?;
        rows.push(row);
        dlt = Some(about);
    }
    let facts = Facts {
        command: std::iter::once("cargo xtask bench sync")
            .chain(arguments.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" "),
        machine: machine::describe(),
        load: [before, machine::load()],
        postgres: command::capture(command::tethered(programs.join("postgres")).arg("--version"), BUILD_LIMIT)?
            .trim()
            .to_owned(),
        build,
        page: task.page,
        dlt,
    };
    match task.json {
        true => println!("{:#}", report::json(&rows, &facts)),
        false => print!("{}", report::table(&rows, &facts)),
    }
    Ok(())
}

/// CPU and wall seconds of the release build: of all of it the first time, of next to nothing after that.
fn build() -> anyhow::Result<[f64; 2]> {
    eprintln!("    release build");
    let before = usage::ended_children_cpu()?;
    let start = Instant::now();
    command::run(
        &mut workspace::cargo(&["build", "--release", "--package", "trunnion", "--bin", "trunnion"]),
        BUILD_LIMIT,
    )?;
    Ok([usage::ended_children_cpu()? - before, start.elapsed().as_secs_f64()])
}

fn parse(arguments: &[String]) -> anyhow::Result<Task> {
    let mut task = Task { records: 100_000, page: PAGE, binary: PathBuf::new(), peer: true, json: false };
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().and_then(|value| value.parse().ok()).filter(|number| *number > 0);
            value.ok_or_else(|| wrong(format!("{word} takes a number above 0")))
        };
        match word {
            "--records" => task.records = number()?,
            "--page" => task.page = number()?,
            "--no-peer" => task.peer = false,
            "--json" => task.json = true,
            other => {
                return Err(wrong(format!("bench sync knows --records, --page, --no-peer and --json, not {other:?}")));
            }
        }
    }
    if task.page > PAGE {
        return Err(wrong(format!("--page: the connector asks for {PAGE} at once, more do not come")));
    }
    Ok(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> anyhow::Result<Task> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_read_in_any_order() {
        let task = parsed("--json --records 500 --no-peer --page 50").unwrap();
        assert_eq!((task.records, task.page, task.peer, task.json), (500, 50, false, true));
        assert_eq!(parsed("").unwrap().records, 100_000);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in ["--records", "--records x", "--page 0", "--page 1001", "--peer"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
