//! How a request is signed: one file per scheme. `link` chooses by the connection's way to log in.

pub mod basic;
pub mod certificate;
mod header;
pub mod oauth1;
pub mod oauth2_client;
pub mod oauth2_code;
pub mod oauth2_jwt;

pub(crate) use header::sensitive;
