//! Only one run at a time may change the cache. The lock is the kernel's, so a killed run leaves none behind.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Longer than a whole set-up from nothing.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// Waits for the lock and takes it; it is released when the file is dropped.
pub(crate) fn take(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let end = Instant::now() + PATIENCE;
    let mut said = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if Instant::now() >= end => {
                bail!("another xtask has held {} for {} min", path.display(), PATIENCE.as_secs() / 60)
            }
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut said, true) {
                    eprintln!("    another xtask is setting up, waiting for it");
                }
                sleep(Duration::from_millis(200));
            }
        }
    }
}
