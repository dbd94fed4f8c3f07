//! Which types there are.

use serde_json::Value;

use super::{example, shape};
use crate::catalog::{self, Entity};
use crate::change::Change;

/// One type of event.
#[derive(Clone, Debug)]
pub struct EventType {
    /// `purchase_order.updated`
    pub name: String,
    /// What happened, in a sentence.
    pub doc: String,
    pub about: About,
}

/// What the event's `data` is.
#[derive(Clone, Copy, Debug)]
pub enum About {
    /// The connection as it is after what happened.
    Connection,
    /// Also with the status that it had.
    ConnectionStatus,
    /// A run.
    Sync,
    /// A held deletion.
    Held,
    /// Something that nobody expected in a system's rows.
    Drift,
    /// A write.
    Operation,
    /// The record as it is after the change.
    Record(&'static Entity, Change),
    /// A subscription at the system, for its hooks.
    Subscription,
    /// A webhook endpoint that fails. In the application's own log, as the next.
    EndpointFailing,
    /// A webhook endpoint that was taken out of use.
    EndpointDisabled,
    /// A webhook endpoint, of which only the id is told. In no log: sent on request only.
    Test,
}

/// Those that are not about records.
const OTHERS: &[(&str, About, &str)] = &[
    ("connection.created", About::Connection, "A connection was made."),
    (
        "connection.status_changed",
        About::ConnectionStatus,
        "A connection has another status; `data.previous_status` is the one before.",
    ),
    (
        "connection.reauthorization_required",
        About::Connection,
        "The system no longer accepts the credentials. Nothing is asked of it until somebody gives new ones.",
    ),
    ("connection.reauthorized", About::Connection, "New credentials were given and work."),
    (
        "connection.disconnected",
        About::Connection,
        "A connection was taken out of use: its token is dead, its syncs have stopped, its data stays.",
    ),
    (
        "subscription.active",
        About::Subscription,
        "The system tells of changes: a subscription was made, or works again after it failed.",
    ),
    (
        "subscription.failing",
        About::Subscription,
        "A subscription at the system cannot be made or kept; `data.message` says why. Syncs go on. Once, until it works.",
    ),
    ("sync.completed", About::Sync, "A sync of one entity ended well."),
    (
        "sync.failed",
        About::Sync,
        "A sync of one entity was given up; `data.error` says why. Once, until one succeeded.",
    ),
    (
        "deletion.held",
        About::Held,
        "A listing says that suspiciously much is gone. Nothing is deleted before somebody accepts it.",
    ),
    (
        "schema.drift_detected",
        About::Drift,
        "The system's rows have something that nobody expected: a field that is new, gone or of another type, or a word that has none of ours. Once for each.",
    ),
    ("operation.succeeded", About::Operation, "A write took effect in the system."),
    ("operation.failed", About::Operation, "A write had no effect; `data.outcome` says why."),
    (
        "operation.unknown",
        About::Operation,
        "A write was sent and its answer was lost. It is searched for, and one of the other two follows.",
    ),
    (
        "webhook_endpoint.failing",
        About::EndpointFailing,
        "Nothing but failures came from a webhook endpoint, for 50, 70 or 90 percent of the time after which it is disabled.",
    ),
    (
        "webhook_endpoint.disabled",
        About::EndpointDisabled,
        "A webhook endpoint was taken out of use, not by request: `data.reason` says why.",
    ),
    (
        "webhook_endpoint.test",
        About::Test,
        "Somebody tried a webhook endpoint out. It is in no log and has neither `sequence` nor `connection_id`.",
    ),
];

/// All of them: those about connections, syncs, writes and endpoints first, then entity by entity.
pub fn all() -> Vec<EventType> {
    let others = OTHERS.iter().map(|(name, about, doc)| EventType {
        name: (*name).to_owned(),
        doc: (*doc).to_owned(),
        about: *about,
    });
    let of_records = catalog::entities()
        .iter()
        .flat_map(|entity| [Change::Created, Change::Updated, Change::Deleted].map(|change| of_record(entity, change)));
    others.chain(of_records).collect()
}

/// The type with that name.
pub fn get(name: &str) -> Option<EventType> {
    all().into_iter().find(|one| one.name == name)
}

/// Whether it is a type, a beginning of types (`purchase_order.*`) or `*`.
pub fn is_known(text: &str) -> bool {
    match text.strip_suffix('*') {
        Some("") => true,
        Some(beginning) => beginning.ends_with('.') && all().iter().any(|one| one.name.starts_with(beginning)),
        None => get(text).is_some(),
    }
}

impl About {
    /// Whether it is about no connection; its `sequence` counts the application's own log.
    pub(super) fn is_of_application(self) -> bool {
        matches!(self, Self::EndpointFailing | Self::EndpointDisabled)
    }
}

impl EventType {
    /// JSON Schema (2020-12) of the whole event.
    pub fn schema(&self) -> Value {
        shape::event(self)
    }

    /// An event of this type, made up.
    pub fn example(&self) -> Value {
        example::event(self)
    }
}

fn of_record(entity: &'static Entity, change: Change) -> EventType {
    let what = entity.name.replace('_', " ");
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let doc = match change {
        Change::Created => format!("{article} {what} came that was not there before."),
        Change::Updated => format!("{article} {what} changed; `previous` has the old values of what did."),
        Change::Deleted => format!("{article} {what} is gone from the system; `data.deleted_at` is set."),
    };
    EventType { name: format!("{}.{}", entity.name, change.as_str()), doc, about: About::Record(entity, change) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_name_by_its_beginning_or_by_the_star() {
        for known in ["purchase_order.updated", "purchase_order.*", "sync.*", "operation.unknown", "*"] {
            assert!(is_known(known), "{known}");
        }
        for odd in ["", "purchase_order", "purchase_orders.*", "purchase*", "sync.completed.*", ".*", "**", "Sync.*"] {
            assert!(!is_known(odd), "{odd}");
        }
    }

    #[test]
    fn every_example_has_all_that_its_schema_requires_and_nothing_that_it_does_not_name() {
        for one in all() {
            hold(&one.schema(), &one.example(), &one.name);
        }
    }

    fn hold(schema: &Value, value: &Value, at: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter(|_| !value.is_null()) {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{at}: {name} is missing");
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            let known = &schema["properties"][name];
            assert!(known.is_object() || schema.get("properties").is_none(), "{at}/{name} is not described");
            hold(known, member, &format!("{at}/{name}"));
        }
        for item in value.as_array().into_iter().flatten() {
            hold(&schema["items"], item, at);
        }
    }
}
