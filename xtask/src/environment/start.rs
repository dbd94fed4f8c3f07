//! Starts everything in order, and gathers the variables that tell the tests where it is.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{browser, lock, peers, postgres, receivers, tryton};
use crate::janitor::Janitor;
use crate::steps::Steps;
use crate::workspace;

/// Running servers and installed clients; dropping it stops and removes what must not stay.
pub(crate) struct Environment {
    janitor: Janitor,
    cache: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Environment {
    pub(crate) fn start(steps: &mut Steps) -> anyhow::Result<Self> {
        let cache = workspace::cache_dir()?;
        let binary = workspace::target_dir()?.join("debug/trunnion");
        let mut janitor = Janitor::start()?;
        let logs = janitor.directory().to_path_buf();

        let one_at_a_time = lock::take(&cache.join("lock"))?;
        let server = steps.run("PostgreSQL: find or install", || postgres::install(&logs))?;
        let python = steps.run("Tryton: packages", || tryton::install(&cache, &logs))?;
        let template = steps.run("Tryton: seeded database", || tryton::seed(&python, &cache, &logs))?;
        let clients = steps.run("Python clients: packages", || peers::install(&cache, &logs))?;
        let [driver, chromium] = steps.run("Chromium: find or install", || browser::install(&logs))?;
        let receivers = steps.run("Receivers of webhooks: find or install", || receivers::install(&cache, &logs))?;
        drop(one_at_a_time);

        let mut variables = vec![("TRUNNION_TEST_BIN", binary.display().to_string())];
        let start = || postgres::start(&server, postgres::Durability::None, &mut janitor);
        variables.push(("TRUNNION_TEST_POSTGRES", steps.run("PostgreSQL: start", start)?.url));
        variables.extend(steps.run("Tryton: start", || tryton::start(&python, &template, &mut janitor))?);
        variables.push(("TRUNNION_TEST_CHROMEDRIVER", driver.display().to_string()));
        variables.push(("TRUNNION_TEST_CHROMIUM", chromium.display().to_string()));
        variables.push(("TRUNNION_TEST_PYTHON_PEERS", clients.display().to_string()));
        variables.extend(receivers);
        Ok(Self { janitor, cache, variables })
    }

    /// Name and value of each variable that the tests read.
    pub(crate) fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }

    /// Fails if a server has died.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.janitor.check()
    }

    /// Copies the servers' logs out of the temporary directory, for whoever has to explain a failure.
    pub(crate) fn keep_logs(&self) -> anyhow::Result<PathBuf> {
        let kept = self.cache.join("logs");
        std::fs::create_dir_all(&kept)?;
        for entry in std::fs::read_dir(self.janitor.directory())? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "log") {
                copy(&file, &kept)?;
            }
        }
        Ok(kept)
    }
}

fn copy(file: &Path, into: &Path) -> anyhow::Result<()> {
    let name = file.file_name().context("a log without a name")?;
    std::fs::copy(file, into.join(name)).with_context(|| format!("cannot keep {}", file.display()))?;
    Ok(())
}
