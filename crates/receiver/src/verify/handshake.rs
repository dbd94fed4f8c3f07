//! What senders ask before they send: they are answered at once, and nothing is stored.
//!
//! Each gives back what only the sender knows, so that nobody can point a sender at an address that did not agree.

use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::check::same;
use super::place::{Found, Incoming, Place, query};

/// Longer tokens than this are nobody's.
const LONGEST: usize = 2048;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handshake {
    /// `validationToken` in the query is the answer's body.
    ValidationToken,
    /// `OPTIONS` with `WebHook-Request-Origin` (CloudEvents, abuse protection).
    #[serde(rename = "cloudevents")]
    CloudEvents,
    /// An event of validation whose `validationCode` is answered as `validationResponse`.
    ValidationEvent,
    /// `GET` with `hub.challenge`, and one of the secrets as `hub.verify_token` (WebSub).
    HubChallenge,
}

/// A 200 answer, or with `refused` a flat no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub refused: bool,
    pub headers: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: String,
}

/// The answer, if the request is one of these handshakes.
pub fn answer(handshakes: &[Handshake], secrets: &[SecretString], request: &Incoming<'_>) -> Option<Answer> {
    handshakes.iter().find_map(|handshake| match handshake {
        Handshake::ValidationToken => validation_token(request),
        Handshake::CloudEvents => cloud_events(request),
        Handshake::ValidationEvent => validation_event(request),
        Handshake::HubChallenge => hub_challenge(secrets, request),
    })
}

fn text(body: String) -> Answer {
    Answer { content_type: "text/plain; charset=utf-8", body, ..Answer::default() }
}

fn one(request: &Incoming<'_>, name: &str) -> Option<String> {
    let mut values = query(request.uri, name);
    values.pop().filter(|value| values.is_empty() && !value.is_empty() && value.len() <= LONGEST)
}

fn validation_token(request: &Incoming<'_>) -> Option<Answer> {
    let asked = [Method::GET, Method::POST].contains(request.method);
    one(request, "validationToken").filter(|_| asked).map(text)
}

fn cloud_events(request: &Incoming<'_>) -> Option<Answer> {
    let origin = match Place::header("webhook-request-origin").find(request) {
        Found::One(origin) if request.method == Method::OPTIONS && origin.len() <= LONGEST => origin,
        _ => return None,
    };
    let headers = vec![("webhook-allowed-origin", origin), ("webhook-allowed-rate", "*".to_owned())];
    Some(Answer { headers: [headers, vec![("allow", "OPTIONS, POST".to_owned())]].concat(), ..text(String::new()) })
}

fn validation_event(request: &Incoming<'_>) -> Option<Answer> {
    if Place::header("aeg-event-type").find(request) != Found::One("SubscriptionValidation".to_owned()) {
        return None;
    }
    let Found::One(code) = Place::json("0/data/validationCode").find(request) else { return None };
    let body = serde_json::json!({ "validationResponse": code }).to_string();
    Some(Answer { content_type: "application/json", body, ..Answer::default() })
}

fn hub_challenge(secrets: &[SecretString], request: &Incoming<'_>) -> Option<Answer> {
    if request.method != Method::GET || one(request, "hub.mode").as_deref() != Some("subscribe") {
        return None;
    }
    let challenge = one(request, "hub.challenge")?;
    let token = one(request, "hub.verify_token").unwrap_or_default();
    let known = secrets.iter().any(|secret| same(&token, secret.expose_secret()));
    Some(if known { text(challenge) } else { Answer { refused: true, ..Answer::default() } })
}
