//! What follows from a complete listing: what it did not see is gone, if that can be believed.
//!
//! A listing is not believed, and its deletions are held for somebody to decide on, if it showed nothing at all, if more is
//! gone than the guard lets through, or if records that it did not show are there when they are asked for one by one. A few
//! are always asked for before anything is deleted, so that a filter that broke or a page that was lost is noticed also
//! below the guard's threshold.

use trunnion_store::HeldReason;

use super::cursor::Going;
use super::job::{Halt, Job};
use super::refresh::{RefreshError, refresh};

/// So many of the missing are asked for one by one; if there are no more, nothing else is needed.
const SAMPLE: usize = 20;

pub(super) async fn settle(job: &Job<'_>, going: &Going) -> Result<(), Halt> {
    let Some(generation) = going.listing else { return Ok(()) };
    let (store, connection, entity) = (job.engine.store(), job.claim.plan.connection, job.claim.entity);
    store.end_listing(&job.claim.lease, entity, generation).await?;
    let gone = store.gone(connection, entity, generation, SAMPLE).await?;
    if gone.count == 0 {
        store.withdraw_held(&job.claim.lease).await?;
        return Ok(());
    }
    if going.settled_before.is_some() {
        store.note_drift(&job.claim.lease, gone.count).await?;
    }
    let plans = store.plans(connection).await?;
    let total = plans.iter().find(|plan| plan.entity == entity.name).map_or(0, |plan| plan.records);
    let guard = job.engine.options().deletion_guard;
    let doubt = if going.listed == 0 && total > 1 && guard.is_on() {
        Some(HeldReason::Empty)
    } else {
        guard.holds(gone.count, total).then_some(HeldReason::Threshold)
    };
    let doubt = match doubt {
        Some(doubt) => Some(doubt),
        None => {
            let progress = job.progress(None);
            let asked = refresh(job.engine, job.live, job.spec, &gone.sample, job.cause(), Some(&progress)).await?;
            let are_there = asked.found + asked.poison > 0;
            let more = gone.count > i64::try_from(gone.sample.len()).unwrap_or(i64::MAX);
            (are_there && more && guard.is_on()).then_some(HeldReason::Inconsistent)
        }
    };
    if let Some(reason) = doubt {
        let held = store.hold_deletion(&job.claim.lease, generation, reason, (gone.count, total)).await?;
        tracing::warn!(%connection, entity = entity.name, gone = gone.count, total, id = %held.id, "deletions are held");
        return Ok(());
    }
    let progress = job.progress(None);
    while store.sweep(&progress, generation, job.cause()).await? > 0 {}
    store.withdraw_held(&job.claim.lease).await?;
    Ok(())
}

impl From<RefreshError> for Halt {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::System(error) => Self::System(error),
            RefreshError::Store(error) => Self::Store(error),
        }
    }
}
