//! Stored rows as the system sent them, found by the system's own name for what they are.

use trunnion_kit::spec::EntitySpec;

use super::connections::connector;
use super::records;
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};

/// What is shown of a record beside the row that it was made from.
const SHOWN: &str = "id,remote_id,modified_at,remote_created_at,remote_modified_at,deleted_at,raw";

/// A page as of [`records::list`], with few members of each record and its `raw`. Where several entities are made of one remote
/// entity, `entity` says which is meant, else it is the one that is declared first.
pub async fn list(engine: &Engine, scope: &Scope, remote_entity: &str, params: &[(String, String)]) -> Result<String> {
    scope.may(Permission::Read)?;
    let declared = &connector(engine, scope)?.spec.entities;
    let wanted = params.iter().find(|(name, _)| name == "entity").map(|(_, entity)| entity.as_str());
    let is_wanted = |spec: &&EntitySpec| wanted.is_none_or(|name| [spec.entity.name, spec.entity.path].contains(&name));
    let spec = declared.iter().filter(is_wanted).find(|spec| names(spec).any(|name| name == remote_entity));
    let Some(spec) = spec else {
        let mut known: Vec<&str> = declared.iter().filter(is_wanted).flat_map(names).collect();
        known.sort_unstable();
        known.dedup();
        let what = match known.is_empty() {
            true => "entity of this system".to_owned(),
            false => format!("remote entity; known are {}", known.join(", ")),
        };
        return Err(ServiceError::NotFound { what });
    };
    let mut asked: Vec<_> = params.iter().filter(|(name, _)| name != "entity").cloned().collect();
    asked.push(("fields".to_owned(), SHOWN.to_owned()));
    records::list(engine, scope, spec.entity.path, &asked).await
}

/// A service in two versions has two names for the same rows.
fn names(spec: &EntitySpec) -> impl Iterator<Item = &str> {
    let newer = spec.source.v4.as_ref().map(|newer| newer.set.as_str());
    std::iter::once(spec.source.set.as_str()).chain(newer).filter(|name| !name.is_empty())
}
