//! The shapes of requests and answers, for the document. The engine reads and writes the JSON itself; a test sends every
//! documented example and holds every answer against these.

mod alerts;
mod audit;
mod branding;
mod bulks;
mod connections;
mod events;
mod health;
mod held;
mod inbound;
mod links;
mod mapping;
mod passthrough;
mod raw;
mod schema_drift;
mod syncs;
mod systems;
mod webhooks;

pub(crate) use alerts::*;
pub(crate) use audit::*;
pub(crate) use branding::*;
pub(crate) use bulks::*;
pub(crate) use connections::*;
pub(crate) use events::*;
pub(crate) use health::*;
pub(crate) use held::*;
pub(crate) use inbound::*;
pub(crate) use links::*;
pub(crate) use mapping::*;
pub(crate) use passthrough::*;
pub(crate) use raw::*;
pub(crate) use schema_drift::*;
pub(crate) use syncs::*;
pub(crate) use systems::*;
pub(crate) use webhooks::*;
