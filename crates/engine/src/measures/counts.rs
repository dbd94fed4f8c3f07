//! What happened on this node since it started.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// From 5 ms to some 80 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 15))
}

type Timings<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct System {
    system: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    system: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfEntity {
    system: String,
    entity: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Rows that a sync read, by what they were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) deleted: i64,
    pub(crate) unchanged: i64,
    pub(crate) quarantined: i64,
}

pub(crate) struct Counts {
    registry: Registry,
    calls: Family<Call, Counter>,
    call_seconds: Timings<System>,
    runs: Family<OfEntity, Counter>,
    rows: Family<OfEntity, Counter>,
    writes: Family<OfEntity, Counter>,
    attempts: Family<Outcome, Counter>,
    attempt_seconds: Histogram,
}

impl Default for Counts {
    fn default() -> Self {
        let mut counts = Self {
            registry: Registry::with_prefix("trunnion"),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(seconds),
            runs: Family::default(),
            rows: Family::default(),
            writes: Family::default(),
            attempts: Family::default(),
            attempt_seconds: seconds(),
        };
        counts.register();
        counts
    }
}

impl Counts {
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn register(&mut self) {
        let Self { registry, calls, call_seconds, runs, rows, writes, attempts, attempt_seconds } = self;
        registry.register("system_calls", "Requests to connected systems, by what came of them", calls.clone());
        let help = "How long requests to connected systems took";
        registry.register_with_unit("system_call", help, Unit::Seconds, call_seconds.clone());
        registry.register("sync_runs", "Syncs that came to an end or to a pause, by how", runs.clone());
        registry.register("sync_records", "Records that finished syncs read, by what they were", rows.clone());
        registry.register("operations", "Writes to connected systems that were settled, by how", writes.clone());
        registry.register("webhook_attempts", "Tries to deliver an event, by what came of them", attempts.clone());
        let help = "How long receivers of webhooks took";
        registry.register_with_unit("webhook_attempt", help, Unit::Seconds, attempt_seconds.clone());
    }

    /// A request to a system; `outcome` is `ok` or the cause of its failure.
    pub(crate) fn call(&self, system: &str, outcome: &'static str, took: Duration) {
        let system = system.to_owned();
        self.call_seconds.get_or_create_owned(&System { system: system.clone() }).observe(took.as_secs_f64());
        self.calls.get_or_create_owned(&Call { system, outcome }).inc();
    }

    pub(crate) fn run(&self, system: &str, entity: &str, outcome: &'static str) {
        count(&self.runs, system, entity, outcome, 1);
    }

    pub(crate) fn rows(&self, system: &str, entity: &str, rows: Rows) {
        for (outcome, number) in [
            ("created", rows.created),
            ("updated", rows.updated),
            ("deleted", rows.deleted),
            ("unchanged", rows.unchanged),
            ("quarantined", rows.quarantined),
        ] {
            count(&self.rows, system, entity, outcome, number.unsigned_abs());
        }
    }

    pub(crate) fn write(&self, system: &str, entity: &str, outcome: &'static str) {
        count(&self.writes, system, entity, outcome, 1);
    }

    /// A try to deliver an event.
    pub(crate) fn attempt(&self, outcome: &'static str, took: Duration) {
        self.attempts.get_or_create_owned(&Outcome { outcome }).inc();
        self.attempt_seconds.observe(took.as_secs_f64());
    }
}

fn count(family: &Family<OfEntity, Counter>, system: &str, entity: &str, outcome: &'static str, by: u64) {
    let labels = OfEntity { system: system.to_owned(), entity: entity.to_owned(), outcome };
    family.get_or_create_owned(&labels).inc_by(by);
}
