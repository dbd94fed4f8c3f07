//! An inbox and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::db::Db;
use super::error::Result;
use super::finish::{self, Ended};
use super::ingest::{self, Offered};
use super::metrics::{Gauge, Gauges};
use super::refused::{self, Refused};
use super::types::{New, Put};

/// How an inbox works. The defaults are for production.
#[derive(Clone, Debug)]
pub struct Options {
    /// Messages of one source that may wait here; beyond that the sender's own retries hold them.
    pub max_pending: i64,
    /// Messages of one source that may be in the act of being stored.
    pub max_in_flight: i64,
    /// Messages stored in one commit.
    pub group: usize,
    /// Keys in work at once on this node, and of one source.
    pub slots: usize,
    pub slots_per_source: usize,
    /// Messages of a key that a handler gets at once.
    pub batch: i64,
    /// For one batch in one handler.
    pub handler_limit: Duration,
    /// A node that dies holds what it had in work up for so long. It is renewed while a handler is at work.
    pub lease: Duration,
    /// Before the second try; doubled before each further one, with jitter.
    pub first_pause: Duration,
    pub most_pause: Duration,
    /// After so many tries a message is dead.
    pub tries: i64,
    /// Between two looks for what another node stored.
    pub poll: Duration,
    /// How long a message waits for an earlier one of its stream before that one is asked for.
    pub gap_wait: Duration,
    /// Between two looks at the sender's log, for what was lost at its end.
    pub reconcile: Duration,
    /// How long ids of finished messages are known. Longer than any sender sends again.
    pub keep: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_pending: 100_000,
            max_in_flight: 1_000,
            group: 512,
            slots: 16,
            slots_per_source: 8,
            batch: 32,
            handler_limit: Duration::from_secs(30),
            lease: Duration::from_secs(6),
            first_pause: Duration::from_secs(1),
            most_pause: Duration::from_secs(15 * 60),
            tries: 12,
            poll: Duration::from_millis(250),
            gap_wait: Duration::from_secs(2),
            reconcile: Duration::from_secs(60),
            keep: Duration::from_secs(14 * 24 * 60 * 60),
        }
    }
}

/// Says what time it is, in Unix microseconds.
#[derive(Clone)]
pub struct Time(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Time {
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The machine's.
    pub fn system() -> Self {
        Self::new(|| {
            #[expect(
                clippy::disallowed_methods,
                reason = "this crate depends on none of ours, so it has no other clock"
            )]
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
    }

    pub fn micros(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({})", self.micros())
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    pub(super) core: Arc<Core>,
    pub(super) offered: mpsc::Sender<Offered>,
    pub(super) ended: mpsc::Sender<Ended>,
    pub(super) refused: mpsc::Sender<Refused>,
}

pub(super) struct Core {
    pub(super) db: Db,
    pub(super) options: Options,
    pub(super) time: Time,
    pub(super) gauges: Gauges,
    /// Something was stored that can be worked on.
    pub(super) news: Notify,
}

/// As many wait for the disk; more wait for a place here.
const QUEUE: usize = 4_096;

impl Inbox {
    /// Opens or makes the tables in `sqlite:FILE` or `postgres://…`, inside a tokio runtime.
    pub async fn open(url: &str, options: Options, time: Time) -> Result<Self> {
        let db = Db::open(url).await?;
        let core = Arc::new(Core { db, options, time, gauges: Gauges::default(), news: Notify::new() });
        core.gauges.refresh(&core.db).await?;
        let (offered, to_store) = mpsc::channel(QUEUE);
        let (ended, to_finish) = mpsc::channel(QUEUE);
        let (refused, to_keep) = mpsc::channel(refused::QUEUE);
        tokio::spawn(ingest::store(core.clone(), to_store));
        tokio::spawn(finish::store(core.clone(), to_finish));
        tokio::spawn(refused::keep(core.clone(), to_keep));
        Ok(Self { core, offered, ended, refused })
    }

    /// Stores the message, together with those that are offered at the same time.
    pub async fn put(&self, new: New) -> Result<Put> {
        ingest::put(self, new).await
    }

    pub(crate) fn gauge(&self, source: &str) -> Arc<Gauge> {
        self.core.gauges.of(source)
    }

    pub fn time(&self) -> &Time {
        &self.core.time
    }

    /// What was stored is kept; nothing can be stored or processed after.
    pub async fn close(&self) {
        self.core.db.close().await;
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}
