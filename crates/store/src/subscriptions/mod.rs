//! Subscriptions that we make at systems: one per address, written down before anything is asked for there.
//!
//! A row says what is wanted. The worker makes it so and writes down what came of it; a row whose subscription was removed
//! there is deleted.

mod claim;
mod intent;
mod types;
mod work;

pub(crate) use intent::{drop_all, forget_all, remake, subscription_place, sweep, wake, want};
pub use types::{DueSubscription, Subscription, SubscriptionState};
