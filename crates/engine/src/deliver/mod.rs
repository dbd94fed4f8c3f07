//! Webhooks: events on their way to the application's endpoints.
//!
//! One loop per node ([`worker`]) follows the logs, takes up what is due, endpoint by endpoint, and stores what came of it,
//! many at once; each delivery in hand is a task that sends once ([`send`]). [`slots`] keeps one endpoint from delaying
//! another, [`pace`] decides when a failed one is tried again. Nodes watch each other ([`nodes`]): what a dead one had in
//! hand is sent again within seconds, with the same id, so an event arrives at least once.

mod address;
mod nodes;
mod pace;
mod payload;
mod sample;
mod send;
mod slots;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use address::problem as address_problem;
pub(crate) use pace::{LIMIT, most_tries};
pub(crate) use send::send_test;
pub(crate) use worker::work;
