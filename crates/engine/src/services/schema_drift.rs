//! What a system's rows had, or lacked, that nobody expected, and acknowledging it.

use serde::Deserialize;
use serde_json::{Value, json};
use trunnion_model::drift::DriftKind;
use trunnion_model::ids::SchemaDriftId;
use trunnion_store::{DriftFilter, DriftState, Error as StoreError, SchemaDrift};

use super::syncs::{RunPage, named};
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;

/// So many findings are acknowledged by their ids in one call.
const MOST: usize = 500;

/// What `POST /schema-drift/acknowledge` takes: ids, or an entity, or nothing for all that is open.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    #[serde(default)]
    pub ids: Option<Vec<String>>,
    /// Its name or path.
    #[serde(default)]
    pub entity: Option<String>,
}

/// The newest first.
pub async fn list(engine: &Engine, scope: &Scope, params: &[(String, String)]) -> Result<RunPage> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor", "entity", "kind", "state"]);
    let limit = params.limit();
    let after = params.text("cursor").map(|text| (SchemaDriftId::parse(text), text));
    if let Some((None, _)) = after {
        params.problem("cursor", "is no cursor of this list");
    }
    let entity = params.text("entity").map(|name| (named(name), name));
    if let Some((None, _)) = entity {
        params.problem("entity", "there is no such entity");
    }
    let kinds: Vec<&str> = DriftKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let states: Vec<&str> = DriftState::ALL.iter().map(|state| state.as_str()).collect();
    let filter = DriftFilter {
        entity: entity.and_then(|(entity, _)| entity).map(|entity| entity.name),
        kind: params.one_of("kind", &kinds).and_then(DriftKind::parse),
        state: params.one_of("state", &states).and_then(DriftState::parse),
    };
    params.finish()?;
    let found = engine.store().schema_drift(scope.id(), filter, after.and_then(|(id, _)| id), limit).await?;
    let next_cursor = (found.len() == limit).then(|| found.last().map(|drift| drift.id.to_string())).flatten();
    Ok(RunPage { data: found.iter().map(SchemaDrift::to_json).collect(), next_cursor })
}

/// Says that findings are seen and accepted: a strict connection stores rows with them from then on.
pub async fn acknowledge(engine: &Engine, scope: &Scope, given: Acknowledgement) -> Result<Value> {
    scope.may(Permission::Write)?;
    let store = engine.store();
    let acknowledged = match (given.ids, given.entity) {
        (Some(_), Some(_)) => return Err(ServiceError::invalid("/entity", "cannot be given together with ids")),
        (Some(ids), None) => {
            let ids = parse(&ids)?;
            store.acknowledge_schema_drift(scope.id(), &ids).await.map_err(|error| match error {
                StoreError::NotFound { .. } => {
                    ServiceError::invalid("/ids", "names a finding that is not this connection's")
                }
                error => error.into(),
            })?
        }
        (None, entity) => {
            let missing = || ServiceError::invalid("/entity", "there is no such entity");
            let entity = entity.map(|name| named(&name).ok_or_else(missing)).transpose()?;
            store.acknowledge_all_schema_drift(scope.id(), entity.map(|entity| entity.name)).await?
        }
    };
    Ok(json!({ "acknowledged": acknowledged }))
}

fn parse(ids: &[String]) -> Result<Vec<SchemaDriftId>> {
    if ids.len() > MOST {
        return Err(ServiceError::invalid("/ids", format!("must be at most {MOST}")));
    }
    let mut errors = Vec::new();
    let mut parsed = Vec::new();
    for (place, id) in ids.iter().enumerate() {
        match SchemaDriftId::parse(id) {
            Some(id) => parsed.push(id),
            None => errors.push(FieldError::new(format!("/ids/{place}"), "is no id of a finding")),
        }
    }
    if errors.is_empty() { Ok(parsed) } else { Err(ServiceError::ValidationFailed { errors }) }
}
