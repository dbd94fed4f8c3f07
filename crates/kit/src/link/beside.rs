//! A service beside the system, with a login of its own: a broker that has the system's hooks, for instance.
//!
//! The connection's credentials are never sent there, and what the service refuses says nothing of them: the link is neither
//! parked nor counted, and has no part in the system's rate.

use std::time::Duration;

use http::{HeaderValue, Method, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::Link;
use crate::auth::oauth2_client::fetch;
use crate::auth::oauth2_code::OAuthClient;
use crate::auth::sensitive;
use crate::error::Error;
use crate::http::{Answer, Client, Effect, Request, redact};
use crate::spec::Limits;

const LIMITS: Limits = Limits {
    requests_at_once: 1,
    shared_by: None,
    timeout: Duration::from_secs(10),
    tries: 2,
    max_body_bytes: 4 << 20,
};

/// Logged in for a few calls.
pub struct Beside<'l> {
    link: &'l Link,
    client: Client,
    base: Url,
    token: SecretString,
    hidden: Vec<SecretString>,
}

impl Link {
    /// Logs in at a service with OAuth 2.0 client credentials; `base` and `token_url` are values of the connection form.
    pub async fn beside(&self, base: &str, token_url: &str, of: &OAuthClient) -> Result<Beside<'_>, Error> {
        let client = self.0.client.with_limits(&LIMITS);
        let base = parsed(base)?;
        let fetched = fetch(&client, &parsed(token_url)?, of, "", &self.0.clock).await;
        let token = fetched.map_err(|error| self.redacted(error))?.value;
        Ok(Beside { link: self, client, base, token, hidden: Vec::new() })
    }
}

impl Beside<'_> {
    /// What is sent there and nobody may read in an error.
    #[must_use]
    pub fn hiding(mut self, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        self.hidden.extend(secrets);
        self
    }

    /// `path` is below the service's address, percent-encoded already. Every answer but those of a service that is not there.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Error> {
        let url = parsed(&format!("{}/{}", self.base.as_str().trim_end_matches('/'), path.trim_start_matches('/')))?;
        let effect = if method == Method::GET { Effect::Read } else { Effect::Write };
        let mut request = Request::new(method, url, effect)
            .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .with_header(header::AUTHORIZATION, sensitive(&format!("Bearer {}", self.token.expose_secret()))?);
        if let Some(body) = body {
            request = request.with_body("application/json", body.to_string());
        }
        let answer = self.client.send(&request).await.map_err(|error| self.link.redacted(error))?;
        if answer.is_success() {
            return Ok(answer);
        }
        // A refusal may repeat what was sent.
        let text = self.link.redact(&String::from_utf8_lossy(&answer.body));
        let hidden: Vec<&str> = self.hidden.iter().chain([&self.token]).map(|one| one.expose_secret()).collect();
        let body = redact(&text, &hidden).into_bytes();
        Ok(Answer { body, ..answer })
    }
}

fn parsed(url: &str) -> Result<Url, Error> {
    Url::parse(url).map_err(|error| Error::Unexpected(format!("the stored address: {error}")))
}
