//! Hooks from systems: the address of a connection, and what came there.

use axum::Extension;
use axum::Json;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use trunnion_engine::services::inbound::{self, HookView, MessagePage, NewHook, Replay, Replayed};
use trunnion_engine::services::unverifiable::{self, Judged, NewSecret, UnverifiablePage};

use crate::auth::{Manage, OwnConnection, Read};
use crate::extract::{Body, Pairs, Query};
use crate::openapi::shapes;
use crate::openapi::tags::CONNECTIONS;
use crate::problem::Problem;
use crate::router::PublicUrl;

/// Make an address for the system's hooks
///
/// Give `url` and `secret` to the system's administrator as `help` says; both are shown this once. Unless the subscription's
/// state is `by_hand`, there is no need to: this server tells the system by itself, and removes the subscription of the
/// address before when the new one works. A hook is a hint: it names
/// records, which are then read from the system. An address that was there before stays good for `overlap_seconds`.
#[utoipa::path(
    post, path = "/connections/{id}/inbound-hook", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::NewInboundHook,
    responses((status = 201, body = shapes::MadeInboundHook))
)]
pub(crate) async fn create_inbound_hook(
    auth: OwnConnection<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Body(new): Body<NewHook>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let base = public.base(&headers)?;
    let made = inbound::create(&auth.engine, &auth.scope, new).await?;
    let answer = json!({
        "url": format!("{base}{}", made.path), "secret": made.secret, "secret_kind": made.secret_kind,
        "help": made.help, "created_at": made.created_at, "subscription": made.subscription,
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// See how the system's hooks do
///
/// `missed_24h` counts changes that a sync found before any hook told of them: hooks that were lost, late, or never sent.
#[utoipa::path(
    get, path = "/connections/{id}/inbound-hook", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::InboundHook))
)]
pub(crate) async fn get_inbound_hook(auth: OwnConnection<Read>) -> Result<Json<HookView>, Problem> {
    Ok(Json(inbound::get(&auth.engine, &auth.scope).await?))
}

/// Close the addresses for the system's hooks
///
/// All of them, at once; a subscription that this server made is removed at the system soon after. What was received is
/// kept.
#[utoipa::path(
    delete, path = "/connections/{id}/inbound-hook", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn delete_inbound_hook(auth: OwnConnection<Manage>) -> Result<StatusCode, Problem> {
    inbound::delete(&auth.engine, &auth.scope).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the secret of the address
///
/// Of the newest one, at once: for a secret that the system made, or that was mistyped there. Hooks that were refused
/// meanwhile can be judged again.
#[utoipa::path(
    patch, path = "/connections/{id}/inbound-hook", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::NewInboundSecret, responses((status = 204, description = "Done"))
)]
pub(crate) async fn update_inbound_hook(
    auth: OwnConnection<Manage>,
    Body(new): Body<NewSecret>,
) -> Result<StatusCode, Problem> {
    unverifiable::replace_secret(&auth.engine, &auth.scope, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the hooks that were not believed
///
/// The last 200 of at most 64 KiB, in the order of arrival, as they came but without credentials. When very many come,
/// not all are kept.
#[utoipa::path(
    get, path = "/connections/{id}/inbound-hook/unverifiable", tag = CONNECTIONS,
    params(shapes::ConnectionPath, shapes::Paging), responses((status = 200, body = shapes::UnverifiableList))
)]
pub(crate) async fn list_unverifiable_hooks(
    auth: OwnConnection<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<UnverifiablePage>, Problem> {
    Ok(Json(unverifiable::list(&auth.engine, &auth.scope, &query).await?))
}

/// Judge the hooks again that were not believed
///
/// By the secrets that are good now and the time at which they came. What is believed now is processed as if it had just
/// come. Where user and password prove the sender, they are not kept, so nothing can be judged again.
#[utoipa::path(
    post, path = "/connections/{id}/inbound-hook/verify", tag = CONNECTIONS, params(shapes::ConnectionPath),
    responses((status = 200, body = shapes::HooksJudged))
)]
pub(crate) async fn verify_hooks_again(auth: OwnConnection<Manage>) -> Result<Json<Judged>, Problem> {
    Ok(Json(unverifiable::judge_again(&auth.engine, &auth.scope).await?))
}

/// List the hooks that came
///
/// In the order of arrival, as they came, without credentials. By default those that could not be processed.
#[utoipa::path(
    get, path = "/connections/{id}/inbound-hook/messages", tag = CONNECTIONS,
    params(shapes::ConnectionPath, shapes::InboundMessageFilter, shapes::Paging),
    responses((status = 200, body = shapes::InboundMessageList))
)]
pub(crate) async fn list_inbound_messages(
    auth: OwnConnection<Read>,
    Query(query): Query<Pairs>,
) -> Result<Json<MessagePage>, Problem> {
    Ok(Json(inbound::messages(&auth.engine, &auth.scope, &query).await?))
}

/// Process hooks once more
///
/// One that is done or dead, or all that are dead.
#[utoipa::path(
    post, path = "/connections/{id}/inbound-hook/replay", tag = CONNECTIONS, params(shapes::ConnectionPath),
    request_body = shapes::InboundReplay, responses((status = 200, body = shapes::InboundReplayed))
)]
pub(crate) async fn replay_inbound_messages(
    auth: OwnConnection<Manage>,
    Body(replay): Body<Replay>,
) -> Result<Json<Replayed>, Problem> {
    Ok(Json(inbound::replay(&auth.engine, &auth.scope, replay).await?))
}
