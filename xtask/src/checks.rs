//! `cargo xtask test`: everything that must pass before a change is done. CI runs exactly this.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::bail;

use crate::command;
use crate::environment::Environment;
use crate::outcome::usage;
use crate::steps::Steps;
use crate::workspace::cargo;

/// Longer than a cold build on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
const TEST_LIMIT: Duration = Duration::from_secs(40 * 60);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    All,
    Setup,
    Lint,
    Unit,
}

/// Runs the parts that the arguments ask for; a failed check does not hide the next one.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let (part, rest) = parse(arguments)?;
    let mut steps = Steps::default();
    let failures = run_parts(part, rest, &mut steps);
    eprintln!("{}", steps.table());
    match failures.as_slice() {
        [] => Ok(()),
        // A single error keeps its exit code.
        [_] => Err(failures.into_iter().next().unwrap_or_else(|| anyhow::anyhow!("unknown failure"))),
        several => {
            let lines: Vec<String> = several.iter().map(|error| format!("\n  - {error:#}")).collect();
            bail!("{} steps failed{}", several.len(), lines.concat())
        }
    }
}

fn run_parts(part: Part, rest: &[String], steps: &mut Steps) -> Vec<anyhow::Error> {
    let mut failures = Vec::new();
    if matches!(part, Part::All | Part::Lint) {
        failures.extend(steps.run("format", format).err());
        failures.extend(steps.run("clippy", clippy).err());
    }
    if matches!(part, Part::All | Part::Unit | Part::Setup) {
        failures.extend(with_environment(part, rest, steps).err());
    }
    failures
}

fn with_environment(part: Part, rest: &[String], steps: &mut Steps) -> anyhow::Result<()> {
    let environment = Environment::start(steps)?;
    if part == Part::Setup {
        return Ok(());
    }
    steps.run("build trunnion", build)?;
    let runner = runner();
    let mut command = runner.command(rest);
    command.envs(environment.variables().iter().map(|(name, value)| (name, value)));
    steps.run(&format!("tests ({})", runner.name), || command::run(&mut command, TEST_LIMIT)).map_err(|error| {
        match environment.keep_logs() {
            Ok(logs) => {
                error.context(format!("see the failed tests above; the servers' logs are in {}", logs.display()))
            }
            Err(lost) => error.context(format!("the servers' logs are lost: {lost:#}")),
        }
    })
}

fn format() -> anyhow::Result<()> {
    command::run(&mut cargo(&["fmt", "--all", "--check"]), Duration::from_secs(300))
        .map_err(|error| error.context("run `cargo fmt --all`"))
}

fn clippy() -> anyhow::Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    command::run(&mut cargo(&arguments), BUILD_LIMIT).map_err(|error| error.context("mend what clippy lists above"))
}

/// The tests start this binary themselves, as a user would.
fn build() -> anyhow::Result<()> {
    command::run(&mut cargo(&["build", "--package", "trunnion", "--bin", "trunnion"]), BUILD_LIMIT)
}

struct Runner {
    name: &'static str,
    arguments: &'static [&'static str],
}

impl Runner {
    fn command(&self, rest: &[String]) -> Command {
        let mut command = cargo(self.arguments);
        // Cargo lets `--workspace` win over a package that is named beside it.
        if !rest.iter().any(|argument| names_a_package(argument)) {
            command.arg("--workspace");
        }
        command.args(rest);
        command
    }
}

fn names_a_package(argument: &str) -> bool {
    argument == "--package" || argument.starts_with("--package=") || argument.starts_with("-p")
}

/// nextest where it is installed; building it takes longer than all the rest, so otherwise cargo's own runner.
fn runner() -> Runner {
    let installed = command::find("cargo-nextest").is_some() || in_cargo_home("cargo-nextest");
    if installed {
        Runner { name: "cargo nextest", arguments: &["nextest", "run", "--all-features"] }
    } else {
        eprintln!("    cargo-nextest is not installed (cargo install --locked cargo-nextest); using cargo test");
        Runner { name: "cargo test", arguments: &["test", "--no-fail-fast", "--all-features"] }
    }
}

fn in_cargo_home(program: &str) -> bool {
    std::env::var_os("CARGO_HOME").is_some_and(|home| Path::new(&home).join("bin").join(program).is_file())
}

fn parse(arguments: &[String]) -> anyhow::Result<(Part, &[String])> {
    let (value, rest) = match arguments {
        [flag, value, rest @ ..] if flag == "--only" => (value.as_str(), rest),
        [flag] if flag == "--only" => return Err(usage("--only needs one of setup, lint, unit")),
        [first, rest @ ..] if first.starts_with("--only=") => (first.trim_start_matches("--only="), rest),
        _ => return Ok((Part::All, arguments)),
    };
    let part = match value {
        "setup" => Part::Setup,
        "lint" => Part::Lint,
        "unit" => Part::Unit,
        other => return Err(usage(format!("--only knows setup, lint and unit, not {other:?}"))),
    };
    if part != Part::Unit && !rest.is_empty() {
        return Err(usage(format!("--only {value} runs no tests, so it takes no {:?}", rest.concat())));
    }
    Ok((part, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Part, String), String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&arguments).map(|(part, rest)| (part, rest.join(" "))).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_choose_the_part_and_the_rest_goes_to_the_runner() {
        assert_eq!(parsed(""), Ok((Part::All, String::new())));
        assert_eq!(parsed("-p trunnion-kit --no-capture"), Ok((Part::All, "-p trunnion-kit --no-capture".to_owned())));
        assert_eq!(parsed("--only unit -E test(x)"), Ok((Part::Unit, "-E test(x)".to_owned())));
        assert_eq!(parsed("--only=lint"), Ok((Part::Lint, String::new())));
    }

    #[test]
    fn a_package_in_the_arguments_narrows_the_run() {
        let runner = Runner { name: "runner", arguments: &["run"] };
        let line = |rest: &[&str]| {
            let rest: Vec<String> = rest.iter().map(|argument| (*argument).to_owned()).collect();
            let words =
                runner.command(&rest).get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>();
            words.join(" ").split_once("run").map(|(_, after)| after.trim().to_owned())
        };
        assert_eq!(line(&[]).as_deref(), Some("--workspace"));
        assert_eq!(line(&["--no-capture"]).as_deref(), Some("--workspace --no-capture"));
        assert_eq!(line(&["-p", "trunnion-kit"]).as_deref(), Some("-p trunnion-kit"));
        assert_eq!(line(&["--package=trunnion-kit"]).as_deref(), Some("--package=trunnion-kit"));
    }

    #[test]
    fn a_wrong_part_is_refused_with_the_known_ones() {
        for line in ["--only", "--only all", "--only=x", "--only lint -v"] {
            assert!(parsed(line).is_err_and(|error| error.contains("--only")), "{line}");
        }
    }
}
