//! What happened to a record, and what the event about it says.

use std::collections::BTreeMap;

use serde_json::Value;

/// Why the store was told: kept with every event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The first sync of a connection's entity.
    Initial,
    /// A later sync.
    Incremental,
    /// A run that read everything again.
    Full,
    /// A run that compared everything with the system.
    Verify,
    /// The system told us by a webhook.
    Webhook,
    /// Read back after a write of our own.
    OwnWrite,
    /// The row is as it was, and its mapping changed: names were chosen, or an upgrade reads more of it.
    Remap,
    /// Somebody asked for the record as it is in the system now.
    Live,
    /// Deletions that had been held were accepted.
    Accepted,
}

impl Cause {
    /// As the API describes them.
    pub const ALL: [Self; 9] = [
        Self::Initial,
        Self::Incremental,
        Self::Full,
        Self::Verify,
        Self::Webhook,
        Self::OwnWrite,
        Self::Remap,
        Self::Live,
        Self::Accepted,
    ];

    /// Why a record changed in what `self` is the reason for. A first sync brings records; what it finds changed since it
    /// brought them is news like any other. A mapping makes no records, and takes none away.
    #[must_use]
    pub fn of(self, change: Change) -> Self {
        match (self, change) {
            (Self::Initial, Change::Updated | Change::Deleted) => Self::Incremental,
            (Self::Remap, Change::Created | Change::Deleted) => Self::Full,
            (cause, _) => cause,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Incremental => "incremental",
            Self::Full => "full",
            Self::Verify => "verify",
            Self::Webhook => "webhook",
            Self::OwnWrite => "own_write",
            Self::Remap => "remap",
            Self::Live => "live",
            Self::Accepted => "accepted",
        }
    }
}

/// A change of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    /// The second half of the event's type: `purchase_order.created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }

    /// What a row that is now `deleted` or not did, seen from what was stored before. A record that comes back after it
    /// was deleted is updated (its `deleted_at` becomes null again).
    pub fn of(before: Option<Presence>, deleted: bool) -> Self {
        match (before, deleted) {
            (None, false) => Self::Created,
            (None | Some(Presence::There), true) => Self::Deleted,
            (Some(_), _) => Self::Updated,
        }
    }
}

/// Whether a stored record was there or marked deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    There,
    Deleted,
}

/// The old values of the fields that differ between two `data` texts, as a JSON object text; a field that is new has null.
/// A text that is no JSON object counts as empty.
pub fn previous(old: &str, new: &str) -> String {
    let fields = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(text).unwrap_or_default();
    let (mut old, new) = (fields(old), fields(new));
    let mut differ: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in &new {
        match old.remove(name) {
            Some(before) if before == *value => {}
            before => {
                differ.insert(name.clone(), before.unwrap_or(Value::Null));
            }
        }
    }
    differ.extend(old);
    Value::from_iter(differ).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_holds_what_differed_and_nothing_else() {
        let old = r#"{"a":1,"b":"x","gone":true}"#;
        let new = r#"{"a":1,"b":"y","new":[1]}"#;
        assert_eq!(previous(old, new), r#"{"b":"x","gone":true,"new":null}"#);
        assert_eq!(previous(old, old), "{}");
    }

    #[test]
    fn a_change_is_told_from_before_and_after() {
        assert_eq!(Change::of(None, false), Change::Created);
        assert_eq!(Change::of(Some(Presence::There), false), Change::Updated);
        assert_eq!(Change::of(Some(Presence::There), true), Change::Deleted);
        assert_eq!(Change::of(Some(Presence::Deleted), false), Change::Updated);
    }
}
