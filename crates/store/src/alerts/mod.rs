//! Alert rules, what they find, and what is to be told of it.

mod find;
mod firing;
mod rules;
mod types;

pub(crate) use rules::alert_place;
pub use types::{Alert, AlertChanges, Condition, Firing, Found, NewAlert};
