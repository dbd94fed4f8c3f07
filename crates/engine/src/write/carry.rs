//! A change or a delete that was begun: the record is read, what is missing is done, one call after the other, and after
//! each the record is read again. Whatever was cut off before, here or on a node that died, is found out by looking.

use std::time::Duration;

use serde_json::{Map, Value};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::mapping::{Change, Standing};
use trunnion_kit::spec::{Call, EntitySpec, Mode, Move};
use trunnion_kit::vendor::Target;
use trunnion_model::change::Cause;
use trunnion_model::record::Incoming;
use trunnion_store::Commit;

use super::asked::{Asked, Steps};
use super::look::look;
use super::perform::{Job, Verdict};
use super::{blame, body, diff, route};
use crate::Engine;
use crate::error::{FieldError, ServiceError, from_system};
use crate::links::{Live, park};

/// Calls at most of one change; a way between statuses is far shorter.
const CALLS: usize = 40;
/// How often in a row something may go wrong before it is given up for now.
const TROUBLES: u32 = 3;

/// What is to be done next.
enum Next<'s> {
    Nothing,
    Write(Change),
    Move(&'s Move),
    Set(Call),
    Delete,
}

/// Waits for its turn, and does it.
pub(super) async fn carry(engine: &Engine, job: &Job) -> Verdict {
    let Job { live, operation, lease, locked, .. } = job;
    let Some(spec) = live.entity(&operation.entity) else {
        let message = format!("{} records are no longer offered by this connection.", operation.entity);
        return Verdict::Failed(ServiceError::UnsupportedOperation { message });
    };
    let (Ok(asked), Some(remote_id)) = (serde_json::from_str::<Asked>(&operation.request), &operation.remote_id) else {
        return Verdict::Failed(ServiceError::internal(&format!("the request of {} cannot be read", operation.id)));
    };
    let (mut locked, mut pause) = (*locked, Duration::from_millis(20));
    while !locked {
        match engine.store().lock_record(lease, &operation.entity, remote_id, engine.options().write.deadline).await {
            Ok(true) => locked = true,
            Ok(false) => tokio::time::sleep(pause).await,
            Err(error) => return Verdict::Unknown(error.to_string(), None),
        }
        pause = (pause * 2).min(Duration::from_millis(500));
    }
    let steps = Steps::read(operation.steps.as_deref());
    let mut course = Course { engine, job, spec, asked, steps, unsaved: false, remote_id };
    course.run().await
}

struct Course<'c> {
    engine: &'c Engine,
    job: &'c Job,
    spec: &'c EntitySpec,
    asked: Asked,
    steps: Steps,
    /// The steps are not written down as they are.
    unsaved: bool,
    remote_id: &'c str,
}

impl<'c> Course<'c> {
    async fn run(&mut self) -> Verdict {
        let Job { live, operation, .. } = self.job;
        let (engine, mapper) = (self.engine, live.mapper(self.spec));
        let mut pause = engine.options().write.search_pause;
        // Whether something may have happened that nobody confirmed.
        let mut unclear = self.job.may_be_there();
        let mut marked = self.job.is_marked();
        let (mut troubles, mut trouble) = (0, None::<SystemError>);
        for _ in 0..CALLS {
            if let Some(error) = trouble.take() {
                troubles += 1;
                if let Err(verdict) = self.save().await {
                    return verdict;
                }
                if troubles >= TROUBLES {
                    return self.give_up(&error, unclear);
                }
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let page = match live.vendor.one(&live.link, self.spec, self.remote_id).await {
                Ok(page) => page,
                Err(error @ SystemError::Authentication(_)) => return self.refused(&error).await,
                Err(error) => {
                    trouble = Some(error);
                    continue;
                }
            };
            let mut rows = match page.rows() {
                Ok(rows) => rows,
                Err(error) => {
                    trouble = Some(error);
                    continue;
                }
            };
            let Some(row) = rows.first_mut() else {
                // What is written may take a record away: stock that becomes nothing is not shown any more.
                let emptied = || unclear && diff::is_nothing(self.spec.entity.fields, &self.asked.change);
                return match self.deletes() || self.steps.written || emptied() {
                    true => Verdict::Deleted(self.remote_id.to_owned()),
                    false => Verdict::Failed(ServiceError::missing(&self.spec.entity.name.replace('_', " "))),
                };
            };
            let incoming = match mapper.read(row) {
                Ok(incoming) => incoming,
                Err(error) => return self.give_up(&SystemError::Unexpected(error.to_string()), unclear),
            };
            let now: Map<String, Value> = serde_json::from_str(&incoming.data).unwrap_or_default();
            if let Err(verdict) = self.check(&incoming, &now).await {
                return verdict;
            }
            let next = match self.next(&now) {
                Ok(Next::Nothing) => return Verdict::Changed(Box::new(incoming)),
                Ok(next) => next,
                Err(error) => return self.failed(error, Some(incoming)).await,
            };
            if !std::mem::take(&mut marked)
                && let Err(verdict) = self.mark().await
            {
                return verdict;
            }
            let target = Target { remote_id: self.remote_id, row };
            let told = match &next {
                Next::Nothing => Ok(()),
                Next::Write(change) => live.vendor.update(&live.link, self.spec, target, change.clone()).await,
                Next::Move(one) => live.vendor.act(&live.link, self.spec, target, &one.call).await,
                Next::Set(call) => live.vendor.act(&live.link, self.spec, target, call).await,
                Next::Delete => live.vendor.delete(&live.link, self.spec, target).await,
            };
            match told {
                Ok(()) => {
                    (troubles, unclear) = (0, false);
                    pause = engine.options().write.search_pause;
                    match next {
                        Next::Write(_) | Next::Set(_) => self.steps.written = true,
                        Next::Move(one) => self.steps.moves.push(one.name.clone()),
                        Next::Delete => return Verdict::Deleted(self.remote_id.to_owned()),
                        Next::Nothing => {}
                    }
                    self.unsaved = true;
                    // What is only to be read and settled goes into the commit of that.
                    if (self.asked.status.is_some() || self.deletes())
                        && let Err(verdict) = self.save().await
                    {
                        return verdict;
                    }
                }
                Err(error @ SystemError::Changed(_)) => {
                    // Nothing was done. What has changed is looked at, and the version that was asked for is checked again.
                    self.steps.checked = false;
                    trouble = Some(error);
                }
                Err(
                    error @ (SystemError::OutcomeUnknown(_)
                    | SystemError::Unexpected(_)
                    | SystemError::Unreachable { .. }),
                ) => {
                    tracing::warn!(operation = %operation.id, %error, "a change was not answered with success");
                    unclear |= !matches!(error, SystemError::Unreachable { .. });
                    trouble = Some(error);
                }
                Err(error @ SystemError::RateLimited { .. }) => return self.no_room(&error, &incoming, unclear).await,
                Err(error) => return self.refused(&error).await,
            }
        }
        Verdict::Unknown("The change took more calls than any should.".to_owned(), None)
    }

    /// Before anything is sent: the record is the one that the caller knows, and its lines are written down.
    async fn check(&mut self, incoming: &Incoming, now: &Map<String, Value>) -> Result<(), Verdict> {
        if self.steps.checked {
            return Ok(());
        }
        let (engine, operation) = (self.engine, &self.job.operation);
        if let Some(version) = self.asked.version {
            let stored = || engine.store().get(operation.connection, self.spec.entity, incoming.id, false);
            let unknown = |error: trunnion_store::Error| Verdict::Unknown(error.to_string(), None);
            let mut current = stored().await.map_err(unknown)?;
            let is_stale = |data: &str| *data != incoming.data;
            if current.as_ref().is_some_and(|record| record.version == version && is_stale(&record.data)) {
                store(engine, &self.job.live, self.spec, incoming.clone(), Cause::Incremental).await;
                current = stored().await.map_err(unknown)?;
            }
            let current = current.map_or(0, |record| record.version);
            if current != version && !self.steps.written && self.steps.moves.is_empty() {
                return Err(Verdict::Failed(ServiceError::VersionMismatch { given: version, current }));
            }
        }
        if !self.steps.written && self.steps.lines.is_empty() {
            self.steps.lines = diff::line_keys(now);
        }
        self.steps.checked = true;
        self.unsaved |= self.asked.looks_first();
        Ok(())
    }

    /// From here on something may reach the system; how far the change got stands beside that.
    async fn mark(&mut self) -> Result<(), Verdict> {
        let steps = std::mem::take(&mut self.unsaved).then(|| self.steps.text());
        let lease_for = self.engine.options().write.lease;
        let marked = self.engine.store().mark_sending(&self.job.lease, steps.as_deref(), lease_for).await;
        marked.map_err(|error| Verdict::Unknown(error.to_string(), None))
    }

    async fn save(&mut self) -> Result<(), Verdict> {
        if self.unsaved { self.mark().await } else { Ok(()) }
    }

    fn next(&self, now: &Map<String, Value>) -> Result<Next<'c>, ServiceError> {
        let text = |name: &str| now.get(name).and_then(Value::as_str);
        let standing = Standing { status: text("status"), remote_status: text("remote_status") };
        if !self.steps.written {
            if let Some(mode) = &self.asked.mode {
                let modes = self.spec.delete.iter().flat_map(|delete| &delete.modes);
                if let Some((_, Mode::Set(set))) = modes.into_iter().find(|(name, _)| name == mode) {
                    return Ok(Next::Set(Call::Set(set.clone())));
                }
            }
            let left = diff::missing(self.spec.entity.fields, &self.asked.change, now, &self.steps.lines);
            if !left.is_empty() {
                return self.change(&left, standing).map(Next::Write);
            }
        }
        if self.deletes() {
            let locks = self.spec.delete.as_ref().map(|delete| &delete.locks);
            if let Some(lock) = locks.filter(|lock| lock.holds(standing.status, standing.remote_status)) {
                let status = standing.status.unwrap_or_default();
                let message = format!("A record whose status is `{status}` cannot be deleted. {}", lock.because);
                return Err(ServiceError::Conflict { message: message.trim_end().to_owned() });
            }
            return Ok(Next::Delete);
        }
        let Some(wanted) = &self.asked.status else { return Ok(Next::Nothing) };
        if standing.status == Some(wanted) {
            return Ok(Next::Nothing);
        }
        let first = route::first_move(self.spec, standing, wanted).ok_or_else(|| {
            let message = illegal(self.spec, standing, wanted);
            ServiceError::ValidationFailed { errors: vec![FieldError::new("/status", message)] }
        })?;
        if self.steps.moves.contains(&first.name) {
            let status = standing.status.unwrap_or_default();
            let message = format!("it took `{}` and left the status at `{status}`", first.name);
            let vendor = Box::new(crate::error::Vendor { message, ..Default::default() });
            return Err(ServiceError::SystemRejected { vendor, errors: Vec::new() });
        }
        Ok(Next::Move(first))
    }

    fn change(&self, left: &Map<String, Value>, standing: Standing<'_>) -> Result<Change, ServiceError> {
        body::vendor_change(&self.job.live, self.spec, left, standing).map_err(|problems| {
            let told = problems.into_iter().map(|problem| FieldError::new(problem.pointer, problem.message));
            ServiceError::ValidationFailed { errors: told.collect() }
        })
    }

    fn deletes(&self) -> bool {
        self.job.operation.action == "delete" && self.asked.mode.is_none()
    }

    /// The system said no. What it may have done before that is read and stored.
    async fn refused(&self, error: &SystemError) -> Verdict {
        let live = &self.job.live;
        if let SystemError::Authentication(message) = error {
            if let Err(error) = park(self.engine, live, message).await {
                tracing::error!(connection = %live.connection, ?error, "the connection could not be parked");
            }
            return Verdict::Failed(from_system(error));
        }
        let now = self.now().await;
        self.failed(blame::with_fields(from_system(error), self.spec), now).await
    }

    /// The system wants no more requests for now. A call of ours may be several requests of the system, so it is looked whether
    /// some of them went through; then the rest is for later, because what is half done has not failed.
    async fn no_room(&self, error: &SystemError, before: &Incoming, unclear: bool) -> Verdict {
        let now = self.now().await;
        let same = |now: &Incoming| now.data == before.data && now.remote_modified_at == before.remote_modified_at;
        let untouched = now.as_ref().is_some_and(same);
        if untouched && !unclear && !self.made_steps() {
            return Verdict::Failed(from_system(error));
        }
        self.keep(now).await;
        Verdict::Unknown(format!("Not all of the change was sent yet: {error}"), None)
    }

    /// The record as the system has it, if it says so now.
    async fn now(&self) -> Option<Incoming> {
        let (_, mapped) = look(&self.job.live, self.spec, self.remote_id).await.ok().flatten()?;
        mapped.ok()
    }

    async fn failed(&self, error: ServiceError, now: Option<Incoming>) -> Verdict {
        self.keep(now).await;
        Verdict::Failed(match error {
            ServiceError::SystemRejected { mut vendor, errors } => {
                vendor.done = self.steps.done();
                ServiceError::SystemRejected { vendor, errors }
            }
            ServiceError::PermissionDenied { message, vendor } if self.made_steps() => {
                let mut vendor = vendor.unwrap_or_default();
                vendor.done = self.steps.done();
                ServiceError::PermissionDenied { message, vendor: Some(vendor) }
            }
            error => error,
        })
    }

    /// Stores what was read of the record, if anything was.
    async fn keep(&self, now: Option<Incoming>) {
        if let Some(now) = now {
            store(self.engine, &self.job.live, self.spec, now, Cause::OwnWrite).await;
        }
    }

    fn made_steps(&self) -> bool {
        self.steps.written || !self.steps.moves.is_empty()
    }

    fn give_up(&self, error: &SystemError, unclear: bool) -> Verdict {
        match error {
            SystemError::Changed(_) if !unclear && self.asked.version.is_none() => {
                let message = "The record is changed by others in the system again and again; try later.".to_owned();
                Verdict::Failed(ServiceError::Conflict { message })
            }
            error if !unclear && !self.made_steps() => Verdict::Failed(from_system(error)),
            error => {
                let message = format!("The system did not confirm the change: {error}");
                Verdict::Unknown(message, None)
            }
        }
    }
}

/// What a caller is told of a status that cannot be reached.
pub(super) fn illegal(spec: &EntitySpec, standing: Standing<'_>, wanted: &str) -> String {
    let from = standing.status.unwrap_or("unknown");
    match route::reachable(spec, standing).as_slice() {
        [] => format!("cannot become `{wanted}`: this system offers no way on from `{from}`"),
        legal => format!("cannot become `{wanted}`: from `{from}` this system can go to {}", legal.join(", ")),
    }
}

/// Stores a row as a sync would; the outcome of the operation does not hang on it.
pub(super) async fn store(engine: &Engine, live: &Live, spec: &EntitySpec, row: Incoming, cause: Cause) {
    let commit = Commit { mapping: live.mapping(spec), ..Commit::new(live.connection, spec.entity, vec![row], cause) };
    if let Err(error) = engine.store().apply(commit).await {
        tracing::warn!(connection = %live.connection, %error, "a row that was read for a write was not stored");
    }
}
