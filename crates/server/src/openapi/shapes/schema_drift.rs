//! Of schema drift.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

/// Something in a system's rows that nobody expected.
#[derive(ToSchema)]
pub(crate) struct SchemaDrift {
    #[schema(example = "drf_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    connection_id: String,
    #[schema(example = "purchase_order")]
    entity: String,
    kind: DriftKind,
    /// Where in the system's row, lists passed through; of `unmapped_value` the field of the record.
    #[schema(example = "to_PurchaseOrderItem/NetPriceAmount")]
    field: String,
    /// Of `unmapped_value`: the system's word.
    #[schema(required = true)]
    value: Option<String>,
    /// The JSON types that the field had.
    #[schema(required = true, example = "string")]
    type_before: Option<String>,
    /// The JSON type that it has.
    #[schema(required = true, example = "number")]
    type_now: Option<String>,
    /// The system's id of the record in which it was seen first.
    #[schema(required = true)]
    remote_id: Option<String>,
    /// In how many records it was seen while it was open; counted when a run ends.
    records: i64,
    state: DriftState,
    #[schema(format = DateTime)]
    first_at: String,
    #[schema(format = DateTime)]
    last_at: String,
    #[schema(required = true, format = DateTime)]
    acknowledged_at: Option<String>,
}

/// What was found.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum DriftKind {
    /// A field that no row had before.
    NewField,
    /// A field that nearly every row had, and none has any more.
    VanishedField,
    /// A field whose values have another JSON type than before.
    RetypedField,
    /// A word of the system's that has none of ours.
    UnmappedValue,
}

/// What became of it.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum DriftState {
    Open,
    Acknowledged,
}

#[derive(ToSchema)]
pub(crate) struct SchemaDriftList {
    data: Vec<SchemaDrift>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SchemaDriftQuery {
    /// Only of that entity, by name or path.
    entity: Option<String>,
    /// `new_field`, `vanished_field`, `retyped_field` or `unmapped_value`.
    kind: Option<String>,
    /// `open` or `acknowledged`; both without it.
    state: Option<String>,
}

/// Which findings; without members, all that are open.
#[derive(ToSchema)]
#[schema(example = json!({"entity": "purchase-orders"}))]
pub(crate) struct SchemaDriftAcknowledgement {
    /// At most 500.
    ids: Option<Vec<String>>,
    /// All of that entity, by name or path.
    entity: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct SchemaDriftAcknowledged {
    /// How many there were that were open.
    acknowledged: i64,
}
