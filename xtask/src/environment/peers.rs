//! Clients of vendor systems that somebody else wrote, to check our simulators with: pyodata, netsuite,
//! requests-oauthlib, PyJWT. Their versions agree, so one virtual environment holds all.

use std::path::{Path, PathBuf};

use super::python;
use crate::workspace;

/// The interpreter that can import them.
pub(crate) fn install(cache: &Path, logs: &Path) -> anyhow::Result<PathBuf> {
    python::environment("peers", &workspace::test_file("peers/requirements.txt"), cache, logs)
}
