//! The demo's own client of the public API: it has no other way in than anybody else.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;

pub(super) struct Api {
    client: Client,
    base: String,
    key: String,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) replayed: bool,
    pub(super) body: Value,
}

impl Api {
    pub(super) fn new(url: &str, key: &str) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        Ok(Self { client, base: format!("{url}/api/v1"), key: key.to_owned() })
    }

    /// With the application's key; anything but success ends the tour.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        success(path, reply(self.request(Method::POST, path, &self.key).json(body)).await?)
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        success(path, reply(self.request(Method::PUT, path, &self.key).json(body)).await?)
    }

    /// With a connection's token.
    pub(super) async fn get(&self, token: &str, path: &str) -> anyhow::Result<Value> {
        success(path, self.try_get(token, path).await?)
    }

    pub(super) async fn try_get(&self, token: &str, path: &str) -> anyhow::Result<Reply> {
        reply(self.request(Method::GET, path, token)).await
    }

    pub(super) async fn post_as(&self, token: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<Reply> {
        reply(self.request(Method::POST, path, token).header("idempotency-key", key).json(body)).await
    }

    /// The code for the connection's token; the application's key is the client secret.
    pub(super) async fn exchange(&self, code: &str, redirect_uri: &str) -> anyhow::Result<Value> {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("client_secret", &self.key),
        ];
        let path = "/oauth/token";
        let request = self.client.post(format!("{}{path}", self.base));
        success(path, reply(form(request, &pairs)?).await?)
    }

    /// Turns a screw on a simulator.
    pub(super) async fn control(&self, simulator: &str, what: &str) -> anyhow::Result<()> {
        let answer = self.client.post(format!("{simulator}/_control/{what}")).send().await?;
        anyhow::ensure!(answer.status().is_success(), "the simulator answered {} to {what}", answer.status());
        Ok(())
    }

    fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(token)
    }
}

/// The pairs as a body of `application/x-www-form-urlencoded`, which is what a URL's query is.
pub(super) fn form(request: RequestBuilder, pairs: &[(&str, &str)]) -> anyhow::Result<RequestBuilder> {
    let url = Url::parse_with_params("http://form.invalid", pairs)?;
    let body = url.query().unwrap_or_default().to_owned();
    Ok(request.header("content-type", "application/x-www-form-urlencoded").body(body))
}

fn success(path: &str, reply: Reply) -> anyhow::Result<Value> {
    anyhow::ensure!((200..300).contains(&reply.status), "{path} answered {}: {}", reply.status, reply.body);
    Ok(reply.body)
}

async fn reply(request: RequestBuilder) -> anyhow::Result<Reply> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let replayed = answer.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    let body = answer.json().await.with_context(|| format!("an answer with status {status} that is no JSON"))?;
    Ok(Reply { status, replayed, body })
}
