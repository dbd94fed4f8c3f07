//! Endpoints: made, changed, tried out, removed.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use trunnion_model::events;
use trunnion_model::ids::{ConnectionId, DeliveryId, WebhookEndpointId};
use trunnion_store::{
    Attempt, EndpointChanges, EndpointSettings, NewEndpoint as NewRow, SecretKind, Target, WebhookEndpoint,
};

use super::secrets;
use super::settings::{self, Retry, Wanted};
use super::view::{AttemptView, EndpointPage, EndpointView, EndpointWithSecret, TestResult};
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};
use crate::params::Params;
use crate::services::connections::check_tags;
use crate::{Engine, deliver};

/// An application has at most this many: each of them follows every log.
const MOST: usize = 50;
const MOST_WORDS: usize = 100;

/// What `POST /webhook-endpoints` takes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    pub url: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub types: Vec<String>,
    #[serde(default)]
    pub connection_ids: Vec<String>,
    #[serde(default)]
    pub connection_tags: Vec<String>,
    #[serde(default)]
    pub ordering: Option<String>,
    #[serde(default)]
    pub payload: Option<String>,
    #[serde(default)]
    pub rate_limit_per_second: Option<i64>,
    #[serde(default)]
    pub timeout_seconds: Option<i64>,
    #[serde(default)]
    pub disable_after_seconds: Option<i64>,
    #[serde(default)]
    pub retry: Option<Retry>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub signatures: Option<Vec<String>>,
}

/// What `PATCH /webhook-endpoints/{id}` takes; what is absent stays.
#[derive(Clone, Default, Deserialize)]
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
    pub connection_tags: Option<Vec<String>>,
    #[serde(default)]
    pub ordering: Option<String>,
    #[serde(default)]
    pub payload: Option<String>,
    /// 0: no limit any more.
    #[serde(default)]
    pub rate_limit_per_second: Option<i64>,
    #[serde(default)]
    pub timeout_seconds: Option<i64>,
    /// 0: the server's default again.
    #[serde(default)]
    pub disable_after_seconds: Option<i64>,
    #[serde(default)]
    pub retry: Option<Retry>,
    /// All of them: those that are left out are sent no more.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub signatures: Option<Vec<String>>,
    #[serde(default)]
    pub disabled: Option<bool>,
}

pub async fn create(engine: &Engine, caller: &Caller, new: NewEndpoint) -> Result<EndpointWithSecret> {
    caller.may(Permission::Manage)?;
    let mut errors = Vec::new();
    check_url(engine, &new.url, &mut errors);
    check_description(&new.description, &mut errors);
    check_types("/types", &new.types, &mut errors);
    let connections = connections(engine, caller, &new.connection_ids, &mut errors).await?;
    check_tags("/connection_tags", &new.connection_tags, &mut errors);
    let wanted = Wanted {
        ordering: new.ordering.as_deref(),
        payload: new.payload.as_deref(),
        rate: new.rate_limit_per_second,
        timeout: new.timeout_seconds,
        disable_after: new.disable_after_seconds,
        retry: new.retry,
    };
    let settings = settings::read(EndpointSettings::default(), &wanted, &mut errors);
    settings::check_headers(&new.headers, &mut errors);
    let asymmetric = settings::wants_v1a(new.signatures.as_deref(), &mut errors).unwrap_or(false);
    refuse(errors)?;
    if engine.store().list_webhook_endpoints(caller.application(), None, MOST).await?.len() >= MOST {
        let message = format!("An application has at most {MOST} webhook endpoints.");
        return Err(ServiceError::Conflict { message });
    }
    let first = secrets::generate(SecretKind::V1)?;
    let shown = first.secret.expose_secret().to_owned();
    let mut all = vec![first];
    if asymmetric {
        all.push(secrets::generate(SecretKind::V1a)?);
    }
    let header_names = new.headers.keys().cloned().collect();
    if !new.headers.is_empty() {
        all.push(secrets::headers(&new.headers)?);
    }
    let NewEndpoint { url, description, types, connection_tags, .. } = new;
    let row = NewRow { url, description, types, connections, connection_tags, settings, header_names, secrets: all };
    let endpoint = engine.store().create_webhook_endpoint(caller.application(), row).await?;
    Ok(EndpointWithSecret { endpoint: secrets::shown(engine, &endpoint).await?, secret: Some(shown) })
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
    let mut data = Vec::with_capacity(rows.len());
    for row in &rows {
        data.push(secrets::shown(engine, row).await?);
    }
    Ok(EndpointPage { data, next_cursor })
}

pub async fn get(engine: &Engine, caller: &Caller, id: &str) -> Result<EndpointView> {
    caller.may(Permission::Read)?;
    secrets::shown(engine, &own(engine, caller, id).await?).await
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
    check_tags("/connection_tags", patch.connection_tags.as_deref().unwrap_or_default(), &mut errors);
    let settings = Wanted {
        ordering: patch.ordering.as_deref(),
        payload: patch.payload.as_deref(),
        rate: patch.rate_limit_per_second,
        timeout: patch.timeout_seconds,
        disable_after: patch.disable_after_seconds,
        retry: patch.retry,
    };
    let settings = settings::read(before.settings, &settings, &mut errors);
    settings::check_headers(patch.headers.as_ref().unwrap_or(&BTreeMap::new()), &mut errors);
    let asymmetric = settings::wants_v1a(patch.signatures.as_deref(), &mut errors);
    refuse(errors)?;
    let headers = match &patch.headers {
        Some(headers) => Some((headers.keys().cloned().collect(), secrets::headers(headers)?)),
        None => None,
    };
    let Patch { url, description, types, connection_tags, disabled, .. } = patch;
    let settings = Some(settings);
    let connections = wanted;
    let changes =
        EndpointChanges { url, description, types, connections, connection_tags, settings, headers, disabled };
    let after = engine.store().update_webhook_endpoint(caller.application(), before.id, changes).await?;
    secrets::sign_by_v1a(engine, &after, asymmetric).await?;
    secrets::shown(engine, &own(engine, caller, id).await?).await
}

/// Forgets the endpoint with everything that was on its way to it.
pub async fn delete(engine: &Engine, caller: &Caller, id: &str) -> Result<()> {
    caller.may(Permission::Manage)?;
    let endpoint = own(engine, caller, id).await?;
    Ok(engine.store().delete_webhook_endpoint(caller.application(), endpoint.id).await?)
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
    let sent = deliver::send_test(engine, &Target { endpoint, secrets }, &kind).await;
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
        return;
    }
    let checked = match deliver::address_problem(url) {
        Ok(example) => engine.poster().check(&example),
        Err(why) => Err(why.to_owned()),
    };
    if let Err(why) = checked {
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

pub(super) fn refuse(errors: Vec<FieldError>) -> Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(ServiceError::ValidationFailed { errors }) }
}
