//! The handle that everybody holds: opening and closing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use trunnion_model::time::Clock;

use crate::db::Db;
use crate::keyring::Keyring;
use crate::news::News;
use crate::webhooks::SecretCache;
use crate::{Error, Result};

/// The store; cheap to clone, safe to share.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Clock,
    /// One at a time may note the use of a key.
    pub(crate) noting: Arc<Semaphore>,
    /// The secrets of webhook endpoints, opened.
    pub(crate) secrets: SecretCache,
    pub(crate) news: News,
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH`, created if it is not there, or `postgres://…`) and brings its tables up
    /// to date. Refuses an SQLite with the WAL-reset error (before 3.51.3).
    pub async fn open(url: &str, keyring: Keyring, clock: Clock) -> Result<Self> {
        let db = Db::open(url).await?;
        let inner = Inner {
            db,
            keyring,
            clock,
            noting: Arc::new(Semaphore::new(1)),
            secrets: SecretCache::default(),
            news: News::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Waits for running transactions and closes the database. Calls after that are answered `Unavailable`.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Whether the database answers within `patience`.
    pub async fn ping(&self, patience: Duration) -> Result<()> {
        match tokio::time::timeout(patience, self.inner.db.ping()).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(Error::Unavailable(Box::new(sqlx::Error::PoolTimedOut))),
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.inner.clock.now_micros()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.inner.db.dialect().name())
    }
}
