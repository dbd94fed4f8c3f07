//! Development tasks, run as `cargo xtask …`.
//!
//! Needs nothing but the Rust toolchain, a C compiler and Linux; whatever else a task needs, it installs into the cargo
//! target directory or, with apt, into the system, and says so. Progress goes to standard error, results to standard
//! output. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused to start (and says what to do).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task runner reports to a terminal")]

mod bench;
mod checks;
mod command;
mod environment;
mod janitor;
mod outcome;
mod steps;
mod workspace;

use std::process::ExitCode;

use outcome::usage;

const USAGE: &str = "\
cargo xtask test [--only setup|lint|unit] [ARGUMENTS FOR THE TEST RUNNER…]
    Sets up all that the tests need, then runs format check, clippy, build and tests; ends with the time of each step.
    --only setup   install and start everything once, run nothing
    --only lint    format check and clippy; installs nothing
    --only unit    set-up, build and tests, without the lints
cargo xtask env
    Starts the servers that the tests need, prints the variables for a shell, stops the servers at Ctrl-C:
    cargo xtask env > /tmp/env.sh &   and, when it says ready,   . /tmp/env.sh
cargo xtask bench build [--package NAME]
    Clean release build in a throw-away directory: CPU seconds, wall time, size, crates. Fails above 600 CPU seconds.
cargo xtask bench inbox [--seconds 10]
    Release build, then webhooks into the receiver on SQLite and PostgreSQL, beside what the database does alone. Judges nothing.
cargo xtask bench schedule [--connections 10000] [--hours 0.5]
    Release build, then due syncs of an idle system on a virtual clock, on SQLite and PostgreSQL: lag, CPU and memory of
    finding, taking, doing and concluding them. A whole day is --hours 24.
cargo xtask bench sync [--records 10000,100000] [--record-bytes N] [--page 1000] [--database NAME] [--program FILE] [--no-peer] [--json]
    Release build (unless there is a FILE from one), then purchase orders from a simulator, or rows of N bytes: initial sync,
    full re-sync with nothing new, reading all back, on SQLite and PostgreSQL (or the one that is named), beside dlt and airbyte-cdk (PyPI): wall and CPU
    seconds, CPU per record, peak memory. Judges results, never times.
cargo xtask bench sync --beside-writes [--records 100000] [--latency MS] [--database NAME]
    How much longer writes take while the first sync of the same connection runs.
cargo xtask bench webhooks [--messages 20000] [--seconds 30] [--program FILE]
    Release build (unless there is a FILE from one), then events of 1 KB to a receiver that verifies them, on SQLite and PostgreSQL: how many a second, CPU per
    event, memory, time from commit to arrival at 100/s alone and beside a receiver that hangs, and after a kill.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            outcome::exit_code(&error)
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<()> {
    let Some((task, rest)) = arguments.split_first() else {
        return Err(usage(USAGE));
    };
    match task.as_str() {
        "test" => checks::run(rest),
        "env" => environment::serve::run(rest),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(usage(format!("there is no task {other:?}\n{USAGE}"))),
    }
}
