//! Which sources somebody should look at, as the database says it: the same on every node.

use super::db::Value;
use super::error::Result;
use super::open::Inbox;

/// More sources than these are a disaster of another kind.
const MOST: i64 = 1_000;

/// A source, and how many of its messages it is about.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Troubled {
    pub source: String,
    pub count: i64,
    /// When the first of them came, in Unix microseconds.
    pub first_at: i64,
}

impl Inbox {
    /// Whose messages wait since `before` or longer.
    pub async fn late(&self, before: i64) -> Result<Vec<Troubled>> {
        let sql = "select source, count(*) as count, min(received_at) as first_at from inbox_message
                   where state in (0, 1) and received_at <= $1 group by source order by source limit $2";
        self.core.db.rows(sql, vec![Value::Int(before), Value::Int(MOST)]).await
    }

    /// Of which more than `above` messages died at `since` or later.
    pub async fn died(&self, since: i64, above: i64) -> Result<Vec<Troubled>> {
        let sql = "select source, count(*) as count, min(received_at) as first_at from inbox_message
                   where state = 3 and finished_at >= $1 group by source having count(*) > $2 order by source limit $3";
        self.core.db.rows(sql, vec![Value::Int(since), Value::Int(above), Value::Int(MOST)]).await
    }

    /// Of which more than `above` requests that came at `since` or later were not believed. Of each source only the last
    /// 200 are known.
    pub async fn not_believed(&self, since: i64, above: i64) -> Result<Vec<Troubled>> {
        let sql = "select source, count(*) as count, min(received_at) as first_at from inbox_refused
                   where received_at >= $1 group by source having count(*) > $2 order by source limit $3";
        self.core.db.rows(sql, vec![Value::Int(since), Value::Int(above), Value::Int(MOST)]).await
    }
}
