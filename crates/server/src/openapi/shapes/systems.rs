//! Of the catalogue and of health.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use std::collections::BTreeMap;

use utoipa::{IntoParams, ToSchema};

#[derive(ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SystemPath {
    /// The system's id, from `GET /systems`.
    #[param(example = "acme-erp")]
    system: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EntityPath {
    /// An entity, as in its URLs or as in its events.
    #[param(example = "purchase-orders")]
    entity: String,
}

#[derive(ToSchema)]
pub(crate) struct SystemList {
    data: Vec<System>,
}

/// A product that can be connected.
#[derive(ToSchema)]
pub(crate) struct System {
    #[schema(example = "acme-erp")]
    id: String,
    #[schema(example = "Acme ERP")]
    name: String,
    /// `erp`, `cmms` or `wms`.
    #[schema(example = "erp")]
    family: String,
    description: String,
    /// What the connector was tried against.
    verified: String,
    auth_methods: Vec<AuthMethod>,
    entities: Vec<EntityOffer>,
}

/// A way to authenticate. The credentials of `POST /connections` satisfy one of a system's.
#[derive(ToSchema)]
pub(crate) struct AuthMethod {
    #[schema(example = "basic")]
    auth: String,
    /// For people.
    #[schema(example = "User and password")]
    label: String,
    /// Where the customer's administrator finds or makes what is asked for.
    help: String,
    /// JSON Schema of the credentials, from which a form can be drawn.
    #[schema(value_type = Object)]
    schema: serde_json::Value,
}

/// What a system offers of an entity.
#[derive(ToSchema)]
pub(crate) struct EntityOffer {
    #[schema(example = "purchase_order")]
    entity: String,
    /// As in URLs.
    #[schema(example = "purchase-orders")]
    path: String,
    read: bool,
    create: bool,
    update: bool,
    delete: bool,
    /// How later syncs find what changed.
    #[schema(example = "watermark")]
    sync: String,
}

/// What a system can do, by entity and by field.
#[derive(ToSchema)]
pub(crate) struct Capabilities {
    #[schema(example = "acme-erp")]
    system: String,
    /// Null: the system is asked at intervals only.
    #[schema(required = true)]
    hooks: Option<HookCapabilities>,
    /// Entities of the model that the system does not have, and why.
    without: BTreeMap<String, String>,
    /// By the entity's name.
    entities: BTreeMap<String, EntityCapabilities>,
}

/// How the system tells of changes by itself.
#[derive(ToSchema)]
pub(crate) struct HookCapabilities {
    /// Of which entities.
    #[schema(example = json!(["purchase_order"]))]
    entities: Vec<String>,
    /// Whether this server can subscribe there by itself.
    subscription: bool,
    /// Optional fields of the connection form that it needs for that, all of them.
    needs: Vec<String>,
    /// Of a connection: which of those it lacks.
    lacking: Vec<String>,
}

#[derive(ToSchema)]
pub(crate) struct EntityCapabilities {
    /// As in URLs.
    #[schema(example = "purchase-orders")]
    path: String,
    read: bool,
    /// How later syncs find what changed: `watermark` asks for what changed, `snapshot` reads everything each time.
    sync: Vec<String>,
    create: bool,
    /// Fields can be changed, or the status moved.
    update: bool,
    /// The system truly deletes.
    delete: bool,
    /// The nearest things to a delete, done when asked for by name.
    delete_modes: Vec<DeleteMode>,
    /// One call each; a status several calls away is reached by several.
    moves: Vec<Move>,
    /// Of the actions of the API, those that lead to a status which some move leads to.
    actions: Vec<String>,
    /// Statuses in which nothing can be changed; `remote:…` is one in the system's own words.
    locked_in: Option<Vec<String>>,
    because: Option<String>,
    locked_by: Option<LockHolder>,
    /// Where some statuses keep a record from being deleted.
    delete_lock: Option<DeleteLock>,
    /// Of a connection: by the operation (`read`, `create`, `update`, `delete`), what the customer's user may do.
    rights: Option<BTreeMap<String, Right>>,
    /// Of a connection: by the operation, what it lacks.
    #[schema(value_type = Option<Object>)]
    why_not: Option<serde_json::Value>,
    real_time: bool,
    /// By the field's name.
    fields: BTreeMap<String, FieldCapabilities>,
    /// Of a connection: the customer's own fields, by their names there.
    custom_fields: Option<BTreeMap<String, CustomFieldCapabilities>>,
}

/// What can be done with a field that the customer added.
#[derive(ToSchema)]
pub(crate) struct CustomFieldCapabilities {
    r#type: super::CustomFieldType,
    label: String,
    /// On create or on update.
    writable: bool,
    on_create: bool,
    on_update: bool,
    max_length: Option<u64>,
    precision: Option<u32>,
    /// The only values that the system takes: the customer's own, where it says so.
    r#enum: Option<Vec<String>>,
}

/// A right of the customer's user in the system. Nothing is tried out to find it.
#[derive(ToSchema)]
pub(crate) struct Right {
    /// Null: not known.
    #[schema(required = true)]
    allowed: Option<bool>,
    /// Who says so: the system, asked just now; or how the last sync or write of this kind went.
    #[schema(required = true)]
    by: Option<RightSource>,
    #[schema(required = true, format = DateTime)]
    at: Option<String>,
    #[schema(required = true)]
    why: Option<String>,
}

#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RightSource {
    System,
    Sync,
    Write,
}

/// The statuses in which a record cannot be deleted.
#[derive(ToSchema)]
pub(crate) struct DeleteLock {
    locked_in: Vec<String>,
    because: Option<String>,
    locked_by: LockHolder,
}

/// Who refuses: the system, or we, although the system would take it.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LockHolder {
    System,
    Us,
}

#[derive(ToSchema)]
pub(crate) struct DeleteMode {
    /// For `?mode=`.
    #[schema(example = "inactivate")]
    mode: String,
    /// The status that the record then has.
    status: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct Move {
    #[schema(example = "release")]
    name: String,
    /// Unified statuses, or `remote:` and the system's own word.
    from: Vec<String>,
    to: String,
}

/// What can be done through a connection, by entity and by field.
#[derive(ToSchema)]
pub(crate) struct ConnectionCapabilities {
    #[schema(example = "con_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    connection_id: String,
    #[schema(example = "acme-erp")]
    system: String,
    /// Null: the system is asked at intervals only.
    #[schema(required = true)]
    hooks: Option<HookCapabilities>,
    /// Entities of the model that the system does not have, and why.
    without: BTreeMap<String, String>,
    /// By the entity's name.
    entities: BTreeMap<String, EntityCapabilities>,
}

#[derive(ToSchema)]
pub(crate) struct FieldCapabilities {
    #[schema(example = "decimal")]
    r#type: String,
    required_on_create: bool,
    /// Why we require it, where the system itself would do without; absent: the system requires it.
    required_because: Option<String>,
    /// On create or on update.
    writable: bool,
    on_create: bool,
    on_update: bool,
    /// Statuses in which an update cannot touch it.
    locked_in: Option<Vec<String>>,
    because: Option<String>,
    locked_by: Option<LockHolder>,
    /// Why it cannot be written, or not always.
    why_not: Option<String>,
    /// Decimal places that the system keeps.
    precision: Option<u32>,
    /// The words that the system can say, of the unified ones.
    r#enum: Option<Vec<String>>,
    max_length: Option<u64>,
    /// Of a group or a list: its own fields.
    #[schema(value_type = Option<Object>)]
    fields: Option<serde_json::Value>,
    /// Of a list, and of a connection: the customer's own fields of a line.
    custom_fields: Option<BTreeMap<String, CustomFieldCapabilities>>,
}
