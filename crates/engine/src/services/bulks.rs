//! Many creates in one call, and how far they are.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trunnion_model::ids::BulkId;
use trunnion_store::{Bulk, BulkItem, NewBulkItem, OperationState};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;
use crate::services::operations::OperationPage;
use crate::services::records::entity;
use crate::write::LONGEST_KEY;

/// Items of one bulk.
pub const MOST_ITEMS: usize = 1_000;

/// One item as it comes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub idempotency_key: String,
    /// The body that a create of it alone would have.
    pub record: Box<RawValue>,
}

/// Writes the items down to be created one by one. What speaks against a single item is told with that item.
pub async fn begin(engine: &Engine, scope: &Scope, entity_path: &str, items: Vec<Item>) -> Result<Value> {
    scope.may(Permission::Write)?;
    let entity = entity(entity_path)?;
    let live = engine.links().get(engine, scope.row()).await?;
    if live.entity(entity.name).is_none_or(|spec| spec.create.is_none()) {
        let message = format!("{} records cannot be created in this system.", entity.name);
        return Err(ServiceError::UnsupportedOperation { message });
    }
    let errors = problems(&items);
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let new = |item: Item| NewBulkItem { idempotency_key: item.idempotency_key, request: item.record.get().to_owned() };
    let items: Vec<NewBulkItem> = items.into_iter().map(new).collect();
    let id = engine.store().begin_bulk(scope.id(), entity, &items).await?;
    read(engine, scope, id).await.map(|bulk| bulk.to_json())
}

pub async fn get(engine: &Engine, scope: &Scope, id: &str) -> Result<Value> {
    scope.may(Permission::Read)?;
    read(engine, scope, parse(id)?).await.map(|bulk| bulk.to_json())
}

/// The items in the order in which they came, each with what became of it.
pub async fn items(engine: &Engine, scope: &Scope, id: &str, params: &[(String, String)]) -> Result<OperationPage> {
    scope.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor", "state"]);
    let limit = params.limit();
    let after = params.text("cursor").map(str::parse::<i64>);
    if matches!(after, Some(Err(_))) {
        params.problem("cursor", "is no cursor of this list");
    }
    let known: Vec<&str> = OperationState::ALL.iter().map(|state| state.as_str()).chain(["waiting"]).collect();
    let state = params.one_of("state", &known);
    params.finish()?;
    let bulk = read(engine, scope, parse(id)?).await?;
    let found = engine.store().bulk_items(scope.id(), bulk.id, state, after.and_then(std::result::Result::ok), limit);
    let found = found.await?;
    let next_cursor = (found.len() == limit).then(|| found.last().map(|last| last.place.to_string())).flatten();
    Ok(OperationPage { data: found.iter().map(BulkItem::to_json).collect(), next_cursor })
}

/// What is wrong with the items as such.
fn problems(items: &[Item]) -> Vec<FieldError> {
    if items.is_empty() || items.len() > MOST_ITEMS {
        return vec![FieldError::new("", format!("must be 1 to {MOST_ITEMS} items"))];
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut errors = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let key = item.idempotency_key.as_str();
        let pointer = format!("/{place}/idempotency_key");
        if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            errors.push(FieldError::new(pointer, format!("must be 1 to {LONGEST_KEY} visible ASCII characters")));
        } else if let Some(first) = seen.insert(key, place) {
            errors.push(FieldError::new(pointer, format!("is the key of item {first} too")));
        }
        if !item.record.get().starts_with('{') {
            errors.push(FieldError::new(format!("/{place}/record"), "must be an object"));
        }
    }
    errors
}

fn parse(id: &str) -> Result<BulkId> {
    BulkId::parse(id).ok_or_else(|| ServiceError::missing("bulk"))
}

async fn read(engine: &Engine, scope: &Scope, id: BulkId) -> Result<Bulk> {
    engine.store().bulk(scope.id(), id).await?.ok_or_else(|| ServiceError::missing("bulk"))
}
