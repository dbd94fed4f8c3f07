//! Hooks that systems send: what came to this node and what became of it, and what waits on all of them. By system.

use std::collections::HashMap;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use trunnion_model::ids::ConnectionId;

use super::standing::seconds;
use crate::Engine;
use crate::error::{Result, ServiceError};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct System {
    system: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Fate {
    system: String,
    result: &'static str,
}

pub(super) async fn register(engine: &Engine, registry: &mut Registry) -> Result<()> {
    let Some(inbox) = engine.inbox() else { return Ok(()) };
    let sources = inbox.metrics().await.map_err(|error| ServiceError::internal(&error))?;
    let ids: Vec<ConnectionId> = sources.iter().filter_map(|one| ConnectionId::parse(&one.source)).collect();
    let names = engine.store().names_of(&ids).await?;
    let systems: HashMap<String, String> =
        names.into_iter().map(|named| (named.id.to_string(), named.system)).collect();
    let hooks = Family::<Fate, Counter>::default();
    let waiting = Family::<System, Gauge>::default();
    let oldest = Family::<System, Gauge>::default();
    let now = engine.clock().now_micros();
    for one in &sources {
        // A connection that was erased.
        let Some(system) = systems.get(&one.source) else { continue };
        for (result, count) in [
            ("stored", one.stored),
            ("duplicate", one.duplicates),
            ("unverifiable", one.unverifiable),
            ("refused_full", one.refused_full),
            ("unavailable", one.unavailable),
            ("done", one.done),
            ("retried", one.retried),
            ("dead", one.dead),
        ] {
            hooks.get_or_create_owned(&Fate { system: system.clone(), result }).inc_by(count);
        }
        let labels = System { system: system.clone() };
        waiting.get_or_create_owned(&labels).inc_by(one.waiting);
        let age = oldest.get_or_create_owned(&labels);
        age.set(age.get().max(seconds(one.oldest_received_at, now)));
    }
    registry.register("hooks", "Hooks that systems sent to this node, by what became of them", hooks);
    registry.register("hooks_waiting", "Hooks that were acknowledged and not worked off yet", waiting);
    registry.register_with_unit("hooks_oldest", "How long the first of them waits", Unit::Seconds, oldest);
    Ok(())
}
