//! What a run found out: what was promised, what was tried, what did not hold.

use std::collections::BTreeSet;
use std::fmt;

/// Promises are texts such as `purchase_order: create` or `vendor: write email`.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub system: String,
    pub promised: BTreeSet<String>,
    pub tried: BTreeSet<String>,
    /// One text each, with the entity and the values at fault.
    pub failures: Vec<String>,
}

impl Report {
    /// What was promised and never tried, because the system had no data for it or an earlier step failed.
    pub fn untried(&self) -> Vec<&str> {
        self.promised.difference(&self.tried).map(String::as_str).collect()
    }

    pub(super) fn tried(&mut self, promise: impl Into<String>) {
        self.tried.insert(promise.into());
    }

    pub(super) fn fail(&mut self, failure: impl Into<String>) {
        self.failures.push(failure.into());
    }

    /// Notes what did not hold, and says whether it held.
    pub(super) fn expect(&mut self, holds: bool, failure: impl FnOnce() -> String) -> bool {
        if !holds {
            self.fail(failure());
        }
        holds
    }

    /// The value, or nothing and a failure.
    pub(super) fn take<T, E: fmt::Display>(&mut self, what: &str, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|error| self.fail(format!("{what}: {error}"))).ok()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tried, promised) = (self.promised.intersection(&self.tried).count(), self.promised.len());
        writeln!(f, "{}: {tried} of {promised} promises tried, {} failures", self.system, self.failures.len())?;
        for failure in &self.failures {
            writeln!(f, "  failed: {failure}")?;
        }
        for untried in self.untried() {
            writeln!(f, "  not tried: {untried}")?;
        }
        Ok(())
    }
}
