//! OAuth 2.0 client credentials with a client secret (RFC 6749, section 4.4).

use http::{HeaderValue, Method, header};
use secrecy::ExposeSecret as _;
use trunnion_model::time::Clock;
use url::Url;

use super::basic;
use super::oauth2_code::OAuthClient;
use super::oauth2_jwt::{Token, token};
use crate::error::Error;
use crate::http::{Client, Effect, Request};

/// Fetches a token; `scope` may be empty. It changes nothing there, so that it may be tried again.
pub async fn fetch(
    client: &Client,
    token_url: &Url,
    of: &OAuthClient,
    scope: &str,
    clock: &Clock,
) -> Result<Token, Error> {
    let asked = clock.now();
    let request = Request::new(Method::POST, token_url.clone(), Effect::Read)
        .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .with_header(header::AUTHORIZATION, basic::authorization(&of.id, of.secret.expose_secret())?)
        .with_body("application/x-www-form-urlencoded", asks(scope));
    token(&client.send(&request).await?, asked)
}

fn asks(scope: &str) -> String {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("grant_type", "client_credentials");
    if !scope.is_empty() {
        body.append_pair("scope", scope);
    }
    body.finish()
}
