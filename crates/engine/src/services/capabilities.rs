//! What can be done with each entity and each field, as data: of a system by its declaration, of a connection with what its
//! form lacks. The same rows of the declaration check every write, so the two cannot say different things.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use trunnion_kit::custom::{CUSTOM_FIELDS, CustomRow};
use trunnion_kit::link::Link;
use trunnion_kit::spec::{EntitySpec, Inbound, Lock, Mode, Post, Row, Spec};
use trunnion_model::catalog::{Field, Kind, field_of};

use super::rights::{self, EntityRights};
use super::systems::strategy;
use super::writes::ACTIONS;
use crate::caller::{Permission, Scope};
use crate::error::{Result, ServiceError};
use crate::{Engine, write};

/// By what the system is declared to do.
pub fn of_system(engine: &Engine, system: &str) -> Result<Value> {
    let connector = engine.catalogue().get(system).ok_or_else(|| ServiceError::missing("system"))?;
    let spec = &connector.spec;
    let entities = entities(spec, None, &HashMap::new());
    Ok(json!({ "system": spec.system.id, "hooks": hooks(spec, None), "without": without(spec), "entities": entities }))
}

/// The same, without what this connection lacks: a create that needs a value which its form does not have says so, and so
/// does what the customer's user has no right to.
pub async fn of_connection(engine: &Engine, scope: &Scope) -> Result<Value> {
    scope.may(Permission::Read)?;
    let live = engine.links().get(engine, scope.row()).await?;
    let rights = rights::measured(engine, scope, &live).await?;
    Ok(json!({
        "connection_id": scope.id().to_string(),
        "system": live.spec.system.id,
        "hooks": hooks(&live.spec, Some(&live.link)),
        "without": without(&live.spec),
        "entities": entities(&live.spec, Some(&live.link), &rights),
    }))
}

/// Whether the system tells of changes, of which entities, and whether we can subscribe there ourselves.
fn hooks(spec: &Spec, link: Option<&Link>) -> Value {
    let Some(inbound) = &spec.inbound else { return Value::Null };
    let given = |name: &str| link.is_some_and(|link| link.setting(name).is_some());
    let entities: Vec<&str> = inbound.entities.iter().map(|entity| entity.name.as_str()).collect();
    let lacking = inbound.lacking(given);
    json!({
        "entities": entities,
        "subscription": lacking.is_some(),
        "needs": inbound.subscription.iter().flat_map(|subscription| &subscription.needs).collect::<Vec<_>>(),
        "lacking": link.and(lacking).unwrap_or_default(),
    })
}

/// Entities of the model that the system does not have, and why.
fn without(spec: &Spec) -> Map<String, Value> {
    spec.without.iter().map(|(name, why)| (name.clone(), why.as_str().into())).collect()
}

fn entities(spec: &Spec, link: Option<&Link>, rights: &HashMap<&'static str, EntityRights>) -> Map<String, Value> {
    let one = |entity: &EntitySpec| {
        let name = entity.entity.name;
        let mut said = of_entity(entity, link);
        let told = |inbound: &Inbound| inbound.entities.iter().any(|entity| entity.name == name);
        said["real_time"] = spec.inbound.as_ref().is_some_and(told).into();
        if let Some(rights) = rights.get(name) {
            limit(&mut said, rights);
        }
        (name.to_owned(), said)
    };
    let mut said: Map<String, Value> = spec.entities.iter().map(one).collect();
    // What comes for an order is a goods receipt.
    let receives = said.get("goods_receipt").is_some_and(|receipt| receipt["create"] == true);
    let orders = said.get_mut("purchase_order").and_then(|order| order["actions"].as_array_mut());
    if let (Some(actions), true) = (orders, receives) {
        actions.push("receive".into());
    }
    said
}

/// What the user may not do cannot be done, whatever the connector can.
fn limit(said: &mut Value, rights: &EntityRights) {
    for (operation, right) in rights.iter().filter(|(_, right)| right.allowed == Some(false)) {
        if said[operation] == true {
            said[operation] = false.into();
            said["why_not"][operation] = right.why.clone().into();
        }
    }
    said["rights"] = json!(rights);
}

fn of_entity(spec: &EntitySpec, link: Option<&Link>) -> Value {
    let lacking = link.map(|link| lacking(spec, link)).unwrap_or_default();
    let creates = spec.create.is_some() && lacking.is_empty();
    let can = Can { create: spec.create.is_some(), update: spec.update.is_some() };
    let mut fields = rows(&spec.fields, spec.entity.fields, can, spec);
    for group in &spec.groups {
        let (Kind::Group(inner) | Kind::List(inner)) = group.field.kind else { continue };
        let here = Can { create: can.create && group.write.on_create(), update: can.update && group.write.on_update() };
        // A line that is added later is created, though the order is only changed.
        let within = Can { create: here.create || here.update, update: here.update };
        let mut said = json!({
            "type": kind(group.field.kind),
            "required_on_create": here.create && (group.field.required || group.required),
            "writable": here.create || here.update,
            "on_create": here.create,
            "on_update": here.update,
            "fields": rows(&group.fields, inner, within, spec),
        });
        customs(&mut said, &group.custom, within);
        locked(&mut said, &group.locks);
        needed(&mut said, &group.required_because);
        fields.insert(group.field.name.to_owned(), said);
    }
    let moves: Vec<Value> =
        spec.moves.iter().map(|one| json!({ "name": one.name, "from": one.from, "to": one.to })).collect();
    let reached = |status: &str| spec.moves.iter().any(|one| one.to == status);
    let mut actions: Vec<&str> =
        ACTIONS.iter().filter(|(_, status)| reached(status)).map(|(action, _)| *action).collect();
    let lacked = |post: &Post| link.and_then(|link| write::lacking(post, link));
    actions.extend(spec.posts.iter().filter(|post| lacked(post).is_none()).map(|post| post.name.as_str()));
    let modes = spec.delete.iter().flat_map(|delete| &delete.modes);
    let mut said = json!({
        "path": spec.entity.path,
        "read": true,
        "sync": [strategy(spec)],
        "create": creates,
        "update": can.update || !spec.moves.is_empty(),
        "delete": spec.delete.as_ref().is_some_and(|delete| delete.record),
        "delete_modes": modes.map(|(name, mode)| delete_mode(name, mode)).collect::<Vec<_>>(),
        "moves": moves,
        "actions": actions,
        "fields": fields,
    });
    customs(&mut said, &spec.custom, can);
    if let Some(update) = &spec.update {
        locked(&mut said, &update.locks);
    }
    if let Some(delete) = spec.delete.as_ref().filter(|delete| !delete.locks.states.is_empty()) {
        locked(&mut said["delete_lock"], &delete.locks);
    }
    for (post, lacking) in spec.posts.iter().filter_map(|post| Some((post, lacked(post)?))) {
        said["why_not"][post.name.as_str()] = format!("the connection has no {lacking}; reconnect and give it").into();
    }
    if !lacking.is_empty() {
        said["why_not"]["create"] =
            format!("the connection has no {}; reconnect and give it", lacking.join(", ")).into();
    }
    said
}

fn delete_mode(name: &str, mode: &Mode) -> Value {
    match mode {
        Mode::Set(_) => json!({ "mode": name }),
        Mode::Status(status) => json!({ "mode": name, "status": status }),
    }
}

/// The values of the connection's form that a create needs and that are not there.
fn lacking(spec: &EntitySpec, link: &Link) -> Vec<String> {
    let own = spec.create.iter().flat_map(|create| &create.settings);
    let nested = spec.groups.iter().flat_map(|group| &group.settings);
    let mut names: Vec<String> = own
        .chain(nested)
        .map(|(_, name)| name.as_str())
        .filter(|name| !name.ends_with('?') && link.setting(name).is_none())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The customer's own fields, where there are any.
fn customs(said: &mut Value, custom: &[CustomRow], can: Can) {
    for one in custom {
        let row = &one.row;
        let (create, update) = (can.create && row.write.on_create(), can.update && row.write.on_update());
        let (kind, writable) = (one.kind(), create || update);
        let mut field = json!({
            "type": kind, "label": one.label, "writable": writable, "on_create": create, "on_update": update,
        });
        bounds(&mut field, row.max_length, row.precision, &one.options);
        said[CUSTOM_FIELDS][row.name.as_str()] = field;
    }
}

/// What a value is bounded by.
pub(super) fn bounds(said: &mut Value, longest: Option<usize>, places: Option<u32>, options: &[String]) {
    if let Some(longest) = longest {
        said["max_length"] = longest.into();
    }
    if let Some(places) = places {
        said["precision"] = places.into();
    }
    if !options.is_empty() {
        said["enum"] = json!(options);
    }
}

#[derive(Clone, Copy)]
struct Can {
    create: bool,
    update: bool,
}

fn rows(rows: &[Row], fields: &'static [Field], can: Can, spec: &EntitySpec) -> Map<String, Value> {
    let one = |row: &Row| {
        let field = field_of(fields, &row.name);
        let (create, update) = (can.create && row.write.on_create(), can.update && row.write.on_update());
        let moved = row.name == "status" && !spec.moves.is_empty() && !create;
        let mut said = json!({
            "type": field.map_or("string", |field| kind(field.kind)),
            "required_on_create": create && row.required,
            "writable": create || update || moved,
            "on_create": create,
            "on_update": update || moved,
        });
        if let Some(Kind::Enum(_)) = field.map(|field| field.kind) {
            said["enum"] = row.conversion.our_words().into();
        }
        bounds(&mut said, row.max_length, row.precision, &[]);
        locked(&mut said, &row.locks);
        needed(&mut said, &row.required_because);
        if let Some(why) = why_not(can, create, update, moved) {
            said["why_not"] = why.into();
        }
        (row.name.clone(), said)
    };
    rows.iter().map(one).collect()
}

fn why_not(can: Can, create: bool, update: bool, moved: bool) -> Option<&'static str> {
    match (create, update) {
        _ if moved => Some("changed by moves between statuses"),
        (false, false) if can.create || can.update => Some("the system gives it, or its API does not take it"),
        (true, false) if can.update => Some("only when the record is created"),
        (false, true) => Some("only once the record is there"),
        _ => None,
    }
}

/// Why we require what the system itself would do without.
fn needed(said: &mut Value, because: &str) {
    if !because.is_empty() && said["required_on_create"] == true {
        said["required_because"] = because.into();
    }
}

fn locked(said: &mut Value, locks: &Lock) {
    if !locks.states.is_empty() {
        said["locked_in"] = json!(locks.states);
        said["locked_by"] = if locks.ours { "us" } else { "system" }.into();
    }
    if !locks.because.is_empty() {
        said["because"] = json!(locks.because);
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Bool => "boolean",
        Kind::Integer => "integer",
        Kind::Decimal { .. } => "decimal",
        Kind::Date => "date",
        Kind::Instant => "instant",
        Kind::Currency => "currency",
        Kind::Unit => "unit",
        Kind::Enum(_) => "enum",
        Kind::Reference(_) => "reference",
        Kind::Group(_) => "object",
        Kind::List(_) => "array",
    }
}
