//! Whose log somebody reads.

use trunnion_model::ids::{ApplicationId, ConnectionId};

use crate::Engine;
use crate::caller::{Caller, Permission, Scope, scope};
use crate::error::Result;

/// A log, and who reads it.
#[derive(Clone, Debug)]
pub struct Reach {
    log: Log,
    caller: Caller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    /// One connection's, by its sequences.
    Connection(ConnectionId),
    /// That over all connections of an application, by its positions.
    Application(ApplicationId),
}

/// The log of the connection `named`; without a name, of the token's own connection, or of the whole application.
pub async fn reach(engine: &Engine, caller: &Caller, named: Option<&str>) -> Result<Reach> {
    if named.is_none() && caller.connection().is_none() {
        return Ok(Reach { log: Log::Application(caller.application()), caller: caller.clone() });
    }
    Ok(Reach::from(&scope(engine, caller, named).await?))
}

impl Reach {
    /// The log, if its reader may read.
    pub(super) fn log(&self) -> Result<Log> {
        self.caller.may(Permission::Read)?;
        Ok(self.log)
    }
}

impl From<&Scope> for Reach {
    fn from(scope: &Scope) -> Self {
        Self { log: Log::Connection(scope.id()), caller: scope.caller().clone() }
    }
}
