//! Who asks, and about which connection. Services take one of these two, so that no tenant can be left out.

use trunnion_model::ids::{ApplicationId, ConnectionId, KeyId, LinkId};
use trunnion_model::token;
use trunnion_store::{Connection, Principal};

use crate::Engine;
use crate::error::{Result, ServiceError};
use crate::services::connections::ConnectionView;

/// What a key's scopes permit. A connection token may read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Read records, events, runs, connections.
    Read,
    /// Write records and ask for syncs.
    Write,
    /// Make, change and remove connections and keys.
    Manage,
}

impl Permission {
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Manage];

    /// The scope's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Manage => "manage",
        }
    }
}

/// Whose deed it is, for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Key(KeyId),
    Connection(ConnectionId),
    /// The customer, at a link session's address.
    Link(LinkId),
    /// Whoever has the database.
    CommandLine,
    /// Trunnion itself.
    System,
}

/// Who a bearer token speaks for.
#[derive(Clone, Debug)]
pub struct Caller {
    application: ApplicationId,
    connection: Option<ConnectionId>,
    actor: Actor,
    permissions: Vec<Permission>,
}

impl Caller {
    /// Somebody who may do everything with the application: the command line beside the database, or a link session.
    pub(crate) fn owner(application: ApplicationId, actor: Actor) -> Self {
        Self { application, connection: None, actor, permissions: Permission::ALL.to_vec() }
    }

    pub fn application(&self) -> ApplicationId {
        self.application
    }

    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The only connection that a connection token reaches.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    pub fn may(&self, permission: Permission) -> Result<()> {
        if self.permissions.contains(&permission) {
            return Ok(());
        }
        let message = format!("This key does not have the scope `{}`.", permission.as_str());
        Err(ServiceError::PermissionDenied { message, vendor: None })
    }

    fn of(principal: Principal) -> Self {
        match principal {
            Principal::Application { application, scopes, key } => {
                let held = |permission: &Permission| scopes.iter().any(|scope| scope == permission.as_str());
                let permissions = Permission::ALL.into_iter().filter(held).collect();
                Self { application, connection: None, actor: Actor::Key(key), permissions }
            }
            Principal::Connection { application, connection } => Self {
                application,
                connection: Some(connection),
                actor: Actor::Connection(connection),
                permissions: vec![Permission::Read, Permission::Write],
            },
        }
    }
}

/// A caller at one connection that it may reach. Only [`scope`] makes one.
#[derive(Clone, Debug)]
pub struct Scope {
    caller: Caller,
    row: Connection,
    view: ConnectionView,
}

impl Scope {
    pub fn id(&self) -> ConnectionId {
        self.row.id
    }

    pub fn application(&self) -> ApplicationId {
        self.row.application
    }

    pub fn connection(&self) -> &ConnectionView {
        &self.view
    }

    pub(crate) fn row(&self) -> &Connection {
        &self.row
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) fn may(&self, permission: Permission) -> Result<()> {
        self.caller.may(permission)
    }
}

/// Who the bearer token speaks for.
pub async fn authenticate(engine: &Engine, bearer: &str) -> Result<Caller> {
    let (kind, hash) = token::inspect(bearer).ok_or(ServiceError::Unauthenticated)?;
    let principal = engine.store().authenticate(kind, &hash).await?.ok_or(ServiceError::Unauthenticated)?;
    Ok(Caller::of(principal))
}

/// The caller at the connection `named`. A connection token needs to name none, and may name no other than its own.
pub async fn scope(engine: &Engine, caller: &Caller, named: Option<&str>) -> Result<Scope> {
    let unknown = || ServiceError::missing("connection");
    let named = match named {
        Some(text) => Some(ConnectionId::parse(text).ok_or_else(unknown)?),
        None => None,
    };
    let id = match (caller.connection, named) {
        (Some(own), Some(named)) if own != named => return Err(unknown()),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => {
            let message = "an application key must name a connection: Trunnion-Connection: con_…";
            return Err(ServiceError::invalid("/Trunnion-Connection", message));
        }
    };
    let row = engine.store().connection(caller.application, id).await?.ok_or_else(unknown)?;
    let view = ConnectionView::of(&row);
    Ok(Scope { caller: caller.clone(), row, view })
}
