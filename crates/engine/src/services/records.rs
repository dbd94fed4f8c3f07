//! Unified records, read from the store: lists and single ones, as JSON text.
//!
//! A record's fields are stored as the text that is answered. They are parsed again only where `fields` asks for a part.

mod filter;
mod history;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use trunnion_model::catalog::{Entity, entity_at};
use trunnion_model::change::Cause;
use trunnion_model::ids::RecordId;
use trunnion_model::record::{Record, push_json_string};
use trunnion_store::{ListQuery, Position, Sort};

use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::cursor::{self, ListKey};
use crate::error::{Result, ServiceError};
use crate::params::Params;
use crate::services::syncs::may_sync;
use crate::sync::refresh_now;

pub use history::history;

/// What every record has beside its entity's fields.
const ENVELOPE: [&str; 12] = [
    "id",
    "remote_id",
    "display",
    "remote_url",
    "created_at",
    "modified_at",
    "remote_created_at",
    "remote_modified_at",
    "deleted_at",
    "version",
    "custom_fields",
    "raw",
];

/// One record, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub json: String,
    /// For `ETag`.
    pub version: i64,
}

/// `{"data":[…],"next_cursor":…}`, with `count` if it was asked for.
pub async fn list(engine: &Engine, scope: &Scope, entity_path: &str, params: &[(String, String)]) -> Result<String> {
    scope.may(Permission::Read)?;
    let entity = entity(entity_path)?;
    let (query, form, counted) = read(scope, entity, params)?;
    // One more than is shown tells whether there is a next page.
    let wanted = ListQuery { limit: query.limit + 1, ..query.clone() };
    let mut records = engine.store().list(scope.id(), entity, &wanted).await?;
    let more = records.len() > query.limit;
    records.truncate(query.limit);
    let mut out = String::with_capacity(records.len() * 1024 + 64);
    out.push_str("{\"data\":[");
    for (place, record) in records.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        form.write(entity, record, &mut out)?;
    }
    out.push_str("],\"next_cursor\":");
    match records.last().filter(|_| more) {
        Some(last) => {
            push_json_string(&mut out, &cursor::write(ListKey::of(scope.id(), entity, &query), Position::of(last)));
        }
        None => out.push_str("null"),
    }
    if counted {
        let count = engine.store().count(scope.id(), entity, &query).await?;
        out.push_str(",\"count\":");
        out.push_str(&count.to_string());
    }
    out.push('}');
    Ok(out)
}

/// By our id, or by the system's own behind `remote:`. A deleted record is given too. With `as_of`, as it was stored then.
pub async fn get(
    engine: &Engine,
    scope: &Scope,
    entity_path: &str,
    id: &str,
    params: &[(String, String)],
) -> Result<Found> {
    scope.may(Permission::Read)?;
    let entity = entity(entity_path)?;
    let mut params = Params::new(params, &["include", "fields", "live", "as_of"]);
    let form = Form::read(entity, &mut params);
    let live = params.flag("live");
    let as_of = history::as_of(engine, &mut params, live, form.raw);
    params.finish()?;
    if live {
        look(engine, scope, entity, id).await?;
    }
    let record = stored(engine, scope, entity, id, form.raw).await?;
    if let Some(at) = as_of.filter(|at| *at < record.modified_at) {
        let (whole, version) = history::at(engine, scope, entity, &record, at).await?;
        return Ok(Found { json: form.narrow(whole)?, version });
    }
    let mut json = String::new();
    form.write(entity, &record, &mut json)?;
    Ok(Found { json, version: record.version })
}

/// The record by either id.
async fn stored(engine: &Engine, scope: &Scope, entity: &'static Entity, id: &str, raw: bool) -> Result<Record> {
    let record = match id.strip_prefix("remote:") {
        Some(remote_id) => engine.store().get_by_remote_id(scope.id(), entity, remote_id, raw).await?,
        None => match RecordId::parse(entity, id) {
            Some(id) => engine.store().get(scope.id(), entity, id, raw).await?,
            None => None,
        },
    };
    record.ok_or_else(|| missing(entity))
}

fn missing(entity: &Entity) -> ServiceError {
    ServiceError::missing(&entity.name.replace('_', " "))
}

/// Brings the record up to date with the system before it is read. One that only has our id must have been synced once.
async fn look(engine: &Engine, scope: &Scope, entity: &'static Entity, id: &str) -> Result<()> {
    may_sync(scope.row().status)?;
    let remote_id = match id.strip_prefix("remote:") {
        Some(remote_id) => Some(remote_id.to_owned()),
        None => match RecordId::parse(entity, id) {
            Some(id) => engine.store().get(scope.id(), entity, id, false).await?.map(|record| record.remote_id),
            None => None,
        },
    };
    if let Some(remote_id) = remote_id {
        refresh_now(engine, scope, entity, &remote_id, Cause::Live).await?;
    }
    Ok(())
}

pub(crate) fn entity(path: &str) -> Result<&'static Entity> {
    entity_at(path).ok_or_else(|| ServiceError::missing("entity"))
}

fn read(scope: &Scope, entity: &'static Entity, params: &[(String, String)]) -> Result<(ListQuery, Form, bool)> {
    let known = [
        "limit",
        "cursor",
        "modified_after",
        "modified_before",
        "created_after",
        "created_before",
        "include_deleted",
        "include",
        "fields",
        "sort",
        "count",
        "filter_match",
    ];
    let (filters, params) = filter::split(params);
    let mut params = Params::new(&params, &known);
    let form = Form::read(entity, &mut params);
    let sort = match params.text("sort") {
        None => Sort::Steady,
        Some("modified_at") => Sort::ModifiedAsc,
        Some("-modified_at") => Sort::ModifiedDesc,
        Some(_) => {
            params.problem("sort", "must be modified_at or -modified_at");
            Sort::Steady
        }
    };
    let mut query = ListQuery {
        sort,
        after: None,
        limit: params.limit(),
        modified_after: params.instant("modified_after"),
        modified_before: params.instant("modified_before"),
        created_after: params.instant("created_after"),
        created_before: params.instant("created_before"),
        fields: filter::read(entity, &filters, &mut params),
        include_deleted: params.flag("include_deleted"),
        include_raw: form.raw,
    };
    let counted = params.flag("count");
    if let Some(text) = params.text("cursor") {
        query.after = cursor::read(ListKey::of(scope.id(), entity, &query), text);
        if query.after.is_none() {
            params.problem("cursor", "is no cursor of this list; use it with the same filters and order as before");
        }
    }
    params.finish()?;
    Ok((query, form, counted))
}

/// In which form records are shown.
struct Form {
    raw: bool,
    /// Empty for all.
    fields: Vec<String>,
}

impl Form {
    fn read(entity: &Entity, params: &mut Params<'_>) -> Self {
        let mut fields: Vec<String> = Vec::new();
        for name in params.words("fields") {
            let known = ENVELOPE.contains(&name)
                || entity
                    .fields
                    .iter()
                    .any(|field| field.name == name || field.siblings().iter().any(|(sibling, _)| sibling == name));
            if !known {
                params.problem("fields", format!("{} has no field `{name}`", entity.name));
            } else if !fields.iter().any(|field| field == name) {
                fields.push(name.to_owned());
            }
        }
        let mut raw = fields.iter().any(|name| name == "raw");
        for word in params.words("include") {
            match word {
                "raw" => raw = true,
                _ => params.problem("include", "must be raw"),
            }
        }
        if raw && !fields.is_empty() && !fields.iter().any(|name| name == "raw") {
            fields.push("raw".to_owned());
        }
        // A record without its id is of no use to anybody.
        if !fields.is_empty() && !fields.iter().any(|name| name == "id") {
            fields.insert(0, "id".to_owned());
        }
        Self { raw, fields }
    }

    fn write(&self, entity: &Entity, record: &Record, out: &mut String) -> Result<()> {
        if self.fields.is_empty() {
            record.write_json(entity, out);
            return Ok(());
        }
        let mut whole = String::new();
        record.write_json(entity, &mut whole);
        out.push_str(&self.narrow(whole)?);
        Ok(())
    }

    /// The wanted members of a record's text.
    fn narrow(&self, whole: String) -> Result<String> {
        if self.fields.is_empty() {
            return Ok(whole);
        }
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(&whole)
            .map_err(|error| ServiceError::internal(&format!("a stored record: {error}")))?;
        let mut out = String::with_capacity(whole.len());
        out.push('{');
        let mut first = true;
        for (name, value) in self.fields.iter().filter_map(|name| members.get(name).map(|value| (name, value))) {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            push_json_string(&mut out, name);
            out.push(':');
            out.push_str(value.get());
        }
        out.push('}');
        Ok(out)
    }
}
