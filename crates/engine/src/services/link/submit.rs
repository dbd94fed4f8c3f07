//! A filled-in form: checked, tried on the system at most once, and turned into a connection and a code.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunnion_kit::vendor::Connector;
use trunnion_model::ids::ConnectionId;
use trunnion_model::token::NewToken;
use trunnion_store::{LinkUse, NewGrant};

use super::choices::settled;
use super::consent;
use super::form::connector;
use super::redirects::checked;
use super::refusal::{Refusal, Why, refusal};
use super::visit::{Closed, MOST_ATTEMPTS, Opened, Visit, open};
use super::way::Way;
use crate::Engine;
use crate::caller::{Actor, Caller, scope};
use crate::error::{Result, ServiceError};
use crate::links::from_form;
use crate::services::audit::{self, Deed};
use crate::services::connections::{Customer, NewConnection, create_by, reconnect_by};

/// How long a code can be exchanged.
const CODE_MICROS: i64 = 10 * 60 * 1_000_000;
/// Beside the probe itself, for the database.
const MARGIN: Duration = Duration::from_secs(30);

/// What the customer filled in.
#[derive(Clone, Default)]
pub struct Answers {
    pub system: Option<String>,
    pub auth: Option<String>,
    pub values: Vec<(String, String)>,
    /// Of what the session offers, by [`Subject::name`](super::Subject::name).
    pub chosen: Vec<(String, String)>,
    pub way: Way,
}

/// Checked values, and how to sync.
#[derive(Serialize, Deserialize)]
pub(super) struct Filled {
    pub(super) credentials: Value,
    pub(super) sync: Value,
    pub(super) way: Way,
}

/// The end of a session that did its work. The code is in the address too.
#[derive(Clone)]
pub struct Arrival {
    /// Where to send the browser.
    pub address: String,
    pub code: String,
    pub state: Option<String>,
    /// The session's id.
    pub session: String,
}

pub enum Submitted {
    Done(Arrival),
    /// The customer consents at that address; the browser keeps the other value until it comes back.
    Consent {
        address: String,
        browser: String,
    },
    Refused(Refusal),
    /// Another submit of the same session is going on.
    Busy,
    Closed(Closed),
}

/// At most one login is attempted on the system. `base` is the address of this server, without a slash at its end.
pub async fn submit(engine: &Engine, visit: &Visit, secret: &str, answers: &Answers, base: &str) -> Result<Submitted> {
    let Some(connector) = connector(engine, visit, answers.system.as_deref()) else {
        return Ok(Submitted::Refused(Why::NoSystem.into()));
    };
    let credentials = credentials(answers);
    // What can be seen without asking the system costs no attempt.
    if let Err(errors) = from_form(engine, connector, &credentials, None).await {
        return Ok(Submitted::Refused(refusal(&ServiceError::ValidationFailed { errors })));
    }
    let Some(sync) = settled(visit, &answers.chosen) else {
        return Ok(Submitted::Refused(Why::NotOnOffer.into()));
    };
    let filled = Filled { credentials, sync, way: answers.way.clone() };
    if filled.credentials["auth"] == "oauth2_code" {
        return consent::begin(engine, visit, secret, connector, filled, base).await;
    }
    try_on_system(engine, visit, secret, connector, filled, None).await
}

/// With checked values, and what the customer consented to if that is the way to log in.
pub(super) async fn try_on_system(
    engine: &Engine,
    visit: &Visit,
    secret: &str,
    connector: &Connector,
    filled: Filled,
    grant: Option<NewGrant>,
) -> Result<Submitted> {
    let link = &visit.link;
    let time = engine.options().probe.saturating_add(MARGIN);
    if !engine.store().begin_link_attempt(link.id, MOST_ATTEMPTS, time).await? {
        return Ok(match open(engine, secret).await? {
            Opened::Visit(_) => Submitted::Busy,
            Opened::Closed(closed, _) => Submitted::Closed(closed),
        });
    }
    let code = NewToken::one_time("code");
    let used = LinkUse {
        link: link.id,
        code_hash: code.hash(),
        code_expires_at: engine.clock().now_micros().saturating_add(CODE_MICROS),
        grant,
    };
    let connected = connect(engine, visit, &connector.spec.system.id, filled, &used).await;
    let deed = Deed {
        action: if link.reconnects { "reconnect_by_link" } else { "connect_by_link" }.to_owned(),
        target: Some(link.id.to_string()),
        connection: connected.as_ref().ok().copied().or(link.connection),
        outcome: audit::outcome(&connected),
        request_id: None,
    };
    audit::note_by(engine, link.application, Actor::Link(link.id), deed).await;
    match connected {
        Ok(_) => Ok(Submitted::Done(Arrival {
            address: redirect(visit, &code)?,
            code: code.reveal().to_owned(),
            state: link.state.clone(),
            session: link.id.to_string(),
        })),
        Err(error) => {
            engine.store().end_link_attempt(link.id).await?;
            if let ServiceError::Internal { .. } = error {
                return Err(error);
            }
            tracing::info!(link = %link.id, code = error.code(), "a link session was submitted in vain");
            Ok(Submitted::Refused(refusal(&error)))
        }
    }
}

async fn connect(engine: &Engine, visit: &Visit, system: &str, filled: Filled, used: &LinkUse) -> Result<ConnectionId> {
    let link = &visit.link;
    // Who made the session could do this; the session is the permission.
    let caller = Caller::owner(link.application, Actor::Link(link.id));
    // The token that is made here is shown to nobody: the exchange of the code makes the one that is.
    if let Some(id) = link.connection {
        let scope = scope(engine, &caller, Some(&id.to_string())).await?;
        reconnect_by(engine, &scope, filled.credentials, Some(used)).await?;
        return Ok(id);
    }
    let metadata = serde_json::from_str(&link.metadata).map_err(|error| ServiceError::internal(&error))?;
    let sync = serde_json::from_value(filled.sync).map_err(|error| ServiceError::internal(&error))?;
    let new = NewConnection {
        tags: link.tags.clone(),
        system: system.to_owned(),
        credentials: filled.credentials,
        customer: Customer { id: link.customer_id.clone(), name: link.customer_name.clone() },
        metadata: Some(metadata),
        sync,
    };
    let made = create_by(engine, &caller, new, Some(used)).await?;
    ConnectionId::parse(&made.connection.id).ok_or_else(|| ServiceError::internal("a connection's id is none"))
}

fn credentials(answers: &Answers) -> Value {
    // A browser sends empty fields too; they were left out.
    let given = answers.values.iter().filter(|(_, value)| !value.is_empty());
    let mut members: Map<String, Value> =
        given.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    members.insert("auth".to_owned(), answers.auth.clone().into());
    Value::Object(members)
}

fn redirect(visit: &Visit, code: &NewToken) -> Result<String> {
    let mut url = checked(&visit.link.redirect_uri).map_err(ServiceError::internal)?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("code", code.reveal());
        if let Some(state) = &visit.link.state {
            query.append_pair("state", state);
        }
    }
    Ok(url.into())
}
