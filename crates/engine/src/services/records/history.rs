//! What a record was: its versions, and its state at an instant. Both reach as far back as events are kept.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunnion_model::catalog::Entity;
use trunnion_model::record::Record;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::Event;

use super::{entity, missing, stored};
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;

/// The versions of a record, the newest first. The cursor is the sequence of the last one given.
pub async fn history(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    id: &str,
    params: &[(String, String)],
) -> Result<Value> {
    scope.may(Permission::Read)?;
    let entity = entity(entity_path)?;
    let mut params = Params::new(params, &["limit", "cursor"]);
    let limit = params.limit();
    let before = params.number("cursor", 1..=i64::MAX).unwrap_or(i64::MAX);
    params.finish()?;
    let record = stored(engine, scope, entity, id, false).await?;
    // One more than is shown tells whether there is a next page.
    let mut versions = engine.store().history(scope.id(), &record, before, limit + 1).await?;
    let more = versions.len() > limit;
    versions.truncate(limit);
    let next = versions.last().filter(|_| more).map(|last| last.sequence.to_string());
    let data = versions.iter().map(shown).collect::<Result<Vec<_>>>()?;
    Ok(json!({"data": data, "next_cursor": next}))
}

/// The instant that is asked about, if one is.
pub(super) fn as_of(engine: &Engine, params: &mut Params<'_>, live: bool, raw: bool) -> Option<i64> {
    let at = params.instant("as_of")?;
    if at > engine.clock().now_micros() {
        params.problem("as_of", "is in the future");
    }
    if live {
        params.problem("live", "cannot be had together with as_of: the system only knows the present");
    }
    if raw {
        params.problem("include", "cannot be had together with as_of: only the newest raw row is kept");
    }
    Some(at)
}

/// The record's text and version at an instant before its newest version.
pub(super) async fn at(
    engine: &Engine,
    scope: &Scope,
    entity: &Entity,
    record: &Record,
    at: i64,
) -> Result<(String, i64)> {
    if at < record.created_at {
        return Err(missing(entity));
    }
    let event = engine.store().version_at(scope.id(), record, at).await?;
    let event = event.ok_or_else(|| {
        let message = "is before the oldest version that is kept (`events.keep_days`)";
        ServiceError::ValidationFailed { errors: vec![FieldError::new("/as_of", message)] }
    })?;
    let version = version(&event)?;
    Ok((event.data, version))
}

fn shown(event: &Event) -> Result<Value> {
    let text = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| corrupt(event, &error));
    let data = text(&event.data)?;
    let previous = event.previous.as_deref().map(text).transpose()?;
    let changes: Map<String, Value> = previous
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, old)| (name.clone(), json!({"old": old, "new": data.get(name).unwrap_or(&Value::Null)})))
        .collect();
    Ok(json!({
        "version": version(event)?,
        "type": event.kind,
        "timestamp": rfc3339_micros(event.at),
        "cause": event.cause,
        "event_id": event.id.to_string(),
        "sequence": event.sequence,
        "changes": changes,
        "data": data,
    }))
}

fn version(event: &Event) -> Result<i64> {
    #[derive(Deserialize)]
    struct Versioned {
        version: i64,
    }
    let found: Versioned = serde_json::from_str(&event.data).map_err(|error| corrupt(event, &error))?;
    Ok(found.version)
}

fn corrupt(event: &Event, error: &serde_json::Error) -> ServiceError {
    ServiceError::internal(&format!("the stored event {}: {error}", event.id))
}
