//! One operation that was begun: a create or a posting sent, searched for and read back, a change carried out; then settled.
//! Whatever happens, what is known is stored.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::posting::Posting;
use trunnion_kit::spec::{Create, EntitySpec, Post};
use trunnion_model::change::Cause;
use trunnion_model::ids::RecordId;
use trunnion_model::record::Incoming;
use trunnion_store::{
    Commit, Error as StoreError, Operation, OperationLease, OperationOutcome, OperationState, OutcomeBody,
};

use super::carry::{carry, store};
use super::post::POSTS;
use super::{blame, body, key, post};
use crate::Engine;
use crate::error::{FieldError, ServiceError, from_system, to_stored};
use crate::links::{Live, park};

/// How often a request is sent at most, each time after a search that found nothing.
const SENDS: u32 = 2;
/// How often a patient job waits for room, each time after what the client waits by itself; and how long at most between.
const WAITS: u32 = 8;
const WAIT: Duration = Duration::from_secs(10);
/// How often a search is made, and a created record read back, before giving up for now.
const LOOKS: u32 = 2;

/// An operation, and the right to work on it.
pub(super) struct Job {
    pub(super) live: Live,
    pub(super) operation: Operation,
    pub(super) lease: OperationLease,
    /// Nobody waits for the answer: a system that has no room now is asked again later.
    pub(super) patient: bool,
    /// It was begun a moment ago by this process, so that nothing of it can be in the system.
    pub(super) fresh: bool,
    /// The record that it changes is its alone already.
    pub(super) locked: bool,
}

impl Job {
    /// Whether something of it may be in the system, sent by whoever had it before.
    pub(super) fn may_be_there(&self) -> bool {
        !self.fresh && self.operation.state != OperationState::Accepted
    }

    /// Whether it was marked as sending when it was begun, and needs no other mark for its first request.
    pub(super) fn is_marked(&self) -> bool {
        self.fresh && self.operation.state == OperationState::Sending
    }
}

/// Where an operation stands after an attempt.
pub(super) enum Verdict {
    /// It is in the system, and here is the row.
    Created(Box<Incoming>),
    /// The record is as it was wanted, and here is the row.
    Changed(Box<Incoming>),
    /// The record with that remote id is gone.
    Deleted(String),
    /// It is certainly not in the system.
    Failed(ServiceError),
    /// It may be in the system; with its remote id, it certainly is.
    Unknown(String, Option<String>),
}

impl Verdict {
    fn name(&self) -> &'static str {
        match self {
            Self::Created(_) | Self::Changed(_) | Self::Deleted(_) => "succeeded",
            Self::Failed(_) => "failed",
            Self::Unknown(..) => "unknown",
        }
    }
}

/// Brings the operation as far as it goes now, and stores where it stands; how it is then, if that could be stored.
pub(super) async fn perform(engine: &Engine, job: Job) -> Option<Operation> {
    let deadline = engine.options().write.deadline;
    let id = job.operation.id;
    let action = job.operation.action.as_str();
    let carries = action != "create" && !POSTS.contains(&action);
    let attempt = tokio::time::timeout(deadline, async {
        match carries {
            true => carry(engine, &job).await,
            false if action == "create" => attempt(engine, &job).await,
            false => attempt_post(engine, &job).await,
        }
    });
    let verdict = tokio::select! {
        verdict = attempt => verdict.unwrap_or_else(|_elapsed| {
            Verdict::Unknown("The system did not answer in time.".to_owned(), None)
        }),
        () = until_lost(engine, &job) => return None,
    };
    let outcome = verdict.name();
    let settled = settle(engine, &job, verdict).await;
    match settled {
        Ok(settled) => {
            engine.counts().write(&job.live.spec.system.id, &job.operation.entity, outcome);
            settled
        }
        Err(StoreError::LeaseLost) => {
            tracing::warn!(operation = %id, "another node took the operation over");
            None
        }
        // The lease runs out, and the operation is taken up again.
        Err(error) => {
            tracing::error!(operation = %id, %error, "the outcome of a write was not stored");
            None
        }
    }
}

async fn attempt(engine: &Engine, job: &Job) -> Verdict {
    let Job { live, operation, .. } = job;
    let spec = live.entity(&operation.entity);
    let Some((spec, create)) = spec.and_then(|spec| spec.create.as_ref().map(|create| (spec, create))) else {
        let message = format!("{} records can no longer be created in this system.", operation.entity);
        return Verdict::Failed(ServiceError::UnsupportedOperation { message });
    };
    let write_key = key::write_key(operation.id, create.write_key_length);
    let remote_id = match &operation.remote_id {
        Some(known) => Ok(known.clone()),
        None => match serde_json::from_str(&operation.request) {
            Ok(members) => deliver(engine, job, &Sent::Record(spec, create, members), &write_key).await,
            Err(error) => Err(unreadable(operation, &error)),
        },
    };
    match remote_id {
        Ok(remote_id) => match read_back(engine, live, spec, &remote_id).await {
            Ok(incoming) => Verdict::Created(Box::new(incoming)),
            Err(unread) => {
                let message = format!(
                    "The record was created in the system as {remote_id}, but could not be read back: {unread}"
                );
                Verdict::Unknown(message, Some(remote_id))
            }
        },
        Err(verdict) => verdict,
    }
}

/// As a create, but what is read back is the record that the posting changed.
async fn attempt_post(engine: &Engine, job: &Job) -> Verdict {
    let Job { live, operation, .. } = job;
    let spec = live.entity(&operation.entity);
    let found =
        spec.and_then(|spec| spec.posts.iter().find(|post| post.name == operation.action).map(|post| (spec, post)));
    let Some((spec, post)) = found else {
        let message = format!("`{}` of {} is no longer offered.", operation.action, operation.entity);
        return Verdict::Failed(ServiceError::UnsupportedOperation { message });
    };
    let (Some(posting), Some(remote_id)) = (post::read(&operation.action, &operation.request), &operation.remote_id)
    else {
        return Verdict::Failed(ServiceError::internal(&format!("the request of {} cannot be read", operation.id)));
    };
    let write_key = key::write_key(operation.id, post.write_key_length);
    let other = match &posting {
        Posting::Transfer { to, .. } => live.vendor.level_at(remote_id, to),
        Posting::Adjust { .. } => None,
    };
    if let Err(verdict) = deliver(engine, job, &Sent::Posting(spec, post, posting, remote_id), &write_key).await {
        return verdict;
    }
    if let Some(other) = other
        && let Ok(incoming) = read_back(engine, live, spec, &other).await
    {
        store(engine, live, spec, incoming, Cause::OwnWrite).await;
    }
    match read_back(engine, live, spec, remote_id).await {
        Ok(incoming) => Verdict::Changed(Box::new(incoming)),
        Err(Unread::Gone) => Verdict::Deleted(remote_id.clone()),
        // What was posted is known; the next sync reads what it made.
        Err(unread) => Verdict::Unknown(format!("It was posted, but the stock could not be read back: {unread}"), None),
    }
}

/// What is sent under a write key.
enum Sent<'s> {
    Record(&'s EntitySpec, &'s Create, Map<String, Value>),
    /// For the record with that remote id.
    Posting(&'s EntitySpec, &'s Post, Posting, &'s str),
}

impl Sent<'_> {
    fn spec(&self) -> &EntitySpec {
        match self {
            Self::Record(spec, ..) | Self::Posting(spec, ..) => spec,
        }
    }

    /// Whether the system has a field by which it is found again.
    fn can_be_found(&self) -> bool {
        match self {
            Self::Record(_, create, _) => !create.write_key.is_empty(),
            Self::Posting(_, post, ..) => !post.write_key.is_empty(),
        }
    }

    /// The remote id of the record that it is read back from.
    async fn send(&self, live: &Live, write_key: &str) -> Result<Result<String, SystemError>, Verdict> {
        match self {
            Self::Record(spec, create, members) => {
                let body = body::vendor_body(live, spec, create, members, write_key).map_err(|problems| {
                    let told = problems.into_iter().map(|problem| FieldError::new(problem.pointer, problem.message));
                    Verdict::Failed(ServiceError::ValidationFailed { errors: told.collect() })
                })?;
                Ok(live.vendor.create(&live.link, spec, body, write_key).await)
            }
            Self::Posting(spec, _, posting, remote_id) => {
                let sent = post::send(live, spec, remote_id, posting, write_key).await;
                Ok(sent.map(|()| (*remote_id).to_owned()))
            }
        }
    }

    async fn find(&self, live: &Live, write_key: &str) -> Result<Option<String>, SystemError> {
        match self {
            Self::Record(spec, ..) => live.vendor.find_written(&live.link, spec, write_key).await,
            Self::Posting(spec, post, _, remote_id) => {
                let found = live.vendor.is_posted(&live.link, spec, post, write_key).await?;
                Ok(found.then(|| (*remote_id).to_owned()))
            }
        }
    }
}

fn unreadable(operation: &Operation, error: &serde_json::Error) -> Verdict {
    Verdict::Failed(ServiceError::internal(&format!("the request of {}: {error}", operation.id)))
}

/// Sends until it is known to be there or refused. The remote id, or what is known instead.
async fn deliver(engine: &Engine, job: &Job, sent: &Sent<'_>, write_key: &str) -> Result<String, Verdict> {
    let Job { live, operation, lease, .. } = job;
    // An operation that was marked as sending before may be there already.
    if job.may_be_there()
        && let Some(found) = search(engine, live, sent, write_key).await.map_err(Unsearched::verdict)?
    {
        return Ok(found);
    }
    let mut last = String::new();
    let (mut sends, mut waits) = (0, 0);
    let mut marked = job.is_marked();
    let began = Instant::now();
    while sends < SENDS {
        if !std::mem::take(&mut marked) {
            let marked = engine.store().mark_sending(lease, None, engine.options().write.lease).await;
            marked.map_err(|error| Verdict::Unknown(error.to_string(), None))?;
        }
        let error = match sent.send(live, write_key).await? {
            Ok(remote_id) => return Ok(remote_id),
            Err(error) => error,
        };
        tracing::warn!(operation = %operation.id, %error, "a write was not answered with success");
        // Refused at the door, so nothing was done; half of the time is kept for the rest.
        let room = job.patient && waits < WAITS && began.elapsed() < engine.options().write.deadline / 2;
        match &error {
            SystemError::RateLimited { after } if room => {
                waits += 1;
                tokio::time::sleep(after.unwrap_or(engine.options().write.search_pause).min(WAIT)).await;
                continue;
            }
            // Whether it took effect is to be found out.
            SystemError::OutcomeUnknown(_) | SystemError::Unexpected(_) | SystemError::Unreachable { .. } => {
                last = error.to_string();
                match search(engine, live, sent, write_key).await {
                    Ok(Some(found)) => return Ok(found),
                    Ok(None) => {}
                    // The kit vouches that an unreachable system was not changed.
                    Err(_) if matches!(error, SystemError::Unreachable { .. }) => {
                        return Err(Verdict::Failed(from_system(&error)));
                    }
                    Err(unsearched) => return Err(unsearched.verdict()),
                }
            }
            SystemError::Authentication(message) => {
                if let Err(error) = park(engine, live, message).await {
                    tracing::error!(connection = %live.connection, ?error, "the connection could not be parked");
                }
                return Err(Verdict::Failed(from_system(&error)));
            }
            _ => return Err(Verdict::Failed(blame::with_fields(from_system(&error), sent.spec()))),
        }
        sends += 1;
    }
    Err(Verdict::Unknown(format!("The system did not confirm the write, and does not show it: {last}"), None))
}

/// Why it is not known whether the write took effect.
struct Unsearched(String);

impl Unsearched {
    fn verdict(self) -> Verdict {
        Verdict::Unknown(self.0, None)
    }
}

/// Whether the system has the write: asked twice with pauses, because it may still be busy with the request that it did
/// not answer.
async fn search(engine: &Engine, live: &Live, sent: &Sent<'_>, write_key: &str) -> Result<Option<String>, Unsearched> {
    if !sent.can_be_found() {
        let message = "The system did not answer, and has no field by which the write could be found again.";
        return Err(Unsearched(message.to_owned()));
    }
    let mut pause = engine.options().write.search_pause;
    for _ in 0..LOOKS {
        tokio::time::sleep(pause).await;
        pause *= 2;
        match sent.find(live, write_key).await {
            Ok(Some(remote_id)) => return Ok(Some(remote_id)),
            Ok(None) => {}
            Err(error) => {
                if let SystemError::Authentication(message) = &error
                    && let Err(error) = park(engine, live, message).await
                {
                    tracing::error!(connection = %live.connection, ?error, "the connection could not be parked");
                }
                let message = format!("The write was not answered, and the search for it failed: {error}");
                return Err(Unsearched(message));
            }
        }
    }
    Ok(None)
}

/// Why a record could not be read back.
enum Unread {
    /// The system answered, and has no such record.
    Gone,
    Trouble(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone => f.write_str("it is not shown yet"),
            Self::Trouble(text) => f.write_str(text),
        }
    }
}

/// The row that was written, mapped.
async fn read_back(engine: &Engine, live: &Live, spec: &EntitySpec, remote_id: &str) -> Result<Incoming, Unread> {
    let mapper = live.mapper(spec);
    let mut pause = engine.options().write.search_pause;
    let mut trouble = Unread::Gone;
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let page = match live.vendor.one(&live.link, spec, remote_id).await {
            Ok(page) => page,
            Err(error) => {
                trouble = Unread::Trouble(error.to_string());
                continue;
            }
        };
        let mapped = page.rows().map(|mut rows| rows.first_mut().map(|row| mapper.read(row)));
        match mapped {
            Ok(Some(Ok(incoming))) => return Ok(incoming),
            Ok(Some(Err(error))) => trouble = Unread::Trouble(error.to_string()),
            Ok(None) => trouble = Unread::Gone,
            Err(error) => trouble = Unread::Trouble(error.to_string()),
        }
    }
    Err(trouble)
}

/// Stores the verdict; the operation as it is then.
async fn settle(engine: &Engine, job: &Job, verdict: Verdict) -> Result<Option<Operation>, StoreError> {
    let Job { live, operation, lease, .. } = job;
    let Some(spec) = live.entity(&operation.entity) else { return Ok(None) };
    let (incoming, status) = match verdict {
        Verdict::Created(incoming) => (*incoming, 201),
        Verdict::Changed(incoming) => (*incoming, 200),
        Verdict::Deleted(remote_id) => (gone(operation, spec, remote_id), 200),
        Verdict::Failed(error) => return finish(engine, lease, OperationState::Failed, &error, None).await.map(Some),
        Verdict::Unknown(message, remote_id) => {
            let error = ServiceError::OutcomeUnknown { operation: operation.id, message };
            return finish(engine, lease, OperationState::Unknown, &error, remote_id).await.map(Some);
        }
    };
    let outcome = OperationOutcome {
        lease: lease.clone(),
        state: OperationState::Succeeded,
        remote_id: Some(incoming.remote_id.clone()),
        record: Some(incoming.id),
        status,
        body: OutcomeBody::StoredRecord,
    };
    let commit = Commit {
        outcome: Some(outcome),
        mapping: live.mapping(spec),
        ..Commit::new(operation.connection, spec.entity, vec![incoming], Cause::OwnWrite)
    };
    engine.store().apply(commit).await.map(|applied| applied.operation)
}

/// A row that says nothing but that it is gone.
fn gone(operation: &Operation, spec: &EntitySpec, remote_id: String) -> Incoming {
    Incoming::gone(RecordId::of(operation.connection, spec.entity, &remote_id), remote_id)
}

/// Stores an outcome that has no record.
pub(super) async fn finish(
    engine: &Engine,
    lease: &OperationLease,
    state: OperationState,
    error: &ServiceError,
    remote_id: Option<String>,
) -> Result<Operation, StoreError> {
    let outcome = OperationOutcome {
        lease: lease.clone(),
        state,
        remote_id,
        record: None,
        status: i64::from(error.status()),
        body: OutcomeBody::Json(to_stored(error)),
    };
    engine.store().finish_operation(outcome).await
}

/// Keeps the lease alive once the operation is being sent; returns if it is lost.
async fn until_lost(engine: &Engine, job: &Job) {
    let lease = engine.options().write.lease;
    loop {
        tokio::time::sleep(lease / 3).await;
        let now = engine.store().operation(job.operation.connection, job.operation.id).await;
        let sending = matches!(&now, Ok(Some(operation)) if operation.state == OperationState::Sending);
        if !sending {
            continue;
        }
        match engine.store().mark_sending(&job.lease, None, lease).await {
            Ok(()) => {}
            Err(StoreError::LeaseLost) => return,
            Err(error) => tracing::warn!(operation = %job.operation.id, %error, "a lease could not be prolonged"),
        }
    }
}

/// How long a job that was taken up by recovery must be leased: it is not prolonged before it sends.
pub(super) fn recovery_lease(engine: &Engine) -> Duration {
    engine.options().write.deadline + Duration::from_secs(10)
}
