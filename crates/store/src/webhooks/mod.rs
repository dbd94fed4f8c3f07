//! Webhooks in the database: endpoints and their secrets, deliveries made from the event log, and attempts.
//!
//! A delivery is not made when an event is: that would put every endpoint into the path of every commit. Each endpoint
//! follows each connection's log with a cursor of its own ([`dispatch`](crate::Store::dispatch_deliveries)); since the log
//! has no holes and becomes visible in order, every committed event gets its deliveries, and none that rolled back does.

mod claim;
mod dispatch;
mod endpoints;
mod finish;
mod list;
mod rows;
mod schedule;
mod secrets;
mod types;

pub use schedule::ReplayPage;
pub use types::{
    Attempt, AttemptOutcome, Delivery, DeliveryClaim, DeliveryRequest, DeliveryState, Ending, EndpointChanges,
    FinishedAttempt, NewEndpoint, Target, WebhookEndpoint,
};
