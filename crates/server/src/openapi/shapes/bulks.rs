//! Of bulks.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

use super::events::Outcome;

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct BulkPath {
    /// The bulk's id, from the answer that it was accepted with.
    #[param(example = "bulk_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BulkItemFilter {
    /// Only items in this state.
    #[param(inline)]
    state: Option<BulkItemState>,
}

/// How far many creates are that came in one call.
#[derive(ToSchema)]
pub(crate) struct Bulk {
    id: String,
    #[schema(example = "purchase_order")]
    entity: String,
    state: BulkState,
    total: i64,
    /// Items for which nothing was begun yet.
    waiting: i64,
    /// Items that are being written.
    running: i64,
    succeeded: i64,
    /// Refused, by Trunnion or by the system.
    failed: i64,
    /// Nobody knows yet whether these took effect.
    unknown: i64,
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum BulkState {
    Running,
    Done,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum BulkItemState {
    Waiting,
    Accepted,
    Sending,
    Succeeded,
    Failed,
    Unknown,
}

#[derive(ToSchema)]
pub(crate) struct BulkItemList {
    data: Vec<BulkItem>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// One item, and what became of it.
#[derive(ToSchema)]
pub(crate) struct BulkItem {
    /// Its place among those that came, from 0.
    index: i64,
    idempotency_key: String,
    state: BulkItemState,
    /// Null as long as it waits, and if it was refused before anything was begun.
    #[schema(required = true)]
    operation_id: Option<String>,
    #[schema(required = true)]
    remote_id: Option<String>,
    /// What a create of it alone would have been answered.
    #[schema(required = true)]
    outcome: Option<Outcome>,
}
