//! The inbox and the door, on SQLite, and on PostgreSQL where `TRUNNION_TEST_POSTGRES` names a server on which databases may
//! be created.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on says so by a panic")]

mod door;
mod harness;
mod order;
mod process;
mod pull;
mod streams;
mod torture;
