//! Of rows as the system sent them.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

/// A stored row, and the record that was made from it.
#[derive(ToSchema)]
pub(crate) struct RawRow {
    /// The record's id.
    #[schema(example = "po_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    #[schema(example = "4500000001")]
    remote_id: String,
    /// When the record changed last, by Trunnion's clock.
    #[schema(format = DateTime)]
    modified_at: String,
    #[schema(required = true, format = DateTime)]
    remote_created_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    remote_modified_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    deleted_at: Option<String>,
    /// As the system sent it, with its numbers as they were written.
    #[schema(value_type = Object)]
    raw: serde_json::Value,
}

#[derive(ToSchema)]
pub(crate) struct RawRowList {
    data: Vec<RawRow>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// With `count=true`.
    #[schema(nullable = false)]
    count: Option<i64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RawPath {
    /// The system's name for what the rows are.
    #[param(example = "Vendors")]
    remote_entity: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RawQuery {
    /// Which entity's rows, by name or path, where several are made of one remote entity; else it is the one that the connector
    /// declares first.
    #[param(example = "vendor")]
    entity: Option<String>,
    /// Only rows whose record changed after this instant, by Trunnion's clock.
    #[param(format = DateTime, example = "2026-01-31T10:00:00Z")]
    modified_after: Option<String>,
    /// Only rows whose record changed before this instant.
    #[param(format = DateTime, example = "2026-01-31T10:00:00Z")]
    modified_before: Option<String>,
    /// Also rows that were deleted in the system, as they were last.
    include_deleted: Option<bool>,
    /// The order: `modified_at` or `-modified_at`; without it, in the order of ids.
    #[param(example = "modified_at")]
    sort: Option<String>,
    /// Also how many rows there are in all, as `count`.
    count: Option<bool>,
}
