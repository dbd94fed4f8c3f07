//! HTTP in front of the engine's services: routes, authentication, problems, the OpenAPI document.
//!
//! * [`app`] puts all routes over an engine; [`serve`] accepts connections for it.
//! * A request passes [`observe`] (its id, its log line, its problem), then limits, then one handler in [`v1`].
//! * A handler reaches the engine only through an extractor of [`auth`], calls one service and answers what it gave.
//!
//! What the API is, is told by [`document`]; `openapi.json` at the repository's root is a copy of it.

mod audit;
mod auth;
mod connect;
mod extract;
mod health;
mod hooks;
mod idempotency;
mod items;
mod limits;
mod metrics;
mod observe;
mod openapi;
mod pages;
mod parameters;
mod problem;
mod router;
mod serve;
mod stream;
mod v1;

pub use limits::Rates;
pub use openapi::document;
pub use router::{Options, app};
pub use serve::serve;
