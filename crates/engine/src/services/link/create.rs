//! Making a session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunnion_kit::spec::FormKind;
use trunnion_kit::vendor::Connector;
use trunnion_model::ids::ConnectionId;
use trunnion_model::time::rfc3339_micros;
use trunnion_model::token::NewToken;
use trunnion_store::NewLink;

use super::choices::Choices;
use super::redirects::checked;
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{FieldError, Result, ServiceError};
use crate::services::branding::wrong_language;
use crate::services::connections::{Customer, SyncSettings, check_customer, check_metadata, check_tags};

/// A session is good for an hour unless it says otherwise; one that is good for days is a magic link.
const USUAL: i64 = 60 * 60;
const SHORTEST: i64 = 60;
const LONGEST: i64 = 90 * 24 * 60 * 60;
const LONGEST_STATE: usize = 2_000;
const LONGEST_VALUE: usize = 2_000;

/// What `POST /link-sessions` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLinkSession {
    /// Absent: the customer chooses.
    #[serde(default)]
    pub system: Option<String>,
    /// Required, unless it is for a connection that is there.
    #[serde(default)]
    pub customer: Option<Customer>,
    #[serde(default)]
    pub metadata: Option<Value>,
    /// Of the connection.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Values of the system's form that the customer finds filled in.
    #[serde(default)]
    pub prefill: Option<BTreeMap<String, String>>,
    /// One of the application's redirect addresses, letter by letter.
    pub redirect_uri: String,
    #[serde(default)]
    pub state: Option<String>,
    /// Seconds.
    #[serde(default)]
    pub expires_in: Option<i64>,
    #[serde(default)]
    pub sync: Option<Value>,
    /// What the customer may choose.
    #[serde(default)]
    pub choices: Option<Choices>,
    /// Of the page, whatever the browser asks for.
    #[serde(default)]
    pub language: Option<String>,
    /// The connection to reconnect.
    #[serde(default)]
    pub connection_id: Option<String>,
    /// PKCE (RFC 7636).
    #[serde(default)]
    pub code_challenge: Option<String>,
    #[serde(default)]
    pub code_challenge_method: Option<String>,
}

/// A session that was just made. Its secret is nowhere else.
#[derive(Clone, Serialize)]
pub struct LinkCreated {
    pub id: String,
    #[serde(skip)]
    pub secret: String,
    pub expires_at: String,
    /// For the exchange of the code.
    pub client_id: String,
}

impl std::fmt::Debug for LinkCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkCreated").field("id", &self.id).finish_non_exhaustive()
    }
}

/// `languages` are those that the page speaks.
pub async fn create(engine: &Engine, caller: &Caller, new: NewLinkSession, languages: &[&str]) -> Result<LinkCreated> {
    caller.may(Permission::Manage)?;
    let mut errors = Vec::new();
    check_redirect(engine, caller, &new.redirect_uri, &mut errors).await?;
    check_numbers_and_texts(&new, &mut errors);
    let wrong = new.language.as_deref().and_then(|language| wrong_language(language, languages));
    errors.extend(wrong.map(|message| FieldError::new("/language", message)));
    let secret = NewToken::one_time("lnk");
    let expires_at =
        engine.clock().now_micros().saturating_add(new.expires_in.unwrap_or(USUAL).saturating_mul(1_000_000));
    let mut link = NewLink {
        connection: None,
        system: new.system.clone(),
        customer_id: String::new(),
        customer_name: String::new(),
        metadata: check_metadata(new.metadata.as_ref(), &mut errors),
        tags: new.tags.clone(),
        prefill: "{}".to_owned(),
        sync: "{}".to_owned(),
        choices: "{}".to_owned(),
        language: new.language.clone(),
        redirect_uri: new.redirect_uri.clone(),
        state: new.state.clone(),
        code_challenge: new.code_challenge.clone(),
        expires_at,
        secret_hash: secret.hash(),
    };
    match &new.connection_id {
        Some(id) => for_reconnect(engine, caller, id, &new, &mut link, &mut errors).await?,
        None => for_new(engine, &new, &mut link, &mut errors),
    }
    if !errors.is_empty() {
        return Err(ServiceError::ValidationFailed { errors });
    }
    let id = engine.store().create_link(caller.application(), link).await?;
    tracing::info!(link = %id, "a link session was made");
    Ok(LinkCreated {
        id: id.to_string(),
        secret: secret.reveal().to_owned(),
        expires_at: rfc3339_micros(expires_at),
        client_id: caller.application().to_string(),
    })
}

async fn check_redirect(engine: &Engine, caller: &Caller, uri: &str, errors: &mut Vec<FieldError>) -> Result<()> {
    if let Err(message) = checked(uri) {
        errors.push(FieldError::new("/redirect_uri", message));
    } else if !engine.store().redirect_uris(caller.application()).await?.iter().any(|known| known == uri) {
        let message = "is none of the application's redirect addresses (PUT /redirect-uris), letter by letter";
        errors.push(FieldError::new("/redirect_uri", message));
    }
    Ok(())
}

fn check_numbers_and_texts(new: &NewLinkSession, errors: &mut Vec<FieldError>) {
    if new.expires_in.is_some_and(|seconds| !(SHORTEST..=LONGEST).contains(&seconds)) {
        errors.push(FieldError::new("/expires_in", format!("must be {SHORTEST} to {LONGEST} seconds")));
    }
    if new.state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
        errors.push(FieldError::new("/state", format!("must not be longer than {LONGEST_STATE} bytes")));
    }
    // Base 64 of a SHA-256: 43 characters.
    let fits = |text: &String| {
        text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if new.code_challenge.as_ref().is_some_and(|challenge| !fits(challenge)) {
        errors.push(FieldError::new("/code_challenge", "must be 43 characters: BASE64URL(SHA256(code_verifier))"));
    }
    if new.code_challenge_method.as_ref().is_some_and(|method| method != "S256") {
        errors.push(FieldError::new("/code_challenge_method", "must be S256"));
    }
}

fn for_new(engine: &Engine, new: &NewLinkSession, link: &mut NewLink, errors: &mut Vec<FieldError>) {
    match &new.customer {
        Some(customer) => {
            check_customer(customer, errors);
            (link.customer_id, link.customer_name) = (customer.id.clone(), customer.name.clone());
        }
        None => errors.push(FieldError::new("/customer", "is required for a new connection")),
    }
    check_tags("/tags", &new.tags, errors);
    let connector = new.system.as_ref().map(|system| engine.catalogue().get(system));
    if connector.is_some_and(|found| found.is_none()) {
        errors.push(FieldError::new("/system", "there is no such system"));
    }
    if let Some(choices) = &new.choices {
        errors.extend(choices.problems(new.sync.as_ref()));
        link.choices = json!(choices).to_string();
    }
    if let Some(prefill) = &new.prefill {
        errors.extend(prefill_problems(prefill, connector.flatten()));
        link.prefill = Value::from_iter(prefill.clone()).to_string();
    }
    let Some(sync) = &new.sync else { return };
    link.sync = sync.to_string();
    match serde_json::from_value::<SyncSettings>(sync.clone()) {
        Ok(settings) => match connector.flatten() {
            Some(connector) => errors.extend(settings.problems(&connector.spec)),
            // Which entities there are depends on the system; what is wrong must be told here, not to the customer.
            None if !settings.entities.is_empty() => {
                errors.push(FieldError::new("/sync/entities", "can only be given together with a system"));
            }
            None => errors.extend(settings.own_problems()),
        },
        Err(error) => errors.push(FieldError::new("/sync", error.to_string())),
    }
}

/// Only what the form has, and nothing that is a secret: whoever has the link reads it.
fn prefill_problems(prefill: &BTreeMap<String, String>, connector: Option<&Connector>) -> Vec<FieldError> {
    let Some(connector) = connector else {
        return vec![FieldError::new("/prefill", "can only be given together with a system")];
    };
    let spec = &connector.spec;
    let problem = |(name, value): (&String, &String)| {
        let mut fields = spec.form.iter().chain(spec.auth.iter().flat_map(|method| &method.form));
        let message = match fields.find(|field| field.name == *name) {
            _ if name == "auth" && spec.auth.iter().any(|method| method.scheme.name() == value) => return None,
            None => "is not a field of this system's form".to_owned(),
            Some(field) if matches!(field.kind, FormKind::Secret | FormKind::SecretText) => {
                "is a secret, which only the customer gives".to_owned()
            }
            Some(_) if value.len() > LONGEST_VALUE => format!("must not be longer than {LONGEST_VALUE} bytes"),
            Some(_) => return None,
        };
        Some(FieldError::new(format!("/prefill/{name}"), message))
    };
    prefill.iter().filter_map(problem).collect()
}

/// The connection's own description and schedule stay, so none may be given.
async fn for_reconnect(
    engine: &Engine,
    caller: &Caller,
    id: &str,
    new: &NewLinkSession,
    link: &mut NewLink,
    errors: &mut Vec<FieldError>,
) -> Result<()> {
    let found = match ConnectionId::parse(id) {
        Some(id) => engine.store().connection(caller.application(), id).await?,
        None => None,
    };
    let Some(found) = found else {
        errors.push(FieldError::new("/connection_id", "there is no such connection"));
        return Ok(());
    };
    for (name, given) in [
        ("customer", new.customer.is_some()),
        ("metadata", new.metadata.is_some()),
        ("tags", !new.tags.is_empty()),
        ("prefill", new.prefill.is_some()),
        ("sync", new.sync.is_some()),
        ("choices", new.choices.is_some()),
    ] {
        if given {
            errors.push(FieldError::new(format!("/{name}"), "stays as it is when a connection is reconnected"));
        }
    }
    if new.system.as_ref().is_some_and(|system| *system != found.system) {
        errors.push(FieldError::new("/system", "is another than the connection's"));
    }
    link.connection = Some(found.id);
    link.system = Some(found.system);
    (link.customer_id, link.customer_name) = (found.customer_id, found.customer_name);
    Ok(())
}
