//! A browser for the tests of pages: Chromium, and the driver that speaks WebDriver to it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::apt;
use crate::command;

/// The driver and the browser.
pub(crate) fn install(logs: &Path) -> anyhow::Result<[PathBuf; 2]> {
    if find().is_none() {
        apt::install(&["chromium", "chromium-driver"], "the tests of pages need a browser", logs)?;
    }
    find().context("Chromium and its driver were installed and cannot be found")
}

fn find() -> Option<[PathBuf; 2]> {
    Some([command::find("chromedriver")?, command::find("chromium")?])
}
