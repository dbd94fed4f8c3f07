//! Connections: made with credentials that were tried first, listed, changed, reconnected, checked, taken out of use.

mod change;
mod connect;
mod settings;
mod view;

pub use change::{Patch, PatchCustomer, delete, patch, rotate_token};
pub use connect::{CheckError, CheckView, Connected, Customer, NewConnection, check, create, reconnect};
pub(crate) use connect::{check_customer, check_metadata, check_tags, connector, create_by, probe, reconnect_by};
pub use settings::{EntitySync, QuietHours, SyncSettings};
pub use view::{ConnectionView, CustomerView, PlanView, ReasonView, SyncView};

use serde::Serialize;
use trunnion_model::ids::ConnectionId;
use trunnion_store::{ConnectionFilter, ConnectionStatus};

use crate::Engine;
use crate::caller::{Caller, Permission, Scope};
use crate::error::Result;
use crate::params::Params;

#[derive(Clone, Debug, Serialize)]
pub struct ConnectionPage {
    pub data: Vec<ConnectionView>,
    pub next_cursor: Option<String>,
}

/// The application's connections, the oldest first. Parameters: `system`, `status`, `customer_id`, `tag`, `limit`, `cursor`.
pub async fn list(engine: &Engine, caller: &Caller, params: &[(String, String)]) -> Result<ConnectionPage> {
    caller.may(Permission::Read)?;
    let mut params = Params::new(params, &["system", "status", "customer_id", "tag", "limit", "cursor"]);
    let limit = params.limit();
    let known: Vec<&str> = ConnectionStatus::ALL.iter().map(|status| status.as_str()).collect();
    let status = params.one_of("status", &known).and_then(ConnectionStatus::parse);
    let after = params.text("cursor").map(ConnectionId::parse);
    if after == Some(None) {
        params.problem("cursor", "is no cursor of this list");
    }
    let filter = ConnectionFilter {
        system: params.text("system").map(str::to_owned),
        status,
        customer_id: params.text("customer_id").map(str::to_owned),
        tag: params.text("tag").map(str::to_owned),
        after: after.flatten(),
        limit,
    };
    params.finish()?;
    // A connection token sees itself and nobody else.
    if let Some(own) = caller.connection() {
        let found = engine.store().connection(caller.application(), own).await?;
        return Ok(ConnectionPage { data: found.iter().map(ConnectionView::of).collect(), next_cursor: None });
    }
    let rows = engine.store().list_connections(caller.application(), &filter).await?;
    let next_cursor = (rows.len() == limit).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    Ok(ConnectionPage { data: rows.iter().map(ConnectionView::of).collect(), next_cursor })
}

/// With its schedule.
pub async fn get(engine: &Engine, scope: &Scope) -> Result<ConnectionView> {
    scope.may(Permission::Read)?;
    ConnectionView::with_sync(engine, scope.connection().clone(), scope).await
}
