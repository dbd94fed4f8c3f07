//! One message to one channel, once.

use std::time::Duration;

use serde_json::json;
use trunnion_kit::webhook::{Message, SigningKey, signature};
use trunnion_model::ids::{ConnectionId, EventId};
use trunnion_model::time::rfc3339_micros;
use trunnion_store::{Alert, Firing};

use super::Channel;
use crate::Engine;

const TIMEOUT: Duration = Duration::from_secs(10);

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Fires,
    Recovered,
    Test,
}

impl Said {
    fn kind(self) -> &'static str {
        match self {
            Self::Fires => "alert.fired",
            Self::Recovered => "alert.recovered",
            Self::Test => "alert.test",
        }
    }
}

/// Sends it; the error is for people. Several addresses count as told if all of them took it.
pub(crate) async fn tell(engine: &Engine, alert: &Alert, said: Said, firing: Option<&Firing>) -> Result<(), String> {
    let channel: Channel = serde_json::from_str(&alert.channel).map_err(|error| error.to_string())?;
    match channel {
        Channel::Webhook { url } => post(engine, alert, said, firing, &url).await,
        Channel::Email { to } => {
            let mailer = engine.options().mail.as_ref().ok_or("this server sends no e-mail: `mail.url` is not set")?;
            let (subject, text) = letter(alert, said, firing);
            for address in &to {
                mailer.send(address, &subject, text.clone()).await?;
            }
            Ok(())
        }
    }
}

/// A firing's id stays the same however often it is sent, so that a receiver can tell a repeat.
fn id(engine: &Engine, alert: &Alert, said: Said, firing: Option<&Firing>) -> String {
    match firing {
        Some(firing) => format!("{}.{}.{}.{}", alert.id, firing.subject.simple(), firing.since, said.kind()),
        None => EventId::new(engine.clock()).to_string(),
    }
}

async fn post(engine: &Engine, alert: &Alert, said: Said, firing: Option<&Firing>, url: &str) -> Result<(), String> {
    let id = id(engine, alert, said, firing);
    let now = engine.clock().now_micros();
    let about = firing.filter(|firing| firing.subject != alert.application.0);
    let body = json!({
        "id": id,
        "type": said.kind(),
        "timestamp": rfc3339_micros(now),
        "data": {
            "alert_id": alert.id.to_string(),
            "name": alert.name,
            "connection_id": about.map(|firing| ConnectionId(firing.subject).to_string()),
            "subject": firing.map(|firing| firing.name.clone()),
            "message": firing.map(|firing| firing.message.clone()),
            "since": firing.map(|firing| rfc3339_micros(firing.since)),
        },
    })
    .to_string();
    let secret = engine.store().alert_secret(alert.id).await.map_err(|error| error.to_string())?;
    let key = SigningKey::parse(&secret).ok_or("the alert's secret cannot sign")?;
    let timestamp = now.div_euclid(1_000_000);
    let signature = signature(&[key], &id, timestamp, body.as_bytes()).map_err(|error| error.to_string())?;
    let message =
        Message { url, id: &id, timestamp, signature: &signature, headers: &[], timeout: TIMEOUT, body: body.into() };
    let reply = engine.poster().post(message).await;
    match (reply.status, reply.error) {
        (Some(200..=299), _) => Ok(()),
        (Some(status), _) => Err(format!("the receiver answered {status}")),
        (None, error) => Err(error.unwrap_or_else(|| "no answer".to_owned())),
    }
}

fn letter(alert: &Alert, said: Said, firing: Option<&Firing>) -> (String, String) {
    let Some(firing) = firing else {
        let text = "This is how messages of this alert will arrive. Nothing is wrong.\n".to_owned();
        return (format!("[Trunnion] test of \"{}\"", alert.name), text);
    };
    let (word, ends) = match said {
        Said::Recovered => {
            ("over", format!("Over since: {}\n", firing.over_at.map(rfc3339_micros).unwrap_or_default()))
        }
        _ => ("alert", String::new()),
    };
    let subject = format!("[Trunnion] {word}: {} {}", firing.name, firing.message);
    let text = format!(
        "Alert: {}\nWho: {}\nWhat: {}\nSince: {}\n{ends}Connection: {}\n",
        alert.name,
        firing.name,
        firing.message,
        rfc3339_micros(firing.since),
        ConnectionId(firing.subject),
    );
    (subject.chars().take(200).collect(), text)
}
