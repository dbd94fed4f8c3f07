//! Lets a resource request in, or answers the one 401 that says nothing.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::reply::invalid_login;
use super::super::server::{App, Call};
use super::tba::{self, Signed};

/// Nothing if the request may go on.
#[expect(clippy::result_large_err, reason = "the error is the answer itself, made once per request")]
pub(in super::super) fn admit(app: &App, call: &Call) -> Result<(), Response> {
    let now = app.control.now();
    let mut logins = app.logins();
    let account = &app.options.account;
    let authorization = call.header("authorization").unwrap_or_default();
    let scheme_and_rest = authorization.split_once(' ');
    let expired = app.control.credentials_expired();
    let (method, verdict) = match scheme_and_rest {
        Some((scheme, _)) if expired && !scheme.is_empty() => ("any", Err("token_rejected")),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            let verdict = match logins.valid_until(token.trim()) {
                None => Err("the access token is unknown"),
                Some(until) if until <= now.as_second() => Err("the access token has expired"),
                Some(_) => Ok(()),
            };
            ("OAuth 2.0", verdict)
        }
        Some((scheme, credentials)) if scheme.eq_ignore_ascii_case("oauth") => {
            let request = Signed {
                method: call.method.as_str(),
                origin: &call.origin,
                path: &call.path,
                query: &call.query,
                credentials,
            };
            ("Token", tba::verify(&app.options.tba, account, &request, &mut logins, now))
        }
        None if authorization.is_empty() => ("none", Err("no credentials were sent")),
        _ => {
            logins.note(now, "unknown", false, "the Authorization header is malformed");
            return Err(challenge(StatusCode::BAD_REQUEST.into_response(), account, "invalid_request"));
        }
    };
    let Err(reason) = verdict else { return Ok(()) };
    logins.note(now, method, false, reason);
    Err(if method == "OAuth 2.0" { challenge(invalid_login(), account, "invalid_token") } else { invalid_login() })
}

fn challenge(mut response: Response, account: &str, error: &str) -> Response {
    let text = format!("Bearer realm=\"{account}\", error=\"{error}\", error_description=\"Invalid login attempt.\"");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
