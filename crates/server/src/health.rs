//! Whether the process is alive and whether it can work, for load balancers and orchestrators.

use std::time::Duration;

use axum::Json;
use serde_json::{Value, json};

use crate::auth::Anybody;
use crate::openapi::shapes;
use crate::openapi::tags::HEALTH;
use crate::problem::Problem;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Is the process alive?
///
/// Always 200 while the process runs. Use it to decide whether to restart.
#[utoipa::path(get, path = "/healthz", tag = HEALTH, responses((status = 200, body = shapes::Health)))]
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Can it work?
///
/// 200 if the database answers, 503 if not. Use it to decide whether to send requests here.
#[utoipa::path(get, path = "/readyz", tag = HEALTH, responses((status = 200, body = shapes::Health)))]
pub(crate) async fn readyz(anybody: Anybody) -> Result<Json<Value>, Problem> {
    anybody
        .ready(PATIENCE)
        .await
        .map_err(|problem| problem.with_status(http::StatusCode::SERVICE_UNAVAILABLE).retry_after(1))?;
    Ok(Json(json!({"status": "ok"})))
}
