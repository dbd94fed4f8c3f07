//! The master keys under which the data keys of connections are wrapped.
//!
//! A key is 32 random bytes, written as base64; it is named by the first 8 bytes of a hash of itself, so that a sealed
//! value says which key it needs and nobody has to invent names.
//!
//! A ring that comes from a file is read again when the file has changed, so that a running server learns of a new key
//! without a restart.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Error, Result};

/// Names a master key without telling anything about it.
pub(crate) type KeyName = [u8; 8];
type Key = Zeroizing<[u8; 32]>;

/// Master keys: the first seals, all of them open. Cheap to clone; keys are wiped when the last clone goes.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<RwLock<Keys>>,
    file: Option<Arc<PathBuf>>,
}

struct Keys {
    all: Vec<(KeyName, Key)>,
    /// Of the file when it was read: a file that is replaced is another one.
    seen: Option<(u64, i64, i64)>,
}

impl Keyring {
    /// A ring of one new key.
    pub fn generate() -> Result<Self> {
        Ok(Self::of(vec![new_key()?]))
    }

    /// Keys in base64, separated by commas or white space: the current one first, then those that only open.
    pub fn from_base64(text: &str) -> Result<Self> {
        Ok(Self::of(parse(text)?))
    }

    /// The keys in the file `path`; makes the file with one new key, readable by its owner only, if it is not there. A
    /// file that others may read is refused.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(mut file) => {
                let text = Zeroizing::new(format!("{}\n", STANDARD.encode(new_key()?.as_slice())));
                file.write_all(text.as_bytes()).map_err(|error| trouble("write", path, &error))?;
                file.sync_all().map_err(|error| trouble("write", path, &error))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(trouble("make", path, &error)),
        }
        let (all, seen) = read(path)?;
        let keys = Keys { all: named(all), seen: Some(seen) };
        Ok(Self { keys: Arc::new(RwLock::new(keys)), file: Some(Arc::new(path.to_owned())) })
    }

    /// Puts a new key before the others in the file at `path`, at once and as a whole.
    pub fn add_key(path: &Path) -> Result<()> {
        let (before, _) = read(path)?;
        let mut all = vec![new_key()?];
        all.extend(before);
        replace(path, &all)
    }

    /// Takes all keys but the first out of the file at `path`; how many they were.
    pub fn drop_old_keys(path: &Path) -> Result<usize> {
        let (all, _) = read(path)?;
        replace(path, &all[..1])?;
        Ok(all.len() - 1)
    }

    pub(crate) fn current(&self) -> (KeyName, Key) {
        self.refresh();
        // A ring is only ever made with at least one key.
        self.keys.read().unwrap_or_else(PoisonError::into_inner).all[0].clone()
    }

    pub(crate) fn named(&self, name: &KeyName) -> Option<Key> {
        let find = || {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.all.iter().find(|(known, _)| known == name).map(|(_, key)| key.clone())
        };
        find().or_else(|| {
            self.refresh();
            find()
        })
    }

    /// Reads the file again if it is another one. A file that cannot be read now leaves the keys that are known.
    fn refresh(&self) {
        let Some(path) = &self.file else { return };
        let seen = self.keys.read().unwrap_or_else(PoisonError::into_inner).seen;
        if std::fs::metadata(path.as_path()).is_ok_and(|now| seen == Some(stamp(&now))) {
            return;
        }
        match read(path) {
            Ok((all, stamp)) => {
                let keys = Keys { all: named(all), seen: Some(stamp) };
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
                tracing::info!("the master keys were read again");
            }
            Err(error) => tracing::error!(%error, "the master keys could not be read again"),
        }
    }

    fn of(all: Vec<Key>) -> Self {
        Self { keys: Arc::new(RwLock::new(Keys { all: named(all), seen: None })), file: None }
    }
}

fn new_key() -> Result<Key> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut())
        .map_err(|error| Error::Configuration(format!("the system gives no randomness: {error}")))?;
    Ok(key)
}

fn parse(text: &str) -> Result<Vec<Key>> {
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
    Ok(keys)
}

fn named(keys: Vec<Key>) -> Vec<(KeyName, Key)> {
    let name = |key: &Key| {
        let hash = blake3::derive_key("trunnion store master key name", key.as_slice());
        let mut name = [0; 8];
        name.copy_from_slice(&hash[..8]);
        name
    };
    keys.into_iter().map(|key| (name(&key), key)).collect()
}

/// The keys in a file that nobody else can read.
fn read(path: &Path) -> Result<(Vec<Key>, (u64, i64, i64))> {
    let meta = std::fs::metadata(path).map_err(|error| trouble("read", path, &error))?;
    if meta.mode() & 0o077 != 0 {
        let hint = format!("the key file {0} can be read by others: chmod 600 {0}", path.display());
        return Err(Error::Configuration(hint));
    }
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| trouble("read", path, &error))?;
    Ok((parse(&text)?, stamp(&meta)))
}

fn stamp(meta: &std::fs::Metadata) -> (u64, i64, i64) {
    (meta.ino(), meta.mtime(), meta.mtime_nsec())
}

/// Whoever reads the file sees the old keys or the new ones, also after a power cut.
fn replace(path: &Path, keys: &[Key]) -> Result<()> {
    let mut text = Zeroizing::new(String::new());
    for key in keys {
        text.push_str(&Zeroizing::new(STANDARD.encode(key.as_slice())));
        text.push('\n');
    }
    let beside = path.with_extension("new");
    let write = || {
        // Left over from one that was killed.
        if beside.exists() {
            std::fs::remove_file(&beside)?;
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| trouble("write", path, &error))
}

fn trouble(doing: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Configuration(format!("cannot {doing} the key file {}: {error}", path.display()))
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Keyring({} keys)", keys.all.len())
    }
}
