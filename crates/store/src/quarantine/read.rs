//! Looking at what was set aside.

use trunnion_model::ids::{ConnectionId, QuarantineId};
use trunnion_model::time::rfc3339_micros;
use uuid::Uuid;

use crate::db::args;
use crate::{Result, Store};

/// A page of the list holds at most this many.
const MOST: usize = 500;

/// A row that could not be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub id: QuarantineId,
    pub entity: String,
    pub remote_id: String,
    /// The row as the system sent it: a JSON text.
    pub raw: String,
    pub field: String,
    pub problem: String,
    pub tries: i64,
    pub first_at: i64,
    pub last_at: i64,
}

type Row = (Uuid, String, String, String, String, String, i64, i64, i64);

const SELECT: &str = "select id, entity, remote_id, raw, field, problem, tries, first_at, last_at from quarantine";

impl Store {
    /// What is set aside of a connection, the newest first, from the one after (older than) `after`. At most 500.
    pub async fn quarantine(
        &self,
        connection: ConnectionId,
        after: Option<QuarantineId>,
        limit: usize,
    ) -> Result<Vec<Quarantined>> {
        let before = after.map_or(Uuid::max(), |id| id.0);
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let sql = const_sql(&format!("{SELECT} where connection_id = $1 and id < $2 order by id desc limit $3"));
        let rows = self.inner.db.rows::<Row>(sql, args![connection, before, limit]).await?;
        Ok(rows.into_iter().map(quarantined).collect())
    }

    /// One row that is set aside.
    pub async fn quarantined(&self, connection: ConnectionId, id: QuarantineId) -> Result<Option<Quarantined>> {
        let sql = const_sql(&format!("{SELECT} where connection_id = $1 and id = $2"));
        Ok(self.inner.db.row::<Row>(sql, args![connection, id]).await?.map(quarantined))
    }

    /// The remote ids of an entity's rows that wait for another try, the longest waiting first.
    pub async fn quarantine_to_retry(
        &self,
        connection: ConnectionId,
        entity: &str,
        tried_before: i64,
        limit: usize,
    ) -> Result<Vec<String>> {
        let sql = "select remote_id from quarantine where connection_id = $1 and entity = $2 and last_at < $3
                   order by last_at, remote_id limit $4";
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let rows = self.inner.db.rows::<(String,)>(sql, args![connection, entity, tried_before, limit]).await?;
        Ok(rows.into_iter().map(|(remote_id,)| remote_id).collect())
    }

    /// The row is not there any more.
    pub async fn forget_quarantined(&self, connection: ConnectionId, id: QuarantineId) -> Result<()> {
        let sql = "delete from quarantine where connection_id = $1 and id = $2";
        self.inner.db.execute(sql, args![connection, id]).await.map(drop)
    }

    /// How many rows are set aside, per entity that has any.
    pub async fn quarantine_counts(&self, connection: ConnectionId) -> Result<Vec<(String, i64)>> {
        let sql = "select entity, count(*) from quarantine where connection_id = $1 group by entity order by entity";
        self.inner.db.rows::<(String, i64)>(sql, args![connection]).await
    }
}

impl Quarantined {
    /// As the API shows it. A raw form that is no JSON is shown as a text.
    pub fn to_json(&self) -> serde_json::Value {
        let raw = serde_json::from_str(&self.raw).unwrap_or_else(|_| serde_json::Value::from(self.raw.as_str()));
        serde_json::json!({
            "id": self.id.to_string(),
            "entity": self.entity,
            "remote_id": self.remote_id,
            "field": self.field,
            "problem": self.problem,
            "tries": self.tries,
            "first_at": rfc3339_micros(self.first_at),
            "last_at": rfc3339_micros(self.last_at),
            "raw": raw,
        })
    }
}

fn const_sql(text: &str) -> sqlx::AssertSqlSafe<String> {
    // The text is made of constants and placeholders only.
    sqlx::AssertSqlSafe(text.to_owned())
}

fn quarantined((id, entity, remote_id, raw, field, problem, tries, first_at, last_at): Row) -> Quarantined {
    Quarantined { id: QuarantineId(id), entity, remote_id, raw, field, problem, tries, first_at, last_at }
}
