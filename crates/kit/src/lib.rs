//! What every connector shares: declarations, the two-way mapping, protocols, authentication, the HTTP client.
//!
//! The kit knows how to talk; it never knows to whom. No vendor is named here.

pub mod auth;
#[cfg(feature = "sim")]
pub mod conform;
pub mod custom;
pub mod error;
pub mod http;
pub mod json;
pub mod link;
pub mod mail;
pub mod mapping;
pub mod passthrough;
pub mod posting;
pub mod protocol;
pub mod shape;
#[cfg(feature = "sim")]
pub mod sim;
pub mod spec;
pub mod subscription;
pub mod vendor;
pub mod webhook;
