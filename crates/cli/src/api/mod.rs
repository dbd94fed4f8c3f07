//! The public API for the commands that speak to a running server: where it is ([`Target`]), one request ([`Api`]), and
//! what people read of an answer ([`show`]). There is no private way in: what a command can do, any program can do.

mod answer;
mod client;
pub(crate) mod follow;
pub(crate) mod show;
mod target;

pub(crate) use client::Api;
pub(crate) use target::Target;
