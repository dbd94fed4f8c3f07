//! Webhooks: events on their way to the application's endpoints.
//!
//! One loop per node follows the logs ([`Store::dispatch_deliveries`](trunnion_store::Store::dispatch_deliveries)) and takes
//! up what is due, endpoint by endpoint; each delivery in hand is a task that sends once. What came of it is stored in
//! batches. A node that dies leaves deliveries whose lease runs out: they are sent again, with the same id, so an event
//! arrives at least once. [`pace`] decides when a failed one is tried again.

mod pace;
mod sample;
mod send;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use send::send_test;
pub(crate) use worker::work;
