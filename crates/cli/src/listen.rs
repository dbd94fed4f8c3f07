//! `trunnion listen`: what happens from now on, as signed webhooks on a developer's machine that no server could reach.
//!
//! It follows the log by long poll and signs itself, with a secret that it makes and prints. What the receiver does not take
//! is shown and not sent again.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use trunnion_kit::webhook::{Secret, SigningKey, signature};
use trunnion_model::time::Clock;

use crate::api::{Api, Target, follow, show};
use crate::terminal::{BAD, BOLD, GOOD, say, styled};

/// What a receiver may take, as of a server.
const ANSWER: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct Arguments {
    /// Where events are posted, usually http://127.0.0.1:3000/…
    #[arg(long, value_name = "URL")]
    forward_to: Url,
    /// Only of this connection: con_…
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// purchase_order.updated, purchase_order.*, …; separated by commas [default: all]
    #[arg(long)]
    types: Option<String>,
    /// Sign with this one (whsec_…), so that the receiver can keep it [default: a new one, which is printed]
    #[arg(long, env = "TRUNNION_LISTEN_SECRET", value_name = "SECRET", hide_env_values = true)]
    secret: Option<String>,
    #[command(flatten)]
    target: Target,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let secret = match arguments.secret {
        Some(secret) => SecretString::from(secret),
        None => {
            let made = Secret::generate()?;
            say(&format!("{} {}", styled(BOLD, "Secret for the receiver:"), made.expose_secret()));
            made
        }
    };
    let key = SigningKey::parse(&secret).context("--secret is not whsec_ and base64 of 24 to 64 bytes")?;
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(ANSWER).build()?;
    let api = Api::new(&arguments.target)?.at(arguments.connection.as_deref());
    let mut log = follow::Log::begin(api, arguments.types, "latest").await?;
    say(&format!("Events are posted to {} from now on; Ctrl-C ends it", arguments.forward_to));
    loop {
        for event in log.next().await? {
            let told = match post(&client, &arguments.forward_to, &key, &event).await {
                Ok(status) if (200..300).contains(&status) => styled(GOOD, &status.to_string()),
                Ok(status) => styled(BAD, &status.to_string()),
                Err(error) => styled(BAD, &format!("{error:#}")),
            };
            say(&format!("{}  {}  {told}", show::cell(&event, "type"), show::cell(&event, "id")));
        }
    }
}

/// One signed event; the receiver's status.
async fn post(client: &Client, url: &Url, key: &SigningKey, event: &Value) -> anyhow::Result<u16> {
    let id = event["id"].as_str().context("an event without an id")?;
    let timestamp = Clock::system().now_micros().div_euclid(1_000_000);
    let body = event.to_string();
    let signed = signature(std::slice::from_ref(key), id, timestamp, body.as_bytes())?;
    let request = client.post(url.clone()).header("content-type", "application/json").header("webhook-id", id);
    let request = request.header("webhook-timestamp", timestamp.to_string()).header("webhook-signature", signed);
    let answer = request.body(body).send().await.map_err(|error| error.without_url())?;
    Ok(answer.status().as_u16())
}
