//! Endpoints: made, changed, tried out, removed; and their secrets.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use trunnion_kit::webhook::Secret;
use trunnion_model::events;
use trunnion_model::ids::{ConnectionId, DeliveryId, WebhookEndpointId};
use trunnion_store::{Attempt, EndpointChanges, NewEndpoint as NewRow, WebhookEndpoint};

use super::view::{AttemptView, EndpointPage, EndpointView, EndpointWithSecret, TestResult};
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;
use crate::{Engine, deliver};

/// An application has at most this many: each of them follows every log.
const MOST: usize = 50;
const MOST_WORDS: usize = 100;
const OVERLAP: i64 = 24 * 60 * 60;
const LONGEST_OVERLAP: i64 = 7 * OVERLAP;

/// What `POST /webhook-endpoints` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    pub url: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub types: Vec<String>,
    #[serde(default)]
    pub connection_ids: Vec<String>,
}

/// What `PATCH /webhook-endpoints/{id}` takes; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub types: Option<Vec<String>>,
    #[serde(default)]
    pub connection_ids: Option<Vec<String>>,
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// What `POST /webhook-endpoints/{id}/rotate-secret` takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// How long the old secret signs beside the new one: a day by default, a week at most.
    #[serde(default)]
    pub overlap_seconds: Option<i64>,
}

pub async fn create(engine: &Engine, caller: &Caller, new: NewEndpoint) -> Result<EndpointWithSecret> {
    caller.may(Permission::Manage)?;
    let mut errors = Vec::new();
    check_url(engine, &new.url, &mut errors);
    check_description(&new.description, &mut errors);
    check_types("/types", &new.types, &mut errors);
    let connections = connections(engine, caller, &new.connection_ids, &mut errors).await?;
    refuse(errors)?;
    if engine.store().list_webhook_endpoints(caller.application(), None, MOST).await?.len() >= MOST {
        let message = format!("An application has at most {MOST} webhook endpoints.");
        return Err(ServiceError::Conflict { message });
    }
    let secret = Secret::generate().map_err(|error| ServiceError::internal(&error))?;
    let shown = secret.expose_secret().to_owned();
    let NewEndpoint { url, description, types, .. } = new;
    let row = NewRow { url, description, types, connections, secret };
    let endpoint = engine.store().create_webhook_endpoint(caller.application(), row).await?;
    Ok(EndpointWithSecret { endpoint: EndpointView::of(&endpoint), secret: shown })
}

/// The application's endpoints, the oldest first. Parameters: `limit`, `cursor`.
pub async fn list(engine: &Engine, caller: &Caller, params: &[(String, String)]) -> Result<EndpointPage> {
    caller.may(Permission::Read)?;
    let mut params = Params::new(params, &["limit", "cursor"]);
    let limit = params.limit();
    let after = params.text("cursor").map(WebhookEndpointId::parse);
    if after == Some(None) {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let rows = engine.store().list_webhook_endpoints(caller.application(), after.flatten(), limit).await?;
    let next_cursor = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(EndpointPage { data: rows.iter().map(EndpointView::of).collect(), next_cursor })
}

pub async fn get(engine: &Engine, caller: &Caller, id: &str) -> Result<EndpointView> {
    caller.may(Permission::Read)?;
    Ok(EndpointView::of(&own(engine, caller, id).await?))
}

pub async fn patch(engine: &Engine, caller: &Caller, id: &str, patch: Patch) -> Result<EndpointView> {
    caller.may(Permission::Manage)?;
    let before = own(engine, caller, id).await?;
    let mut errors = Vec::new();
    if let Some(url) = &patch.url {
        check_url(engine, url, &mut errors);
    }
    check_description(patch.description.as_deref().unwrap_or_default(), &mut errors);
    check_types("/types", patch.types.as_deref().unwrap_or_default(), &mut errors);
    let wanted = match &patch.connection_ids {
        Some(ids) => Some(connections(engine, caller, ids, &mut errors).await?),
        None => None,
    };
    refuse(errors)?;
    let Patch { url, description, types, disabled, .. } = patch;
    let changes = EndpointChanges { url, description, types, connections: wanted, disabled };
    let after = engine.store().update_webhook_endpoint(caller.application(), before.id, changes).await?;
    Ok(EndpointView::of(&after))
}

/// Forgets the endpoint with everything that was on its way to it.
pub async fn delete(engine: &Engine, caller: &Caller, id: &str) -> Result<()> {
    caller.may(Permission::Manage)?;
    let endpoint = own(engine, caller, id).await?;
    Ok(engine.store().delete_webhook_endpoint(caller.application(), endpoint.id).await?)
}

pub async fn rotate_secret(engine: &Engine, caller: &Caller, id: &str, rotate: Rotate) -> Result<EndpointWithSecret> {
    caller.may(Permission::Manage)?;
    let endpoint = own(engine, caller, id).await?;
    let seconds = rotate.overlap_seconds.unwrap_or(OVERLAP);
    let overlap = u64::try_from(seconds).ok().filter(|_| seconds <= LONGEST_OVERLAP).map(Duration::from_secs);
    let overlap = overlap.ok_or_else(|| {
        ServiceError::invalid("/overlap_seconds", format!("must be a whole number from 0 to {LONGEST_OVERLAP}"))
    })?;
    let secret = Secret::generate().map_err(|error| ServiceError::internal(&error))?;
    engine.store().rotate_webhook_secret(caller.application(), endpoint.id, &secret, overlap).await?;
    Ok(EndpointWithSecret { endpoint: EndpointView::of(&endpoint), secret: secret.expose_secret().to_owned() })
}

/// What `POST /webhook-endpoints/{id}/test` takes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Of which type the event is; `webhook_endpoint.test` by default.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// Sends a test event now, once, and tells what the receiver made of it. It is in no log and is no delivery.
pub async fn test(engine: &Engine, caller: &Caller, id: &str, test: Test) -> Result<TestResult> {
    caller.may(Permission::Manage)?;
    let kind = events::get(test.kind.as_deref().unwrap_or("webhook_endpoint.test"))
        .ok_or_else(|| ServiceError::invalid("/type", "is no event type; GET /event-types lists them"))?;
    let endpoint = own(engine, caller, id).await?;
    let secrets = engine.store().webhook_secrets(endpoint.id).await?;
    let sent = deliver::send_test(engine, &endpoint.url, &secrets, &endpoint.id.to_string(), &kind).await;
    let delivered = sent.reply.status.is_some_and(|status| (200..300).contains(&status));
    let attempt = Attempt { delivery: DeliveryId::new(engine.clock()), number: 1, outcome: sent.outcome };
    Ok(TestResult { delivered, attempt: AttemptView::of(&attempt) })
}

pub(super) async fn own(engine: &Engine, caller: &Caller, id: &str) -> Result<WebhookEndpoint> {
    let missing = || ServiceError::missing("webhook endpoint");
    let id = WebhookEndpointId::parse(id).ok_or_else(missing)?;
    engine.store().webhook_endpoint(caller.application(), id).await?.ok_or_else(missing)
}

fn check_url(engine: &Engine, url: &str, errors: &mut Vec<FieldError>) {
    if url.len() > 2_000 {
        errors.push(FieldError::new("/url", "must have at most 2000 characters"));
    } else if let Err(why) = engine.poster().check(url) {
        errors.push(FieldError::new("/url", why));
    }
}

fn check_description(text: &str, errors: &mut Vec<FieldError>) {
    if text.chars().count() > 500 {
        errors.push(FieldError::new("/description", "must have at most 500 characters"));
    }
}

/// A type that no event has would look like a silent network, so it is refused.
pub(super) fn check_types(pointer: &str, types: &[String], errors: &mut Vec<FieldError>) {
    if types.len() > MOST_WORDS {
        errors.push(FieldError::new(pointer, format!("must name at most {MOST_WORDS} types")));
        return;
    }
    for (place, kind) in types.iter().enumerate() {
        if !events::is_known(kind) {
            let message =
                "is no event type; these are types: purchase_order.updated, purchase_order.*, sync.completed, *";
            errors.push(FieldError::new(format!("{pointer}/{place}"), message));
        }
    }
}

/// `None` for all of them.
async fn connections(
    engine: &Engine,
    caller: &Caller,
    ids: &[String],
    errors: &mut Vec<FieldError>,
) -> Result<Option<Vec<ConnectionId>>> {
    if ids.len() > MOST_WORDS {
        errors.push(FieldError::new("/connection_ids", format!("must name at most {MOST_WORDS} connections")));
        return Ok(None);
    }
    let mut found = Vec::with_capacity(ids.len());
    for (place, text) in ids.iter().enumerate() {
        let known = match ConnectionId::parse(text) {
            Some(id) => engine.store().connection(caller.application(), id).await?,
            None => None,
        };
        match known {
            Some(connection) => found.push(connection.id),
            None => errors.push(FieldError::new(format!("/connection_ids/{place}"), "is no connection of yours")),
        }
    }
    Ok((!found.is_empty()).then_some(found))
}

fn refuse(errors: Vec<FieldError>) -> Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(ServiceError::ValidationFailed { errors }) }
}
