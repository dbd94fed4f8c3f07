//! Sending one event to one endpoint, once.

use std::time::Instant;

use secrecy::SecretString;
use serde_json::{Map, Value, json};
use trunnion_kit::webhook::{Message, Reply, Secret, signature};
use trunnion_model::events::EventType;
use trunnion_store::{AttemptOutcome, DeliveryClaim, FinishedAttempt};

use super::pace::judge;
use super::sample;
use crate::Engine;

/// A try that is over.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) reply: Reply,
    pub(crate) outcome: AttemptOutcome,
}

pub(super) async fn deliver(engine: Engine, claim: DeliveryClaim) -> FinishedAttempt {
    let mut body = String::new();
    claim.event.write_json(&mut body);
    let (target, delivery) = (&claim.target, &claim.delivery);
    let id = delivery.event.to_string();
    let sent = send(&engine, &target.endpoint.url, &target.secrets, &id, body).await;
    let verdict = judge(&sent.reply, delivery.tries + 1, engine.clock().now_micros(), engine.random());
    FinishedAttempt {
        delivery: delivery.id,
        endpoint: delivery.endpoint,
        lease: claim.lease,
        outcome: sent.outcome,
        ending: verdict.ending,
        hold_until: verdict.hold_until,
        disable: verdict.disable,
    }
}

/// An event that is in no log, so that a receiver can be tried out.
pub(crate) async fn send_test(
    engine: &Engine,
    url: &str,
    secrets: &[SecretString],
    endpoint: &str,
    kind: &EventType,
) -> Sent {
    let (id, body) = sample::event(engine, kind, endpoint);
    send(engine, url, secrets, &id, body).await
}

async fn send(engine: &Engine, url: &str, secrets: &[SecretString], id: &str, body: String) -> Sent {
    let at = engine.clock().now_micros();
    let timestamp = at.div_euclid(1_000_000);
    let began = Instant::now();
    let keys: Option<Vec<Secret>> = secrets.iter().map(Secret::parse).collect();
    let signed = match keys.filter(|keys| !keys.is_empty()) {
        Some(keys) => signature(&keys, id, timestamp, body.as_bytes()).map_err(|error| error.to_string()),
        None => Err("the endpoint has no secret that can sign".to_owned()),
    };
    let (reply, headers) = match signed {
        Ok(signature) => {
            let message = Message { url, id, timestamp, signature: &signature, body: body.into_bytes() };
            let reply = engine.poster().post(message).await;
            (
                reply,
                json!({"webhook-id": id, "webhook-timestamp": timestamp.to_string(), "webhook-signature": signature}),
            )
        }
        Err(error) => (Reply { error: Some(error), ..Reply::default() }, json!({})),
    };
    let response: Map<String, Value> =
        reply.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let outcome = AttemptOutcome {
        at,
        micros: i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX),
        url: url.to_owned(),
        request_headers: headers.to_string(),
        response_headers: Value::Object(response).to_string(),
        status: reply.status.map(i64::from),
        // PostgreSQL keeps no zero byte in a text.
        response_body: reply.body.replace('\0', "\u{fffd}"),
        error: reply.error.clone(),
    };
    Sent { reply, outcome }
}
