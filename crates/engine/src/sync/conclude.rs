//! What follows from the end of a run: its outcome in the store, and the connection's status.

use std::time::Duration;

use trunnion_kit::error::{Cause, Error as SystemError};
use trunnion_store::{Claim, Cleared, Error as StoreError, Failure, Finished, Run};

use super::job::Halt;
use super::run::End;
use crate::Engine;
use crate::error::from_system;
use crate::health::{self, Parked, park};
use crate::links::Live;
use crate::measures::Rows;

/// Writes down how the run ended. A lease that was lost meanwhile leaves it to whoever has it.
pub(super) async fn conclude(
    engine: &Engine,
    claim: &Claim,
    live: Option<&Live>,
    ended: Result<End, Halt>,
    progressed: u64,
) -> Result<(), StoreError> {
    let now = engine.clock().now_micros();
    let mut withheld = false;
    let finished = match ended {
        Ok(End::Done { cursor, started }) => return succeeded(engine, (claim, live), cursor, started).await,
        Ok(End::Stopped) => {
            let error = failure("NODE_STOPPED", "the node was stopped; the run goes on from its last page");
            Finished::Retry { at: now, error }
        }
        Err(Halt::Store(StoreError::LeaseLost)) => return Ok(()),
        Err(Halt::Store(error)) if error.is_transient() => {
            retry(engine, claim, progressed, failure("INTERNAL", &error), None)
        }
        Err(Halt::Store(error)) => failed(failure("INTERNAL", &error)),
        Err(Halt::Here(error)) => {
            tracing::error!(connection = %claim.plan.connection, %error, ?error, "a sync could not run");
            failed(failure(error.code(), &error))
        }
        Err(Halt::Row(error)) => {
            let said = failure("UNMAPPABLE_RECORD", &error);
            health::cannot_read(engine, claim.plan.connection, claim.entity.name, &said.message).await;
            failed(said)
        }
        Err(Halt::System(SystemError::Authentication(message))) => {
            let parked = match live {
                Some(live) => park(engine, live, &message).await,
                None => Ok(Parked::Yes),
            };
            let error = failure("AUTHENTICATION_FAILED", &message.text);
            match parked {
                // The run goes on with the new credentials.
                Ok(Parked::Replaced) => Finished::Retry { at: now, error },
                // Due at once, also where nobody but a request starts runs: it begins when the connection is back.
                Ok(Parked::Yes) => Finished::Failed { error, next_run_at: Some(now) },
                Ok(Parked::Undecided) => retry(engine, claim, progressed, error, None),
                // They are good, and this was refused all the same.
                Ok(Parked::Disproved) => failed(error),
                Err(trouble) => {
                    let connection = claim.plan.connection;
                    tracing::error!(%connection, error = ?trouble, "the connection could not be parked");
                    failed(error)
                }
            }
        }
        Err(Halt::System(error)) => {
            withheld = is_withheld(claim, live, &error);
            // A list is never missing, so the service is.
            let absent = withheld && matches!(error, SystemError::NotFound(_));
            let said = failure(if absent { "NOT_OFFERED" } else { from_system(&error).code() }, &error);
            if !withheld {
                health::failed(engine, claim.plan.connection, Some(claim.entity.name), &error).await;
            }
            match &error {
                SystemError::RateLimited { after } | SystemError::Unreachable { after, .. } => {
                    retry(engine, claim, progressed, said, *after)
                }
                SystemError::Untrusted(_) => retry(engine, claim, progressed, said, None),
                _ => failed(said),
            }
        }
    };
    if let Finished::Failed { error, .. } | Finished::Retry { error, .. } = &finished {
        let (connection, entity) = (claim.plan.connection, claim.entity.name);
        tracing::warn!(%connection, entity, code = error.code, error = error.message, "a sync did not complete");
        let outcome = if matches!(finished, Finished::Retry { .. }) { "to_be_tried_again" } else { "failed" };
        engine.counts().run(system(live), entity, outcome);
    }
    match engine.store().finish_run(&claim.lease, &finished).await {
        // The system answered, and nobody waits for this entity.
        Ok(_) if withheld => health::succeeded(engine, claim.plan.connection, Cleared::Probe).await,
        Ok(_) | Err(StoreError::LeaseLost) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the system refuses what a user need not see, and this one never saw, or has no service for it. The entity's own sync
/// tells of it; with the connection nothing is wrong. It is tried again at its interval, because rights are given later too, and
/// services activated.
fn is_withheld(claim: &Claim, live: Option<&Live>, error: &SystemError) -> bool {
    let spec = live.and_then(|live| live.entity(claim.entity.name));
    let is_refused = error.cause() == Cause::PermissionLost || matches!(error, SystemError::NotFound(_));
    spec.is_some_and(|spec| spec.optional) && !claim.plan.initial_done && is_refused
}

async fn succeeded(
    engine: &Engine,
    (claim, live): (&Claim, Option<&Live>),
    cursor: String,
    started: i64,
) -> Result<(), StoreError> {
    let finished = Finished::Succeeded { cursor: Some(cursor), cursor_at: Some(started), next_run_at: None };
    match engine.store().finish_run(&claim.lease, &finished).await {
        Ok(run) => {
            let (connection, entity) = (claim.plan.connection, claim.entity.name);
            tracing::info!(%connection, entity, seen = run.seen, created = run.created, updated = run.updated, "synced");
            let system = system(live);
            let Run { created, updated, deleted, unchanged, quarantined, .. } = run;
            engine.counts().run(system, entity, "succeeded");
            engine.counts().rows(system, entity, Rows { created, updated, deleted, unchanged, quarantined });
        }
        Err(StoreError::LeaseLost) => return Ok(()),
        Err(error) => return Err(error),
    }
    // A connection is online once every entity's first sync is over: whoever finishes last sees all the others done.
    health::succeeded(engine, claim.plan.connection, Cleared::Entity(claim.entity.name)).await
}

/// Without a link nobody knows which system it is.
fn system(live: Option<&Live>) -> &str {
    live.map_or("", |live| live.spec.system.id.as_str())
}

fn failure(code: &str, message: &(impl ToString + ?Sized)) -> Failure {
    Failure { code: code.to_owned(), message: message.to_string() }
}

fn failed(error: Failure) -> Finished {
    Finished::Failed { error, next_run_at: None }
}

/// The same run later, or the end of it after too many tries without a page. A try that stored pages counts as the first.
fn retry(engine: &Engine, claim: &Claim, progressed: u64, error: Failure, after: Option<Duration>) -> Finished {
    let options = &engine.options().retry;
    let attempt = if progressed > 0 { 1 } else { claim.plan.attempt.max(1) };
    if attempt >= options.tries {
        return failed(error);
    }
    let pause = pause(options.first, options.most, attempt, engine.random().next()).max(after.unwrap_or_default());
    let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
    Finished::Retry { at: engine.clock().now_micros().saturating_add(micros), error }
}

/// Doubles with each attempt up to the most; the upper half is left to chance, so that many do not come back together.
pub(crate) fn pause(first: Duration, most: Duration, attempt: i64, random: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(30);
    let whole = first.saturating_mul(2_u32.saturating_pow(doublings)).min(most);
    let half = whole / 2;
    let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).saturating_add(1);
    half + Duration::from_micros(random % span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_most_with_jitter_in_the_upper_half() {
        let (first, most) = (Duration::from_secs(5), Duration::from_secs(60));
        for (attempt, whole) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (99, 60)] {
            for random in [0, 1, 12_345_678_901, u64::MAX] {
                let pause = pause(first, most, attempt, random);
                let whole = Duration::from_secs(whole);
                assert!(whole / 2 <= pause && pause <= whole, "{attempt}: {pause:?}");
            }
        }
    }
}
