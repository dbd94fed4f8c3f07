//! Who did what with an application's settings and connections.
//!
//! Whoever lets somebody in notes it: the server for its requests, the command line for its own, a link session's submit for
//! the customer. An entry is written after the fact; one that cannot be written is logged and does not undo what was done.

use serde::Serialize;
use trunnion_model::ids::{ApplicationId, AuditId, ConnectionId};
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{AuditEntry, AuditQuery, NewAudit};

use crate::Engine;
use crate::caller::{Actor, Caller, Permission};
use crate::error::{Result, ServiceError};
use crate::params::Params;

/// The outcome of what was done without a problem.
pub const SUCCEEDED: &str = "succeeded";

/// What was done, beside who did it.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// A stable word: the operation of the OpenAPI document, where it is one.
    pub action: String,
    /// The id of what it was done to.
    pub target: Option<String>,
    pub connection: Option<ConnectionId>,
    /// [`SUCCEEDED`], or the code of the problem.
    pub outcome: String,
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AuditView {
    pub id: String,
    pub at: String,
    pub actor: ActorView,
    pub action: String,
    pub target: Option<String>,
    pub connection_id: Option<String>,
    pub outcome: String,
    pub request_id: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ActorView {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AuditPage {
    pub data: Vec<AuditView>,
    pub next_cursor: Option<String>,
}

/// Writes down what the caller did.
pub async fn note(engine: &Engine, caller: &Caller, deed: Deed) {
    note_by(engine, caller.application(), caller.actor(), deed).await;
}

pub(crate) async fn note_by(engine: &Engine, application: ApplicationId, actor: Actor, deed: Deed) {
    let (actor_kind, actor) = match actor {
        Actor::Key(id) => ("key", Some(id.to_string())),
        Actor::Connection(id) => ("connection", Some(id.to_string())),
        Actor::Link(id) => ("link_session", Some(id.to_string())),
        Actor::CommandLine => ("command_line", None),
        Actor::System => ("system", None),
    };
    let Deed { action, target, connection, outcome, request_id } = deed;
    let new = NewAudit { application, actor_kind, actor, action, target, connection, outcome, request_id };
    if let Err(error) = engine.store().audit(new.clone()).await {
        tracing::error!(%error, actor = new.actor, action = new.action, target = new.target, "an audit entry was lost");
    }
}

/// The application's entries, the newest first. Parameters: `limit`, `cursor`, `actor`, `action`, `outcome`,
/// `connection_id`, `since`, `until`.
pub async fn list(engine: &Engine, caller: &Caller, params: &[(String, String)]) -> Result<AuditPage> {
    caller.may(Permission::Manage)?;
    let known = ["limit", "cursor", "actor", "action", "outcome", "connection_id", "since", "until"];
    let mut params = Params::new(params, &known);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let mut query = AuditQuery {
        limit: params.limit(),
        actor: owned(params.text("actor")),
        action: owned(params.text("action")),
        outcome: owned(params.text("outcome")),
        since: params.instant("since"),
        until: params.instant("until"),
        ..AuditQuery::default()
    };
    if let Some(text) = params.text("cursor") {
        query.before = AuditId::parse(text);
        if query.before.is_none() {
            params.problem("cursor", "is no cursor of this list");
        }
    }
    if let Some(text) = params.text("connection_id") {
        query.connection = ConnectionId::parse(text);
        if query.connection.is_none() {
            params.problem("connection_id", "must be a connection's id (con_…)");
        }
    }
    params.finish()?;
    let rows = engine.store().audit_entries(caller.application(), &query).await?;
    let next_cursor = (rows.len() == query.limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(AuditPage { data: rows.into_iter().map(view).collect(), next_cursor })
}

/// The outcome of a service's answer.
pub(crate) fn outcome<T>(answer: &Result<T>) -> String {
    answer.as_ref().err().map_or(SUCCEEDED, ServiceError::code).to_owned()
}

fn view(row: AuditEntry) -> AuditView {
    AuditView {
        id: row.id.to_string(),
        at: rfc3339_micros(row.at),
        actor: ActorView { kind: row.actor_kind, id: row.actor },
        action: row.action,
        target: row.target,
        connection_id: row.connection.map(|id| id.to_string()),
        outcome: row.outcome,
        request_id: row.request_id,
    }
}
