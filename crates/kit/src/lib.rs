//! What every connector shares: declarations, the two-way mapping, protocols, authentication, the HTTP client.
//!
//! The kit knows how to talk; it never knows to whom. No vendor is named here.

pub mod error;
#[cfg(feature = "sim")]
pub mod sim;
