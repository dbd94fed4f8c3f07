//! How an application shows itself to its customers.

use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use trunnion_engine::services::branding::{self, BrandingView, NewBranding};

use crate::auth::{Application, Manage};
use crate::connect::languages;
use crate::extract::{Body, Image};
use crate::openapi::shapes;
use crate::openapi::tags::LINKS;
use crate::problem::Problem;
use crate::router::PublicUrl;

/// Get your branding
#[utoipa::path(get, path = "/branding", tag = LINKS, responses((status = 200, body = shapes::Branding)))]
pub(crate) async fn get_branding(
    auth: Application<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
) -> Result<Json<BrandingView>, Problem> {
    Ok(Json(branding::get(&auth.engine, &auth.caller, &public.base(&headers)?).await?))
}

/// Set your branding
///
/// How you show yourself to your customers on the connect page. Replaces all but the logo; what is left out is as usual. A colour
/// that could not be read on the page is refused, and the answer names one that can.
#[utoipa::path(
    put, path = "/branding", tag = LINKS, request_body = shapes::NewBranding,
    responses((status = 200, body = shapes::Branding))
)]
pub(crate) async fn set_branding(
    auth: Application<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Body(new): Body<NewBranding>,
) -> Result<Json<BrandingView>, Problem> {
    let base = public.base(&headers)?;
    Ok(Json(branding::set(&auth.engine, &auth.caller, new, &languages::CODES, &base).await?))
}

/// Set your logo
///
/// The body is the image itself: PNG, JPEG, WebP or SVG, at most 262144 bytes; its content says which. Replaces the one before.
#[utoipa::path(
    put, path = "/branding/logo", tag = LINKS,
    request_body(content(("image/png"), ("image/jpeg"), ("image/webp"), ("image/svg+xml"))),
    responses((status = 200, body = shapes::Branding))
)]
pub(crate) async fn set_logo(
    auth: Application<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Image(image): Image,
) -> Result<Json<BrandingView>, Problem> {
    Ok(Json(branding::set_logo(&auth.engine, &auth.caller, image.into(), &public.base(&headers)?).await?))
}

/// Remove your logo
#[utoipa::path(delete, path = "/branding/logo", tag = LINKS, responses((status = 204, description = "Done")))]
pub(crate) async fn delete_logo(auth: Application<Manage>) -> Result<StatusCode, Problem> {
    branding::delete_logo(&auth.engine, &auth.caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
