//! What runs the receivers of webhooks in `docs/receive`: Python and Node.js with the standard's own library, PHP and Ruby
//! with what they bring along. The libraries that senders of webhooks publish, for what our receiver verifies, and an OData
//! server of others, for what our connectors say.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::{apt, python};
use crate::{command, workspace};

/// The variables that tell the tests where they are.
pub(crate) fn install(cache: &Path, logs: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    let requirements = workspace::test_file("receivers/requirements.txt");
    let python = python::environment("receivers", &requirements, cache, logs)?;
    let missing = missing();
    if !missing.is_empty() {
        apt::install(&missing, "the receivers of webhooks in docs/receive need them", logs)?;
    }
    let found = |name: &str| command::find(name).with_context(|| format!("{name} was installed and cannot be found"));
    let npm = found("npm")?;
    let all = [
        ("TRUNNION_TEST_RECEIVE_PYTHON", python),
        ("TRUNNION_TEST_RECEIVE_NODE", found("node")?),
        ("TRUNNION_TEST_RECEIVE_NODE_MODULES", modules(&npm, "receivers", cache, logs)?),
        ("TRUNNION_TEST_SENDERS_NODE_MODULES", modules(&npm, "senders", cache, logs)?),
        ("TRUNNION_TEST_ODATA_NODE_MODULES", modules(&npm, "odata", cache, logs)?),
        ("TRUNNION_TEST_RECEIVE_PHP", found("php")?),
        ("TRUNNION_TEST_RECEIVE_RUBY", found("ruby")?),
    ];
    Ok(all.into_iter().map(|(name, path)| (name, path.display().to_string())).collect())
}

/// Debian's packages that the machine lacks.
fn missing() -> Vec<&'static str> {
    let mut packages = Vec::new();
    for (program, package) in [("node", "nodejs"), ("npm", "npm"), ("php", "php-cli"), ("ruby", "ruby")] {
        if command::find(program).is_none() {
            packages.push(package);
        }
    }
    let webrick = ["-e", "require 'webrick'"];
    let has_webrick = command::find("ruby")
        .is_some_and(|ruby| command::capture(command::tethered(ruby).args(webrick), Duration::from_secs(30)).is_ok());
    if !has_webrick {
        packages.push("ruby-webrick");
    }
    packages
}

/// The folder `node_modules` with exactly what the lock file of that purpose lists; no script of a package is run.
fn modules(npm: &Path, purpose: &str, cache: &Path, logs: &Path) -> anyhow::Result<PathBuf> {
    let directory = cache.join(format!("node-{purpose}"));
    let (modules, stamp) = (directory.join("node_modules"), directory.join("installed"));
    let lock = workspace::test_file(&format!("{purpose}/package-lock.json"));
    let wanted = fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && modules.is_dir() {
        return Ok(modules);
    }
    eprintln!("    installing {} from npm into {}", lock.display(), directory.display());
    fs::create_dir_all(&directory)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(workspace::test_file(purpose).join(name), directory.join(name))?;
    }
    let mut install = command::tethered(npm);
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&directory);
    command::run_logged(&mut install, &logs.join(format!("npm-{purpose}.log")), Duration::from_secs(5 * 60))
        .context("npm ci; is registry.npmjs.org reachable?")?;
    fs::write(&stamp, wanted)?;
    Ok(modules)
}
