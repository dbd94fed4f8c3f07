//! Handing messages on to a program at a local address, until it says that it has them.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use trunnion_receiver::inbox::{Handler, Message, Outcome};

use crate::start::Refused;

pub(super) struct Forward {
    client: Client,
    url: Url,
}

impl Forward {
    pub(super) fn new(url: &str, limit: Duration) -> anyhow::Result<Self> {
        let url = Url::parse(url).map_err(|error| Refused(format!("--forward-to {url}: {error}")))?;
        let client = Client::builder()
            .timeout(limit)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()?;
        Ok(Self { client, url })
    }
}

impl Handler for Forward {
    /// The bytes as they came, with the sender's own headers; `webhook-id` is the event's id whatever the scheme.
    async fn handle(&self, message: &Message) -> Outcome {
        let mut request = self.client.post(self.url.clone()).body(message.body.clone());
        let headers: Vec<(String, String)> = serde_json::from_str(&message.headers).unwrap_or_default();
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        request = request.header("content-type", content_type.unwrap_or("application/json"));
        for (name, value) in headers.iter().filter(|(name, _)| is_the_senders(name)) {
            request = request.header(name, value);
        }
        request = request.header("webhook-id", &message.id).header("inbox-attempt", (message.attempts + 1).to_string());
        match request.send().await {
            Ok(response) if response.status().is_success() => Outcome::done(),
            Ok(response) if response.status() == StatusCode::GONE => {
                Outcome::Dead { reason: "the receiver answered 410: it does not want it".to_owned() }
            }
            Ok(response) => {
                let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(3600)));
                Outcome::Retry { reason: format!("the receiver answered {}", response.status().as_u16()), after }
            }
            Err(error) => Outcome::retry(error.without_url().to_string()),
        }
    }
}

/// Of the head, what says something about the event: not how it travelled.
fn is_the_senders(name: &str) -> bool {
    let of_the_way = ["host", "content-length", "content-type", "connection", "webhook-id", "user-agent", "accept"];
    !of_the_way.contains(&name)
        && !name.starts_with("accept-")
        && !["transfer-encoding", "te", "upgrade", "expect"].contains(&name)
}
