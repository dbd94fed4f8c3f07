//! Of custom fields.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A connection's custom fields.
#[derive(ToSchema)]
pub(crate) struct Mapping {
    #[schema(example = "con_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    connection_id: String,
    /// By the entity's name.
    entities: BTreeMap<String, EntityMapping>,
}

/// Those of an entity; beside `custom_fields` a member for each list whose lines have any (`lines`), with its own.
#[derive(ToSchema)]
pub(crate) struct EntityMapping {
    /// When the system was asked last.
    #[schema(required = true, format = DateTime)]
    checked_at: Option<String>,
    /// By the system's name.
    custom_fields: BTreeMap<String, CustomField>,
}

/// A field that the customer added.
#[derive(ToSchema)]
pub(crate) struct CustomField {
    /// Under which it is in `custom_fields`.
    #[schema(example = "cost_object")]
    name: String,
    hidden: bool,
    #[schema(rename = "type")]
    r#type: CustomFieldType,
    /// What people call it in the system; may be empty.
    label: String,
    /// Whether the system lets it be written into a new record.
    on_create: bool,
    /// Whether the system lets it be changed.
    on_update: bool,
    #[schema(required = false)]
    max_length: Option<u32>,
    /// Decimal places.
    #[schema(required = false)]
    precision: Option<u32>,
    /// The only values that the system takes, where it says so.
    #[schema(required = false)]
    r#enum: Option<Vec<String>>,
}

/// What a custom field holds.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum CustomFieldType {
    String,
    Boolean,
    Integer,
    Decimal,
    Date,
    Instant,
}

/// Names for custom fields, for instance `{"entities": {"purchase_order": {"custom_fields": {"YY1_CostObject": {"name":
/// "cost_object"}}, "lines": {"custom_fields": {"YY1_Machine": {"hidden": true}}}}}}`.
#[derive(ToSchema)]
#[schema(example = json!({ "entities": {} }))]
pub(crate) struct MappingRequest {
    /// By the entity's name or path.
    entities: BTreeMap<String, EntityChoice>,
}

/// Of an entity; for the lines of a list, a member with the list's name that has `custom_fields` too.
#[derive(ToSchema)]
pub(crate) struct EntityChoice {
    /// By the system's name.
    #[schema(required = false)]
    custom_fields: BTreeMap<String, FieldChoice>,
}

/// What is chosen for a field.
#[derive(ToSchema)]
pub(crate) struct FieldChoice {
    /// Letters, digits and underscores; the system's name if absent.
    #[schema(required = false, example = "cost_object")]
    name: Option<String>,
    /// Leaves it out of records.
    #[schema(required = false)]
    hidden: bool,
}

/// Rows as they came, and as the records that they would be.
#[derive(ToSchema)]
pub(crate) struct MappingPreview {
    connection_id: String,
    /// By the entity's name.
    entities: BTreeMap<String, Vec<PreviewedRow>>,
}

/// A row: with `record` and `raw`, or with `field` and `problem` where it cannot be mapped.
#[derive(ToSchema)]
pub(crate) struct PreviewedRow {
    remote_id: String,
    #[schema(required = false, value_type = Option<Object>)]
    record: Option<()>,
    #[schema(required = false, value_type = Option<Object>)]
    raw: Option<()>,
    #[schema(required = false)]
    field: Option<String>,
    #[schema(required = false)]
    problem: Option<String>,
}

/// A JSON Schema (2020-12).
#[derive(ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct JsonSchema(());

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SchemaQuery {
    /// The entity's name or path.
    #[param(example = "purchase_order")]
    pub(crate) entity: String,
}
