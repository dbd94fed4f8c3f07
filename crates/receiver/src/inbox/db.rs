//! The inbox's database, SQLite or PostgreSQL behind one handle: one text with `$1` placeholders runs on either.
//!
//! Every commit is durable when it returns: SQLite syncs its log with each, PostgreSQL does so by default.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{
    Arguments as _, Connection as _, Executor as _, FromRow, PgConnection, Postgres, SqlSafeStr, Sqlite, Transaction,
};

use super::error::{Error, Result};

/// An argument of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Null,
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// A row that both databases can give.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

pub(super) enum Db {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Senders wait no longer for a database than they wait for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

impl Db {
    /// `sqlite:FILE` or `postgres://…`; makes the tables that are not there.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let db = if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await?
        } else if url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=memory") {
            open_sqlite(url).await?
        } else {
            let message = "the inbox's database must be sqlite:FILE or postgres://…";
            return Err(Error::Configuration(message.to_owned()));
        };
        Ok(db)
    }

    pub(super) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    pub(super) async fn rows<T: Row>(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite { readers, .. } => sqlx::query_as_with(sql, sqlite(values)?).fetch_all(readers).await?,
            Self::Postgres(pool) => sqlx::query_as_with(sql, postgres(values)?).fetch_all(pool).await?,
        })
    }

    /// One writing statement in a transaction of its own.
    pub(super) async fn execute(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64> {
        let mut tx = self.begin().await?;
        let touched = tx.execute(sql, values).await?;
        tx.commit().await?;
        Ok(touched)
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(super) fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    pub(super) async fn rows<T: Row>(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite(tx) => sqlx::query_as_with(sql, sqlite(values)?).fetch_all(&mut **tx).await?,
            Self::Postgres(tx) => sqlx::query_as_with(sql, postgres(values)?).fetch_all(&mut **tx).await?,
        })
    }

    /// How many rows the statement touched.
    pub(super) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx) => sqlx::query_with(sql, sqlite(values)?).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => sqlx::query_with(sql, postgres(values)?).execute(&mut **tx).await?.rows_affected(),
        })
    }

    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

macro_rules! bind {
    ($values:ident, $into:ty) => {{
        let mut bound = <$into>::default();
        for value in $values {
            match value {
                Value::Int(value) => bound.add(value),
                Value::Text(value) => bound.add(value),
                Value::Bytes(value) => bound.add(value),
                Value::Null => bound.add(None::<i64>),
            }
            .map_err(|error| Error::of(&sqlx::Error::Encode(error)))?;
        }
        Ok(bound)
    }};
}

fn sqlite(values: Vec<Value>) -> Result<SqliteArguments> {
    bind!(values, SqliteArguments)
}

fn postgres(values: Vec<Value>) -> Result<PgArguments> {
    bind!(values, PgArguments)
}

async fn open_postgres(url: &str) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)?.application_name("trunnion-receiver");
    PgConnection::connect_with(&options).await?.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(6)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _meta| {
            Box::pin(async move {
                connection
                    .execute("set statement_timeout = '60s'; set idle_in_transaction_session_timeout = '60s'")
                    .await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    let mut tx = pool.begin().await?;
    // Two nodes that start at once would both find no tables.
    tx.execute("select pg_advisory_xact_lock(7209315541)").await?;
    tx.execute(include_str!("postgres.sql")).await?;
    tx.commit().await?;
    Ok(Db::Postgres(pool))
}

async fn open_sqlite(url: &str) -> Result<Db> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(4))
        .pragma("wal_autocheckpoint", "4000");
    let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(PATIENCE);
    let writing = options.clone().pragma("cache_size", "-16384");
    let writer = pool(1).idle_timeout(None).max_lifetime(None).connect_with(writing).await?;
    writer.execute(include_str!("sqlite.sql")).await?;
    let readers = pool(2).connect_with(options.create_if_missing(false).pragma("query_only", "on")).await?;
    Ok(Db::Sqlite { writer, readers })
}
