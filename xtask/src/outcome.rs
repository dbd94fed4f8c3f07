//! The two kinds of failure that have an exit code of their own; every other error is a failed task.

use std::fmt;
use std::process::ExitCode;

#[derive(Debug)]
enum Special {
    Usage(String),
    Refused(String),
}

/// The command line is wrong: exit code 2.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Special::Usage(message.into()).into()
}

/// The machine lacks something that we may not or cannot install: exit code 3. The message says what to do.
pub(crate) fn refused(message: impl Into<String>) -> anyhow::Error {
    Special::Refused(message.into()).into()
}

pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref() {
        Some(Special::Usage(_)) => ExitCode::from(2),
        Some(Special::Refused(_)) => ExitCode::from(3),
        None => ExitCode::FAILURE,
    }
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Refused(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Special {}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn a_refusal_keeps_its_exit_code_below_added_context() {
        let error = Err::<(), _>(refused("run apt")).context("PostgreSQL").unwrap_err();
        assert_eq!(format!("{:?}", exit_code(&error)), format!("{:?}", ExitCode::from(3)));
        assert_eq!(format!("{error:#}"), "PostgreSQL: run apt");
    }
}
