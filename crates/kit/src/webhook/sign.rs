//! Secrets and signatures of Standard Webhooks 1.0 over `id.timestamp.body`: `v1` is HMAC-SHA256, `v1a` ([`PrivateKey`]) is
//! ed25519.
//!
//! The key is the decoded secret, not its text. While a secret is being replaced there are two, and both sign: the header
//! holds an entry for each, and a receiver accepts if one matches.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;

use super::PrivateKey;
use crate::error::Error;

const PREFIX: &str = "whsec_";
/// How many random bytes a new secret has; the standard allows 24 to 64.
const NEW: usize = 32;

/// An endpoint's secret, decoded.
#[derive(Clone)]
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// The text of a new secret, `whsec_…`.
    pub fn generate() -> Result<SecretString, Error> {
        let mut bytes = [0; NEW];
        getrandom::fill(&mut bytes).map_err(|error| Error::Unexpected(format!("no randomness here: {error}")))?;
        Ok(SecretString::from(format!("{PREFIX}{}", STANDARD.encode(bytes))))
    }

    /// Of `whsec_` and base64 of 24 to 64 bytes; `None` if it is not that.
    pub fn parse(text: &SecretString) -> Option<Self> {
        let bytes = STANDARD.decode(text.expose_secret().strip_prefix(PREFIX)?).ok()?;
        (24..=64).contains(&bytes.len()).then(|| Self(SecretSlice::from(bytes)))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What signs: a secret that the receiver has too, or a private key of which it has the public one.
#[derive(Clone, Debug)]
pub enum SigningKey {
    V1(Secret),
    V1a(Box<PrivateKey>),
}

impl SigningKey {
    /// Of a text with either prefix.
    pub fn parse(text: &SecretString) -> Option<Self> {
        Secret::parse(text).map(Self::V1).or_else(|| PrivateKey::parse(text).map(Box::new).map(Self::V1a))
    }

    fn entry(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<String, Error> {
        let timestamp = format!(".{timestamp}.");
        match self {
            Self::V1(secret) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.0.expose_secret())
                    .map_err(|error| Error::Unexpected(format!("the secret cannot sign: {error}")))?;
                for part in [id.as_bytes(), timestamp.as_bytes(), body] {
                    mac.update(part);
                }
                Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
            }
            Self::V1a(key) => {
                let message = [id.as_bytes(), timestamp.as_bytes(), body].concat();
                Ok(format!("v1a,{}", key.sign(&message)))
            }
        }
    }
}

/// The value of `webhook-signature`: an entry for each key, in their order.
pub fn signature(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8]) -> Result<String, Error> {
    let entries: Result<Vec<String>, Error> = keys.iter().map(|key| key.entry(id, timestamp, body)).collect();
    Ok(entries?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::parse(&SecretString::from(text)).unwrap()
    }

    /// From the tests of the standard's Rust library, and of its other libraries.
    const VECTORS: [(&str, &str, i64, &str, &str); 2] = [
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ];

    #[test]
    fn the_published_vectors_are_reproduced() {
        for (key, id, timestamp, body, expected) in VECTORS {
            assert_eq!(signature(&[SigningKey::V1(secret(key))], id, timestamp, body.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn every_secret_of_a_rotation_signs_in_one_header() {
        let (id, timestamp, body) = (VECTORS[0].1, VECTORS[0].2, VECTORS[0].3.as_bytes());
        let new = Secret::parse(&Secret::generate().unwrap()).unwrap();
        let both =
            signature(&[SigningKey::V1(new), SigningKey::V1(secret(VECTORS[0].0))], id, timestamp, body).unwrap();
        let entries: Vec<&str> = both.split(' ').collect();
        assert_eq!((entries.len(), entries[1]), (2, VECTORS[0].4));
        assert_ne!(entries[0], entries[1]);
    }

    #[test]
    fn only_secrets_of_the_standards_form_are_taken() {
        for wrong in ["", "whsec_", "whsec_AAAA", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_C2FVsBQIhrscChlQ*MV+b5sS"]
        {
            assert!(Secret::parse(&SecretString::from(wrong)).is_none(), "{wrong:?}");
        }
        assert!(!format!("{:?}", secret(VECTORS[0].0)).contains("C2FV"));
    }
}
