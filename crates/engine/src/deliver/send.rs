//! Sending one event to one endpoint, once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use trunnion_kit::webhook::{Message, Reply, SigningKey, signature};
use trunnion_model::events::EventType;
use trunnion_store::{AttemptOutcome, DeliveryClaim, FinishedAttempt, SecretKind, Target};

use super::pace::judge;
use super::{address, payload, sample};
use crate::Engine;

/// A try that is over.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) reply: Reply,
    pub(crate) outcome: AttemptOutcome,
}

/// What all deliveries to an endpoint have in common, read once.
pub(crate) struct Sender {
    url: String,
    keys: Vec<SigningKey>,
    headers: Vec<(String, String)>,
    timeout: Duration,
}

impl Sender {
    pub(crate) fn new(target: &Target) -> Self {
        let endpoint = &target.endpoint;
        let of = |kind: SecretKind| target.secrets.iter().filter(move |secret| secret.kind == kind);
        // Those of the older scheme first: some receivers look at the first entry only.
        let signing = of(SecretKind::V1).chain(of(SecretKind::V1a));
        let headers = of(SecretKind::Headers)
            .next()
            .and_then(|stored| serde_json::from_str::<BTreeMap<String, String>>(stored.secret.expose_secret()).ok());
        Self {
            url: endpoint.url.clone(),
            keys: signing.filter_map(|secret| SigningKey::parse(&secret.secret)).collect(),
            headers: headers.unwrap_or_default().into_iter().collect(),
            timeout: Duration::from_secs(u64::try_from(endpoint.settings.timeout_seconds).unwrap_or(10)),
        }
    }
}

pub(super) async fn deliver(engine: Engine, sender: Arc<Sender>, claim: DeliveryClaim) -> FinishedAttempt {
    let delivery = &claim.delivery;
    let body = payload::body(&claim.event, claim.target.endpoint.settings.payload);
    let about = delivery.connection.to_string();
    let about = if delivery.is_about_endpoints() { address::NO_CONNECTION } else { about.as_str() };
    let sent = send(&engine, &sender, about, &delivery.event.to_string(), body).await;
    let policy = &claim.target.endpoint.settings.retry;
    let said = match sent.reply.status {
        Some(200..=299) => "delivered",
        Some(_) => "refused",
        None => "no_answer",
    };
    engine.counts().attempt(said, Duration::from_micros(sent.outcome.micros.unsigned_abs()));
    let verdict = judge(&sent.reply, policy, delivery.tries + 1, engine.clock().now_micros(), engine.random());
    FinishedAttempt {
        delivery: delivery.id,
        endpoint: delivery.endpoint,
        lease: claim.lease,
        version: claim.target.endpoint.version,
        order_key: delivery.order_key,
        outcome: sent.outcome,
        ending: verdict.ending,
        hold_until: verdict.hold_until,
        disable: verdict.disable,
        not_its_fault: sent.reply.proxy_failed,
    }
}

/// An event that is in no log, so that a receiver can be tried out.
pub(crate) async fn send_test(engine: &Engine, target: &Target, kind: &EventType) -> Sent {
    let (id, body) = sample::event(engine, kind, &target.endpoint.id.to_string());
    send(engine, &Sender::new(target), address::NO_CONNECTION, &id, body).await
}

/// `about`: the connection's id, for the address.
async fn send(engine: &Engine, sender: &Sender, about: &str, id: &str, body: String) -> Sent {
    let url = address::fill(&sender.url, about);
    let at = engine.clock().now_micros();
    let timestamp = at.div_euclid(1_000_000);
    let began = Instant::now();
    let signed = match &sender.keys[..] {
        [] => Err("the endpoint has no secret that can sign".to_owned()),
        keys => signature(keys, id, timestamp, body.as_bytes()).map_err(|error| error.to_string()),
    };
    let (reply, headers) = match signed {
        Ok(signature) => {
            let message = Message {
                url: &url,
                id,
                timestamp,
                signature: &signature,
                headers: &sender.headers,
                timeout: sender.timeout,
                body: body.into(),
            };
            let reply = engine.poster().post(message).await;
            let mut headers = json!({
                "webhook-id": id, "webhook-timestamp": timestamp.to_string(), "webhook-signature": signature,
            });
            for (name, _) in &sender.headers {
                headers[name.as_str()] = "********".into();
            }
            (reply, headers)
        }
        Err(error) => (Reply { error: Some(error), ..Reply::default() }, json!({})),
    };
    let response: Map<String, Value> =
        reply.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let outcome = AttemptOutcome {
        at,
        micros: i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX),
        url,
        request_headers: headers.to_string(),
        // PostgreSQL keeps no zero byte in a text.
        response_headers: Value::Object(response).to_string().replace("\\u0000", "\\ufffd"),
        status: reply.status.map(i64::from),
        response_body: reply.body.replace('\0', "\u{fffd}"),
        error: reply.error.clone(),
    };
    Sent { reply, outcome }
}
