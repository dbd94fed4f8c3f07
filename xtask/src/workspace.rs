//! Where things are: the checkout, cargo, the target directory and our cache inside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::command;

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// A file below `tests-env/`.
pub(crate) fn test_file(name: &str) -> PathBuf {
    root().join("tests-env").join(name)
}

/// Cargo, in the root of the checkout, without the variables that `cargo run` set for this process: a build script
/// that watches them would run again for nothing.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = command::tethered(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo.args(arguments).current_dir(root());
    cargo
}

/// The directory that cargo builds into, wherever it was configured.
pub(crate) fn target_dir() -> anyhow::Result<PathBuf> {
    let text =
        command::capture(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]), Duration::from_secs(120))
            .context("cargo metadata")?;
    let metadata: Value = serde_json::from_str(&text).context("the answer of cargo metadata is not JSON")?;
    let directory = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(directory))
}

/// Our cache: virtual environments and seeded databases. It may be deleted at any time when no task runs.
pub(crate) fn cache_dir() -> anyhow::Result<PathBuf> {
    let cache = target_dir()?.join("tests-env");
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    Ok(cache)
}
