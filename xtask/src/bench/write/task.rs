//! What is to be measured, from the command line.

use std::path::PathBuf;

use crate::outcome::usage as wrong;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// Creates, and as many updates.
    pub(super) writes: usize,
    /// Creates a second, in the part that has a rate.
    pub(super) rate: usize,
    /// Measured instead of what is built now.
    pub(super) program: Option<PathBuf>,
}

pub(super) fn parse(arguments: &[String]) -> anyhow::Result<Task> {
    let mut task = Task { writes: 500, rate: 20, program: None };
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let value = words.next().filter(|value| !value.is_empty());
        let number = || {
            let number = value.and_then(|value| value.parse().ok()).filter(|number| *number > 0);
            number.ok_or_else(|| wrong(format!("{word} takes a number above 0")))
        };
        match word {
            "--program" => task.program = Some(value.ok_or_else(|| wrong("--program takes a file"))?.into()),
            "--writes" => task.writes = number()?,
            "--rate" => task.rate = number()?,
            other => return Err(wrong(format!("bench write knows --writes, --rate and --program, not {other:?}"))),
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
        let task = Task { writes: 7, rate: 3, program: Some("x".into()) };
        assert_eq!(parsed("--writes 7 --rate 3 --program x").unwrap(), task);
        for line in ["--writes", "--writes 0", "--program", "--fast 1"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
