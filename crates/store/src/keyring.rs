//! The master keys under which the data keys of connections are wrapped.
//!
//! A key is 32 random bytes, written as base64; it is named by the first 8 bytes of a hash of itself, so that a sealed
//! value says which key it needs and nobody has to invent names.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Error, Result};

/// Names a master key without telling anything about it.
pub(crate) type KeyName = [u8; 8];

/// Master keys: the first seals, all of them open. Cheap to clone; keys are wiped when the last clone goes.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<Vec<(KeyName, Zeroizing<[u8; 32]>)>>,
}

impl Keyring {
    /// A ring of one new key.
    pub fn generate() -> Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut())
            .map_err(|error| Error::Configuration(format!("the system gives no randomness: {error}")))?;
        Ok(Self::of(vec![key]))
    }

    /// Keys in base64, separated by commas or white space: the current one first, then those that only open.
    pub fn from_base64(text: &str) -> Result<Self> {
        let mut keys = Vec::new();
        for word in text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
            let mut bytes =
                STANDARD.decode(word).map_err(|_| Error::Configuration("a master key is not base64".to_owned()))?;
            let fits = bytes.len() == 32;
            let mut key = Zeroizing::new([0; 32]);
            if fits {
                key.copy_from_slice(&bytes);
            }
            bytes.zeroize();
            if !fits {
                return Err(Error::Configuration("a master key must be 32 bytes, in base64".to_owned()));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(Error::Configuration("there is no master key in the key ring".to_owned()));
        }
        Ok(Self::of(keys))
    }

    /// The keys in the file `path`; makes the file with one new key, readable by its owner only, if it is not there. A
    /// file that others may read is refused.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let trouble = |doing: &str, error: &std::io::Error| {
            Error::Configuration(format!("cannot {doing} the key file {}: {error}", path.display()))
        };
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(mut file) => {
                let ring = Self::generate()?;
                let text = Zeroizing::new(format!("{}\n", STANDARD.encode(ring.current().1.as_slice())));
                file.write_all(text.as_bytes()).map_err(|error| trouble("write", &error))?;
                file.sync_all().map_err(|error| trouble("write", &error))?;
                Ok(ring)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = std::fs::metadata(path).map_err(|error| trouble("read", &error))?.permissions().mode();
                if mode & 0o077 != 0 {
                    let hint = format!("the key file {0} can be read by others: chmod 600 {0}", path.display());
                    return Err(Error::Configuration(hint));
                }
                let text =
                    std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| trouble("read", &error))?;
                Self::from_base64(&text)
            }
            Err(error) => Err(trouble("make", &error)),
        }
    }

    pub(crate) fn current(&self) -> (&KeyName, &[u8; 32]) {
        // A ring is only ever made with at least one key.
        let (name, key) = &self.keys[0];
        (name, key)
    }

    pub(crate) fn named(&self, name: &KeyName) -> Option<&[u8; 32]> {
        self.keys.iter().find(|(known, _)| known == name).map(|(_, key)| &**key)
    }

    fn of(keys: Vec<Zeroizing<[u8; 32]>>) -> Self {
        let name = |key: &Zeroizing<[u8; 32]>| {
            let hash = blake3::derive_key("trunnion store master key name", key.as_slice());
            let mut name = [0; 8];
            name.copy_from_slice(&hash[..8]);
            name
        };
        Self { keys: Arc::new(keys.into_iter().map(|key| (name(&key), key)).collect()) }
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}
