//! The engine over a real store (SQLite in a temporary directory) and a system that lives in the test's memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]

mod connections;
mod credentials;
mod fairness;
mod harness;
mod health;
mod link;
mod lists;
mod receiver;
mod source;
mod sync;
mod truth;
mod webhooks;
mod writes;
