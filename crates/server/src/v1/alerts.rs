//! Alert rules.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use trunnion_engine::services::alerts::{self, AlertList, AlertTest, AlertView};

use crate::auth::{Application, Manage, Read};
use crate::extract::{Body, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::ALERTS;
use crate::problem::Problem;

/// Make an alert
///
/// A rule that is looked at every ten seconds, and a channel that is told when it begins to hold and when it is over: a webhook,
/// signed like all webhooks with a secret that is shown this once, or e-mail.
#[utoipa::path(
    post, path = "/alerts", tag = ALERTS, request_body = shapes::NewAlert,
    responses((status = 201, body = shapes::AlertWithSecret))
)]
pub(crate) async fn create_alert(
    auth: Application<Manage>,
    Body(new): Body<alerts::NewAlert>,
) -> Result<Response, Problem> {
    let made = alerts::create(&auth.engine, &auth.caller, &new).await?;
    let location = format!("/api/v1/alerts/{}", made.alert.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// List alerts
///
/// All of the application, the oldest first, with what fires now.
#[utoipa::path(get, path = "/alerts", tag = ALERTS, responses((status = 200, body = shapes::AlertList)))]
pub(crate) async fn list_alerts(auth: Application<Read>) -> Result<Json<AlertList>, Problem> {
    Ok(Json(alerts::list(&auth.engine, &auth.caller).await?))
}

/// Get one alert
#[utoipa::path(
    get, path = "/alerts/{id}", tag = ALERTS, params(shapes::AlertPath), responses((status = 200, body = shapes::Alert))
)]
pub(crate) async fn get_alert(auth: Application<Read>, Segment(id): Segment) -> Result<Json<AlertView>, Problem> {
    Ok(Json(alerts::get(&auth.engine, &auth.caller, &id).await?))
}

/// Change or silence an alert
///
/// What is left out stays as it is. A new rule forgets what the old one found.
#[utoipa::path(
    patch, path = "/alerts/{id}", tag = ALERTS, params(shapes::AlertPath), request_body = shapes::AlertPatch,
    responses((status = 200, body = shapes::Alert))
)]
pub(crate) async fn update_alert(
    auth: Application<Manage>,
    Segment(id): Segment,
    Body(patch): Body<alerts::Patch>,
) -> Result<Json<AlertView>, Problem> {
    Ok(Json(alerts::patch(&auth.engine, &auth.caller, &id, &patch).await?))
}

/// Remove an alert
#[utoipa::path(
    delete, path = "/alerts/{id}", tag = ALERTS, params(shapes::AlertPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn delete_alert(auth: Application<Manage>, Segment(id): Segment) -> Result<StatusCode, Problem> {
    alerts::delete(&auth.engine, &auth.caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try an alert's channel
///
/// Sends a test message now, once, also while the alert is silenced. 200 also if it was not taken: see `delivered`.
#[utoipa::path(
    post, path = "/alerts/{id}/test", tag = ALERTS, params(shapes::AlertPath),
    responses((status = 200, body = shapes::AlertTest))
)]
pub(crate) async fn test_alert(auth: Application<Manage>, Segment(id): Segment) -> Result<Json<AlertTest>, Problem> {
    Ok(Json(alerts::test(&auth.engine, &auth.caller, &id).await?))
}
