//! `/api/v1`, one file per resource.

pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod branding;
pub(crate) mod bulks;
pub(crate) mod connections;
pub(crate) mod events;
pub(crate) mod held;
pub(crate) mod inbound;
pub(crate) mod links;
pub(crate) mod mapping;
pub(crate) mod oauth_clients;
pub(crate) mod operations;
pub(crate) mod passthrough;
pub(crate) mod raw;
pub(crate) mod records;
pub(crate) mod schema_drift;
pub(crate) mod syncs;
pub(crate) mod systems;
pub(crate) mod webhooks;
