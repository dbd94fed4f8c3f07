//! The store's behaviour, the same on both databases: every test runs on SQLite, and on PostgreSQL where
//! `TRUNNION_TEST_POSTGRES` names a server on which databases may be created.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says so by a panic")]

mod applications;
mod apply;
mod audit;
mod budgets;
mod bulks;
mod concurrency;
mod connections;
mod events;
mod harness;
mod health;
mod history;
mod known;
mod leases;
mod links;
mod listings;
mod lists;
mod operations;
mod runs;
mod schema;
mod schema_drift;
mod secrets;
mod subscriptions;
mod webhook_order;
mod webhook_world;
mod webhooks;
