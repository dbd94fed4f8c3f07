//! Keys of `v1a`: ed25519, so that a receiver can verify without being able to sign.
//!
//! The private text form is `whsk_` and base64 of seed and public key, 32 bytes each, as other senders write it; the public
//! one is `whpk_` and base64 of the public key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::Error;

const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// An endpoint's private key.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// The texts of a new key: private and public.
    pub fn generate() -> Result<(SecretString, String), Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|error| Error::Unexpected(format!("no randomness here: {error}")))?;
        let key = Self(SigningKey::from_bytes(&seed));
        let pair = Zeroizing::new(key.0.to_keypair_bytes());
        Ok((SecretString::from(format!("{PRIVATE}{}", STANDARD.encode(pair.as_slice()))), key.public()))
    }

    /// Of `whsk_` and base64 of 64 bytes, of which the second half is what the first half leads to.
    pub fn parse(text: &SecretString) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose_secret().strip_prefix(PRIVATE)?).ok()?);
        let pair: Zeroizing<[u8; 64]> = Zeroizing::new(bytes.as_slice().try_into().ok()?);
        SigningKey::from_keypair_bytes(&pair).ok().map(Self)
    }

    /// `whpk_…`
    pub fn public(&self) -> String {
        format!("{PUBLIC}{}", STANDARD.encode(self.0.verifying_key().as_bytes()))
    }

    pub(super) fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.0.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// Whether an entry of `webhook-signature` is a `v1a` signature by that public key (`whpk_…`): what a receiver does.
pub fn verify(public: &str, entry: &str, id: &str, timestamp: i64, body: &[u8]) -> bool {
    let check = || {
        let key = STANDARD.decode(public.strip_prefix(PUBLIC)?).ok()?;
        let key = VerifyingKey::from_bytes(key.as_slice().try_into().ok()?).ok()?;
        let signature = STANDARD.decode(entry.strip_prefix("v1a,")?).ok()?;
        let signature = Signature::from_slice(&signature).ok()?;
        let message = [id.as_bytes(), format!(".{timestamp}.").as_bytes(), body].concat();
        key.verify_strict(&message, &signature).ok()
    };
    check().is_some()
}

#[cfg(test)]
mod tests {
    use super::super::{SigningKey, signature};
    use super::*;

    // From the tests of another sender of the standard.
    const KEY: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const PUBLIC_KEY: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const EXPECTED: &str =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    #[test]
    fn the_published_vector_is_reproduced_and_verified() {
        let key = SigningKey::parse(&SecretString::from(KEY)).unwrap();
        assert_eq!(signature(&[key], ID, 1_614_265_330, BODY).unwrap(), EXPECTED);
        assert_eq!(PrivateKey::parse(&SecretString::from(KEY)).unwrap().public(), PUBLIC_KEY);
        assert!(verify(PUBLIC_KEY, EXPECTED, ID, 1_614_265_330, BODY));
    }

    #[test]
    fn nothing_else_verifies() {
        let (_private, other) = PrivateKey::generate().unwrap();
        assert!(!verify(&other, EXPECTED, ID, 1_614_265_330, BODY));
        assert!(!verify(PUBLIC_KEY, EXPECTED, ID, 1_614_265_331, BODY));
        assert!(!verify(PUBLIC_KEY, EXPECTED, "msg_other", 1_614_265_330, BODY));
        assert!(!verify(PUBLIC_KEY, EXPECTED, ID, 1_614_265_330, b"{}"));
        for entry in ["", "v1a,", &EXPECTED[..60], &EXPECTED.replace("v1a,", "v1,")] {
            assert!(!verify(PUBLIC_KEY, entry, ID, 1_614_265_330, BODY), "{entry:?}");
        }
    }

    #[test]
    fn only_whole_keys_are_taken_and_none_is_shown() {
        for wrong in ["", "whsk_", "whsk_AAAA", &KEY[5..], &KEY.replace("whsk_6Xb", "whsk_6Xa")] {
            assert!(PrivateKey::parse(&SecretString::from(wrong)).is_none(), "{wrong:?}");
        }
        let (private, public) = PrivateKey::generate().unwrap();
        let key = PrivateKey::parse(&private).unwrap();
        assert_eq!(key.public(), public);
        assert!(!format!("{key:?}").contains("whsk"));
    }
}
