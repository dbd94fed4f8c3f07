//! The HTTP API, tested through a socket: the real engine on SQLite, and a made-up system behind it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acme;
mod answers;
mod app;
mod audit;
mod auth;
mod branding;
mod bulks;
mod choices;
mod connecting;
mod documented;
mod drift;
mod events;
mod framing;
mod hook_alerts;
mod inbound;
mod languages;
mod limits;
mod metrics;
mod openapi;
mod pages;
mod problems;
mod reading;
mod serving;
mod shape;
mod webhooks;
mod writing;
