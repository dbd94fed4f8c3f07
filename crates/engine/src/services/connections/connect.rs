//! Making a connection, and giving it new credentials: they are checked against the form, then tried once on the system,
//! and only then stored.
//!
//! At most one login is attempted: systems lock accounts. The login that the probe made is kept for the syncs.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::link::Link;
use trunnion_kit::vendor::{Account, Connector, Vendor};
use trunnion_model::time::rfc3339;
use trunnion_model::token::{NewToken, TokenKind};
use trunnion_store::{Cleared, ConnectionStatus, LinkUse, NewCredentials, NewEvent, StatusChange};

use super::settings::{SyncSettings, plans};
use super::view::{ConnectionView, ReasonView};
use crate::Engine;
use crate::caller::{Caller, Permission, Scope};
use crate::error::{FieldError, Result, ServiceError, connecting, from_system};
use crate::health::{self, park};
use crate::links::from_form;
use crate::subscriptions;

/// What `POST /connections` takes.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    pub system: String,
    /// By the schema of the system's way to log in.
    pub credentials: Value,
    pub customer: Customer,
    #[serde(default)]
    pub metadata: Option<Value>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub sync: SyncSettings,
}

/// The integrator's customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    pub id: String,
    pub name: String,
}

/// A connection with its new token, which is shown once.
#[derive(Clone, Serialize)]
pub struct Connected {
    pub connection: ConnectionView,
    pub token: String,
}

/// What a probe found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckView {
    pub ok: bool,
    /// As whom we are logged in.
    pub account: Option<String>,
    pub checked_at: String,
    pub error: Option<CheckError>,
    pub connection: ConnectionView,
}

pub type CheckError = ReasonView;

impl std::fmt::Debug for NewConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewConnection").field("system", &self.system).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Tries the credentials on the system; stores them and starts the first sync if they work.
pub async fn create(engine: &Engine, caller: &Caller, new: NewConnection) -> Result<Connected> {
    create_by(engine, caller, new, None).await
}

/// As [`create`]; a link session that it is made through is used up with it.
pub(crate) async fn create_by(
    engine: &Engine,
    caller: &Caller,
    new: NewConnection,
    link: Option<&LinkUse>,
) -> Result<Connected> {
    caller.may(Permission::Manage)?;
    let connector = engine
        .catalogue()
        .get(&new.system)
        .ok_or_else(|| ServiceError::invalid("/system", "there is no such system"))?;
    let mut errors = Vec::new();
    check_customer(&new.customer, &mut errors);
    let metadata = check_metadata(new.metadata.as_ref(), &mut errors);
    check_tags("/tags", &new.tags, &mut errors);
    errors.extend(new.sync.problems(&connector.spec));
    errors.extend(without_consent(&new.credentials, link));
    let grant = link.and_then(|link| link.grant.as_ref());
    let fresh = match from_form(engine, connector, &new.credentials, grant).await {
        Ok(fresh) if errors.is_empty() => fresh,
        Ok(_) => return Err(ServiceError::ValidationFailed { errors }),
        Err(problems) => {
            errors.extend(problems);
            return Err(ServiceError::ValidationFailed { errors });
        }
    };
    let account = probe(engine, connector.vendor.as_ref(), &fresh.link).await.map_err(|error| connecting(&error))?;
    let token = NewToken::new(TokenKind::Connection);
    let seconds = i64::try_from(engine.options().sync_interval.as_secs()).unwrap_or(i64::MAX);
    let paused = new.sync.paused == Some(true);
    let row = engine
        .store()
        .create_connection_by(
            caller.application(),
            trunnion_store::NewConnection {
                system: new.system,
                customer_id: new.customer.id,
                customer_name: new.customer.name,
                metadata,
                tags: new.tags,
                settings: fresh.settings.clone(),
                account: Some(account.name),
                status: if paused { ConnectionStatus::Paused } else { ConnectionStatus::Syncing },
                credentials: fresh.sealed.clone(),
                token_hash: token.hash(),
                plans: plans(&connector.spec, &new.sync, seconds),
                address: subscriptions::mint(engine, &connector.spec, |name| fresh.link.setting(name).is_some())?,
            },
            link,
        )
        .await?;
    // A grant is renewed in the store only: its link is made from there.
    if grant.is_none() {
        engine.links().put(fresh.live(engine, connector, row.id)).await;
    }
    for (entity, changes) in connector.spec.entities.iter().map(|spec| (spec.entity, new.sync.changes(spec.entity))) {
        if changes.paused == Some(true) {
            engine.store().set_plan(row.id, entity, &changes).await?;
        }
    }
    tracing::info!(connection = %row.id, system = row.system, "connected");
    Ok(Connected { connection: ConnectionView::of(&row), token: token.reveal().to_owned() })
}

/// New credentials for a connection that is there, also for one that was disconnected. The old token dies.
pub async fn reconnect(engine: &Engine, scope: &Scope, credentials: Value) -> Result<Connected> {
    reconnect_by(engine, scope, credentials, None).await
}

/// As [`reconnect`]; a link session that they are given through is used up with it.
pub(crate) async fn reconnect_by(
    engine: &Engine,
    scope: &Scope,
    credentials: Value,
    used: Option<&LinkUse>,
) -> Result<Connected> {
    scope.may(Permission::Manage)?;
    let connector = connector(engine, scope)?;
    if let Some(error) = without_consent(&credentials, used) {
        return Err(ServiceError::ValidationFailed { errors: vec![error] });
    }
    let grant = used.and_then(|used| used.grant.as_ref());
    let fresh = from_form(engine, connector, &credentials, grant).await;
    let fresh = fresh.map_err(|errors| ServiceError::ValidationFailed { errors })?;
    let account = probe(engine, connector.vendor.as_ref(), &fresh.link).await.map_err(|error| connecting(&error))?;
    let token = NewToken::new(TokenKind::Connection);
    let status = working_status(engine, scope).await?;
    let mut data = scope.row().to_json();
    data["status"] = status.as_str().into();
    data["status_reason"] = Value::Null;
    let event = NewEvent { kind: "connection.reauthorized".to_owned(), data: data.to_string() };
    let change = StatusChange { status, reason: None, event: Some(event) };
    let (application, id) = (scope.application(), scope.id());
    let (sealed, hash) = (&fresh.sealed, token.hash());
    let moved = subscriptions::moved(&connector.spec, &scope.row().settings, &fresh.settings);
    // Only the old credentials reach what was made with them.
    let taken = if moved { subscriptions::take_away(engine, scope.row()).await? } else { Vec::new() };
    let address = subscriptions::mint(engine, &connector.spec, |name| fresh.link.setting(name).is_some())?;
    let new = NewCredentials { credentials: sealed, token_hash: &hash, address: address.as_ref() };
    engine.store().replace_credentials_by(application, id, &new, &change, used).await?;
    subscriptions::give_back(engine, &taken).await?;
    let told = trunnion_store::ConnectionChanges {
        settings: Some(fresh.settings.clone()),
        account: Some(account.name),
        ..Default::default()
    };
    let row = engine.store().update_connection(application, id, &told).await?;
    if grant.is_none() {
        engine.links().put(fresh.live(engine, connector, id)).await;
    } else {
        engine.links().forget(id).await;
    }
    tracing::info!(connection = %id, "reconnected");
    Ok(Connected { connection: ConnectionView::of(&row), token: token.reveal().to_owned() })
}

/// Consent is given in a browser, so this way to log in leads over a link session.
fn without_consent(credentials: &Value, link: Option<&LinkUse>) -> Option<FieldError> {
    let given = link.is_some_and(|link| link.grant.is_some());
    (credentials["auth"] == "oauth2_code" && !given).then(|| {
        let message = "needs the customer's consent in a browser: make a link session (POST /link-sessions)";
        FieldError::new("/credentials/auth", message)
    })
}

/// Asks the system now. Refused credentials park the connection, as they do in a sync; a parked one is not asked again.
pub async fn check(engine: &Engine, scope: &Scope) -> Result<CheckView> {
    scope.may(Permission::Write)?;
    let checked_at = rfc3339(engine.clock().now());
    let outcome = match scope.row().status {
        ConnectionStatus::Disconnected => {
            return Err(ServiceError::Conflict { message: "The connection is disconnected.".to_owned() });
        }
        ConnectionStatus::ReauthorizationRequired => Err(ServiceError::ReauthorizationRequired {
            message: "The connection waits for new credentials; the system was not asked.".to_owned(),
        }),
        _ => {
            let live = engine.links().get(engine, scope.row()).await?;
            let probed = probe(engine, live.vendor.as_ref(), &live.link).await;
            // Whoever asks wants to know of everything.
            engine.store().wake_subscriptions(scope.id()).await?;
            match &probed {
                Ok(_) => health::succeeded(engine, scope.id(), Cleared::Probe).await?,
                Err(SystemError::Authentication(message)) => {
                    park(engine, &live, message).await?;
                }
                Err(error) => health::failed(engine, scope.id(), None, error).await,
            }
            probed.map_err(|error| from_system(&error))
        }
    };
    let row = engine.store().connection(scope.application(), scope.id()).await?;
    let connection = row.as_ref().map(ConnectionView::of).ok_or_else(|| ServiceError::missing("connection"))?;
    Ok(match outcome {
        Ok(account) => CheckView { ok: true, account: Some(account.name), checked_at, error: None, connection },
        Err(error) => {
            let error = CheckError { code: error.code().to_owned(), message: error.detail() };
            CheckView { ok: false, account: None, checked_at, error: Some(error), connection }
        }
    })
}

/// The status of a connection that works again: `syncing` as long as a first sync is missing. With new credentials also
/// what the former ones might not see.
pub(super) async fn working_status(engine: &Engine, scope: &Scope) -> Result<ConnectionStatus> {
    let plans = engine.store().plans(scope.id()).await?;
    let all_there = plans.iter().all(|plan| plan.initial_done || plan.paused);
    Ok(if all_there { ConnectionStatus::Online } else { ConnectionStatus::Syncing })
}

pub(crate) fn connector<'e>(engine: &'e Engine, scope: &Scope) -> Result<&'e Connector> {
    let system = &scope.row().system;
    engine.catalogue().get(system).ok_or_else(|| ServiceError::UnsupportedOperation {
        message: format!("This server has no connector for `{system}`."),
    })
}

/// The metadata's text, if it is an object of moderate size.
pub(crate) fn check_metadata(given: Option<&Value>, errors: &mut Vec<FieldError>) -> String {
    match given {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(value @ Value::Object(_)) => {
            let text = value.to_string();
            if text.len() > 16 * 1024 {
                errors.push(FieldError::new("/metadata", "must not be longer than 16 KiB"));
            }
            text
        }
        Some(_) => {
            errors.push(FieldError::new("/metadata", "must be an object"));
            String::new()
        }
    }
}

const MOST_TAGS: usize = 20;

/// Tags are words: they are stored and searched as such.
pub(crate) fn check_tags(pointer: &str, tags: &[String], errors: &mut Vec<FieldError>) {
    if tags.len() > MOST_TAGS {
        errors.push(FieldError::new(pointer, format!("must be at most {MOST_TAGS}")));
    }
    for (place, tag) in tags.iter().enumerate() {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
        if tag.is_empty() || tag.len() > 50 || !tag.chars().all(fits) {
            let message = "must have 1 to 50 letters, digits or any of _-.:";
            errors.push(FieldError::new(format!("{pointer}/{place}"), message));
        } else if tags[..place].contains(tag) {
            errors.push(FieldError::new(format!("{pointer}/{place}"), "is given twice"));
        }
    }
}

pub(super) fn name_problem(pointer: &str, text: &str) -> Option<FieldError> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 200;
    (!fits).then(|| FieldError::new(pointer, "must have 1 to 200 characters"))
}

pub(crate) fn check_customer(customer: &Customer, errors: &mut Vec<FieldError>) {
    errors.extend(name_problem("/customer/id", &customer.id));
    errors.extend(name_problem("/customer/name", &customer.name));
}

/// Asks the system, within the time for it.
pub(crate) async fn probe(
    engine: &Engine,
    vendor: &dyn Vendor,
    link: &Link,
) -> std::result::Result<Account, SystemError> {
    match tokio::time::timeout(engine.options().probe, vendor.probe(link)).await {
        Ok(probed) => probed,
        Err(_elapsed) => Err(SystemError::Unreachable { reason: "no answer in time".to_owned(), after: None }),
    }
}
