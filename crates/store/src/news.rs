//! Being told that something new is there: within this process at once, by other nodes of a PostgreSQL a moment later.
//!
//! It is only ever a hint. Whoever waits for it also looks by itself now and then, so nothing is lost if a word is.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use tokio::sync::watch;
use uuid::Uuid;

use crate::db::Db;
use crate::{Result, Store};

const CHANNEL: &str = "trunnion_news";
/// What happens meanwhile is told with one word. A word is a commit, and PostgreSQL makes commits with words one at a time: so
/// it is never said in the transaction of the change.
const GATHER: Duration = Duration::from_millis(20);
/// After the database was lost.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// What there may be news of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Events,
    Work,
    Webhooks,
}

const ALL: [(Of, &str); 3] = [(Of::Events, "events"), (Of::Work, "work"), (Of::Webhooks, "webhooks")];

/// How often this process, and whoever told it, had news.
pub(crate) struct News {
    counts: [watch::Sender<u64>; 3],
    /// Of this process alone: what other nodes told is not told on.
    own: watch::Sender<[u64; 3]>,
}

impl Default for News {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| watch::Sender::new(0)), own: watch::Sender::new([0; 3]) }
    }
}

impl News {
    fn tell(&self, of: Of) {
        self.hear(of);
        self.own.send_modify(|counts| counts[of as usize] = counts[of as usize].wrapping_add(1));
    }

    fn hear(&self, of: Of) {
        self.counts[of as usize].send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Store {
    /// Changes whenever this process, or another node that shares its news, committed an event. Take it before reading; then
    /// wait with `changed()` under a timeout of a second or so.
    pub fn watch_events(&self) -> watch::Receiver<u64> {
        self.watch(Of::Events)
    }

    /// Changes whenever a plan was made due, so that a scheduler need not wait for its next look.
    pub fn watch_work(&self) -> watch::Receiver<u64> {
        self.watch(Of::Work)
    }

    /// Changes whenever deliveries were made due by hand: sent again, replayed, enabled.
    pub fn watch_webhooks(&self) -> watch::Receiver<u64> {
        self.watch(Of::Webhooks)
    }

    /// Tells the other nodes of this process' news, and hears theirs, until `stopping` says so. `node` is this process' own. On SQLite there is nobody to
    /// tell.
    pub async fn share_news(&self, node: Uuid, mut stopping: watch::Receiver<bool>) {
        let Db::Postgres(pool) = &self.inner.db else { return };
        while !*stopping.borrow() {
            if let Err(error) = self.share(pool, node, &mut stopping).await {
                tracing::warn!(%error, "other nodes' news are found by looking until the database is back");
                let _stopped_or_over = tokio::time::timeout(AFTER_ERROR, stopping.wait_for(|stop| *stop)).await;
            }
        }
    }

    async fn share(&self, pool: &PgPool, node: Uuid, stopping: &mut watch::Receiver<bool>) -> Result<()> {
        // A connection that only listens must not be one of those that the others wait for; and no word is worth a wait for the
        // disk.
        let options = (*pool.connect_options()).clone().options([("synchronous_commit", "off")]);
        let own = PgPoolOptions::new().max_connections(2).connect_with(options).await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        // What was said before this node listened is found by looking, once.
        ALL.iter().for_each(|(of, _)| self.inner.news.hear(*of));
        let mut own_news = self.inner.news.own.subscribe();
        let mut told = *own_news.borrow_and_update();
        loop {
            tokio::select! {
                heard = listener.recv() => self.hear(heard?.payload(), node),
                _ = own_news.changed() => {
                    tokio::time::sleep(GATHER).await;
                    let now = *own_news.borrow_and_update();
                    let words = ALL.iter().filter(|(of, _)| now[*of as usize] != told[*of as usize]);
                    let words: Vec<&str> = words.map(|(_, word)| *word).collect();
                    told = now;
                    let message = format!("{node} {}", words.join(" "));
                    sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(message).execute(&own).await?;
                }
                _ = stopping.changed() => return Ok(()),
            }
        }
    }

    fn hear(&self, message: &str, node: Uuid) {
        let mut words = message.split(' ');
        if words.next() == Some(node.to_string().as_str()) {
            return;
        }
        for word in words {
            ALL.iter().filter(|(_, name)| *name == word).for_each(|(of, _)| self.inner.news.hear(*of));
        }
    }

    fn watch(&self, of: Of) -> watch::Receiver<u64> {
        self.inner.news.counts[of as usize].subscribe()
    }

    pub(crate) fn tell_events(&self) {
        self.inner.news.tell(Of::Events);
    }

    pub(crate) fn tell_work(&self) {
        self.inner.news.tell(Of::Work);
    }

    pub(crate) fn tell_webhooks(&self) {
        self.inner.news.tell(Of::Webhooks);
    }
}
