//! OAuth 2.0 client credentials with a signed client assertion (RFC 7523): a private key instead of a password.

use http::{HeaderValue, Method, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use trunnion_model::time::{Clock, Timestamp};
use url::Url;

use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Client, Effect, Request, vendor_text};

/// Long enough for a slow clock, short enough to be worthless in a log.
const ASSERTION_SECONDS: i64 = 300;
/// What a server means that does not say.
const DEFAULT_LIFE_SECONDS: i64 = 300;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is exchanged for a token.
#[derive(Clone, Copy)]
pub struct Grant<'a> {
    pub token_url: &'a Url,
    pub client_id: &'a str,
    /// The id that the system gave to the uploaded certificate; goes into the assertion's header as `kid`.
    pub certificate_id: &'a str,
    /// Separated by blanks; may be empty.
    pub scope: &'a str,
}

/// A bearer token.
#[derive(Debug)]
pub struct Token {
    pub value: SecretString,
    pub expires_at: Timestamp,
}

/// A private key with the algorithm that its kind and curve ask for.
pub struct Key {
    key: EncodingKey,
    algorithm: Algorithm,
}

impl Key {
    /// Reads PEM: `PRIVATE KEY` (RSA, or EC on P-256 or P-384) or `RSA PRIVATE KEY`. The error is for the customer.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let pem = pem.trim();
        let candidates = [
            (EncodingKey::from_rsa_pem(pem.as_bytes()), vec![Algorithm::PS256]),
            (EncodingKey::from_ec_pem(pem.as_bytes()), vec![Algorithm::ES256, Algorithm::ES384]),
        ];
        for (key, algorithms) in candidates {
            let Ok(key) = key else { continue };
            for algorithm in algorithms {
                // Only a trial tells the curve, and whether the key works at all.
                if jsonwebtoken::encode(&Header::new(algorithm), &serde_json::json!({}), &key).is_ok() {
                    return Ok(Self { key, algorithm });
                }
            }
        }
        Err(why_not(pem).to_owned())
    }
}

/// What can be wrong with a key, in words for the customer.
pub(crate) const OLD_FORM: &str = "this key is in the old EC form; convert it with `openssl pkcs8 -topk8 -nocrypt`";
pub(crate) const PASSPHRASE: &str = "the private key is protected by a passphrase; give it without one";
pub(crate) const PUBLIC_PART: &str = "this is the public part; the private key is needed";
pub(crate) const UNUSABLE: &str = "this private key cannot be used; RSA from 2048 bits and EC on P-256 or P-384 can";
pub(crate) const NO_PEM: &str = "this is no private key in PEM form (-----BEGIN PRIVATE KEY-----)";

fn why_not(pem: &str) -> &'static str {
    if pem.contains("BEGIN EC PRIVATE KEY") {
        OLD_FORM
    } else if pem.contains("ENCRYPTED") {
        PASSPHRASE
    } else if pem.contains("BEGIN CERTIFICATE") || pem.contains("PUBLIC KEY") {
        PUBLIC_PART
    } else if pem.contains("PRIVATE KEY-----") {
        UNUSABLE
    } else {
        NO_PEM
    }
}

/// The signed assertion. `id` must never be used again: make a new one for each try.
pub fn assertion(grant: &Grant<'_>, key: &Key, now: Timestamp, id: &str) -> Result<String, Error> {
    let mut header = Header::new(key.algorithm);
    header.kid = Some(grant.certificate_id.to_owned());
    let issued = now.as_second();
    let mut claims = serde_json::json!({
        "iss": grant.client_id,
        "sub": grant.client_id,
        "aud": grant.token_url.as_str(),
        "iat": issued,
        "exp": issued.saturating_add(ASSERTION_SECONDS),
        "jti": id,
    });
    // Several are sent as an array: the one form that servers of both readings take.
    match grant.scope.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => {}
        [one] => claims["scope"] = serde_json::json!(one),
        several => claims["scope"] = serde_json::json!(several),
    }
    jsonwebtoken::encode(&header, &claims, &key.key)
        .map_err(|error| Error::Unexpected(format!("the assertion cannot be signed: {error}")))
}

/// Exchanges an assertion for a token. It changes nothing there, so that it may be tried again.
pub async fn fetch(client: &Client, grant: &Grant<'_>, key: &Key, clock: &Clock) -> Result<Token, Error> {
    let asked = clock.now();
    let answer = client
        .send_each(|| {
            let assertion = assertion(grant, key, clock.now(), &client.random().text(22))?;
            let body = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", "client_credentials")
                .append_pair("client_assertion_type", ASSERTION_TYPE)
                .append_pair("client_assertion", &assertion)
                .finish();
            Ok(Request::new(Method::POST, grant.token_url.clone(), Effect::Read)
                .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
                .with_body("application/x-www-form-urlencoded", body))
        })
        .await?;
    token(&answer, asked)
}

#[derive(serde::Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    pub(super) expires_in: Option<serde_json::Value>,
    pub(super) refresh_token: Option<String>,
}

/// The tokens, or the server's refusal.
pub(super) fn token_answer(answer: &Answer) -> Result<TokenAnswer, Error> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|_| Error::NotThatProduct("the token address answers without a token".to_owned()))
}

pub(super) fn token(answer: &Answer, asked: Timestamp) -> Result<Token, Error> {
    let parsed = token_answer(answer)?;
    let expires_at = asked.checked_add(life(parsed.expires_in.as_ref())).unwrap_or(Timestamp::MAX);
    Ok(Token { value: parsed.access_token.into(), expires_at })
}

/// `expires_in`: some servers send it as a text.
pub(super) fn life(expires_in: Option<&serde_json::Value>) -> std::time::Duration {
    let seconds = match expires_in {
        Some(serde_json::Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_i64(),
        None => None,
    };
    std::time::Duration::from_secs(seconds.unwrap_or(DEFAULT_LIFE_SECONDS).clamp(0, 86_400).unsigned_abs())
}

/// RFC 6749, section 5.2: 400 or 401 with `error` and perhaps `error_description`.
fn refusal(answer: &Answer) -> Error {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
        error_description: Option<String>,
    }
    let mut message = answer.vendor_message();
    let parsed = serde_json::from_slice::<Refusal>(&answer.body).ok();
    let known = parsed.is_some();
    if let Some(Refusal { error, error_description }) = parsed {
        let text = error_description.filter(|text| !text.is_empty()).unwrap_or_else(|| error.clone());
        message = VendorMessage { text: vendor_text(text.as_bytes()), code: Some(error), ..message };
    }
    match answer.status {
        400 if known => Error::Authentication(message),
        401 | 403 => Error::Authentication(message),
        404 | 405 | 410 => Error::NotThatProduct(format!("no token is handed out at this address: {}", message.text)),
        500..=599 => Error::Unreachable { reason: format!("status {}: {}", answer.status, message.text), after: None },
        status => Error::Unexpected(format!("the token address answered with status {status}: {}", message.text)),
    }
}

#[cfg(test)]
mod tests;
