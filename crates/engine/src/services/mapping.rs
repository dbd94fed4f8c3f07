//! A connection's custom fields: which there are, under which names they are shown, and trying names on real rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use trunnion_kit::custom::{CUSTOM_FIELDS, CustomField, kind_of};
use trunnion_kit::error::Error as SystemError;
use trunnion_kit::spec::Spec;
use trunnion_kit::vendor::Window;
use trunnion_model::catalog::Entity;
use trunnion_model::time::rfc3339_micros;
use trunnion_store::FieldMapping;

use super::capabilities::bounds;
use super::syncs::named;
use crate::Engine;
use crate::caller::{Permission, Scope};
use crate::custom::{Choice, Chosen, chosen, found, shown, text_of};
use crate::error::{FieldError, Result, ServiceError, from_system};

/// A name in `custom_fields` has at most so many letters, digits and underscores.
const LONGEST_NAME: usize = 100;
/// So many rows of each entity are shown by a preview.
const ROWS: usize = 3;

/// What `PUT …/mapping` and `POST …/mapping/preview` take: what is not named keeps the system's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingRequest {
    /// By name or path.
    pub entities: BTreeMap<String, EntityChoice>,
    #[serde(default, rename = "connection_id")]
    _connection: IgnoredAny,
}

/// Of one entity: what `GET` answered may be given back as it is.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct EntityChoice {
    #[serde(default)]
    pub custom_fields: BTreeMap<String, FieldChoice>,
    #[serde(default, rename = "checked_at")]
    _checked: IgnoredAny,
    /// The lists of the entity whose lines have custom fields.
    #[serde(flatten)]
    pub lists: BTreeMap<String, ListChoice>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListChoice {
    #[serde(default)]
    pub custom_fields: BTreeMap<String, FieldChoice>,
}

/// Of one field; only `name` and `hidden` can be chosen.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct FieldChoice {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub hidden: bool,
}

/// What there is and what was chosen.
pub async fn get(engine: &Engine, scope: &Scope) -> Result<Value> {
    scope.may(Permission::Read)?;
    let mappings = engine.store().field_mappings(scope.id()).await?;
    let entities: Map<String, Value> = mappings.iter().map(|one| (one.entity.clone(), view(one))).collect();
    Ok(json!({ "connection_id": scope.id().to_string(), "entities": entities }))
}

/// Chooses names. What was read with others is read again by a full sync.
pub async fn put(engine: &Engine, scope: &Scope, request: &MappingRequest) -> Result<Value> {
    scope.may(Permission::Manage)?;
    let known = engine.store().field_mappings(scope.id()).await?;
    let wanted = checked(request, &known)?;
    let differs = |(entity, wanted): &&(&'static Entity, Chosen)| {
        known.iter().find(|one| one.entity == entity.name).is_some_and(|one| chosen(one) != *wanted)
    };
    let changed: Vec<_> = wanted.iter().filter(differs).collect();
    if !changed.is_empty() {
        let texts: Vec<_> = changed.iter().map(|(entity, chosen)| (*entity, text_of(chosen))).collect();
        engine.store().choose_fields(scope.application(), scope.id(), &texts).await?;
    }
    get(engine, scope).await
}

/// What rows of the system would be with these names. Nothing is stored.
pub async fn preview(engine: &Engine, scope: &Scope, request: &MappingRequest) -> Result<Value> {
    scope.may(Permission::Manage)?;
    let known = engine.store().field_mappings(scope.id()).await?;
    let wanted = checked(request, &known)?;
    let mut live = engine.links().get(engine, scope.row()).await?;
    let mut spec = Spec::clone(&live.spec);
    for entity in &mut spec.entities {
        entity.custom.clear();
        entity.groups.iter_mut().for_each(|group| group.custom.clear());
    }
    for one in &known {
        let wanted = wanted.iter().find(|(entity, _)| entity.name == one.entity).map(|(_, chosen)| chosen);
        spec.add_custom(&one.entity, &shown(&found(one), wanted.unwrap_or(&chosen(one))));
    }
    live.spec = spec.into();
    let mut entities = Map::new();
    for (entity, _) in &wanted {
        let Some(spec) = live.entity(entity.name) else { continue };
        let window = Window { limit: ROWS, ..Window::default() };
        let page = live.vendor.page(&live.link, spec, &window).await.map_err(|error| from_system(&error))?;
        let mapper = live.mapper(spec);
        let mut rows = Vec::new();
        page.split()
            .map_err(|error| from_system(&error))?
            .each(|mut row| {
                rows.push(match mapper.read(&mut row) {
                    Ok(read) => json!({
                        "remote_id": read.remote_id,
                        "record": serde_json::from_str::<Value>(&read.data).unwrap_or_default(),
                        "raw": serde_json::from_str::<Value>(&read.raw).unwrap_or_default(),
                    }),
                    Err(error) => {
                        json!({ "remote_id": error.remote_id, "field": error.field, "problem": error.problem })
                    }
                });
                Ok::<_, SystemError>(())
            })
            .map_err(|error| from_system(&error))?;
        entities.insert(entity.name.to_owned(), rows.into());
    }
    Ok(json!({ "connection_id": scope.id().to_string(), "entities": entities }))
}

/// As the API shows it.
fn view(mapping: &FieldMapping) -> Value {
    let chosen = chosen(mapping);
    let mut said = json!({
        "checked_at": (mapping.checked_at > 0).then(|| rfc3339_micros(mapping.checked_at)),
        CUSTOM_FIELDS: {},
    });
    for field in found(mapping) {
        let choice = Choice::of(&chosen, &field);
        let place = match &field.list {
            None => &mut said[CUSTOM_FIELDS],
            Some(list) => &mut said[list.as_str()][CUSTOM_FIELDS],
        };
        place[field.at.as_str()] = described(&field, &choice);
    }
    said
}

fn described(field: &CustomField, choice: &Choice) -> Value {
    let mut said = json!({
        "name": choice.name_of(field),
        "hidden": choice.hidden,
        "type": kind_of(field).unwrap_or("string"),
        "label": field.label,
        "on_create": field.on_create,
        "on_update": field.on_update,
    });
    bounds(&mut said, field.max_length, field.precision, &field.options);
    said
}

/// The choices by entity, if all of them can be.
fn checked(request: &MappingRequest, known: &[FieldMapping]) -> Result<Vec<(&'static Entity, Chosen)>> {
    let (mut wanted, mut errors) = (Vec::new(), Vec::new());
    for (name, choice) in &request.entities {
        let pointer = format!("/entities/{name}");
        let mapping =
            named(name).and_then(|entity| Some((entity, known.iter().find(|one| one.entity == entity.name)?)));
        let Some((entity, mapping)) = mapping else {
            errors.push(FieldError::new(pointer, "no custom fields of it are known on this connection"));
            continue;
        };
        let fields = found(mapping);
        let mut chosen = Chosen::new();
        let lists = choice.lists.iter().map(|(list, choice)| (Some(list.clone()), &choice.custom_fields));
        for (list, given) in std::iter::once((None, &choice.custom_fields)).chain(lists) {
            let pointer = list.as_ref().map_or_else(|| pointer.clone(), |list| format!("{pointer}/{list}"));
            let own: Vec<&CustomField> = fields.iter().filter(|field| field.list == list).collect();
            let choices = of_one(&own, given, &format!("{pointer}/{CUSTOM_FIELDS}"), &mut errors);
            if !choices.is_empty() {
                chosen.insert(list, choices);
            }
        }
        wanted.push((entity, chosen));
    }
    if errors.is_empty() { Ok(wanted) } else { Err(ServiceError::ValidationFailed { errors }) }
}

/// The choices for a record's fields, or those of the lines of one list.
fn of_one(
    fields: &[&CustomField],
    given: &BTreeMap<String, FieldChoice>,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> BTreeMap<String, Choice> {
    let mut choices = BTreeMap::new();
    for (at, choice) in given {
        if !fields.iter().any(|field| field.at == *at) {
            errors.push(FieldError::new(format!("{pointer}/{at}"), "the system told of no such field"));
            continue;
        }
        if choice.name.as_deref().is_some_and(|name| !is_name(name)) {
            let message =
                format!("must be 1 to {LONGEST_NAME} letters, digits and underscores, beginning with a letter");
            errors.push(FieldError::new(format!("{pointer}/{at}/name"), message));
        }
        let name = choice.name.clone().filter(|name| name != at);
        if name.is_some() || choice.hidden {
            choices.insert(at.clone(), Choice { name, hidden: choice.hidden });
        }
    }
    let mut names = BTreeSet::new();
    for field in fields {
        let choice = choices.get(&field.at).cloned().unwrap_or_default();
        if !choice.hidden && !names.insert(choice.name_of(field)) {
            errors
                .push(FieldError::new(format!("{pointer}/{}/name", field.at), "two fields cannot have the same name"));
        }
    }
    choices
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
