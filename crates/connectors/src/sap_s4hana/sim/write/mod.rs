//! Writing: from a JSON body to checked, stored rows.

mod body;
mod change;
mod create;
mod order_check;
mod orders;
mod partners;
mod products;

pub(super) use change::{delete, update};
pub(super) use create::create;
pub(super) use orders::{reject, release, touch};

use super::errors::Message;
use super::stamp;
use trunnion_model::time::Timestamp;

/// What a write knows of its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) user: &'a str,
}

impl Now<'_> {
    fn ticks(self) -> i64 {
        stamp::from_timestamp(self.at)
    }

    fn day(self) -> i64 {
        stamp::day_of(self.ticks())
    }
}

/// What a check found.
type Messages = Vec<Message>;
