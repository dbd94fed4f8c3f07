//! Link sessions, the addresses they may lead to, and the exchange of their codes.

use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form, Json};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use trunnion_engine::services::link::{self, FrameOrigins, Grant, GrantError, LinkPage, NewLinkSession, RedirectUris};

use crate::audit::Made;
use crate::auth::{Anybody, Application, Manage};
use crate::connect::languages;
use crate::extract::{Body, Pairs, Query, Segment};
use crate::openapi::shapes;
use crate::openapi::tags::{LINKS, OAUTH};
use crate::problem::{Finished, Problem};
use crate::router::PublicUrl;

/// Make a link session
///
/// Answers an address for your customer: a page on which they choose a system (unless you name one) and give their credentials,
/// which are tried on the system right away. Success sends the browser to `redirect_uri?code=…&state=…`; exchange the code at
/// `POST /oauth/token` within ten minutes. The address works once, until `expires_at`: an hour if you do not say otherwise, up
/// to 90 days for a link to send by mail. With `connection_id` it gives that connection new credentials: its token dies at once,
/// its data and schedule stay.
#[utoipa::path(
    post, path = "/link-sessions", tag = LINKS, request_body = shapes::NewLinkSession,
    responses((status = 201, body = shapes::LinkSession))
)]
pub(crate) async fn create_link_session(
    auth: Application<Manage>,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Body(new): Body<NewLinkSession>,
) -> Result<(StatusCode, Extension<Made>, Json<Value>), Problem> {
    let base = public.base(&headers)?;
    let made = link::create(&auth.engine, &auth.caller, new, &languages::CODES).await?;
    let url = format!("{base}/link/{}", made.secret);
    let answer = json!({"id": made.id, "url": url, "expires_at": made.expires_at, "client_id": made.client_id});
    Ok((StatusCode::CREATED, Extension(Made(made.id)), Json(answer)))
}

/// List link sessions
///
/// The newest first, without the addresses: those hold the sessions' secrets and are shown once.
#[utoipa::path(
    get, path = "/link-sessions", tag = LINKS, params(shapes::Paging), responses((status = 200, body = shapes::LinkSessionList))
)]
pub(crate) async fn list_link_sessions(
    auth: Application<Manage>,
    Query(query): Query<Pairs>,
) -> Result<Json<LinkPage>, Problem> {
    Ok(Json(link::list(&auth.engine, &auth.caller, &query).await?))
}

/// Withdraw a link session
///
/// Its address stops working at once. One that was used is a conflict: disconnect its connection instead.
#[utoipa::path(
    delete, path = "/link-sessions/{id}", tag = LINKS, params(shapes::LinkSessionPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn withdraw_link_session(
    auth: Application<Manage>,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    link::withdraw(&auth.engine, &auth.caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the redirect addresses
#[utoipa::path(get, path = "/redirect-uris", tag = LINKS, responses((status = 200, body = shapes::RedirectUris)))]
pub(crate) async fn list_redirect_uris(auth: Application<Manage>) -> Result<Json<RedirectUris>, Problem> {
    Ok(Json(link::redirect_uris(&auth.engine, &auth.caller).await?))
}

/// Set the redirect addresses
///
/// Where your customers may be sent after connecting: link sessions name one of them, letter by letter. Replaces the whole list.
#[utoipa::path(
    put, path = "/redirect-uris", tag = LINKS, request_body = shapes::RedirectUris,
    responses((status = 200, body = shapes::RedirectUris))
)]
pub(crate) async fn set_redirect_uris(
    auth: Application<Manage>,
    Body(new): Body<RedirectUris>,
) -> Result<Json<RedirectUris>, Problem> {
    Ok(Json(link::set_redirect_uris(&auth.engine, &auth.caller, &new).await?))
}

/// List the frame origins
#[utoipa::path(get, path = "/frame-origins", tag = LINKS, responses((status = 200, body = shapes::FrameOrigins)))]
pub(crate) async fn list_frame_origins(auth: Application<Manage>) -> Result<Json<FrameOrigins>, Problem> {
    Ok(Json(link::frame_origins(&auth.engine, &auth.caller).await?))
}

/// Set the frame origins
///
/// Whose pages may show the connect page in a frame, letter by letter, and get the code there by a message instead of a redirect:
/// see `/connect.js`. Replaces the whole list; with an empty one, as at first, nobody may.
#[utoipa::path(
    put, path = "/frame-origins", tag = LINKS, request_body = shapes::FrameOrigins,
    responses((status = 200, body = shapes::FrameOrigins))
)]
pub(crate) async fn set_frame_origins(
    auth: Application<Manage>,
    Body(new): Body<FrameOrigins>,
) -> Result<Json<FrameOrigins>, Problem> {
    Ok(Json(link::set_frame_origins(&auth.engine, &auth.caller, &new).await?))
}

/// Exchange a code for the connection's token
///
/// The authorization code grant of OAuth 2.0 (RFC 6749, 4.1.3). Give `code_verifier` if the link session had a `code_challenge`
/// (RFC 7636); otherwise give one of your application keys with the scope `manage` as `client_secret`, in the body or by
/// HTTP Basic with the `client_id` as user. A code works once. Errors have the form of RFC 6749, 5.2.
#[utoipa::path(
    post, path = "/oauth/token", tag = OAUTH,
    request_body(content = shapes::TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = shapes::TokenAnswer),
        (status = 400, body = shapes::TokenError),
        (status = 401, body = shapes::TokenError),
    )
)]
pub(crate) async fn exchange_code(
    anybody: Anybody,
    headers: HeaderMap,
    form: Result<Form<Pairs>, FormRejection>,
) -> Result<Response, Problem> {
    let granted = match grant(&headers, form) {
        Ok(grant) => anybody.exchange(&grant).await,
        Err(error) => Err(error),
    };
    match granted {
        Ok(granted) => Ok(([(header::PRAGMA, "no-cache")], Json(granted)).into_response()),
        Err(GrantError::Service(error)) => Err(error.into()),
        Err(error) => Ok(refuse(&error)),
    }
}

fn grant(headers: &HeaderMap, form: Result<Form<Pairs>, FormRejection>) -> Result<Grant, GrantError> {
    let Ok(Form(pairs)) = form else {
        return Err(GrantError::InvalidRequest("the body must be application/x-www-form-urlencoded"));
    };
    let mut grant = Grant::default();
    for (name, value) in pairs {
        let place = match name.as_str() {
            "grant_type" => &mut grant.grant_type,
            "code" => &mut grant.code,
            "redirect_uri" => &mut grant.redirect_uri,
            "code_verifier" => &mut grant.code_verifier,
            "client_id" => &mut grant.client_id,
            "client_secret" => &mut grant.client_secret,
            // RFC 6749, 3.2: unrecognized parameters are ignored.
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(GrantError::InvalidRequest("a parameter is given more than once"));
        }
    }
    if let Some((id, secret)) = basic(headers)? {
        if grant.client_secret.is_some() {
            return Err(GrantError::InvalidRequest("the client says who it is in two ways"));
        }
        if grant.client_id.replace(id.clone()).is_some_and(|given| given != id) {
            return Err(GrantError::InvalidClient);
        }
        grant.client_secret = Some(secret);
    }
    Ok(grant)
}

/// RFC 7617. Ids and keys are letters, digits and underscores, so nothing in them is percent-encoded.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, GrantError> {
    use base64::Engine as _;
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, encoded) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(GrantError::InvalidClient)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(GrantError::InvalidClient);
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(GrantError::InvalidClient)?;
    let (id, secret) = text.split_once(':').ok_or(GrantError::InvalidClient)?;
    Ok(Some((id.to_owned(), secret.to_owned())))
}

fn refuse(error: &GrantError) -> Response {
    let (status, code, text) = match error {
        GrantError::InvalidRequest(text) => (StatusCode::BAD_REQUEST, "invalid_request", *text),
        GrantError::InvalidGrant(text) => (StatusCode::BAD_REQUEST, "invalid_grant", *text),
        GrantError::UnsupportedGrantType => {
            (StatusCode::BAD_REQUEST, "unsupported_grant_type", "only authorization_code is supported")
        }
        GrantError::InvalidClient | GrantError::Service(_) => (
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "give the link session's code_verifier, or an application key with the scope manage as client_secret",
        ),
    };
    let mut response = (status, Json(json!({"error": code, "error_description": text}))).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"oauth\""));
    }
    response.extensions_mut().insert(Finished);
    response
}
