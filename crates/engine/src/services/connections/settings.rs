//! What to sync, how often, how far back: for the whole connection, or entity by entity.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use trunnion_kit::spec::Spec;
use trunnion_model::catalog::{Entity, Field, Kind};
use trunnion_store::{NewPlan, PlanChanges};

use crate::error::FieldError;
use crate::services::syncs::named;

/// Systems are not asked more often than this, in seconds.
const SHORTEST_INTERVAL: i64 = 10;
const LONGEST_INTERVAL: i64 = 366 * 24 * 60 * 60;
const LONGEST_HISTORY: i64 = 36_500;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncSettings {
    /// `null`: only when asked.
    #[serde(default, deserialize_with = "given")]
    pub interval_seconds: Option<Option<i64>>,
    /// How far back the first sync reads; `null`: everything.
    #[serde(default, deserialize_with = "given")]
    pub history_days: Option<Option<i64>>,
    /// The whole connection rests.
    #[serde(default)]
    pub paused: Option<bool>,
    /// By entity (name or path); what is said here goes before the above.
    #[serde(default)]
    pub entities: BTreeMap<String, EntitySync>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntitySync {
    #[serde(default, deserialize_with = "given")]
    pub interval_seconds: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    pub history_days: Option<Option<i64>>,
    #[serde(default)]
    pub paused: Option<bool>,
}

/// Tells `null` from what is not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl SyncSettings {
    /// Everything that is wrong, for the entities that `spec` declares.
    pub(crate) fn problems(&self, spec: &Spec) -> Vec<FieldError> {
        let mut errors = self.number_problems();
        for (name, entity) in &self.entities {
            let pointer = format!("/sync/entities/{}", name.replace('~', "~0").replace('/', "~1"));
            if declared(spec, name).is_none() {
                errors.push(FieldError::new(&pointer, "this system has no such entity"));
            }
            numbers(&pointer, entity.interval_seconds, entity.history_days, &mut errors);
        }
        errors
    }

    /// What is wrong whatever the system is.
    pub(crate) fn number_problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        numbers("/sync", self.interval_seconds, self.history_days, &mut errors);
        errors
    }

    /// What to change in the plan of `entity`.
    pub(super) fn changes(&self, entity: &Entity) -> PlanChanges {
        let own = self.entity(entity);
        PlanChanges {
            interval_seconds: own.interval_seconds.or(self.interval_seconds),
            history_days: own.history_days.or(self.history_days),
            paused: own.paused,
        }
    }

    fn entity(&self, entity: &Entity) -> EntitySync {
        let found = self.entities.iter().find(|(name, _)| **name == entity.name || **name == entity.path);
        found.map(|(_, settings)| settings.clone()).unwrap_or_default()
    }
}

/// A plan for each declared entity, those first that others refer to.
pub(super) fn plans(spec: &Spec, settings: &SyncSettings, interval_seconds: i64) -> Vec<NewPlan> {
    let plan = |(place, entity): (usize, &'static Entity)| {
        let changes = settings.changes(entity);
        NewPlan {
            entity,
            interval_seconds: changes.interval_seconds.unwrap_or(Some(interval_seconds)),
            history_days: changes.history_days.unwrap_or(None),
            priority: i64::try_from(place).unwrap_or(i64::MAX),
        }
    };
    in_reference_order(spec).into_iter().enumerate().map(plan).collect()
}

/// Depth first along the references; where they go in a circle, the declaration's order decides.
fn in_reference_order(spec: &Spec) -> Vec<&'static Entity> {
    let mut ordered = Vec::new();
    let mut visited = Vec::new();
    for declared in &spec.entities {
        visit(spec, declared.entity, &mut visited, &mut ordered);
    }
    ordered
}

fn visit(spec: &Spec, entity: &'static Entity, visited: &mut Vec<&'static str>, ordered: &mut Vec<&'static Entity>) {
    if visited.contains(&entity.name) {
        return;
    }
    visited.push(entity.name);
    let mut targets = Vec::new();
    references(entity.fields, &mut targets);
    for target in targets {
        if let Some(target) = declared(spec, target) {
            visit(spec, target, visited, ordered);
        }
    }
    ordered.push(entity);
}

fn references(fields: &'static [Field], targets: &mut Vec<&'static str>) {
    for field in fields {
        match field.kind {
            Kind::Reference(target) => targets.push(target),
            Kind::Group(inner) | Kind::List(inner) => references(inner, targets),
            _ => {}
        }
    }
}

fn declared(spec: &Spec, name: &str) -> Option<&'static Entity> {
    named(name).filter(|entity| spec.entities.iter().any(|declared| declared.entity.name == entity.name))
}

fn numbers(pointer: &str, interval: Option<Option<i64>>, history: Option<Option<i64>>, errors: &mut Vec<FieldError>) {
    let mut check = |name: &str, value: Option<Option<i64>>, least: i64, most: i64| {
        if value.flatten().is_some_and(|value| !(least..=most).contains(&value)) {
            errors.push(FieldError::new(format!("{pointer}/{name}"), format!("must be null or {least} to {most}")));
        }
    };
    check("interval_seconds", interval, SHORTEST_INTERVAL, LONGEST_INTERVAL);
    check("history_days", history, 1, LONGEST_HISTORY);
}
