//! What is known of a connection's health.

use trunnion_model::ids::{ConnectionId, IncidentId};

use crate::connections::ConnectionStatus;

/// Something that went wrong just now.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// A stable code: one incident per cause and scope.
    pub cause: &'static str,
    /// An entity's name; empty: the connection as a whole.
    pub scope: String,
    /// What it makes of the connection's status.
    pub status: ConnectionStatus,
    /// The connection is offline once it happened this often.
    pub offline_after: Option<i64>,
    pub message: String,
    /// Any call that succeeds is the end of it.
    pub passing: bool,
    /// The connection is to be looked at by then.
    pub look_at: Option<i64>,
}

/// What a success is the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleared<'a> {
    /// A look at the connection as a whole.
    Probe,
    /// A call about this entity: its own trouble, and whatever passes by itself.
    Entity(&'a str),
}

/// One cause of trouble, from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub id: IncidentId,
    pub connection: ConnectionId,
    pub cause: String,
    pub scope: String,
    pub status: ConnectionStatus,
    pub message: String,
    pub occurrences: i64,
    pub opened_at: i64,
    pub resolved_at: Option<i64>,
}

/// A connection that is to be looked at, and for how long nobody else will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueProbe {
    pub connection: ConnectionId,
    /// Looks in a row that found trouble.
    pub failures: i64,
}

/// When a connection was looked at last, and will be next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeState {
    pub checked_at: Option<i64>,
    pub due_at: Option<i64>,
}

/// Calls of one connection, to be added to those of their hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub succeeded: i64,
    pub failed: i64,
    /// Of all of them together.
    pub micros: i64,
    pub slowest: i64,
}

/// What happened in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallHour {
    /// Hours since 1970.
    pub hour: i64,
    pub tally: Tally,
}
