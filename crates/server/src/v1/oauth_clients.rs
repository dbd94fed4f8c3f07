//! The application's own clients at systems whose customers consent by OAuth 2.0.

use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use trunnion_engine::services::oauth_clients::{self, NewOAuthClient, OAuthClientView};

use crate::auth::{Application, Manage};
use crate::extract::{Body, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::LINKS;
use crate::problem::Problem;
use crate::router::PublicUrl;

/// Get your OAuth client of a system
///
/// And the redirect address that you register for it at the system. The secret is shown to nobody.
#[utoipa::path(
    get, path = "/systems/{system}/oauth-client", tag = LINKS, params(shapes::SystemPath),
    responses((status = 200, body = shapes::OAuthClient))
)]
pub(crate) async fn get_oauth_client(
    auth: Application<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Segment(system): Segment,
) -> Result<Json<OAuthClientView>, Problem> {
    let base = public.base(&headers)?;
    Ok(Json(oauth_clients::get(&auth.engine, &auth.caller, &system, &base).await?))
}

/// Set your OAuth client of a system
///
/// Customers of systems with `oauth2_code` consent to this client. Sealed like customers' credentials; replaces the one before,
/// and connections that are there renew their grants with it from then on.
#[utoipa::path(
    put, path = "/systems/{system}/oauth-client", tag = LINKS, params(shapes::SystemPath),
    request_body = shapes::NewOAuthClient, responses((status = 200, body = shapes::OAuthClient))
)]
pub(crate) async fn set_oauth_client(
    auth: Application<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Segment(system): Segment,
    Body(new): Body<NewOAuthClient>,
) -> Result<Json<OAuthClientView>, Problem> {
    let base = public.base(&headers)?;
    Ok(Json(oauth_clients::set(&auth.engine, &auth.caller, &system, new, &base).await?))
}

/// Remove your OAuth client of a system
///
/// Grants of its customers can no longer be renewed.
#[utoipa::path(
    delete, path = "/systems/{system}/oauth-client", tag = LINKS, params(shapes::SystemPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn delete_oauth_client(
    auth: Application<Manage>,
    Segment(system): Segment,
) -> Result<StatusCode, Problem> {
    oauth_clients::delete(&auth.engine, &auth.caller, &system).await?;
    Ok(StatusCode::NO_CONTENT)
}
