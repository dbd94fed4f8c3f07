//! Alert rules: made, changed, tried out, silenced, removed.

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunnion_kit::webhook::Secret;
use trunnion_model::ids::{AlertId, ConnectionId};
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{Alert, AlertChanges, Firing, NewAlert as NewRow};

use crate::Engine;
use crate::alerts::{Channel, Rule, Said, tell};
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};

/// An application has at most this many.
const MOST: usize = 50;
const LONGEST_SILENCE: i64 = 30 * 24 * 60 * 60;

/// What `POST /alerts` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    pub name: String,
    pub rule: Rule,
    pub channel: Channel,
}

/// What `PATCH /alerts/{id}` takes; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub rule: Option<Rule>,
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Nothing is told for that long; 0 ends the silence.
    #[serde(default)]
    pub silence_seconds: Option<i64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AlertView {
    pub id: String,
    pub name: String,
    pub rule: Value,
    pub channel: Value,
    pub silenced_until: Option<String>,
    pub firing: Vec<FiringView>,
    pub created_at: String,
    pub modified_at: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct FiringView {
    /// `null`: it is about the application as a whole.
    pub connection_id: Option<String>,
    pub subject: String,
    pub message: String,
    pub since: String,
    /// A message about it was taken by the channel.
    pub told: bool,
    /// Why the last try to tell it failed.
    pub last_error: Option<String>,
}

/// A new rule; what signs its messages is shown this once.
#[derive(Clone, Serialize)]
pub struct AlertWithSecret {
    pub alert: AlertView,
    /// `null` for e-mail.
    pub secret: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AlertList {
    pub data: Vec<AlertView>,
}

/// What came of a test message.
#[derive(Clone, Debug, Serialize)]
pub struct AlertTest {
    pub delivered: bool,
    pub error: Option<String>,
}

impl std::fmt::Debug for AlertWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertWithSecret").field("alert", &self.alert).finish_non_exhaustive()
    }
}

pub async fn create(engine: &Engine, caller: &Caller, new: &NewAlert) -> Result<AlertWithSecret> {
    caller.may(Permission::Manage)?;
    let mut errors = new.rule.problems();
    errors.extend(new.channel.problems(engine));
    check_name(&new.name, &mut errors);
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    if engine.store().list_alerts(caller.application()).await?.len() >= MOST {
        return Err(ServiceError::Conflict { message: format!("An application has at most {MOST} alerts.") });
    }
    let secret = Secret::generate().map_err(|error| ServiceError::internal(&error))?;
    let shown = matches!(new.channel, Channel::Webhook { .. }).then(|| secret.expose_secret().to_owned());
    let row = NewRow { name: new.name.clone(), rule: text(&new.rule)?, channel: text(&new.channel)?, secret };
    let alert = engine.store().create_alert(caller.application(), &row).await?;
    Ok(AlertWithSecret { alert: view(engine, &alert).await?, secret: shown })
}

/// The application's rules, the oldest first.
pub async fn list(engine: &Engine, caller: &Caller) -> Result<AlertList> {
    caller.may(Permission::Read)?;
    let mut data = Vec::new();
    for alert in engine.store().list_alerts(caller.application()).await? {
        data.push(view(engine, &alert).await?);
    }
    Ok(AlertList { data })
}

pub async fn get(engine: &Engine, caller: &Caller, id: &str) -> Result<AlertView> {
    caller.may(Permission::Read)?;
    view(engine, &own(engine, caller, id).await?).await
}

pub async fn patch(engine: &Engine, caller: &Caller, id: &str, patch: &Patch) -> Result<AlertView> {
    caller.may(Permission::Manage)?;
    let before = own(engine, caller, id).await?;
    let mut errors: Vec<FieldError> = patch.rule.as_ref().map(Rule::problems).unwrap_or_default();
    errors.extend(patch.channel.as_ref().map(|channel| channel.problems(engine)).unwrap_or_default());
    if let Some(name) = &patch.name {
        check_name(name, &mut errors);
    }
    if patch.silence_seconds.is_some_and(|seconds| !(0..=LONGEST_SILENCE).contains(&seconds)) {
        errors.push(FieldError::new("/silence_seconds", format!("must be 0 to {LONGEST_SILENCE}")));
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let silence = patch.silence_seconds.map(|seconds| {
        (seconds > 0).then(|| engine.clock().now_micros().saturating_add(seconds.saturating_mul(1_000_000)))
    });
    let changes = AlertChanges {
        name: patch.name.clone(),
        rule: patch.rule.as_ref().map(text).transpose()?,
        channel: patch.channel.as_ref().map(text).transpose()?,
        silenced_until: silence,
    };
    view(engine, &engine.store().update_alert(caller.application(), before.id, &changes).await?).await
}

pub async fn delete(engine: &Engine, caller: &Caller, id: &str) -> Result<()> {
    caller.may(Permission::Manage)?;
    let alert = own(engine, caller, id).await?;
    Ok(engine.store().delete_alert(caller.application(), alert.id).await?)
}

/// Sends a test message now, once.
pub async fn test(engine: &Engine, caller: &Caller, id: &str) -> Result<AlertTest> {
    caller.may(Permission::Manage)?;
    let alert = own(engine, caller, id).await?;
    let error = tell(engine, &alert, Said::Test, None).await.err();
    Ok(AlertTest { delivered: error.is_none(), error })
}

async fn own(engine: &Engine, caller: &Caller, id: &str) -> Result<Alert> {
    let id = AlertId::parse(id).ok_or_else(|| ServiceError::missing("alert"))?;
    Ok(engine.store().alert(caller.application(), id).await?)
}

async fn view(engine: &Engine, alert: &Alert) -> Result<AlertView> {
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let firings = engine.store().firings(alert.id).await?;
    let firing = firings.iter().filter(|firing| firing.over_at.is_none()).map(|firing| shown(alert, firing));
    Ok(AlertView {
        id: alert.id.to_string(),
        name: alert.name.clone(),
        rule: json(&alert.rule),
        channel: json(&alert.channel),
        silenced_until: alert.silenced_until.map(rfc3339_micros),
        firing: firing.collect(),
        created_at: rfc3339_micros(alert.created_at),
        modified_at: rfc3339_micros(alert.modified_at),
    })
}

fn shown(alert: &Alert, firing: &Firing) -> FiringView {
    FiringView {
        connection_id: (firing.subject != alert.application.0).then(|| ConnectionId(firing.subject).to_string()),
        subject: firing.name.clone(),
        message: firing.message.clone(),
        since: rfc3339_micros(firing.since),
        told: firing.told,
        last_error: firing.last_error.clone(),
    }
}

fn check_name(name: &str, errors: &mut Vec<FieldError>) {
    if name.trim().is_empty() || name.chars().count() > 200 {
        errors.push(FieldError::new("/name", "must have 1 to 200 characters"));
    }
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| ServiceError::internal(&error))
}
