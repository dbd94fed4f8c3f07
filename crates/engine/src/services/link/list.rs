//! The application's sessions, and taking one back that was sent to the wrong person.

use serde::Serialize;
use trunnion_model::ids::LinkId;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::Link;

use super::choices::Choices;
use super::visit::{Closed, closed};
use crate::Engine;
use crate::caller::{Caller, Permission};
use crate::error::{Result, ServiceError};
use crate::params::Params;
use crate::services::connections::CustomerView;

/// A session without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    pub id: String,
    /// `open`, `used`, `expired` (also: withdrawn) or `exhausted`.
    pub state: &'static str,
    /// `null`: the customer chooses.
    pub system: Option<String>,
    pub customer: CustomerView,
    /// The connection to reconnect, or the one that was made.
    pub connection_id: Option<String>,
    pub reconnects: bool,
    pub redirect_uri: String,
    /// What the customer may choose: a JSON object.
    pub choices: Choices,
    pub language: Option<String>,
    /// How often it was submitted.
    pub attempts: i64,
    pub created_at: String,
    pub expires_at: String,
    pub used_at: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LinkPage {
    pub data: Vec<LinkView>,
    pub next_cursor: Option<String>,
}

/// The application's sessions, the newest first. Parameters: `limit`, `cursor`.
pub async fn list(engine: &Engine, caller: &Caller, params: &[(String, String)]) -> Result<LinkPage> {
    caller.may(Permission::Manage)?;
    let mut params = Params::new(params, &["limit", "cursor"]);
    let limit = params.limit();
    let before = params.text("cursor").map(LinkId::parse);
    if before == Some(None) {
        params.problem("cursor", "is no cursor of this list");
    }
    params.finish()?;
    let rows = engine.store().list_links(caller.application(), before.flatten(), limit).await?;
    let next_cursor = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(LinkPage { data: rows.iter().map(|row| view(engine, row)).collect(), next_cursor })
}

/// Its address no longer works, from now on. One that was used cannot be taken back: disconnect the connection.
pub async fn withdraw(engine: &Engine, caller: &Caller, id: &str) -> Result<()> {
    caller.may(Permission::Manage)?;
    let id = LinkId::parse(id).ok_or_else(|| ServiceError::missing("link session"))?;
    engine.store().withdraw_link(caller.application(), id).await?;
    tracing::info!(link = %id, "a link session was withdrawn");
    Ok(())
}

fn view(engine: &Engine, row: &Link) -> LinkView {
    let state = match closed(engine, row) {
        None => "open",
        Some(Closed::Used) => "used",
        Some(Closed::Exhausted) => "exhausted",
        Some(Closed::Expired | Closed::Unknown) => "expired",
    };
    LinkView {
        id: row.id.to_string(),
        state,
        system: row.system.clone(),
        customer: CustomerView { id: row.customer_id.clone(), name: row.customer_name.clone() },
        connection_id: row.connection.map(|id| id.to_string()),
        reconnects: row.reconnects,
        redirect_uri: row.redirect_uri.clone(),
        choices: serde_json::from_str(&row.choices).unwrap_or_default(),
        language: row.language.clone(),
        attempts: row.attempts,
        created_at: rfc3339_micros(row.created_at),
        expires_at: rfc3339_micros(row.expires_at),
        used_at: row.used_at.map(rfc3339_micros),
    }
}
