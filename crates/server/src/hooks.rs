//! `/hooks/{connection}/{secret}`: where systems send their hooks. Its addresses are secrets, so they stand in no document.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use trunnion_engine::hooks::receive;

use crate::auth::Anybody;
use crate::router::PublicUrl;

/// Any method: handshakes come as `GET` and `OPTIONS` too.
pub(crate) async fn take(
    guest: Anybody,
    Extension(public): Extension<PublicUrl>,
    Path((connection, secret)): Path<(String, String)>,
    request: Request,
) -> Response {
    let base = public.base(request.headers()).unwrap_or_default();
    let url = format!("{base}{}", request.uri());
    let reply = receive(guest.engine(), &connection, &secret, url, request).await;
    reply.map(Body::new)
}
