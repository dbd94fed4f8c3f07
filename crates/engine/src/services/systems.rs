//! The catalogue: which systems can be connected, how to log in, and what each entity can do there.

use serde::Serialize;
use serde_json::{Value, json};
use trunnion_kit::spec::{AuthMethod, EntitySpec, Row, Strategy, Write, form};
use trunnion_kit::vendor::Connector;
use trunnion_model::catalog::{Field, Kind, field_of};

use crate::Engine;
use crate::error::{Result, ServiceError};

#[derive(Clone, Debug, Serialize)]
pub struct SystemView {
    pub id: String,
    pub name: String,
    /// `erp`, `cmms` or `wms`.
    pub family: String,
    pub description: String,
    /// Against what the connector was verified.
    pub verified: String,
    /// The best first.
    pub auth_methods: Vec<AuthMethodView>,
    pub entities: Vec<EntityOffer>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AuthMethodView {
    /// What `credentials.auth` is.
    pub auth: String,
    pub label: String,
    pub help: String,
    /// JSON Schema of `credentials`.
    pub schema: Value,
}

#[derive(Clone, Debug, Serialize)]
pub struct EntityOffer {
    pub entity: String,
    pub path: String,
    pub read: bool,
    pub create: bool,
    pub update: bool,
    pub delete: bool,
    /// `watermark`: only what changed is read; `snapshot`: everything is, each time.
    pub sync: String,
}

pub fn list(engine: &Engine) -> Vec<SystemView> {
    engine.catalogue().all().iter().map(view).collect()
}

pub fn get(engine: &Engine, system: &str) -> Result<SystemView> {
    engine.catalogue().get(system).map(view).ok_or_else(|| ServiceError::missing("system"))
}

/// Entity by entity and field by field, what can be read and written.
pub fn capabilities(engine: &Engine, system: &str) -> Result<Value> {
    let connector = engine.catalogue().get(system).ok_or_else(|| ServiceError::missing("system"))?;
    let entities: serde_json::Map<String, Value> =
        connector.spec.entities.iter().map(|spec| (spec.entity.name.to_owned(), entity_capabilities(spec))).collect();
    Ok(json!({ "system": connector.spec.system.id, "entities": entities }))
}

fn view(connector: &Connector) -> SystemView {
    let spec = &connector.spec;
    let method = |method: &AuthMethod| AuthMethodView {
        auth: method.scheme.name().to_owned(),
        label: method.label.clone(),
        help: method.help.clone(),
        schema: form::schema(spec, method),
    };
    SystemView {
        id: spec.system.id.clone(),
        name: spec.system.name.clone(),
        family: spec.system.family.clone(),
        description: spec.system.doc.clone(),
        verified: spec.system.verified.clone(),
        auth_methods: spec.auth.iter().map(method).collect(),
        entities: spec.entities.iter().map(offer).collect(),
    }
}

fn offer(spec: &EntitySpec) -> EntityOffer {
    EntityOffer {
        entity: spec.entity.name.to_owned(),
        path: spec.entity.path.to_owned(),
        read: true,
        create: spec.create.is_some(),
        update: false,
        delete: false,
        sync: strategy(spec).to_owned(),
    }
}

fn strategy(spec: &EntitySpec) -> &'static str {
    Strategy::NAMES.iter().find(|(_, known)| *known == spec.sync.strategy).map_or("", |(name, _)| name)
}

fn entity_capabilities(spec: &EntitySpec) -> Value {
    let can_create = spec.create.is_some();
    let mut fields = rows(&spec.fields, spec.entity.fields, can_create);
    for group in &spec.groups {
        let (Kind::Group(inner) | Kind::List(inner)) = group.field.kind else { continue };
        let writable = can_create && group.write != Write::Never;
        fields.insert(
            group.field.name.to_owned(),
            json!({
                "type": kind(group.field.kind),
                "required_on_create": writable && group.field.required,
                "writable": writable,
                "fields": rows(&group.fields, inner, writable),
            }),
        );
    }
    json!({
        "path": spec.entity.path,
        "read": true,
        "sync": [strategy(spec)],
        "create": can_create,
        "update": false,
        "delete": false,
        "real_time": false,
        "fields": fields,
    })
}

fn rows(rows: &[Row], fields: &'static [Field], can_create: bool) -> serde_json::Map<String, Value> {
    let one = |row: &Row| {
        let field = field_of(fields, &row.name);
        let writable = can_create && row.write != Write::Never;
        let mut said = json!({
            "type": field.map_or("string", |field| kind(field.kind)),
            "required_on_create": writable && row.required,
            "writable": writable,
        });
        if let Some(Kind::Enum(_)) = field.map(|field| field.kind) {
            said["enum"] = row.conversion.our_words().into();
        }
        if let Some(longest) = row.max_length {
            said["max_length"] = longest.into();
        }
        (row.name.clone(), said)
    };
    rows.iter().map(one).collect()
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
