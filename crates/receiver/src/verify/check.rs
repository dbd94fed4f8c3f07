//! The check of one request against a scheme and the secrets that are good now.
//!
//! The order is: places, time window, signature. All comparisons take the same time wherever the first difference is.

use aws_lc_rs::{constant_time, digest, hmac, signature};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

use super::place::{Found, Incoming, Place};
use super::scheme::{Algorithm, Encoding, Entry, Form, KeyForm, Proof, Scheme, Signed};
use super::template::Values;

/// More entries than a rotation needs are not looked at.
const MOST_ENTRIES: usize = 16;

/// Why a request is not believed; for the log, never for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no signature or token")]
    NoProof,
    #[error("there is no time that can be read")]
    NoTime,
    #[error("there is no id")]
    NoId,
    #[error("a header is there twice or is no text")]
    Unclear,
    #[error("it is too old")]
    TooOld,
    #[error("its time is in the future")]
    TooNew,
    #[error("no signature or token matches a secret")]
    NoMatch,
}

/// What is known of a request that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The same for each copy of an event, different for each event.
    pub dedupe: String,
}

/// Believes the request, or says why not. `now` is in Unix seconds.
pub fn check(scheme: &Scheme, secrets: &[SecretString], request: &Incoming<'_>, now: i64) -> Result<Verified, Refusal> {
    let id = id(scheme, request)?;
    let time = match &scheme.proof {
        Proof::Signed(signed) => {
            let time = check_signed(signed, secrets, request, id.as_deref().unwrap_or_default(), now)?;
            Some(time)
        }
        Proof::Token { at } => {
            let found = at.all(request);
            let good = |token: &String| secrets.iter().any(|secret| same(token, secret.expose_secret()));
            match found.len() {
                0 => return Err(Refusal::NoProof),
                // Every element of a collection must carry it.
                _ if !found.iter().all(good) => return Err(Refusal::NoMatch),
                _ => None,
            }
        }
        Proof::Basic => {
            check_basic(secrets, request)?;
            None
        }
        Proof::Address => None,
    };
    let dedupe = id.unwrap_or_else(|| by_content(time.as_deref().unwrap_or_default(), request.body));
    Ok(Verified { dedupe })
}

/// An id that is declared must be there: a copy without it would count as another event.
fn id(scheme: &Scheme, request: &Incoming<'_>) -> Result<Option<String>, Refusal> {
    for places in &scheme.id {
        let mut parts = Vec::new();
        for place in places {
            match place.find(request) {
                Found::One(part) if !part.is_empty() => parts.push(part),
                Found::One(_) | Found::Nothing => break,
                Found::Unclear => return Err(Refusal::Unclear),
            }
        }
        if parts.len() == places.len() {
            return Ok(Some(parts.join(" ")));
        }
    }
    if scheme.id.is_empty() { Ok(None) } else { Err(Refusal::NoId) }
}

fn by_content(time: &str, body: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(time.as_bytes());
    context.update(b".");
    context.update(body);
    format!("sha256:{}", URL_SAFE_NO_PAD.encode(context.finish()))
}

/// The time's text, empty if none is signed.
fn check_signed(
    signed: &Signed,
    secrets: &[SecretString],
    request: &Incoming<'_>,
    id: &str,
    now: i64,
) -> Result<String, Refusal> {
    let value = match signed.at.find(request) {
        Found::One(value) => value,
        Found::Nothing => return Err(Refusal::NoProof),
        Found::Unclear => return Err(Refusal::Unclear),
    };
    let time = time(signed, request, &value)?;
    if signed.content.signs_time() {
        window(&time, i64::from(signed.tolerance_seconds), now)?;
    }
    if signed.content.signs_id() && id.is_empty() {
        return Err(Refusal::NoId);
    }
    let content = signed.content.bytes(&Values { id, time: &time, url: request.url, body: request.body });
    let offered = offered(signed, &value);
    if offered.is_empty() {
        return Err(Refusal::NoProof);
    }
    let matches = |(entry, bytes): &(&Entry, Vec<u8>)| {
        secrets
            .iter()
            .any(|secret| key(&entry.key, secret).is_some_and(|key| proves(entry.algorithm, &key, &content, bytes)))
    };
    if offered.iter().any(matches) { Ok(time) } else { Err(Refusal::NoMatch) }
}

fn time(signed: &Signed, request: &Incoming<'_>, value: &str) -> Result<String, Refusal> {
    match &signed.time {
        None => Ok(String::new()),
        Some(Place::Pair(name)) => {
            let mut found = pairs(value).filter(|(key, _)| key == name);
            match (found.next(), found.next()) {
                (Some((_, time)), None) => Ok(time.to_owned()),
                (None, _) => Err(Refusal::NoTime),
                (Some(_), Some(_)) => Err(Refusal::Unclear),
            }
        }
        Some(place) => match place.find(request) {
            Found::One(time) => Ok(time),
            Found::Nothing => Err(Refusal::NoTime),
            Found::Unclear => Err(Refusal::Unclear),
        },
    }
}

fn window(time: &str, tolerance: i64, now: i64) -> Result<(), Refusal> {
    let time: i64 = time.parse().map_err(|_no_number| Refusal::NoTime)?;
    // As seconds this would be the year 5138.
    let seconds = if time >= 100_000_000_000 { time / 1000 } else { time };
    match now.saturating_sub(seconds) {
        age if age > tolerance => Err(Refusal::TooOld),
        age if age < -tolerance => Err(Refusal::TooNew),
        _ => Ok(()),
    }
}

fn pairs(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split(',').filter_map(|pair| pair.trim().split_once('='))
}

/// The signatures that can be read, each with its entry.
fn offered<'s>(signed: &'s Signed, value: &str) -> Vec<(&'s Entry, Vec<u8>)> {
    let entry = |label: &str| signed.entries.iter().find(|entry| entry.label == label);
    let read = |(entry, text): (&'s Entry, &str)| Some((entry, decode(entry.encoding, text)?));
    match signed.form {
        Form::Plain => {
            signed.entries.iter().filter_map(|entry| read((entry, value.strip_prefix(entry.label.as_str())?))).collect()
        }
        Form::Pairs => {
            let known = pairs(value).take(MOST_ENTRIES).filter_map(|(label, text)| Some((entry(label)?, text)));
            known.filter_map(read).collect()
        }
        Form::Versioned => {
            let parts = value.split(' ').take(MOST_ENTRIES).filter_map(|part| part.split_once(','));
            parts.filter_map(|(label, text)| Some((entry(label)?, text))).filter_map(read).collect()
        }
    }
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Base64Url => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok(),
        Encoding::Hex => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(*pair.get(1)?)?).ok();
            text.as_bytes().chunks(2).map(byte).collect()
        }
    }
}

fn key(form: &KeyForm, secret: &SecretString) -> Option<Vec<u8>> {
    let text = secret.expose_secret();
    let key = match form {
        KeyForm::Text => text.as_bytes().to_vec(),
        KeyForm::Base64 { prefix } => STANDARD.decode(text.strip_prefix(prefix.as_str())?).ok()?,
    };
    // Everybody knows the empty key.
    (!key.is_empty()).then_some(key)
}

fn proves(algorithm: Algorithm, key: &[u8], content: &[u8], offered: &[u8]) -> bool {
    let mac = match algorithm {
        Algorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::HmacSha256 => hmac::HMAC_SHA256,
        Algorithm::HmacSha512 => hmac::HMAC_SHA512,
        Algorithm::Ed25519 => {
            return signature::UnparsedPublicKey::new(&signature::ED25519, key).verify(content, offered).is_ok();
        }
    };
    hmac::verify(&hmac::Key::new(mac, key), content, offered).is_ok()
}

/// Compares digests, so that not even the length shows.
pub(super) fn same(a: &str, b: &str) -> bool {
    let digest = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    let equal = constant_time::verify_slices_are_equal(digest(a).as_ref(), digest(b).as_ref()).is_ok();
    equal && !b.is_empty()
}

fn check_basic(secrets: &[SecretString], request: &Incoming<'_>) -> Result<(), Refusal> {
    let value = match Place::header("authorization").find(request) {
        Found::One(value) => value,
        Found::Nothing => return Err(Refusal::NoProof),
        Found::Unclear => return Err(Refusal::Unclear),
    };
    let encoded = value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case("basic ")).map(|_| value[6..].trim());
    let decoded = encoded.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let offered = decoded.ok_or(Refusal::NoProof)?;
    let good = secrets.iter().any(|secret| same(&offered, secret.expose_secret()));
    if good { Ok(()) } else { Err(Refusal::NoMatch) }
}
