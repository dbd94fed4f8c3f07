//! Subscriptions that we make at systems which have an API for them, and keep alive: made on connecting, renewed before they
//! end, made again when the system dropped them, removed on disconnecting.
//!
//! What is wanted is a row in the store, written with whatever makes it wanted; [`watch`] makes it so. Each has a name that
//! follows from its address, by which it is found again: who died after asking the system, and before writing down what it
//! answered, makes no second one.
//!
//! A subscription that cannot be made is no trouble of the connection: its syncs go on at their intervals.

mod address;
mod look;
mod pace;
mod take;
mod watch;

pub(crate) use address::{Minted, NO_PUBLIC_URL, mint, wanted};
pub(crate) use take::{give_back, moved, take_away};
pub(crate) use watch::watch;
