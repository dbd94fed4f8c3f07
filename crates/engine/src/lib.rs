//! What the product does: connecting, syncing, reading, writing, telling of changes. No HTTP, no SQL, no vendor's name.
//!
//! `services` is the only way in, for the API, the command line and whatever comes; every service takes a [`Caller`] or a
//! [`Scope`], so that no tenant can be left out. `sync` and `write` are the two ways through which records reach the store,
//! and both end in the same function of it. Background work is found by lease in the database: any node may die at any
//! instruction and another goes on.

mod alerts;
mod budgets;
mod caller;
mod courtesy;
mod cursor;
mod custom;
mod deliver;
mod engine;
mod error;
mod grants;
mod health;
mod ingest;
mod links;
mod log;
mod measures;
mod params;
pub mod services;
mod subscriptions;
mod sync;
mod workers;
mod write;

pub use alerts::{Channel, Rule};
pub use caller::{Actor, Caller, Permission, Scope, authenticate, scope};
pub use engine::{
    DeletionGuard, Engine, HealthOptions, Options, RetryOptions, SubscriptionOptions, WebhookOptions, WriteOptions,
};
pub use error::{FieldError, Result, ServiceError, Vendor};
pub use measures::metrics;
pub use trunnion_kit::mail::Mailer;
pub use trunnion_kit::webhook::{Network, Proxy};
pub use workers::Workers;

/// Hooks that systems send us, as they come.
pub mod hooks {
    pub use crate::ingest::{Reply, receive};
}

/// The ids that services take and give.
pub mod ids {
    pub use trunnion_model::ids::{ApplicationId, ConnectionId, KeyId, OperationId, RunId};
}
