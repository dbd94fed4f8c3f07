//! What callers can ask for, one file per resource.

pub mod alerts;
pub mod audit;
pub mod branding;
pub mod bulks;
pub mod capabilities;
pub mod connections;
pub mod deletions;
pub mod event_types;
pub mod events;
pub mod health;
pub mod inbound;
pub mod keys;
pub mod link;
pub mod oauth_clients;
pub mod operations;
pub mod passthrough;
pub mod quarantine;
pub mod records;
mod rights;
pub mod schema_drift;
pub mod schemas;
mod subscription;
pub mod syncs;
pub mod systems;
pub mod unverifiable;
pub mod webhooks;
pub mod writes;
