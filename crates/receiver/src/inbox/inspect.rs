//! Looking into the inbox, and setting things right by hand: lists, replays, erasing what is old.

use super::claim::micros;
use super::db::Value;
use super::error::Result;
use super::metrics::SourceMetrics;
use super::open::Inbox;
use super::types::State;

/// Rows per look.
const MOST: i64 = 500;

/// Which messages.
#[derive(Clone, Debug)]
pub struct Filter {
    pub source: String,
    pub state: State,
    /// Only those that came after this one.
    pub after: i64,
    pub limit: i64,
}

/// A message with where it stands.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stored {
    pub seq: i64,
    pub source: String,
    #[sqlx(rename = "dedupe")]
    pub id: String,
    pub key: String,
    pub kind: String,
    pub headers: String,
    pub body: Vec<u8>,
    pub received_at: i64,
    state: i64,
    pub attempts: i64,
    pub due_at: i64,
    pub error: Option<String>,
    pub finished_at: Option<i64>,
}

impl Stored {
    pub fn state(&self) -> State {
        State::of(self.state)
    }
}

impl Inbox {
    /// In the order of arrival.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Stored>> {
        let sql = "select seq, source, dedupe, key, kind, headers, body, received_at, state, attempts, due_at, error, finished_at
                   from inbox_message where source = $1 and state = $2 and seq > $3 order by seq limit $4";
        let values = vec![
            Value::from(filter.source.as_str()),
            Value::Int(filter.state.number()),
            Value::Int(filter.after),
            Value::Int(filter.limit.clamp(1, MOST)),
        ];
        self.core.db.rows(sql, values).await
    }

    pub async fn get(&self, source: &str, seq: i64) -> Result<Option<Stored>> {
        let sql = "select seq, source, dedupe, key, kind, headers, body, received_at, state, attempts, due_at, error, finished_at
                   from inbox_message where source = $1 and seq = $2";
        Ok(self.core.db.rows(sql, vec![Value::from(source), Value::Int(seq)]).await?.pop())
    }

    /// Handles a message once more that is done or dead. `false` if there is none such.
    pub async fn replay(&self, source: &str, seq: i64) -> Result<bool> {
        let sql = "update inbox_message set state = 0, attempts = 0, due_at = $3, error = null, finished_at = null
                   where source = $1 and seq = $2 and state in (2, 3)";
        let values = vec![Value::from(source), Value::Int(seq), Value::Int(self.core.time.micros())];
        let touched = self.core.db.execute(sql, values).await?;
        self.again(source, touched);
        Ok(touched == 1)
    }

    /// Handles all dead messages of a source once more; how many these are.
    pub async fn replay_dead(&self, source: &str) -> Result<u64> {
        let sql = "update inbox_message set state = 0, attempts = 0, due_at = $2, error = null, finished_at = null
                   where source = $1 and state = 3";
        let values = vec![Value::from(source), Value::Int(self.core.time.micros())];
        let touched = self.core.db.execute(sql, values).await?;
        self.again(source, touched);
        Ok(touched)
    }

    fn again(&self, source: &str, count: u64) {
        self.core.gauges.of(source).again(i64::try_from(count).unwrap_or(i64::MAX));
        self.core.news.notify_one();
    }

    /// Forgets what was finished longer ago than the options keep it, up to `most` messages; how many these were.
    pub async fn purge(&self, most: i64) -> Result<u64> {
        let before = self.core.time.micros().saturating_sub(micros(self.core.options.keep));
        self.core.db.execute("delete from inbox_refused where received_at < $1", vec![Value::Int(before)]).await?;
        // Arrival and sequence go together, so the old ones are the first ones.
        let sql = "delete from inbox_message where state = 2 and finished_at < $1
                   and seq in (select seq from inbox_message order by seq limit $2)";
        self.core.db.execute(sql, vec![Value::Int(before), Value::Int(most)]).await
    }

    /// Erases everything of a source.
    pub async fn erase(&self, source: &str) -> Result<()> {
        let mut tx = self.core.db.begin().await?;
        tx.execute("delete from inbox_message where source = $1", vec![Value::from(source)]).await?;
        tx.execute("delete from inbox_position where source = $1", vec![Value::from(source)]).await?;
        tx.execute("delete from inbox_refused where source = $1", vec![Value::from(source)]).await?;
        tx.commit().await
    }

    /// What an operator watches, by source.
    pub async fn metrics(&self) -> Result<Vec<SourceMetrics>> {
        self.core.gauges.refresh(&self.core.db).await?;
        self.core.gauges.read(&self.core.db).await
    }
}
