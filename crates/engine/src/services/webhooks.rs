//! Webhook endpoints, and what became of the events on their way to them.

mod deliveries;
mod endpoints;
mod view;

pub use deliveries::{Replay, ReplayResult, delivery, list_deliveries, replay, resend};
pub use endpoints::{NewEndpoint, Patch, Rotate, Test, create, delete, get, list, patch, rotate_secret, test};
pub use view::{
    AttemptView, DeliveryDetail, DeliveryPage, DeliveryView, EndpointPage, EndpointView, EndpointWithSecret, TestResult,
};
