//! Stock is changed by a document: by a difference, or from one place to another. The document carries our write key as a
//! record that we create would, so it is sent, searched for and sent again by the same rule (`perform.rs`). What is stored and
//! answered is the level that it changed, as the system has it afterwards.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::http::Lane;
use trunnion_kit::posting::Posting;
use trunnion_kit::spec::{EntitySpec, Post};
use trunnion_kit::vendor::Target;
use trunnion_model::catalog::Entity;
use trunnion_model::decimal::{self, Decimal};
use trunnion_model::ids::RecordId;
use trunnion_model::record::Record;
use trunnion_store::{Connection, NewOperation};

use super::begin::{Answer, Ask, begin, earlier, may_write};
use super::create::needs_key;
use super::look::look;
use super::{dry, key, resolve};
use crate::Engine;
use crate::error::{FieldError, Result, ServiceError, from_system};
use crate::links::Live;

/// The actions that are done by a posting.
pub(super) const POSTS: [&str; 2] = ["adjust", "transfer"];

/// A posting as its operation keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    quantity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Checks, begins and performs; or answers as an earlier call with the same key was answered.
pub(crate) async fn post(
    engine: &Engine,
    row: &Connection,
    entity: &'static Entity,
    record: Record,
    action: &'static str,
    body: Value,
    ask: Ask<'_>,
) -> Result<Answer> {
    needs_key(&ask)?;
    let body_hash = key::body_hash(entity.name, action, &json!({ "id": record.remote_id, "body": body }));
    if let Some(answer) = earlier(engine, row, &ask, &body_hash).await? {
        return Ok(answer);
    }
    may_write(row)?;
    let live = engine.links().get(engine, row).await?.in_lane(Lane::Write);
    let spec = live.entity(entity.name);
    let found = spec.and_then(|spec| spec.posts.iter().find(|post| post.name == action).map(|post| (spec, post)));
    let Some((spec, post)) = found else {
        let message = format!("This system does not take `{action}` of stock through its API.");
        return Err(ServiceError::UnsupportedOperation { message });
    };
    if let Some(lacking) = lacking(post, &live.link) {
        let message = format!("The connection has no {lacking}; reconnect and give it.");
        return Err(ServiceError::UnsupportedOperation { message });
    }
    if record.deleted_at.is_some() {
        let message = "There is no such stock in the system any more; receive goods there first.".to_owned();
        return Err(ServiceError::Conflict { message });
    }
    let now = look(&live, spec, &record.remote_id).await.map_err(|error| from_system(&error))?;
    let (raw, now) = now.ok_or_else(|| ServiceError::missing("inventory level"))?;
    let now = now.map_err(|error| from_system(&SystemError::Unexpected(error.to_string())))?;
    let now = serde_json::from_str(&now.data).unwrap_or_default();
    let posting = posting(engine, row, &live, spec, post, &now, body).await?;
    if ask.dry_run {
        let key = "0".repeat(post.write_key_length.min(26));
        return dry::post(&live, spec, (&record.remote_id, &raw), &posting, &key).await.map(Answer::Planned);
    }
    let request = serde_json::to_string(&Request::from(&posting)).map_err(|error| ServiceError::internal(&error))?;
    let new = NewOperation {
        idempotency_key: ask.key,
        body_hash,
        entity,
        action,
        target: Some((&record.remote_id, RecordId::of(row.id, entity, &record.remote_id))),
        request: &request,
        lease_for: engine.options().write.lease,
        sends: !ask.respond_async && !post.write_key.is_empty(),
        lock_for: None,
    };
    let begun = engine.store().begin_operation(row.id, &new).await?;
    begin(engine, live, begun, &ask).await
}

/// A field of the connection's form that the posting needs and that is not there.
pub(crate) fn lacking(post: &Post, link: &trunnion_kit::link::Link) -> Option<String> {
    post.needs.iter().find(|name| link.setting(name).is_none_or(str::is_empty)).cloned()
}

/// Sends a posting of an operation, after a look at the level that it is for.
pub(super) async fn send(
    live: &Live,
    spec: &EntitySpec,
    remote_id: &str,
    posting: &Posting,
    write_key: &str,
) -> std::result::Result<(), SystemError> {
    let Some((raw, mapped)) = look(live, spec, remote_id).await? else {
        let text = "there is no such stock any more".to_owned();
        return Err(SystemError::Rejected(trunnion_kit::error::VendorMessage { text, ..Default::default() }));
    };
    mapped.map_err(|error| SystemError::Unexpected(error.to_string()))?;
    let row = trunnion_kit::json::parse(&raw).map_err(|error| SystemError::Unexpected(error.to_string()))?;
    live.vendor.post(&live.link, spec, Target { remote_id, row: &row }, posting, write_key).await
}

/// The posting of an operation.
pub(super) fn read(action: &str, request: &str) -> Option<Posting> {
    let Request { quantity, to, reason } = serde_json::from_str(request).ok()?;
    let quantity = decimal::parse(&quantity)?;
    match (action, to) {
        ("adjust", None) => Some(Posting::Adjust { by: quantity, reason: reason? }),
        ("transfer", Some(to)) => Some(Posting::Transfer { to, quantity, reason }),
        _ => None,
    }
}

impl From<&Posting> for Request {
    fn from(posting: &Posting) -> Self {
        let reason = posting.reason().map(str::to_owned);
        match posting {
            Posting::Adjust { by, .. } => Self { quantity: decimal::text(*by), to: None, reason },
            Posting::Transfer { to, quantity, .. } => {
                Self { quantity: decimal::text(*quantity), to: Some(to.clone()), reason }
            }
        }
    }
}

/// What the body asks for, with every problem told at once.
async fn posting(
    engine: &Engine,
    row: &Connection,
    live: &Live,
    spec: &EntitySpec,
    post: &Post,
    now: &Map<String, Value>,
    body: Value,
) -> Result<Posting> {
    let Value::Object(mut given) = body else { return Err(ServiceError::invalid("", "must be an object")) };
    let transfers = post.name == "transfer";
    let mut errors = Vec::new();
    let quantity = quantity(given.remove("quantity").as_ref(), now, transfers).unwrap_or_else(|message| {
        errors.push(FieldError::new("/quantity", message));
        Decimal::ZERO
    });
    let reason = reason(given.remove("reason"), !transfers, post.reason).unwrap_or_else(|message| {
        errors.push(FieldError::new("/reason", message));
        None
    });
    let to = match transfers {
        true => place(engine, row, live, spec, &mut given, now, &mut errors).await?,
        false => String::new(),
    };
    errors.extend(given.keys().map(|name| FieldError::new(format!("/{name}"), "there is no such member")));
    if !errors.is_empty() {
        errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        return Err(ServiceError::ValidationFailed { errors });
    }
    Ok(match transfers {
        true => Posting::Transfer { to, quantity, reason },
        false => Posting::Adjust { by: quantity, reason: reason.unwrap_or_default() },
    })
}

fn quantity(given: Option<&Value>, now: &Map<String, Value>, transfers: bool) -> std::result::Result<Decimal, String> {
    let number = given.and_then(Value::as_str).and_then(decimal::parse);
    let number = number.ok_or("must be a decimal in a string, as \"2.5\"")?;
    if number.is_zero() || (transfers && number.is_sign_negative()) {
        return Err(if transfers { "must be more than zero" } else { "must not be zero" }.to_owned());
    }
    let there = now.get("on_hand").and_then(Value::as_str).and_then(decimal::parse).unwrap_or_default();
    let after = if transfers { there - number } else { there + number };
    if after.is_sign_negative() {
        return Err(format!("only {} are on hand", decimal::text(there)));
    }
    Ok(number)
}

fn reason(given: Option<Value>, required: bool, longest: usize) -> std::result::Result<Option<String>, String> {
    match given {
        None | Some(Value::Null) if required => Err("is required: why the stock is changed".to_owned()),
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() && text.chars().count() <= longest => Ok(Some(text)),
        Some(_) => Err(format!("must be a text of 1 to {longest} characters in this system")),
    }
}

/// The remote id of the place that `to_location_id`, `to_location_remote_id` or `to_location_code` names.
async fn place(
    engine: &Engine,
    row: &Connection,
    live: &Live,
    spec: &EntitySpec,
    given: &mut Map<String, Value>,
    now: &Map<String, Value>,
    errors: &mut Vec<FieldError>,
) -> Result<String> {
    const TO: &str = "to_";
    let names: Vec<String> = given.keys().filter(|name| name.starts_with("to_location_")).cloned().collect();
    let named: Map<String, Value> =
        names.iter().filter_map(|name| Some((name[TO.len()..].to_owned(), given.remove(name)?))).collect();
    let offered = |name: &str| live.entity(name).is_some();
    let resolved = resolve::resolve(engine.store(), row.id, spec, &named, &offered).await?;
    let before = errors.len();
    errors.extend(
        resolved.problems.into_iter().map(|problem| {
            FieldError::new(format!("/{TO}{}", problem.pointer.trim_start_matches('/')), problem.message)
        }),
    );
    let to = resolved.body.get("location_remote_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if errors.len() == before && to.is_empty() {
        errors.push(FieldError::new("/to_location_id", "is required: the place that the stock goes to"));
    }
    if now.get("location_remote_id").and_then(Value::as_str) == Some(to.as_str()) {
        errors.push(FieldError::new("/to_location_id", "is where the stock is already"));
    }
    Ok(to)
}
