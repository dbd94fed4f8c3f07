//! The steps of the tour, one idea a file. Each says what it saw, and checks it.

pub(super) mod change;
pub(super) mod connect;
pub(super) mod reauthorise;
pub(super) mod sync;
pub(super) mod write;

use super::world::System;

/// A connection that was made, with its token.
pub(super) struct Connected<'w> {
    pub(super) system: &'w System,
    pub(super) id: String,
    pub(super) token: String,
}
