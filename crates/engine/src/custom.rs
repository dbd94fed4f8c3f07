//! A connection's custom fields: what the system told, under the names that were chosen, laid over the declaration.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use trunnion_kit::custom::CustomField;
use trunnion_kit::spec::Spec;
use trunnion_store::FieldMapping;

/// The system is asked what it has once in so many microseconds.
const EVERY: i64 = 24 * 60 * 60 * 1_000_000;

/// And again so soon, where it could not tell.
const AGAIN: i64 = 60 * 60 * 1_000_000;

/// What is chosen for one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// In `custom_fields`; the system's name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hidden: bool,
}

impl Choice {
    /// What was chosen for a field.
    pub(crate) fn of(chosen: &Chosen, field: &CustomField) -> Self {
        chosen.get(&field.list).and_then(|fields| fields.get(&field.at)).cloned().unwrap_or_default()
    }

    /// The name that the field has with us.
    pub(crate) fn name_of(&self, field: &CustomField) -> String {
        self.name.clone().unwrap_or_else(|| field.at.clone())
    }
}

/// What is chosen for one entity: by list (none: the record itself), then by the system's name.
pub(crate) type Chosen = BTreeMap<Option<String>, BTreeMap<String, Choice>>;

/// What a live connection knows of its custom fields.
#[derive(Clone)]
pub(crate) struct Custom {
    pub(crate) made_from: blake3::Hash,
    /// When the system was asked last, by entity.
    checked: Arc<Mutex<HashMap<String, i64>>>,
}

impl Custom {
    pub(crate) fn none() -> Self {
        Self::of(&[])
    }

    pub(crate) fn of(mappings: &[FieldMapping]) -> Self {
        let checked = mappings.iter().map(|mapping| (mapping.entity.clone(), mapping.checked_at)).collect();
        Self { made_from: fingerprint(mappings), checked: Arc::new(Mutex::new(checked)) }
    }

    /// Whether the system is to be asked now. Then it is not again for a while, whatever comes of it.
    pub(crate) fn take_turn(&self, entity: &str, now: i64) -> bool {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.get(entity).is_some_and(|at| at.saturating_add(EVERY) > now) {
            return false;
        }
        checked.insert(entity.to_owned(), now);
        true
    }

    /// The turn came to nothing.
    pub(crate) fn take_turn_again(&self, entity: &str, now: i64) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(entity.to_owned(), now.saturating_sub(EVERY - AGAIN));
    }
}

/// Tells mappings apart: when they were checked does not count.
pub(crate) fn fingerprint(mappings: &[FieldMapping]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for FieldMapping { entity, found, chosen, .. } in mappings {
        // An entity of which nothing is known is as none.
        if found != "[]" {
            for text in [entity, found, chosen] {
                hasher.update(text.as_bytes()).update(&[0]);
            }
        }
    }
    hasher.finalize()
}

/// The declaration as it is for the connection: itself where there is nothing to add.
pub(crate) fn overlay(spec: &Arc<Spec>, mappings: &[FieldMapping]) -> Arc<Spec> {
    if mappings.iter().all(|mapping| mapping.found == "[]") {
        return spec.clone();
    }
    let mut own = Spec::clone(spec);
    for mapping in mappings {
        own.add_custom(&mapping.entity, &shown(&found(mapping), &chosen(mapping)));
    }
    Arc::new(own)
}

/// What the system told; nothing of a form that this version does not know.
pub(crate) fn found(mapping: &FieldMapping) -> Vec<CustomField> {
    serde_json::from_str(&mapping.found).unwrap_or_default()
}

pub(crate) fn chosen(mapping: &FieldMapping) -> Chosen {
    let pairs: Vec<(Option<String>, BTreeMap<String, Choice>)> =
        serde_json::from_str(&mapping.chosen).unwrap_or_default();
    pairs.into_iter().collect()
}

/// As it is stored.
pub(crate) fn text_of(chosen: &Chosen) -> String {
    // Maps of texts have a JSON form.
    serde_json::to_string(&chosen.iter().collect::<Vec<_>>()).unwrap_or_default()
}

/// The fields that are shown, each with its name.
pub(crate) fn shown(found: &[CustomField], chosen: &Chosen) -> Vec<(String, CustomField)> {
    let one = |field: &CustomField| {
        let choice = Choice::of(chosen, field);
        (!choice.hidden).then(|| (choice.name_of(field), field.clone()))
    };
    found.iter().filter_map(one).collect()
}
