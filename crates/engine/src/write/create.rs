//! A create, from the caller's body to an operation.

use serde_json::Value;
use trunnion_kit::http::Lane;
use trunnion_kit::spec::Spec;
use trunnion_model::catalog::Entity;
use trunnion_store::{Connection, NewOperation};

use super::begin::{Answer, Ask, begin, earlier, may_write};
use super::{body, dry, key, resolve};
use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::links::Live;

/// Longer keys are refused.
pub(crate) const LONGEST_KEY: usize = 255;

/// Checks, begins and performs; or answers as an earlier call with the same key was answered.
pub(crate) async fn create(
    engine: &Engine,
    row: &Connection,
    entity: &'static Entity,
    body: Value,
    ask: Ask<'_>,
) -> Result<Answer> {
    needs_key(&ask)?;
    let body_hash = key::body_hash(entity.name, "create", &body);
    if let Some(answer) = earlier(engine, row, &ask, &body_hash).await? {
        return Ok(answer);
    }
    may_write(row)?;
    let live = engine.links().get(engine, row).await?.in_lane(Lane::Write);
    make(engine, row, live, entity, &body, body_hash, &ask).await
}

/// What is made could not be told apart from another like it.
pub(super) fn needs_key(ask: &Ask<'_>) -> Result<()> {
    let key = ask.key.filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY);
    if key.is_none() && !ask.dry_run {
        let message = format!("is required: a text of 1 to {LONGEST_KEY} characters, new for each write");
        return Err(ServiceError::invalid("/Idempotency-Key", message));
    }
    Ok(())
}

/// Checks the body, begins and performs. `body_hash` is that of what the caller sent.
pub(super) async fn make(
    engine: &Engine,
    row: &Connection,
    live: Live,
    entity: &'static Entity,
    body: &Value,
    body_hash: [u8; 32],
    ask: &Ask<'_>,
) -> Result<Answer> {
    let request = checked(engine, row, &live, entity, body).await?;
    let spec = live.entity(entity.name).and_then(|spec| spec.create.as_ref().map(|create| (spec, create)));
    let (spec, create) = spec.ok_or_else(|| unsupported(&live.spec, entity))?;
    if ask.dry_run {
        return dry::create(&live, spec, create, &request).await.map(Answer::Planned);
    }
    let request = Value::Object(request).to_string();
    let new = NewOperation {
        idempotency_key: ask.key,
        body_hash,
        entity,
        action: "create",
        target: None,
        request: &request,
        lease_for: engine.options().write.lease,
        // What cannot be searched for is marked as late as can be.
        sends: !ask.respond_async && !create.write_key.is_empty(),
        lock_for: None,
    };
    let begun = engine.store().begin_operation(row.id, &new).await?;
    begin(engine, live, begun, ask).await
}

/// The body with its references resolved, if nothing that is known speaks against it.
pub(super) async fn checked(
    engine: &Engine,
    row: &Connection,
    live: &Live,
    entity: &'static Entity,
    body: &Value,
) -> Result<serde_json::Map<String, Value>> {
    let spec = live.entity(entity.name).ok_or_else(|| unsupported(&live.spec, entity))?;
    let create = spec.create.as_ref().ok_or_else(|| unsupported(&live.spec, entity))?;
    let Value::Object(members) = body else {
        return Err(ServiceError::invalid("", "must be an object"));
    };
    let offered = |name: &str| live.entity(name).is_some();
    let resolved = resolve::resolve(engine.store(), row.id, spec, members, &offered).await?;
    let errors = body::problems(live, spec, create, &resolved);
    if errors.is_empty() { Ok(resolved.body) } else { Err(ServiceError::ValidationFailed { errors }) }
}

fn unsupported(spec: &Spec, entity: &Entity) -> ServiceError {
    let message = match spec.lacks(entity.name) {
        Some(why) => format!("This system has no {} records: {why}", entity.name),
        None => format!("{} records cannot be created in this system.", entity.name),
    };
    ServiceError::UnsupportedOperation { message }
}
