//! What an event is, and how the API shows it.

use std::fmt::Write as _;

use trunnion_model::ids::{ConnectionId, EventId, RecordId};
use trunnion_model::record::push_json_string;
use trunnion_model::time::rfc3339_micros;

use super::own::is_own;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub connection: ConnectionId,
    /// 1, 2, 3 …, per connection, without holes.
    pub sequence: i64,
    /// `purchase_order.updated`, `sync.completed`, …
    pub kind: String,
    pub at: i64,
    /// Of a record's event: which record, of which entity, and why (a [`Cause`](trunnion_model::change::Cause)).
    pub record: Option<RecordId>,
    pub entity: Option<String>,
    pub cause: Option<String>,
    /// A JSON object. Of a record's event: the record, with its version.
    pub data: String,
    /// Of an update: the old values of the fields that changed, as a JSON object.
    pub previous: Option<String>,
}

/// An event that the caller words itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    pub kind: String,
    /// A JSON object.
    pub data: String,
}

/// A part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    pub events: Vec<Event>,
    /// Where to go on. Beyond the last event given if the ones after it were of other types, so that nobody reads them
    /// again and again.
    pub next_after: i64,
    /// The newest event's sequence when this was read: `next_after < last_sequence` means that there is more.
    pub last_sequence: i64,
    /// The oldest that is promised to be kept, when this was read: who asked after an earlier place has missed some.
    pub first_sequence: i64,
}

/// A part of the log over all connections of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Each with its position: they grow, and those of one connection stand in the order of their sequences.
    pub events: Vec<(i64, Event)>,
    /// As in [`EventPage`], by position.
    pub next_after: i64,
    pub last_position: i64,
    pub first_position: i64,
}

impl Event {
    /// Appends the event as the API and webhooks show it.
    pub fn write_json(&self, out: &mut String) {
        out.reserve(self.data.len() + self.previous.as_ref().map_or(0, String::len) + 220);
        // Writing to a String cannot fail.
        let _infallible = write!(out, "{{\"id\":\"{}\",\"type\":", self.id);
        push_json_string(out, &self.kind);
        let _infallible = write!(out, ",\"timestamp\":\"{}\",\"sequence\":{}", rfc3339_micros(self.at), self.sequence);
        if !is_own(&self.kind) {
            let _infallible = write!(out, ",\"connection_id\":\"{}\"", self.connection);
        }
        out.push_str(",\"data\":");
        out.push_str(&self.data);
        if let Some(previous) = &self.previous {
            out.push_str(",\"previous\":");
            out.push_str(previous);
        }
        out.push('}');
    }
}
