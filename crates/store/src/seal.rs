//! Sealing secrets before they are stored: AES-256-GCM-SIV under a data key, which is wrapped by a master key.
//!
//! A value is bound to its place (table, row, field): moved to another row, it does not open. Forms, by their bytes:
//! the wrapped data key is `1 ‖ master key's name (8) ‖ nonce (12) ‖ ciphertext (48)`, a secret is `1 ‖ nonce (12) ‖
//! ciphertext`. To change the master key, only data keys have to be wrapped again.

use aes_gcm_siv::aead::{Aead as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _, Nonce};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keyring::{KeyName, Keyring};
use crate::{Error, Result};

const FORM: u8 = 1;
const NONCE: usize = 12;
const NAME: usize = 8;

/// Where a value is stored.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) row: Uuid,
    pub(crate) field: &'static str,
}

/// A secret as it is stored.
pub(crate) struct Sealed {
    pub(crate) data_key: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

/// Seals `secret` for `place`, under a new data key.
pub(crate) fn seal(keyring: &Keyring, place: Place, secret: &SecretString) -> Result<Sealed> {
    let mut key = Zeroizing::new([0; 32]);
    random(key.as_mut())?;
    let (name, master) = keyring.current();
    let mut data_key = vec![FORM];
    data_key.extend_from_slice(&name);
    data_key.extend(encrypt(&master, &place.bytes("data key"), key.as_slice())?);
    let mut sealed = vec![FORM];
    sealed.extend(encrypt(&key, &place.bytes("value"), secret.expose_secret().as_bytes())?);
    Ok(Sealed { data_key, sealed })
}

/// Opens what was sealed for `place`.
pub(crate) fn open(keyring: &Keyring, place: Place, value: &Sealed) -> Result<SecretString> {
    let (sealed_form, sealed) = value.sealed.split_first().ok_or_else(|| damaged("it is empty"))?;
    if *sealed_form != FORM {
        return Err(damaged("it has an unknown form"));
    }
    let (_, key) = unwrap(keyring, place, &value.data_key)?;
    let text = decrypt(&key, &place.bytes("value"), sealed).ok_or_else(|| damaged("it does not open"))?;
    let text = std::str::from_utf8(&text).map_err(|_| damaged("it is not text"))?;
    Ok(SecretString::from(text))
}

/// The data key under the current master key, if it is under another one.
pub(crate) fn rewrap(keyring: &Keyring, place: Place, value: &Sealed) -> Result<Option<Vec<u8>>> {
    let (current, master) = keyring.current();
    let (name, key) = unwrap(keyring, place, &value.data_key)?;
    if name == current {
        return Ok(None);
    }
    let mut data_key = vec![FORM];
    data_key.extend_from_slice(&current);
    data_key.extend(encrypt(&master, &place.bytes("data key"), key.as_slice())?);
    Ok(Some(data_key))
}

/// The data key, and the name of the master key that it is under.
fn unwrap(keyring: &Keyring, place: Place, data_key: &[u8]) -> Result<(KeyName, Zeroizing<[u8; 32]>)> {
    let (form, rest) = data_key.split_first().ok_or_else(|| damaged("it is empty"))?;
    let (name, wrapped) = rest.split_first_chunk::<NAME>().ok_or_else(|| damaged("it is too short"))?;
    if *form != FORM {
        return Err(damaged("it has an unknown form"));
    }
    let master = keyring.named(name).ok_or_else(|| damaged("its master key is not in the key ring"))?;
    let opened = decrypt(&master, &place.bytes("data key"), wrapped).ok_or_else(|| damaged("its key does not open"))?;
    let mut key = Zeroizing::new([0; 32]);
    if opened.len() != key.len() {
        return Err(damaged("its key has the wrong length"));
    }
    key.copy_from_slice(&opened);
    Ok((*name, key))
}

fn damaged(why: &str) -> Error {
    Error::Corrupt { what: "secret", why: why.to_owned() }
}

impl Place {
    /// What a value is bound to: without ambiguity, because only the row's 16 bytes may hold a zero byte.
    fn bytes(self, part: &str) -> Vec<u8> {
        [self.table.as_bytes(), &[0], self.field.as_bytes(), &[0], part.as_bytes(), &[0], self.row.as_bytes()].concat()
    }
}

fn encrypt(key: &[u8; 32], bound_to: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE];
    random(&mut nonce)?;
    let sealed = Aes256GcmSiv::new(key.into())
        .encrypt(&Nonce::from(nonce), Payload { msg: message, aad: bound_to })
        .map_err(|_| Error::Configuration("a secret is too long to seal".to_owned()))?;
    Ok([&nonce[..], &sealed].concat())
}

fn decrypt(key: &[u8; 32], bound_to: &[u8], value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = value.split_first_chunk::<NONCE>()?;
    let opened =
        Aes256GcmSiv::new(key.into()).decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: bound_to }).ok()?;
    Some(Zeroizing::new(opened))
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::Configuration(format!("the system gives no randomness: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { table: "credential", row: Uuid::from_u128(7), field: "sealed" };

    #[test]
    fn a_secret_opens_only_in_its_place_and_only_whole() {
        let ring = Keyring::generate().unwrap();
        let mut value = seal(&ring, PLACE, &SecretString::from("pass wörd")).unwrap();
        assert_eq!(open(&ring, PLACE, &value).unwrap().expose_secret(), "pass wörd");
        assert!(open(&ring, Place { row: Uuid::from_u128(8), ..PLACE }, &value).is_err());
        assert!(open(&ring, Place { field: "other", ..PLACE }, &value).is_err());
        let last = value.sealed.len() - 1;
        value.sealed[last] ^= 1;
        assert!(open(&ring, PLACE, &value).is_err());
        value.sealed.truncate(5);
        assert!(open(&ring, PLACE, &value).is_err());
    }

    #[test]
    fn a_ring_with_a_new_first_key_still_opens_what_the_old_one_sealed() {
        use base64::Engine as _;
        let word = |byte: u8| base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        let old = Keyring::from_base64(&word(1)).unwrap();
        let both = Keyring::from_base64(&format!("{} {}", word(2), word(1))).unwrap();
        let value = seal(&old, PLACE, &SecretString::from("x")).unwrap();
        assert_eq!(open(&both, PLACE, &value).unwrap().expose_secret(), "x");
        let value = seal(&both, PLACE, &SecretString::from("y")).unwrap();
        assert!(open(&old, PLACE, &value).is_err(), "the new key is needed");
    }
}
