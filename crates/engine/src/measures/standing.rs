//! How things stand, of all nodes together: connections, and what waits.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::Engine;
use crate::error::Result;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    system: String,
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Cause {
    cause: String,
}

pub(super) async fn register(engine: &Engine, registry: &mut Registry) -> Result<()> {
    let standing = engine.store().standing().await?;
    let now = engine.clock().now_micros();
    let connections = Family::<Status, Gauge>::default();
    for (system, status, count) in standing.connections {
        connections.get_or_create_owned(&Status { system, status }).set(count);
    }
    registry.register("connections", "Connections, by system and status", connections);
    let incidents = Family::<Cause, Gauge>::default();
    for (cause, count) in standing.incidents {
        incidents.get_or_create_owned(&Cause { cause }).set(count);
    }
    registry.register("incidents_open", "Troubles of connections that are not over, by cause", incidents);
    let number = |registry: &mut Registry, name: &str, help: &str, value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    number(registry, "syncs_due", "Syncs that could run and do not yet", standing.syncs_due);
    age(registry, "sync_oldest_due", "How long the first of them waits", standing.oldest_sync, now);
    let help = "Deliveries of webhooks that are to be sent, counted up to 100000";
    number(registry, "webhook_deliveries_waiting", help, standing.deliveries);
    age(registry, "webhook_oldest_due", "How long the first of them is late", standing.oldest_delivery, now);
    number(registry, "operations_open", "Writes that are not settled", standing.operations);
    Ok(())
}

/// In seconds since the instant; 0 if there is none, or if it is to come.
pub(super) fn age(registry: &mut Registry, name: &str, help: &str, since: Option<i64>, now: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(seconds(since, now));
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}

pub(super) fn seconds(since: Option<i64>, now: i64) -> i64 {
    since.map_or(0, |at| now.saturating_sub(at).max(0) / 1_000_000)
}
