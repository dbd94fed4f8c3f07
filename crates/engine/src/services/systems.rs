//! The catalogue: which systems can be connected, and how to log in.

use serde::Serialize;
use serde_json::Value;
use trunnion_kit::spec::{AuthMethod, EntitySpec, Strategy, form};
use trunnion_kit::vendor::Connector;

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
        update: spec.update.is_some() || !spec.moves.is_empty(),
        delete: spec.delete.as_ref().is_some_and(|delete| delete.record),
        sync: strategy(spec).to_owned(),
    }
}

pub(super) fn strategy(spec: &EntitySpec) -> &'static str {
    Strategy::NAMES.iter().find(|(_, known)| *known == spec.sync.strategy).map_or("", |(name, _)| name)
}
