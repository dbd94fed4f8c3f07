//! One run, step by step: rows, then what tells of deletions, then what follows from a listing.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::watch;
use trunnion_kit::shape::Over;
use trunnion_kit::spec::{Deletes, Strategy};
use trunnion_model::change::Cause;
use trunnion_store::{Claim, Error as StoreError, RunMode};

use super::cursor::{Cursor, Going, Step};
use super::job::{Ended, Halt, Job};
use super::refresh::refresh;
use super::watching::Watching;
use super::{delta, feed, keys, pages, settle};
use crate::Engine;
use crate::error::ServiceError;
use crate::links::Live;

/// So many rows in quarantine are tried again by a run.
const RETRIED: usize = 50;

/// How a run came to its end, or to a pause.
pub(super) enum End {
    /// Everything in the window is stored: the cursor to keep, and when by the system's clock the run started.
    Done { cursor: String, started: i64 },
    /// The node stops; everything fetched is stored.
    Stopped,
}

/// Does the run from where it is to its end. `progressed` counts the pages stored by this call.
pub(super) async fn run(
    engine: &Engine,
    claim: &Claim,
    live: &Live,
    stopping: &watch::Receiver<bool>,
    progressed: &mut u64,
) -> Result<End, Halt> {
    let spec = live.entity(claim.entity.name).ok_or_else(|| {
        Halt::Here(ServiceError::UnsupportedOperation {
            message: format!("The connector no longer offers {}.", claim.entity.name),
        })
    })?;
    let connection = claim.plan.connection;
    let watching = Watching::begin(engine, connection, spec).await?;
    let job = Job {
        engine,
        claim,
        live,
        spec,
        mapper: Arc::new(live.mapper(spec)),
        mapping: live.mapping(spec),
        watching,
        stopping,
        nothing_new: AtomicBool::new(false),
        mostly_known: AtomicBool::new(true),
    };
    let outcome = to_the_end(&job, progressed).await;
    let over = match &outcome {
        Ok((End::Done { .. }, complete)) => Some(Over { first: job.cause() == Cause::Initial, complete: *complete }),
        Err(Halt::Store(StoreError::LeaseLost)) => return outcome.map(|(end, _)| end),
        Ok((End::Stopped, _)) | Err(_) => None,
    };
    let kept = job.watching.end(engine, connection, spec, over).await;
    // What went wrong first says more.
    let (end, _) = outcome?;
    kept?;
    Ok(end)
}

/// Also tells whether every row there is was seen, by this call.
async fn to_the_end(job: &Job<'_>, progressed: &mut u64) -> Result<(End, bool), Halt> {
    let Job { claim, spec, live, .. } = job;
    let mut cursor = Cursor::parse(&claim.plan);
    let mut complete = false;
    let mut going = cursor.going_on(claim.run.mode, claim.run.pages, &spec.sync);
    if claim.run.pages == 0 && claim.has_quarantined {
        retry_quarantined(job).await?;
    }
    loop {
        let own = going.as_ref().is_none_or(|going| going.begun_by == claim.run.id.to_string());
        let start = match going.take() {
            Some(going) => going,
            None => {
                let new = begin(job, &cursor).await?;
                complete = cursor.is_complete(&new, claim.run.mode, spec.sync.strategy);
                new
            }
        };
        cursor.run = Some(start);
        if steps(job, &mut cursor, progressed).await? == Ended::Stopped {
            return Ok((End::Stopped, false));
        }
        let over = cursor.run.take().unwrap_or_default();
        let source_now = live.link.source_now().as_microsecond();
        cursor = cursor.finished(&over, spec.sync.strategy, (job.now(), source_now));
        // What a failed run left is done now; whoever asked for this one wants to know what changed since.
        if own {
            return Ok((End::Done { cursor: cursor.text(), started: over.started }, complete));
        }
    }
}

/// A new run, with its listing if it will see every row.
async fn begin(job: &Job<'_>, cursor: &Cursor) -> Result<Going, Halt> {
    let (plan, mode, sync) = (&job.claim.plan, job.claim.run.mode, &job.spec.sync);
    let mut going = cursor.begin(plan, mode, sync, job.live.link.source_now());
    going.is_new = true;
    going.begun_by = job.claim.run.id.to_string();
    // Where nothing is stored nothing can be missing.
    if plan.records > 0 && cursor.is_complete(&going, mode, sync.strategy) {
        going.listing = Some(job.engine.store().begin_listing(&job.claim.lease, job.mapping).await?);
    }
    Ok(going)
}

async fn steps(job: &Job<'_>, cursor: &mut Cursor, progressed: &mut u64) -> Result<Ended, Halt> {
    loop {
        let going = cursor.run.clone().unwrap_or_default();
        let ended = match going.step {
            Step::Rows if job.spec.sync.strategy == Strategy::Delta => delta::read(job, cursor, progressed).await?,
            Step::Rows => pages::read(job, cursor, progressed).await?,
            Step::Deleted => feed::read(job, cursor, progressed).await?,
            Step::Keys => keys::read(job, cursor, progressed).await?,
            Step::Settle => {
                settle::settle(job, &going).await?;
                Ended::Over
            }
        };
        if ended == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
        let over = cursor.run.clone().unwrap_or_default();
        let Some(step) = next_step(job, cursor, &over) else { return Ok(Ended::Over) };
        let mut next = over.then(step);
        if step == Step::Keys {
            next.listing = Some(job.engine.store().begin_listing(&job.claim.lease, None).await?);
            next.listed = 0;
        }
        cursor.run = Some(next);
    }
}

fn next_step(job: &Job<'_>, cursor: &Cursor, over: &Going) -> Option<Step> {
    // Where nothing was stored before this run, nothing can be gone that anybody knew.
    let known = job.claim.plan.initial_done;
    let deletes = &job.spec.sync.deletes;
    if over.step == Step::Rows && known && matches!(deletes, Deletes::Feed(_)) {
        return Some(Step::Deleted);
    }
    if matches!(over.step, Step::Rows | Step::Deleted)
        && let Deletes::Keys { every } = deletes
        && known
        && over.listing.is_none()
    {
        let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX);
        let due = cursor.listed_at.is_none_or(|at| at.saturating_add(every) <= job.now());
        if due || job.claim.run.mode != RunMode::Incremental {
            return Some(Step::Keys);
        }
    }
    (over.step != Step::Settle && over.listing.is_some()).then_some(Step::Settle)
}

/// Rows that could not be mapped the last time: the system's user may have mended them without anything else telling.
async fn retry_quarantined(job: &Job<'_>) -> Result<(), Halt> {
    let (connection, entity) = (job.claim.plan.connection, job.claim.entity.name);
    let waiting = job.engine.store().quarantine_to_retry(connection, entity, job.now(), RETRIED).await?;
    // A row without a key cannot be asked for.
    let waiting: Vec<String> = waiting.into_iter().filter(|remote_id| remote_id != "?").collect();
    let progress = job.progress(None);
    refresh(job.engine, job.live, job.spec, &waiting, job.cause(), Some(&progress)).await?;
    Ok(())
}
