//! The audit log.

use axum::Json;
use trunnion_engine::services::audit::{self, AuditPage};

use crate::auth::{Application, Manage};
use crate::extract::{Pairs, Query};
use crate::openapi::shapes;
use crate::openapi::tags::AUDIT;
use crate::problem::Problem;

/// List what was done
///
/// Who made, changed and removed connections, keys, link sessions, alerts and webhook endpoints, what customers did at link
/// sessions, and which connections were parked; also attempts that were refused. The newest first. `next_cursor` goes on into
/// the past. Entries are kept for `audit.keep_days`.
#[utoipa::path(
    get, path = "/audit", tag = AUDIT, params(shapes::AuditFilter), responses((status = 200, body = shapes::AuditList))
)]
pub(crate) async fn list_audit(
    auth: Application<Manage>,
    Query(query): Query<Pairs>,
) -> Result<Json<AuditPage>, Problem> {
    Ok(Json(audit::list(&auth.engine, &auth.caller, &query).await?))
}
