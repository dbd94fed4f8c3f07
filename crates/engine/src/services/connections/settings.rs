//! What to sync, how often, how far back: for the whole connection, or entity by entity.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use trunnion_kit::spec::Spec;
use trunnion_model::catalog::{Entity, Field, Kind};
use trunnion_model::schedule::{Cron, Every, Quiet, Schedule, TimeZone, leaves_no_time, zone};
use trunnion_store::{NewPlan, PlanChanges};

use crate::error::FieldError;
use crate::services::syncs::named;

/// Systems are not asked more often than this, in seconds.
const SHORTEST_INTERVAL: i64 = 10;
const LONGEST_INTERVAL: i64 = 366 * 24 * 60 * 60;
const LONGEST_HISTORY: i64 = 36_500;
const MOST_QUIET: usize = 8;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncSettings {
    /// `null`: only when asked.
    #[serde(default, deserialize_with = "given")]
    pub interval_seconds: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    pub cron: Option<Option<String>>,
    #[serde(default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub quiet_hours: Option<Vec<QuietHours>>,
    #[serde(default)]
    pub real_time: Option<bool>,
    /// How far back the first sync reads; `null`: everything.
    #[serde(default, deserialize_with = "given")]
    pub history_days: Option<Option<i64>>,
    /// Rows with something that nobody expected are set aside until it is acknowledged.
    #[serde(default)]
    pub strict: Option<bool>,
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
    pub cron: Option<Option<String>>,
    #[serde(default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub quiet_hours: Option<Vec<QuietHours>>,
    #[serde(default)]
    pub real_time: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    pub history_days: Option<Option<i64>>,
    #[serde(default)]
    pub strict: Option<bool>,
    #[serde(default)]
    pub paused: Option<bool>,
}

/// Local times of day, as `22:00`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    pub from: String,
    pub to: String,
}

/// Tells `null` from what is not there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl SyncSettings {
    /// Everything that is wrong, for the entities that `spec` declares.
    pub(crate) fn problems(&self, spec: &Spec) -> Vec<FieldError> {
        let mut errors = self.own_problems();
        for (name, entity) in &self.entities {
            let pointer = format!("/sync/entities/{}", name.replace('~', "~0").replace('/', "~1"));
            if declared(spec, name).is_none() {
                errors.push(FieldError::new(&pointer, "this system has no such entity"));
            }
            errors.extend(read(entity, &pointer).err().into_iter().flatten());
        }
        errors
    }

    /// What is wrong whatever the system is.
    pub(crate) fn own_problems(&self) -> Vec<FieldError> {
        read(&self.whole(), "/sync").err().unwrap_or_default()
    }

    /// What to change in the plan of `entity`. Problems were told before.
    pub(super) fn changes(&self, entity: &Entity) -> PlanChanges {
        let own = read(&self.entity(entity), "").unwrap_or_default();
        let whole = read(&self.whole(), "").unwrap_or_default();
        PlanChanges {
            every: own.every.or(whole.every),
            zone: own.zone.or(whole.zone),
            quiet: own.quiet.or(whole.quiet),
            real_time: own.real_time.or(whole.real_time),
            history_days: own.history_days.or(whole.history_days),
            strict: own.strict.or(whole.strict),
            paused: own.paused,
        }
    }

    /// What is said for all entities; pausing them all is pausing the connection.
    fn whole(&self) -> EntitySync {
        EntitySync {
            interval_seconds: self.interval_seconds,
            cron: self.cron.clone(),
            time_zone: self.time_zone.clone(),
            quiet_hours: self.quiet_hours.clone(),
            real_time: self.real_time,
            history_days: self.history_days,
            strict: self.strict,
            paused: None,
        }
    }

    fn entity(&self, entity: &Entity) -> EntitySync {
        let found = self.entities.iter().find(|(name, _)| **name == entity.name || **name == entity.path);
        found.map(|(_, settings)| settings.clone()).unwrap_or_default()
    }
}

/// The settings as changes, or everything that is wrong with them.
fn read(given: &EntitySync, pointer: &str) -> Result<PlanChanges, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut problem = |name: &str, message: String| errors.push(FieldError::new(format!("{pointer}/{name}"), message));
    for (name, value, least, most) in [
        ("interval_seconds", given.interval_seconds, SHORTEST_INTERVAL, LONGEST_INTERVAL),
        ("history_days", given.history_days, 0, LONGEST_HISTORY),
    ] {
        if value.flatten().is_some_and(|value| !(least..=most).contains(&value)) {
            problem(name, format!("must be null or {least} to {most}"));
        }
    }
    let every = match (&given.interval_seconds, &given.cron) {
        (Some(Some(_)), Some(Some(_))) => {
            problem("cron", "cannot be given together with interval_seconds".to_owned());
            None
        }
        (_, Some(Some(text))) => match Cron::parse(text) {
            Ok(cron) => Some(Every::Cron(cron)),
            Err(message) => {
                problem("cron", message);
                None
            }
        },
        (Some(Some(seconds)), _) => Some(Every::Seconds(*seconds)),
        (Some(None), _) | (_, Some(None)) => Some(Every::Never),
        (None, None) => None,
    };
    let zone = given.time_zone.as_deref().and_then(|name| {
        let found = zone(name);
        if found.is_none() {
            problem("time_zone", "must be a name of the time zone database, as Europe/Berlin".to_owned());
        }
        found
    });
    let quiet = given.quiet_hours.as_ref().map(|ranges| {
        let read = |(place, range): (usize, &QuietHours)| {
            let quiet = Quiet::parse(&range.from, &range.to);
            if quiet.is_none() {
                problem(&format!("quiet_hours/{place}"), "must be two different times of day, as 22:00".to_owned());
            }
            quiet
        };
        let quiet: Vec<Quiet> = ranges.iter().enumerate().filter_map(read).collect();
        if ranges.len() > MOST_QUIET {
            problem("quiet_hours", format!("must be at most {MOST_QUIET} ranges"));
        } else if leaves_no_time(&quiet) {
            problem("quiet_hours", "leave no time to sync".to_owned());
        }
        quiet
    });
    let &EntitySync { real_time, history_days, strict, paused, .. } = given;
    if errors.is_empty() {
        Ok(PlanChanges { every, zone, quiet, real_time, history_days, strict, paused })
    } else {
        Err(errors)
    }
}

/// A plan for each declared entity, those first that others refer to.
pub(super) fn plans(spec: &Spec, settings: &SyncSettings, interval_seconds: i64) -> Vec<NewPlan> {
    let plan = |(place, entity): (usize, &'static Entity)| {
        let changes = settings.changes(entity);
        NewPlan {
            entity,
            schedule: Schedule {
                every: changes.every.unwrap_or(Every::Seconds(interval_seconds)),
                zone: changes.zone.unwrap_or(TimeZone::UTC),
                quiet: changes.quiet.unwrap_or_default(),
            },
            real_time: changes.real_time.unwrap_or(false),
            history_days: changes.history_days.unwrap_or(None),
            strict: changes.strict.unwrap_or(false),
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
