//! The engine over a real store (SQLite in a temporary directory) and a system that lives in the test's memory.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says so by a panic")]

mod alerts;
mod broker;
mod changes;
mod connections;
mod credentials;
mod custom;
#[expect(dead_code, clippy::expect_used, reason = "shared: these tests take no database away, and may panic")]
#[path = "../../../cli/tests/it/database.rs"]
mod database;
mod drift;
mod fairness;
mod harness;
mod health;
mod known;
mod link;
mod lists;
mod property;
mod receiver;
mod source;
mod subscriptions;
mod sync;
mod tables;
mod truth;
mod webhooks;
mod wild;
mod writes;
