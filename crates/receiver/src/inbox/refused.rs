//! Requests that were not believed, kept for a while: whoever corrects a source's settings can have them judged again.
//!
//! Anybody can send such requests. So they cost no more than one commit a second, a bounded number of rows and a bounded
//! number of bytes; beyond that they are counted only. What proves a sender by itself is not among what is kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::db::Value;
use super::error::Result;
use super::open::{Core, Inbox};

/// Rows of one source; the oldest go first.
const MOST: i64 = 200;
const MOST_BODY: usize = 64 * 1024;
/// As many wait for the next commit.
pub(super) const QUEUE: usize = 64;
/// Between two commits.
const PAUSE: Duration = Duration::from_secs(1);

/// A request that was not believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Refused {
    pub seq: i64,
    pub source: String,
    /// Why it was not believed.
    pub reason: String,
    /// Of its address, without what proves the sender.
    pub query: String,
    /// `[["name","value"],…]` without credentials.
    pub headers: String,
    pub body: Vec<u8>,
    pub received_at: i64,
}

impl Inbox {
    /// Keeps it, if there is room; the sender does not wait for that.
    pub(crate) fn refuse(&self, refused: Refused) {
        if refused.body.len() <= MOST_BODY {
            let _full = self.refused.try_send(refused);
        }
    }

    /// What was refused of a source, in the order of arrival.
    pub async fn refused(&self, source: &str, after: i64, limit: i64) -> Result<Vec<Refused>> {
        let sql = "select seq, source, reason, query, headers, body, received_at from inbox_refused
                   where source = $1 and seq > $2 order by seq limit $3";
        self.core.db.rows(sql, vec![Value::from(source), Value::Int(after), Value::Int(limit.clamp(1, MOST))]).await
    }

    /// It is believed now, and stored.
    pub(crate) async fn no_longer_refused(&self, seq: i64) -> Result<()> {
        self.core.db.execute("delete from inbox_refused where seq = $1", vec![Value::Int(seq)]).await?;
        Ok(())
    }
}

/// Stores what was refused until nobody is there to refuse any more.
pub(super) async fn keep(core: Arc<Core>, mut refused: mpsc::Receiver<Refused>) {
    loop {
        let mut rows = Vec::new();
        refused.recv_many(&mut rows, QUEUE).await;
        if rows.is_empty() {
            return;
        }
        if let Err(error) = store(&core, rows).await {
            tracing::warn!(%error, "requests that were refused could not be kept");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn store(core: &Core, rows: Vec<Refused>) -> Result<()> {
    let mut sources: Vec<String> = rows.iter().map(|row| row.source.clone()).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut tx = core.db.begin().await?;
    for row in rows {
        // No text of PostgreSQL holds a zero.
        let text = |text: String| Value::Text(text.replace('\0', "\u{fffd}"));
        let sql = "insert into inbox_refused (source, reason, query, headers, body, received_at)
                   values ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            Value::Text(row.source),
            Value::Text(row.reason),
            text(row.query),
            text(row.headers),
            Value::Bytes(row.body),
            Value::Int(row.received_at),
        ];
        tx.execute(sql, values).await?;
    }
    for source in sources {
        let sql = "delete from inbox_refused where source = $1 and seq <=
                   (select seq from inbox_refused where source = $1 order by seq desc limit 1 offset $2)";
        tx.execute(sql, vec![Value::Text(source), Value::Int(MOST)]).await?;
    }
    tx.commit().await
}
