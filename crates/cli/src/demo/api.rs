//! The demo's own client of the public API: it has no other way in than anybody else.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Method, RequestBuilder};
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

    /// With the application's key.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Reply> {
        reply(self.request(Method::POST, path, &self.key).json(body)).await
    }

    /// With a connection's token.
    pub(super) async fn get(&self, token: &str, path: &str) -> anyhow::Result<Value> {
        let reply = reply(self.request(Method::GET, path, token)).await?;
        anyhow::ensure!(reply.status == 200, "GET {path} answered {}: {}", reply.status, reply.body);
        Ok(reply.body)
    }

    pub(super) async fn post_as(&self, token: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<Reply> {
        reply(self.request(Method::POST, path, token).header("idempotency-key", key).json(body)).await
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

async fn reply(request: RequestBuilder) -> anyhow::Result<Reply> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let replayed = answer.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    let body = answer.json().await.with_context(|| format!("an answer with status {status} that is no JSON"))?;
    Ok(Reply { status, replayed, body })
}
