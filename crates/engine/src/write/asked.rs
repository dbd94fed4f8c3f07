//! What a change asks for, and how far it got: the two JSON texts that its operation keeps.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The request of a change or a delete. References are resolved, lines are named by their keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) change: Map<String, Value>,
    /// The status that the record is to be moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    /// Our version that the record must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
    /// Of a delete: the nearest thing, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<String>,
}

/// How far a change got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Steps {
    /// The record had the version that was asked for.
    #[serde(default)]
    pub(super) checked: bool,
    /// The keys of the lines that were there before anything was sent.
    #[serde(default)]
    pub(super) lines: BTreeSet<String>,
    /// The fields were written, and the system said so.
    #[serde(default)]
    pub(super) written: bool,
    /// The moves that were made, and confirmed by the system.
    #[serde(default)]
    pub(super) moves: Vec<String>,
}

impl Asked {
    /// Whether something of the record must be written down before anything is sent: that it had the version asked for, or
    /// which lines it had.
    pub(super) fn looks_first(&self) -> bool {
        self.version.is_some() || self.change.values().any(Value::is_array)
    }

    pub(super) fn text(&self) -> String {
        // A struct of texts and JSON has a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Steps {
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What was done, for people: the fields, then the moves by their names.
    pub(super) fn done(&self) -> Vec<String> {
        let written = self.written.then(|| "fields".to_owned());
        written.into_iter().chain(self.moves.iter().cloned()).collect()
    }
}
