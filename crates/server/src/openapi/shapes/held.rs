//! Of held deletions and of rows that are set aside.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

/// What a listing says is gone, and is not deleted yet.
#[derive(ToSchema)]
pub(crate) struct HeldDeletion {
    #[schema(example = "hdl_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    connection_id: String,
    #[schema(example = "purchase_order")]
    entity: String,
    /// The run that noticed it, or noticed it again.
    #[schema(required = true)]
    run_id: Option<String>,
    reason: HeldReason,
    /// How many records the newest listing did not show.
    gone: i64,
    /// Of how many.
    total: i64,
    state: HeldState,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
}

/// Why a listing was not believed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum HeldReason {
    /// More is gone than the guard lets through.
    Threshold,
    /// Records that it did not show are there when they are asked for one by one.
    Inconsistent,
    /// It showed nothing at all.
    Empty,
}

/// What became of a held deletion.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum HeldState {
    Held,
    /// The records were deleted.
    Accepted,
    /// The records stay.
    Refused,
    /// A later listing showed the records again.
    Withdrawn,
}

#[derive(ToSchema)]
pub(crate) struct HeldDeletionList {
    data: Vec<HeldDeletion>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct HeldDeletionPath {
    /// The held deletion's id.
    #[param(example = "hdl_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

/// A row that could not be mapped.
#[derive(ToSchema)]
pub(crate) struct QuarantinedRow {
    #[schema(example = "qrt_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    #[schema(example = "purchase_order")]
    entity: String,
    remote_id: String,
    /// Which of our fields could not be made; on a strict connection also which of the system's fields nobody expected.
    #[schema(example = "lines/0/quantity")]
    field: String,
    problem: String,
    /// How often it was tried, the first time included.
    tries: i64,
    #[schema(format = DateTime)]
    first_at: String,
    #[schema(format = DateTime)]
    last_at: String,
    /// The row as the system sent it.
    raw: serde_json::Value,
}

#[derive(ToSchema)]
pub(crate) struct QuarantineList {
    data: Vec<QuarantinedRow>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct QuarantinePath {
    /// The row's id here.
    #[param(example = "qrt_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
}

#[derive(ToSchema)]
pub(crate) struct Retried {
    outcome: RetryOutcome,
    /// As it is set aside now; null if it no longer is.
    #[schema(required = true)]
    row: Option<QuarantinedRow>,
}

/// What came of trying a row again.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum RetryOutcome {
    /// It could be mapped: the record is stored.
    Stored,
    Quarantined,
    /// The system does not have it any more.
    Gone,
}
