//! Writing: from a JSON body to checked, stored rows.

mod assets;
mod body;
mod change;
mod create;
mod functions;
mod goods;
mod invoices;
mod maintenance;
mod measurements;
mod movements;
mod notifications;
mod order_check;
mod orders;
mod partners;
mod products;
mod receipts;
mod requisitions;
mod stock;
mod work_status;

pub(super) use assets::reassign;
pub(super) use change::{delete, precondition, update};
pub(super) use create::create;
pub(super) use functions::{Called, call};
pub(super) use goods::keep;
pub(super) use invoices::{cancel as cancel_invoice, keep as keep_invoice};
pub(super) use measurements::{create as measure, reverse as reverse_measurement};
pub(super) use notifications::{Object as NotificationObject, assign as assign_order, phase as set_phase};
pub(super) use orders::{reject, release, touch};
pub(super) use products::serialise;
pub(super) use requisitions::{complete as complete_requisition, mark_ordered, release as release_requisition};
pub(super) use stock::{Bin, consign, put};
pub(super) use work_status::set as set_status;

use super::errors::Message;
use super::node::Node;
use super::stamp;
use super::value::Value;
use trunnion_model::time::Timestamp;

/// What a write knows of its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) user: &'a str,
    /// The system's time zone, in minutes from UTC.
    pub(super) zone: i64,
}

impl Now<'_> {
    fn ticks(self) -> i64 {
        stamp::from_timestamp(self.at)
    }

    /// As [`Self::ticks`], but on the clock of the system, which what has no zone is told by.
    fn local(self) -> i64 {
        self.ticks() + self.zone * 60 * stamp::TICKS_PER_SECOND
    }

    fn day(self) -> i64 {
        stamp::day_of(self.ticks())
    }
}

/// Sets the change time of a row that keeps whole seconds: later than before also when the clock stands still.
fn bump_seconds(now: Now<'_>, row: &mut Node) {
    let before = match row.get("LastChangeDateTime") {
        Value::Ticks(ticks) => *ticks,
        _ => i64::MIN,
    };
    let ticks = stamp::second_of(now.ticks()).max(before.saturating_add(stamp::TICKS_PER_SECOND));
    row.set("LastChangeDateTime", Value::Ticks(ticks));
}

/// What a check found.
type Messages = Vec<Message>;
