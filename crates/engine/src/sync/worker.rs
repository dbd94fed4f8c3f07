//! The worker of a node: looks for due work, takes as much as it has room for, and lets go when the node stops.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use trunnion_kit::http::Lane;
use trunnion_store::{Claim, ClaimRequest, Error as StoreError, Room};

use super::conclude::conclude;
use super::custom;
use super::job::Halt;
use super::run::run;
use super::slots::Slots;
use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::links::Live;
use crate::workers::rest;

/// After the database failed to give work.
const AFTER_ERROR: Duration = Duration::from_secs(2);

/// Works until the node stops.
pub(crate) async fn work(engine: Engine, mut stopping: watch::Receiver<bool>) {
    let mut runs: JoinSet<()> = JoinSet::new();
    let mut slots = Slots::new(engine.options().slots, engine.options().long_run);
    let mut news = engine.store().watch_work();
    while !*stopping.borrow() {
        // Taken before looking, so that work made while looking is not slept over.
        news.mark_unchanged();
        let (free, room) = slots.room();
        match claim(&engine, free, &room).await {
            Ok(claims) => {
                let full = claims.len() == free;
                for claim in claims {
                    let begun = runs.spawn(one_run(engine.clone(), claim.clone(), stopping.clone()));
                    slots.begin(begun.id(), &claim);
                }
                // With every slot taken only an ending makes room; news are then looked at with it.
                let poll = tokio::time::sleep(engine.options().poll);
                tokio::select! {
                    Some(ended) = runs.join_next_with_id() => {
                        note(&mut slots, ended);
                        while let Some(ended) = runs.try_join_next_with_id() {
                            note(&mut slots, ended);
                        }
                    }
                    _ = news.changed(), if !full => {}
                    () = poll => {}
                    _ = stopping.changed() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no work could be taken up");
                rest(AFTER_ERROR, &mut stopping).await;
            }
        }
    }
    while let Some(ended) = runs.join_next_with_id().await {
        note(&mut slots, ended);
    }
}

impl Engine {
    /// Does what is due now, one run after the other, and returns how late each of them began: for programs without
    /// background work. Dropping the future is like a crash, after which a run goes on when its lease runs out.
    pub async fn sync_due(&self) -> Result<Vec<Duration>> {
        let (free, room) = Slots::new(self.options().slots, self.options().long_run).room();
        let claims = claim(self, free, &room).await?;
        let mut late = Vec::with_capacity(claims.len());
        let (_keep, stopping) = watch::channel(false);
        for claim in claims {
            // What was asked for by hand has no due time.
            let waited = claim.due_at.map_or(0, |due| self.clock().now_micros() - due);
            late.push(Duration::from_micros(waited.try_into().unwrap_or(0)));
            Box::pin(one_run(self.clone(), claim, stopping.clone())).await;
        }
        Ok(late)
    }
}

async fn claim(engine: &Engine, limit: usize, room: &Room) -> std::result::Result<Vec<Claim>, StoreError> {
    let options = engine.options();
    let request =
        ClaimRequest { node: &options.node, lease_for: options.lease, limit, per_connection: options.per_connection };
    engine.store().claim_within(&request, room).await
}

async fn one_run(engine: Engine, mut claim: Claim, stopping: watch::Receiver<bool>) {
    let (mut progressed, held) = (0, claim.clone());
    let live = live(&engine, &claim).await;
    let (live, ended) = match live {
        Ok(mut live) => {
            let run = async {
                custom::look(&engine, &mut claim, &mut live).await?;
                run(&engine, &claim, &live, &stopping, &mut progressed).await
            };
            let ended = tokio::select! {
                ended = run => ended,
                () = until_lost(&engine, &held) => return,
            };
            (Some(live), ended)
        }
        Err(error) => (None, Err(Halt::Here(error))),
    };
    if let Err(error) = conclude(&engine, &claim, live.as_ref(), ended, progressed).await {
        // Its lease runs out, and it is taken up again.
        tracing::warn!(connection = %claim.plan.connection, entity = claim.entity.name, %error, "the end of a run was not stored");
    }
}

async fn live(engine: &Engine, claim: &Claim) -> Result<Live> {
    let row = engine.store().connection_for_work(claim.plan.connection).await?;
    let row = row.ok_or_else(|| ServiceError::missing("connection"))?;
    let lane = if claim.lane == trunnion_store::Lane::Backfill { Lane::Backfill } else { Lane::Incremental };
    Ok(engine.links().get(engine, &row).await?.in_lane(lane))
}

/// Keeps the lease alive while a page takes its time; returns once it is lost or the run was cancelled.
async fn until_lost(engine: &Engine, claim: &Claim) {
    let lease = engine.options().lease;
    loop {
        tokio::time::sleep(lease / 3).await;
        match engine.store().heartbeat(&claim.lease, lease).await {
            Ok(()) => {}
            Err(StoreError::LeaseLost) => return,
            Err(error) => tracing::warn!(connection = %claim.plan.connection, %error, "a lease could not be prolonged"),
        }
    }
}

fn note(slots: &mut Slots, ended: std::result::Result<(Id, ()), JoinError>) {
    match ended {
        Ok((id, ())) => slots.end(id),
        Err(error) => {
            slots.end(error.id());
            if error.is_panic() {
                tracing::error!(%error, "a run ended in a defect; it is taken up again when its lease runs out");
            }
        }
    }
}
