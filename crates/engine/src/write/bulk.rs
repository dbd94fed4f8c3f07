//! Working bulks off. An item is a create like any other, with its own idempotency key and operation; so a node that dies
//! in the middle leaves nothing undecided: whoever takes the bulk up asks each open item's key first, and finds what was
//! begun.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use trunnion_model::catalog::{self, Entity};
use trunnion_store::{Begun, BulkLease, BulkOutcome, Connection, OpenItem};

use super::begin::{Answer, Ask};
use super::create::create;
use super::key;
use crate::Engine;
use crate::error::{Result, ServiceError, to_stored};
use crate::workers::rest;

/// Bulks at once on this node.
const BULKS: usize = 8;
/// Items at once of one bulk: a few more than systems take at a time, so that the budget is what limits. All of them wait in
/// the budget's lane for writes, so a single write waits for no more than these.
const ITEMS: usize = 8;
/// Items read at a time.
const BATCH: usize = 100;
/// How long a bulk stays with a node that shows no sign of life.
const LEASE: Duration = Duration::from_secs(12);

/// Works until the node stops; what is in hand then goes on elsewhere.
pub(crate) async fn work_off(engine: Engine, mut stopping: watch::Receiver<bool>) {
    let mut jobs: JoinSet<()> = JoinSet::new();
    loop {
        while jobs.try_join_next().is_some() {}
        let room = BULKS.saturating_sub(jobs.len());
        if room > 0 {
            match engine.store().claim_bulks(LEASE, room).await {
                Ok(claimed) => {
                    for lease in claimed {
                        jobs.spawn(one(engine.clone(), lease));
                    }
                }
                Err(error) => tracing::warn!(%error, "bulks could not be looked for"),
            }
        }
        if !rest(engine.options().poll, &mut stopping).await {
            return;
        }
    }
}

async fn one(engine: Engine, lease: BulkLease) {
    let worked = tokio::select! {
        worked = items(&engine, &lease) => worked,
        error = until_lost(&engine, &lease) => Err(error),
    };
    if let Err(error) = worked {
        tracing::warn!(bulk = %lease.bulk, ?error, "a bulk is left to whoever takes it up next");
    }
}

/// Keeps the lease alive; returns if it is lost.
async fn until_lost(engine: &Engine, lease: &BulkLease) -> ServiceError {
    loop {
        tokio::time::sleep(LEASE / 4).await;
        if let Err(error) = engine.store().keep_bulk(lease, LEASE).await {
            return error.into();
        }
    }
}

/// Begins all open items, a few at a time; finishes the bulk when none is left.
async fn items(engine: &Engine, lease: &BulkLease) -> Result<()> {
    let age = engine.clock().now_micros().saturating_sub(lease.created_at);
    let too_old = age > i64::try_from(engine.options().write.give_up.as_micros()).unwrap_or(i64::MAX);
    let entity = catalog::entity(&lease.entity).ok_or_else(|| ServiceError::missing("entity"))?;
    let (mut after, mut left) = (-1, 0_usize);
    loop {
        // Read again for each batch: a connection that was parked meanwhile gets no more.
        let row = engine.store().connection_for_work(lease.connection).await?;
        let row = Arc::new(row.ok_or_else(|| ServiceError::missing("connection"))?);
        let open = engine.store().open_bulk_items(lease, after, BATCH).await?;
        let Some(last) = open.last() else { break };
        after = last.place;
        let mut going: JoinSet<Result<bool>> = JoinSet::new();
        for item in open {
            if going.len() >= ITEMS
                && let Some(ended) = going.join_next().await
            {
                left += usize::from(!ended.map_err(|error| ServiceError::internal(&error))??);
            }
            going.spawn(settle(engine.clone(), lease.clone(), Arc::clone(&row), entity, item, too_old));
        }
        while let Some(ended) = going.join_next().await {
            left += usize::from(!ended.map_err(|error| ServiceError::internal(&error))??);
        }
    }
    if left > 0 {
        let message = format!("{left} items could not be begun");
        return Err(ServiceError::SystemUnreachable { message, after: None });
    }
    Ok(engine.store().finish_bulk(lease).await?)
}

/// Brings one item to its operation or its refusal, and writes that down; false if it must be tried again later.
async fn settle(
    engine: Engine,
    lease: BulkLease,
    row: Arc<Connection>,
    entity: &'static Entity,
    item: OpenItem,
    too_old: bool,
) -> Result<bool> {
    let outcome = match attempt(&engine, &row, entity, &item).await {
        Ok(outcome) => outcome,
        // Trouble of ours or of the system's: nothing was begun, and the key is still free.
        Err(error) if error.status() >= 500 && !too_old => {
            tracing::warn!(bulk = %lease.bulk, item = item.place, ?error, "an item is tried again later");
            return Ok(false);
        }
        Err(error) => BulkOutcome::Refused(i64::from(error.status()), to_stored(&error)),
    };
    engine.store().note_bulk_item(&lease, item.place, &outcome).await?;
    Ok(true)
}

async fn attempt(engine: &Engine, row: &Connection, entity: &'static Entity, item: &OpenItem) -> Result<BulkOutcome> {
    let body: Value = serde_json::from_str(&item.request).map_err(|error| ServiceError::internal(&error))?;
    let hash = key::body_hash(entity.name, "create", &body);
    // What was begun before, here or on a node that died, is not waited for: it goes on by itself.
    let begun = || engine.store().begun_before(row.id, &item.idempotency_key, &hash);
    match begun().await? {
        Some(Begun::Existing(operation)) => return Ok(BulkOutcome::Begun(operation.id)),
        Some(Begun::KeyReused) => return Err(ServiceError::IdempotencyConflict),
        Some(Begun::New { .. }) | None => {}
    }
    let ask = Ask { key: Some(&item.idempotency_key), dry_run: false, respond_async: false, patient: true };
    match Box::pin(create(engine, row, entity, body, ask)).await {
        Ok(Answer::Done(written)) => Ok(BulkOutcome::Begun(written.operation)),
        Ok(Answer::Accepted(_) | Answer::Planned(_)) => Err(ServiceError::internal(&"a create that was not done")),
        Err(error) => match begun().await? {
            Some(Begun::Existing(operation)) => Ok(BulkOutcome::Begun(operation.id)),
            _ => Err(error),
        },
    }
}
