//! A change or a delete of a record that is there, from the caller's body to an operation.

use serde_json::{Map, Value};
use trunnion_kit::custom::as_read;
use trunnion_kit::http::Lane;
use trunnion_kit::mapping::{FieldProblem, Standing};
use trunnion_kit::spec::{EntitySpec, Mode};
use trunnion_model::catalog::{Entity, Kind};
use trunnion_model::ids::RecordId;
use trunnion_model::record::Record;
use trunnion_store::{Begun, Connection, NewOperation};

use super::asked::Asked;
use super::begin::{Answer, Ask, begin, earlier, may_write};
use super::carry::illegal;
use super::{body, carry, diff, dry, key, resolve, route};
use crate::Engine;
use crate::error::{FieldError, Result, ServiceError};
use crate::links::Live;

/// What to do to a record.
pub(crate) enum Deed {
    /// Members to change; `status` moves the record.
    Update(Value),
    /// Only the status, by the name of an action.
    Act { action: &'static str, status: &'static str },
    /// Truly, or the nearest thing of that name.
    Delete { mode: Option<String> },
}

impl Deed {
    fn action(&self) -> &'static str {
        match self {
            Self::Update(_) => "update",
            Self::Act { action, .. } => action,
            Self::Delete { .. } => "delete",
        }
    }

    fn fingerprint(&self, id: &str, version: Option<i64>) -> Value {
        let body = match self {
            Self::Update(body) => body.clone(),
            Self::Act { status, .. } => Value::from(*status),
            Self::Delete { mode } => mode.as_deref().into(),
        };
        serde_json::json!({ "id": id, "body": body, "version": version })
    }
}

/// Checks, begins and performs; or answers as an earlier call with the same key was answered.
pub(crate) async fn change(
    engine: &Engine,
    row: &Connection,
    entity: &'static Entity,
    record: Record,
    deed: Deed,
    version: Option<i64>,
    ask: Ask<'_>,
) -> Result<Answer> {
    let body_hash = key::body_hash(entity.name, deed.action(), &deed.fingerprint(&record.remote_id, version));
    if let Some(answer) = earlier(engine, row, &ask, &body_hash).await? {
        return Ok(answer);
    }
    may_write(row)?;
    if record.deleted_at.is_some() {
        return Err(ServiceError::Conflict { message: "The record was deleted in the system.".to_owned() });
    }
    if let Some(given) = version.filter(|version| *version != record.version) {
        return Err(ServiceError::VersionMismatch { given, current: record.version });
    }
    let live = engine.links().get(engine, row).await?.in_lane(Lane::Write);
    let unsupported = || ServiceError::UnsupportedOperation {
        message: format!("{} records are not offered by this system.", entity.name),
    };
    let spec = live.entity(entity.name).ok_or_else(unsupported)?;
    let (asked, record) = match asked(engine, row, &live, spec, &record, &deed, version).await {
        // What the record's status forbids is judged by what the system says now.
        Err(ServiceError::ValidationFailed { .. } | ServiceError::Conflict { .. }) => {
            let record = refreshed(engine, &live, spec, record).await?;
            (asked(engine, row, &live, spec, &record, &deed, version).await?, record)
        }
        judged => (judged?, record),
    };
    if ask.dry_run {
        return dry::change(engine, &live, spec, &record, &asked, deed.action()).await.map(Answer::Planned);
    }
    let request = asked.text();
    let new = NewOperation {
        idempotency_key: ask.key,
        body_hash,
        entity,
        action: deed.action(),
        target: Some((&record.remote_id, RecordId::of(row.id, entity, &record.remote_id))),
        request: &request,
        lease_for: engine.options().write.lease,
        // The record shows by itself what was done to it; only a version and lines must be looked at before.
        sends: !ask.respond_async && !asked.looks_first(),
        lock_for: Some(engine.options().write.deadline),
    };
    let begun: Begun = engine.store().begin_operation(row.id, &new).await?;
    begin(engine, live.clone(), begun, &ask).await
}

/// The request as its operation keeps it, if nothing that is known speaks against it.
async fn asked(
    engine: &Engine,
    row: &Connection,
    live: &Live,
    spec: &EntitySpec,
    record: &Record,
    deed: &Deed,
    version: Option<i64>,
) -> Result<Asked> {
    let now: Map<String, Value> = serde_json::from_str(&record.data).unwrap_or_default();
    let text = |name: &str| now.get(name).and_then(Value::as_str);
    let standing = Standing { status: text("status"), remote_status: text("remote_status") };
    let mut asked = Asked { version, ..Asked::default() };
    match deed {
        Deed::Act { status, .. } => asked.status = Some((*status).to_owned()),
        Deed::Delete { mode } => {
            delete(spec, standing, mode.as_deref(), &mut asked)?;
            if asked.status.is_none() {
                return Ok(asked);
            }
        }
        Deed::Update(wanted) => {
            let Value::Object(members) = wanted else { return Err(ServiceError::invalid("", "must be an object")) };
            return update(engine, row, live, spec, &now, standing, members.clone(), asked).await;
        }
    }
    let errors: Vec<FieldError> = status_problem(spec, standing, asked.status.as_deref()).into_iter().collect();
    if spec.moves.is_empty() {
        let message = format!("{} records cannot be moved to another status in this system.", spec.entity.name);
        return Err(ServiceError::UnsupportedOperation { message });
    }
    if errors.is_empty() { Ok(asked) } else { Err(ServiceError::ValidationFailed { errors }) }
}

#[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
async fn update(
    engine: &Engine,
    row: &Connection,
    live: &Live,
    spec: &EntitySpec,
    now: &Map<String, Value>,
    standing: Standing<'_>,
    mut members: Map<String, Value>,
    mut asked: Asked,
) -> Result<Asked> {
    if spec.update.is_none() && spec.moves.is_empty() {
        let message = format!("{} records cannot be changed in this system.", spec.entity.name);
        return Err(ServiceError::UnsupportedOperation { message });
    }
    let mut errors = Vec::new();
    if !spec.moves.is_empty() {
        match members.remove("status") {
            None => {}
            Some(Value::String(status)) => asked.status = Some(status),
            Some(_) => errors.push(FieldError::new("/status", "must be a string")),
        }
        errors.extend(status_problem(spec, standing, asked.status.as_deref()));
    }
    name_lines(spec, now, &mut members, &mut errors);
    let offered = |name: &str| live.entity(name).is_some();
    let mut resolved = resolve::resolve(engine.store(), row.id, spec, &members, &offered).await?;
    errors.extend(resolved.problems);
    as_read(spec, &mut resolved.body);
    // What the record says already is no change, and so not refused: a caller may send back what it read.
    let before = diff::line_keys(now);
    let left = diff::missing(spec.entity.fields, &resolved.body, now, &before);
    if let Err(problems) = body::vendor_change(live, spec, &left, standing) {
        for FieldProblem { pointer, message } in problems {
            let pointer = match resolved.given.get(&pointer) {
                Some(given) => given.clone(),
                None => body::as_reference(&resolved.body, &pointer),
            };
            if errors.iter().all(|known| known.pointer != pointer) {
                errors.push(FieldError::new(pointer, message));
            }
        }
    }
    if !errors.is_empty() {
        errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        return Err(ServiceError::ValidationFailed { errors });
    }
    asked.change = resolved.body;
    Ok(asked)
}

fn status_problem(spec: &EntitySpec, standing: Standing<'_>, wanted: Option<&str>) -> Option<FieldError> {
    let wanted = wanted?;
    let known = match spec.entity.field("status").map(|field| field.kind) {
        Some(Kind::Enum(words)) => words,
        _ => &[],
    };
    if !known.contains(&wanted) {
        return Some(FieldError::new("/status", format!("must be one of: {}", known.join(", "))));
    }
    let there = standing.status == Some(wanted) || route::way(spec, standing, wanted).is_some();
    (!there).then(|| FieldError::new("/status", illegal(spec, standing, wanted)))
}

fn delete(spec: &EntitySpec, standing: Standing<'_>, mode: Option<&str>, asked: &mut Asked) -> Result<()> {
    let name = spec.entity.name.replace('_', " ");
    let modes: Vec<&str> = spec.delete.iter().flat_map(|delete| &delete.modes).map(|(mode, _)| mode.as_str()).collect();
    let instead = || match modes.as_slice() {
        [] => String::new(),
        modes => format!(" The nearest things are, by name: ?mode={}.", modes.join(", ?mode=")),
    };
    match (&spec.delete, mode) {
        (Some(delete), None) if delete.record => {
            if delete.locks.holds(standing.status, standing.remote_status) {
                let status = standing.status.unwrap_or_default();
                let message =
                    format!("A {name} whose status is `{status}` cannot be deleted. {}", delete.locks.because);
                return Err(ServiceError::Conflict { message: message.trim_end().to_owned() });
            }
            Ok(())
        }
        (_, None) => Err(ServiceError::UnsupportedOperation {
            message: format!("This system does not delete a {name}.{}", instead()),
        }),
        (delete, Some(mode)) => {
            let modes_of = delete.iter().flat_map(|delete| &delete.modes);
            match modes_of.into_iter().find(|(name, _)| name == mode) {
                Some((_, Mode::Status(status))) => asked.status = Some(status.clone()),
                Some((_, Mode::Set(_))) => {}
                None => {
                    let message = format!("This system has no `{mode}` for a {name}.{}", instead());
                    return Err(ServiceError::UnsupportedOperation { message });
                }
            }
            asked.mode = Some(mode.to_owned());
            Ok(())
        }
    }
}

/// Lines that are named by their `position` get the key of the line that is there now.
fn name_lines(
    spec: &EntitySpec,
    now: &Map<String, Value>,
    members: &mut Map<String, Value>,
    errors: &mut Vec<FieldError>,
) {
    for group in spec.groups.iter().filter(|group| matches!(group.field.kind, Kind::List(_))) {
        let name = group.field.name;
        let there = now.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let key = |line: &Value| line.get("remote_line_id").and_then(Value::as_str).map(str::to_owned);
        for (place, line) in members.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            let Some(line) = line.as_object_mut() else { continue };
            let position = line.remove("position").filter(|position| !position.is_null());
            let given = line.get("remote_line_id").and_then(Value::as_str).map(str::to_owned);
            let found = match (&given, &position) {
                (Some(given), _) => there.iter().find(|line| key(line).as_deref() == Some(given)),
                (None, Some(position)) => there.iter().find(|line| line.get("position") == Some(position)),
                (None, None) => continue,
            };
            match found.and_then(key) {
                Some(found) => {
                    line.insert("remote_line_id".to_owned(), found.into());
                }
                None => {
                    let member = if given.is_some() { "remote_line_id" } else { "position" };
                    errors.push(FieldError::new(format!("/{name}/{place}/{member}"), "there is no such line"));
                    // Named by something, so that it is not checked as a line to be added.
                    line.insert("remote_line_id".to_owned(), given.unwrap_or_default().into());
                }
            }
        }
    }
}

/// The record as the system has it now, stored.
async fn refreshed(engine: &Engine, live: &Live, spec: &EntitySpec, record: Record) -> Result<Record> {
    let page = live.vendor.one(&live.link, spec, &record.remote_id).await;
    let Ok(page) = page else { return Ok(record) };
    let row = page.rows().ok().and_then(|mut rows| rows.first_mut().and_then(|row| live.mapper(spec).read(row).ok()));
    let Some(row) = row else { return Ok(record) };
    let id = row.id;
    carry::store(engine, live, spec, row, trunnion_model::change::Cause::Incremental).await;
    Ok(engine.store().get(live.connection, spec.entity, id, true).await?.unwrap_or(record))
}
