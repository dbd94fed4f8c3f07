//! `cargo xtask env`: the servers without the tests, for development.

use std::io::Write as _;
use std::thread::sleep;
use std::time::Duration;

use super::Environment;
use crate::outcome::usage;
use crate::steps::Steps;

/// Prints `export` lines and stays until Ctrl-C, or until a server dies.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    if let Some(first) = arguments.first() {
        return Err(usage(format!("cargo xtask env takes no argument, not {first:?}")));
    }
    let mut steps = Steps::default();
    let mut environment = Environment::start(&mut steps)?;
    eprintln!("{}", steps.table());
    let mut out = std::io::stdout().lock();
    for (name, value) in environment.variables() {
        writeln!(out, "export {name}={}", quoted(value))?;
    }
    out.flush()?;
    eprintln!("ready; Ctrl-C stops the servers and removes their data");
    loop {
        sleep(Duration::from_secs(1));
        environment.check()?;
    }
}

/// One word for a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_one_word_for_the_shell() {
        for value in ["plain", "two words", "it's $HOME `id` \\", ""] {
            let script = format!("printf %s {}", quoted(value));
            let mut shell = crate::command::tethered("sh");
            let text = crate::command::capture(shell.args(["-c", &script]), Duration::from_secs(10)).unwrap();
            assert_eq!(text, value);
        }
    }
}
