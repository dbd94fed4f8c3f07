//! Rules about hooks that systems send: they wait, they died, they are not believed, they did not come.

use std::collections::HashMap;

use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_receiver::inbox::Troubled;
use trunnion_store::{Found, Named};

use super::Rule;
use crate::Engine;
use crate::error::{Result, ServiceError};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 60 * 60 * SECOND;

/// Where the rule holds; nowhere if it is not about hooks.
pub(super) async fn find(engine: &Engine, application: ApplicationId, rule: &Rule, now: i64) -> Result<Vec<Found>> {
    if let Rule::MissedHooks { above } = rule {
        return missed(engine, application, *above, now).await;
    }
    // A server without an inbox has no hooks that could be in trouble.
    let Some(inbox) = engine.inbox() else { return Ok(Vec::new()) };
    let (troubled, what) = match rule {
        Rule::HooksWaiting { after_seconds } => {
            (inbox.late(now.saturating_sub(after_seconds.saturating_mul(SECOND))).await, "are not worked off in time")
        }
        Rule::DeadHooks { above } => (inbox.died(now - HOUR, *above).await, "were given up in the last hour"),
        Rule::UnverifiableHooks { above } => {
            (inbox.not_believed(now - HOUR, *above).await, "of the last hour were not believed")
        }
        _ => return Ok(Vec::new()),
    };
    let troubled = troubled.map_err(|error| ServiceError::internal(&error))?;
    named(engine, application, troubled, what).await
}

async fn named(engine: &Engine, application: ApplicationId, troubled: Vec<Troubled>, what: &str) -> Result<Vec<Found>> {
    let ids: Vec<ConnectionId> = troubled.iter().filter_map(|one| ConnectionId::parse(&one.source)).collect();
    let counts: HashMap<String, i64> = troubled.into_iter().map(|one| (one.source, one.count)).collect();
    let names = engine.store().names_of(&ids).await?;
    let own = names.into_iter().filter(|named| named.application == application);
    let found = own.map(|Named { id, system, customer, .. }| {
        let count = counts.get(&id.to_string()).copied().unwrap_or_default();
        Found::at(id.0, &customer, &system, format!("{count} hooks {what}"))
    });
    Ok(found.collect())
}

/// Only of entities for which the system has hooks at all.
async fn missed(engine: &Engine, application: ApplicationId, above: i64, now: i64) -> Result<Vec<Found>> {
    let mut found: Vec<(Found, i64)> = Vec::new();
    for one in engine.store().missed_hooks(application, now - 24 * HOUR).await? {
        let inbound = engine.catalogue().get(&one.system).and_then(|connector| connector.spec.inbound.as_ref());
        if !inbound.is_some_and(|inbound| inbound.entities.iter().any(|entity| entity.name == one.entity)) {
            continue;
        }
        match found.last_mut().filter(|(last, _)| last.subject == one.connection.0) {
            Some((_, missed)) => *missed += one.missed,
            None => {
                let at = Found::at(one.connection.0, &one.customer, &one.system, String::new());
                found.push((at, one.missed));
            }
        }
    }
    let told = found.into_iter().filter(|(_, missed)| *missed > above).map(|(found, missed)| Found {
        message: format!("{missed} changes of the last day were found by a sync before any hook told of them"),
        ..found
    });
    Ok(told.collect())
}
