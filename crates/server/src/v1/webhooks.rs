//! Webhook endpoints, and what became of the events on their way to them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use trunnion_engine::services::webhooks::{
    self, BlockedPage, DeliveryDetail, DeliveryPage, DeliveryView, EndpointPage, EndpointView, EndpointWithSecret,
    ReplayPage, ReplayView, TestResult,
};

use crate::auth::{Application, Manage, Read};
use crate::extract::{Body, Pairs, Query, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::WEBHOOKS;
use crate::problem::Problem;

/// Make a webhook endpoint
///
/// It gets the events that happen from now on, signed by Standard Webhooks 1.0, at least once each. The secret is shown this
/// once. The URL must begin with `https://` and lead to a public address.
#[utoipa::path(
    post, path = "/webhook-endpoints", tag = WEBHOOKS, request_body = shapes::NewWebhookEndpoint,
    responses((status = 201, body = shapes::WebhookEndpointWithSecret))
)]
pub(crate) async fn create_webhook_endpoint(
    auth: Application<Manage>,
    Body(new): Body<webhooks::NewEndpoint>,
) -> Result<Response, Problem> {
    let made = webhooks::create(&auth.engine, &auth.caller, new).await?;
    let location = format!("/api/v1/webhook-endpoints/{}", made.endpoint.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// List webhook endpoints
///
/// The application's endpoints, the oldest first.
#[utoipa::path(
    get, path = "/webhook-endpoints", tag = WEBHOOKS, params(shapes::Paging),
    responses((status = 200, body = shapes::WebhookEndpointList))
)]
pub(crate) async fn list_webhook_endpoints(
    auth: Application<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<EndpointPage>, Problem> {
    Ok(Json(webhooks::list(&auth.engine, &auth.caller, &query).await?))
}

/// Get one webhook endpoint
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    responses((status = 200, body = shapes::WebhookEndpoint))
)]
pub(crate) async fn get_webhook_endpoint(
    auth: Application<Read>,
    Segment(id): Segment,
) -> Result<Json<EndpointView>, Problem> {
    Ok(Json(webhooks::get(&auth.engine, &auth.caller, &id).await?))
}

/// Change a webhook endpoint
///
/// What is left out stays as it is. While it is disabled nothing is sent; enabled again, it goes on where it stopped.
#[utoipa::path(
    patch, path = "/webhook-endpoints/{id}", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    request_body = shapes::WebhookEndpointPatch, responses((status = 200, body = shapes::WebhookEndpoint))
)]
pub(crate) async fn update_webhook_endpoint(
    auth: Application<Manage>,
    Segment(id): Segment,
    Body(changes): Body<webhooks::Patch>,
) -> Result<Json<EndpointView>, Problem> {
    Ok(Json(webhooks::patch(&auth.engine, &auth.caller, &id, changes).await?))
}

/// Remove a webhook endpoint
///
/// With its secrets and with everything that was on its way to it.
#[utoipa::path(
    delete, path = "/webhook-endpoints/{id}", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn delete_webhook_endpoint(
    auth: Application<Manage>,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    webhooks::delete(&auth.engine, &auth.caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook endpoint a new secret
///
/// The new one is shown this once and signs from now on. The old one signs beside it for `overlap_seconds`, so that the
/// receiver can change over without losing anything.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/rotate-secret", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    request_body = shapes::RotateSecret, responses((status = 200, body = shapes::WebhookEndpointWithSecret))
)]
pub(crate) async fn rotate_webhook_secret(
    auth: Application<Manage>,
    Segment(id): Segment,
    Body(rotate): Body<webhooks::Rotate>,
) -> Result<Json<EndpointWithSecret>, Problem> {
    Ok(Json(webhooks::rotate_secret(&auth.engine, &auth.caller, &id, rotate).await?))
}

/// Try a webhook endpoint out
///
/// Sends an event of type `webhook_endpoint.test` now, once, and tells what the receiver made of it: 200 also if it failed,
/// see `delivered`. The event is in no log and is no delivery.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/test", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    responses((status = 200, body = shapes::WebhookTest))
)]
pub(crate) async fn test_webhook_endpoint(
    auth: Application<Manage>,
    Segment(id): Segment,
) -> Result<Json<TestResult>, Problem> {
    Ok(Json(webhooks::test(&auth.engine, &auth.caller, &id).await?))
}

/// List the deliveries of a webhook endpoint
///
/// The newest first.
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}/deliveries", tag = WEBHOOKS,
    params(shapes::WebhookEndpointPath, shapes::DeliveryFilter, shapes::Paging),
    responses((status = 200, body = shapes::DeliveryList))
)]
pub(crate) async fn list_deliveries(
    auth: Application<Read>,
    Segment(id): Segment,
    Query(query): Query<Pairs>,
) -> Result<Json<DeliveryPage>, Problem> {
    Ok(Json(webhooks::list_deliveries(&auth.engine, &auth.caller, &id, &query).await?))
}

/// List what does not get on at an ordered endpoint
///
/// Of each connection or record, as the endpoint's `ordering` says, the delivery that failed so far and how many wait behind
/// it. They wait until it is delivered or given up; `POST /deliveries/{id}/skip` gives it up at once.
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}/blocked", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    responses((status = 200, body = shapes::BlockedList))
)]
pub(crate) async fn list_blocked(auth: Application<Read>, Segment(id): Segment) -> Result<Json<BlockedPage>, Problem> {
    Ok(Json(webhooks::blocked(&auth.engine, &auth.caller, &id).await?))
}

/// Send the events of a span of time again
///
/// Of those that the endpoint wants and that happened from `since` until before `until`: all, those that were given up
/// (`failed`), or those that it never got a delivery of (`missing`). Event ids stay the same. This goes on in the background,
/// also after a crash: `GET /replays/{id}` shows how far it is.
#[utoipa::path(
    post, path = "/webhook-endpoints/{id}/replay", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    request_body = shapes::NewReplay, responses((status = 202, body = shapes::Replay))
)]
pub(crate) async fn replay(
    auth: Application<Manage>,
    Segment(id): Segment,
    Body(replay): Body<webhooks::Replay>,
) -> Result<(StatusCode, Json<ReplayView>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(webhooks::replay(&auth.engine, &auth.caller, &id, replay).await?)))
}

/// List the replays of a webhook endpoint
///
/// The newest 100, the newest first.
#[utoipa::path(
    get, path = "/webhook-endpoints/{id}/replays", tag = WEBHOOKS, params(shapes::WebhookEndpointPath),
    responses((status = 200, body = shapes::ReplayList))
)]
pub(crate) async fn list_replays(auth: Application<Read>, Segment(id): Segment) -> Result<Json<ReplayPage>, Problem> {
    Ok(Json(webhooks::list_replays(&auth.engine, &auth.caller, &id).await?))
}

/// Get one replay
///
/// With how many events it looked at and how many deliveries it made due, so far.
#[utoipa::path(
    get, path = "/replays/{id}", tag = WEBHOOKS, params(shapes::ReplayPath),
    responses((status = 200, body = shapes::Replay))
)]
pub(crate) async fn get_replay(auth: Application<Read>, Segment(id): Segment) -> Result<Json<ReplayView>, Problem> {
    Ok(Json(webhooks::get_replay(&auth.engine, &auth.caller, &id).await?))
}

/// Cancel a replay
///
/// Nothing more is made due by it. What is due already is sent. Again changes nothing.
#[utoipa::path(
    post, path = "/replays/{id}/cancel", tag = WEBHOOKS, params(shapes::ReplayPath),
    responses((status = 200, body = shapes::Replay))
)]
pub(crate) async fn cancel_replay(
    auth: Application<Manage>,
    Segment(id): Segment,
) -> Result<Json<ReplayView>, Problem> {
    Ok(Json(webhooks::cancel_replay(&auth.engine, &auth.caller, &id).await?))
}

/// Get one delivery
///
/// With its newest attempts: what was sent, what came back, how long it took.
#[utoipa::path(
    get, path = "/deliveries/{id}", tag = WEBHOOKS, params(shapes::DeliveryPath),
    responses((status = 200, body = shapes::DeliveryDetail))
)]
pub(crate) async fn get_delivery(
    auth: Application<Read>,
    Segment(id): Segment,
) -> Result<Json<DeliveryDetail>, Problem> {
    Ok(Json(webhooks::delivery(&auth.engine, &auth.caller, &id).await?))
}

/// Send a delivery again
///
/// Now, whatever became of it, with the same event id.
#[utoipa::path(
    post, path = "/deliveries/{id}/resend", tag = WEBHOOKS, params(shapes::DeliveryPath),
    responses((status = 202, body = shapes::Delivery))
)]
pub(crate) async fn resend_delivery(
    auth: Application<Manage>,
    Segment(id): Segment,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(webhooks::resend(&auth.engine, &auth.caller, &id).await?)))
}

/// Give a delivery up
///
/// It is `failed`, and those that wait for it have their turn. 409 if it is being sent at this moment or is over.
#[utoipa::path(
    post, path = "/deliveries/{id}/skip", tag = WEBHOOKS, params(shapes::DeliveryPath),
    responses((status = 200, body = shapes::Delivery))
)]
pub(crate) async fn skip_delivery(
    auth: Application<Manage>,
    Segment(id): Segment,
) -> Result<Json<DeliveryView>, Problem> {
    Ok(Json(webhooks::skip(&auth.engine, &auth.caller, &id).await?))
}
