//! Webhook endpoints, and what became of the events on their way to them.

mod deliveries;
mod endpoints;
mod replays;
mod secrets;
mod settings;
mod view;

pub use deliveries::{blocked, delivery, list_deliveries, resend, skip};
pub use endpoints::{NewEndpoint, Patch, Test, create, delete, get, list, patch, test};
pub use replays::{Replay, cancel_replay, get_replay, list_replays, replay};
pub use secrets::{Rotate, rotate_secret};
pub use settings::Retry;
pub use view::{
    AttemptView, BlockedPage, BlockedView, DeliveryDetail, DeliveryPage, DeliveryView, EndpointPage, EndpointView,
    EndpointWithSecret, ReplayPage, ReplayView, TestResult,
};
