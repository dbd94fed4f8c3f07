//! Connections: one customer's authorised link to one instance of a system.

mod change;
mod create;
mod credentials;
mod erase;
mod read;
pub(crate) mod rows;
mod types;

pub(crate) use change::write_status;
pub use credentials::NewCredentials;
pub(crate) use credentials::credential_place;
pub use types::{
    Connection, ConnectionChanges, ConnectionFilter, ConnectionStatus, NewConnection, NewPlan, Reason, StatusChange,
};
