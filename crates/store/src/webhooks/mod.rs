//! Webhooks in the database: endpoints and their secrets, deliveries made from the event log, and attempts.
//!
//! A delivery is not made when an event is: that would put every endpoint into the path of every commit. Each log has a
//! position up to which it was made into deliveries ([`dispatch`](crate::Store::dispatch_deliveries)); since the log has no
//! holes and becomes visible in order, every committed event gets its deliveries, and none that rolled back does. Endpoints
//! that were disabled or are new have cursors of their own until they caught up.

mod attempts;
mod catch_up;
mod claim;
mod delivery;
mod dispatch;
mod endpoints;
mod finish;
mod forget;
mod hands;
mod health;
mod list;
mod make;
mod nodes;
mod pace;
mod replay;
mod resend;
mod rows;
mod secrets;
mod switch;
mod types;

pub use claim::DueEndpoint;
pub use delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryClaim, DeliveryRequest, DeliveryState, Ending, FinishedAttempt, Taken,
    Target,
};
pub use dispatch::Dispatched;
pub use finish::Concluded;
pub use hands::Hands;
pub use health::HealthPolicy;
pub use list::BlockedKey;
pub use replay::{NewReplay, Replay, ReplayState, ReplayWhich};
pub(crate) use secrets::{SecretCache, secret_place};
pub use types::{
    EndpointChanges, EndpointSettings, NewEndpoint, NewSecret, Ordering, PayloadForm, RetryPolicy, SecretKind,
    WebhookEndpoint, WebhookSecret,
};
