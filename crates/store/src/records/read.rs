//! The ways out.

use sqlx::AssertSqlSafe;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId, RecordScope};
use trunnion_model::record::Record;
use uuid::Uuid;

use super::{ListQuery, NaturalMatch, Position, Sort, filter};
use crate::db::arg::Arg;
use crate::db::{Dialect, Tx, args, columns};
use crate::{Result, Store};

/// A page of records holds at most this many.
const MOST: usize = 1000;

/// So many natural keys go into one question.
const KEYS_AT_ONCE: usize = 100;

const COLUMNS: &str = "id, remote_id, display, remote_url, created_at, modified_at, remote_created_at,
    remote_modified_at, deleted_at, version, data";

columns! {
    struct RecordRow {
        id: Uuid,
        remote_id: String,
        display: String,
        remote_url: Option<String>,
        created_at: i64,
        modified_at: i64,
        remote_created_at: Option<i64>,
        remote_modified_at: Option<i64>,
        deleted_at: Option<i64>,
        version: i64,
        data: String,
        raw: Option<String>,
    }
}

impl RecordRow {
    fn record(self) -> Record {
        Record {
            id: RecordId(self.id),
            remote_id: self.remote_id,
            display: self.display,
            remote_url: self.remote_url,
            created_at: self.created_at,
            modified_at: self.modified_at,
            remote_created_at: self.remote_created_at,
            remote_modified_at: self.remote_modified_at,
            deleted_at: self.deleted_at,
            version: self.version,
            data: self.data,
            raw: self.raw,
        }
    }
}

impl Store {
    /// One record; a deleted one too (`deleted_at` says so).
    pub async fn get(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        id: RecordId,
        include_raw: bool,
    ) -> Result<Option<Record>> {
        let db = &self.inner.db;
        let row = db.row::<RecordRow>(select_one(db.dialect(), include_raw), one(connection, entity, id)).await?;
        Ok(row.map(RecordRow::record))
    }

    /// One record by the system's own id.
    pub async fn get_by_remote_id(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        remote_id: &str,
        include_raw: bool,
    ) -> Result<Option<Record>> {
        self.get(connection, entity, RecordId::of(connection, entity, remote_id), include_raw).await
    }

    /// The records that go by these natural keys (a vendor's code), without deleted ones. A key that several go by comes
    /// several times.
    pub async fn find_by_natural_key(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        keys: &[&str],
    ) -> Result<Vec<NaturalMatch>> {
        let mut found = Vec::new();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let mut bound = args![connection, entity.name];
            let mut places = Vec::with_capacity(keys.len());
            for &key in keys {
                bound.push(Arg::from(key));
                places.push(format!("${}", bound.len()));
            }
            let sql = format!(
                "select natural_key, id, remote_id from record
                 where connection_id = $1 and entity = $2 and natural_key in ({}) and deleted_at is null
                 order by natural_key, id",
                places.join(", ")
            );
            let rows = self.inner.db.rows::<(String, Uuid, String)>(AssertSqlSafe(sql), bound).await?;
            found.extend(rows.into_iter().map(|(key, id, remote_id)| NaturalMatch {
                key,
                id: RecordId(id),
                remote_id,
            }));
        }
        Ok(found)
    }

    pub async fn list(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        query: &ListQuery,
    ) -> Result<Vec<Record>> {
        let dialect = self.inner.db.dialect();
        let by_key = query.fields.name_natural_keys();
        let (mut filter, from) = match (query.sort, dialect) {
            (Sort::Steady, Dialect::Postgres) if !by_key => (Filter::by_id(connection, entity), "record"),
            // As they lie in the table: by id, each would be on a page of its own.
            (Sort::Steady, Dialect::Sqlite) if !by_key => {
                (Filter::by_time(connection, entity), "record indexed by record_by_place")
            }
            _ => (Filter::by_time(connection, entity), "record"),
        };
        filter.narrow(query, dialect);
        let order = match query.sort {
            Sort::Steady => dialect.pick("rowid", "id"),
            Sort::ModifiedAsc => "modified_at, id",
            Sort::ModifiedDesc => "modified_at desc, id desc",
        };
        if let Some(position) = query.after {
            filter.behind(query.sort, dialect, position);
        }
        let raw = if query.include_raw { "raw" } else { "cast(null as text) as raw" };
        let limit = i64::try_from(query.limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        filter.bound.push(Arg::from(limit));
        let place = filter.bound.len();
        let sql = format!("select {COLUMNS}, {raw} from {from} where {} order by {order} limit ${place}", filter.text);
        // The text is made of constants and placeholders only.
        let rows = self.inner.db.rows::<RecordRow>(AssertSqlSafe(sql), filter.bound).await?;
        Ok(rows.into_iter().map(RecordRow::record).collect())
    }

    /// How many records the query would list without `after` and `limit`.
    pub async fn count(&self, connection: ConnectionId, entity: &'static Entity, query: &ListQuery) -> Result<u64> {
        let mut filter = Filter::by_time(connection, entity);
        filter.narrow(query, self.inner.db.dialect());
        let sql = format!("select count(*) from record where {}", filter.text);
        let row = self.inner.db.total::<(i64,)>(AssertSqlSafe(sql), filter.bound).await?;
        Ok(row.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0)))
    }
}

/// The record as it is within the transaction, without raw.
pub(super) async fn read_in(
    tx: &mut Tx,
    connection: ConnectionId,
    entity: &Entity,
    id: RecordId,
) -> Result<Option<Record>> {
    let sql = select_one(tx.dialect(), false);
    Ok(tx.row::<RecordRow>(sql, one(connection, entity, id)).await?.map(RecordRow::record))
}

fn select_one(dialect: Dialect, include_raw: bool) -> AssertSqlSafe<String> {
    let raw = if include_raw { "raw" } else { "cast(null as text) as raw" };
    AssertSqlSafe(format!("select {COLUMNS}, {raw} from record where id = $3 and {}", hidden_tenant(dialect)))
}

/// The condition on connection and entity, written so that it is checked on each row and no index is chosen for it. Both
/// planners would take the index by time and sort thousands of rows for one page: equality on two columns looks good to
/// them as long as they know nothing, or too little, about the table.
fn hidden_tenant(dialect: Dialect) -> &'static str {
    dialect.pick(
        "+connection_id = $1 and +entity = $2",
        "connection_id is not distinct from $1 and entity is not distinct from $2",
    )
}

fn one(connection: ConnectionId, entity: &Entity, id: RecordId) -> Vec<Arg> {
    args![connection, entity.name, id]
}

/// The conditions of a list, as text and arguments.
struct Filter {
    text: String,
    bound: Vec<Arg>,
}

impl Filter {
    /// For what is read off the index by time, by natural key, or by place.
    fn by_time(connection: ConnectionId, entity: &Entity) -> Self {
        let text = "connection_id = $1 and entity = $2".to_owned();
        Self { text, bound: args![connection, entity.name] }
    }

    /// For what is read off PostgreSQL's primary key, in which the ids of one entity of one connection lie together.
    fn by_id(connection: ConnectionId, entity: &Entity) -> Self {
        let tenant = hidden_tenant(Dialect::Postgres).to_owned();
        let mut filter = Self { text: tenant, bound: args![connection, entity.name] };
        let (low, high) = RecordScope::new(connection, entity).range();
        filter.and("id >= $", low);
        filter.and("id <= $", high);
        filter
    }

    fn narrow(&mut self, query: &ListQuery, dialect: Dialect) {
        for (condition, at) in [
            ("modified_at > $", query.modified_after),
            ("modified_at < $", query.modified_before),
            ("created_at > $", query.created_after),
            ("created_at < $", query.created_before),
        ] {
            if let Some(at) = at {
                self.and(condition, at);
            }
        }
        if !query.include_deleted {
            self.text.push_str(" and deleted_at is null");
        }
        filter::add(&query.fields, dialect, &mut self.text, &mut self.bound);
    }

    /// What comes behind that place.
    fn behind(&mut self, sort: Sort, dialect: Dialect, place: Position) {
        let (sign, more) = match sort {
            Sort::Steady if dialect == Dialect::Postgres => return self.and("id > $", place.id),
            Sort::Steady => {
                self.and("rowid > (select rowid from record where id = $", place.id);
                return self.text.push(')');
            }
            Sort::ModifiedAsc => ("(modified_at, id) > ($", place.modified_at),
            Sort::ModifiedDesc => ("(modified_at, id) < ($", place.modified_at),
        };
        self.and(sign, more);
        self.bound.push(Arg::from(place.id));
        self.text.push_str(&format!(", ${})", self.bound.len()));
    }

    /// ` and {condition}{n}`, where n is the place of `value`.
    fn and(&mut self, condition: &'static str, value: impl Into<Arg>) {
        self.bound.push(value.into());
        self.text.push_str(" and ");
        self.text.push_str(condition);
        self.text.push_str(&self.bound.len().to_string());
    }
}
