//! Of the audit log.
#![expect(dead_code, reason = "these shapes are read by the document's derive, not by code")]

use utoipa::{IntoParams, ToSchema};

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditFilter {
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// The id of who did it.
    #[param(example = "key_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    actor: Option<String>,
    /// What was done, as `rotate_token`.
    action: Option<String>,
    /// `succeeded`, or the code of a problem.
    outcome: Option<String>,
    connection_id: Option<String>,
    /// At or after.
    since: Option<String>,
    /// Before.
    until: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct AuditList {
    data: Vec<AuditEntry>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct AuditEntry {
    #[schema(example = "aud_01k8n3v5j2x4w6y8z0a1b2c3d4")]
    id: String,
    #[schema(format = DateTime)]
    at: String,
    actor: AuditActor,
    /// The `operationId` of a route in this document; or `create_key`, `revoke_key`, `connect_by_link`, `reconnect_by_link`,
    /// `exchange_code`, `park_connection`.
    #[schema(example = "rotate_token")]
    action: String,
    /// The id of what it was done to, or of what was made.
    #[schema(required = true)]
    target: Option<String>,
    #[schema(required = true)]
    connection_id: Option<String>,
    /// `succeeded`, or the `code` of the problem that was answered.
    #[schema(example = "succeeded")]
    outcome: String,
    #[schema(required = true)]
    request_id: Option<String>,
}

#[derive(ToSchema)]
pub(crate) struct AuditActor {
    /// `key`, `connection`, `link_session` (the customer), `command_line` or `system` (Trunnion itself).
    #[serde(rename = "type")]
    kind: String,
    #[schema(required = true)]
    id: Option<String>,
}
