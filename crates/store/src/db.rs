//! The two databases behind one handle: connecting, transactions, and running one portable statement on either.
//!
//! A statement is one text with `$1` placeholders, its arguments are an [`args!`] list, its rows are tuples or
//! `FromRow` structs. Where the two differ (locks, mostly), [`Dialect::pick`] names both texts side by side.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Connection as _, Executor as _, FromRow, PgConnection, Postgres, SqlSafeStr, Sqlite, Transaction};

use tokio::sync::Notify;

use crate::db::arg::Arg;
use crate::{Error, Result};

pub(crate) mod arg;
mod log;
mod set;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        self.pick("sqlite", "postgres")
    }

    pub(crate) fn pick(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// A statement for either database, which locks the rows it reads where rows can be locked (SQLite has one writer).
macro_rules! locking {
    ($dialect:expr, $sql:expr) => {
        $dialect.pick($sql, concat!($sql, " for update"))
    };
}

pub(crate) use locking;

/// A row that both databases can give.
pub(crate) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

pub(crate) enum Db {
    /// SQLite has one writer at a time: so it has one connection that writes, and readers beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        committed: Arc<Notify>,
    },
    Postgres(PgPool),
}

/// A transaction that writes; rolled back unless committed.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>, Arc<Notify>),
    Postgres(Transaction<'static, Postgres>),
}

/// How long a caller waits for a connection of the pool before it hears `Unavailable`.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection keeps all statements that there are: with fewer, the least used ones are parsed again each time.
const STATEMENTS: usize = 512;

/// A connection that nobody used for so long is asked whether it is still there.
const ASKED_AFTER: Duration = Duration::from_secs(1);

/// The first SQLite without the WAL-reset error, which could corrupt a database that two connections checkpoint.
const SQLITE_AT_LEAST: i32 = 3_051_003;

impl Db {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await
        } else if url.starts_with("sqlite:") {
            open_sqlite(url).await
        } else {
            Err(Error::Configuration("the database URL must begin with sqlite: or postgres:".to_owned()))
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.row::<(i64,)>("select cast(1 as bigint)", Vec::new()).await.map(|_one| ())
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            // A deferred transaction that turns to writing is refused at once when somebody else wrote; this one waits.
            Self::Sqlite { writer, committed, .. } => {
                Tx::Sqlite(writer.begin_with("begin immediate").await?, Arc::clone(committed))
            }
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// All rows of a reading statement.
    pub(crate) async fn rows<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite { readers, .. } => sqlx::query_as_with(sql, arg::sqlite(args)?).fetch_all(readers).await?,
            Self::Postgres(pool) => sqlx::query_as_with(sql, arg::postgres(args)?).fetch_all(pool).await?,
        })
    }

    /// The row of a reading statement, if there is one.
    pub(crate) async fn row<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                sqlx::query_as_with(sql, arg::sqlite(args)?).fetch_optional(readers).await?
            }
            Self::Postgres(pool) => sqlx::query_as_with(sql, arg::postgres(args)?).fetch_optional(pool).await?,
        })
    }

    /// Runs one writing statement in a transaction of its own; how many rows it touched.
    pub(crate) async fn execute(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        let mut tx = self.begin().await?;
        let touched = tx.execute(sql, args).await?;
        tx.commit().await?;
        Ok(touched)
    }
}

impl Tx {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(..) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) async fn rows<T: Row>(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>> {
        Ok(match self {
            Self::Sqlite(tx, _) => sqlx::query_as_with(sql, arg::sqlite(args)?).fetch_all(&mut **tx).await?,
            Self::Postgres(tx) => sqlx::query_as_with(sql, arg::postgres(args)?).fetch_all(&mut **tx).await?,
        })
    }

    pub(crate) async fn row<T: Row>(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        Ok(match self {
            Self::Sqlite(tx, _) => sqlx::query_as_with(sql, arg::sqlite(args)?).fetch_optional(&mut **tx).await?,
            Self::Postgres(tx) => sqlx::query_as_with(sql, arg::postgres(args)?).fetch_optional(&mut **tx).await?,
        })
    }

    /// How many rows the statement touched.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx, _) => sqlx::query_with(sql, arg::sqlite(args)?).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => sqlx::query_with(sql, arg::postgres(args)?).execute(&mut **tx).await?.rows_affected(),
        })
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx, committed) => {
                tx.commit().await?;
                committed.notify_one();
            }
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// What this transaction writes may be undone by a power cut, whole: for work that is then simply done again. (SQLite
    /// has one setting for all.)
    pub(crate) async fn relaxed(&mut self) -> Result<()> {
        if self.dialect() == Dialect::Postgres {
            self.execute("set local synchronous_commit = off", Vec::new()).await?;
        }
        Ok(())
    }

    /// Waits, on PostgreSQL, until nobody else is in a section of this name; until the end of the transaction. SQLite's
    /// writer is alone anyway.
    pub(crate) async fn alone(&mut self, section: i64) -> Result<()> {
        if self.dialect() == Dialect::Postgres {
            self.rows::<(bool,)>("select pg_advisory_xact_lock($1) is null", args![section]).await?;
        }
        Ok(())
    }
}

/// PostgreSQL cannot keep the character U+0000 in a text.
pub(crate) fn replace_nul(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

pub(crate) use arg::args;
pub(crate) use set::{hex, over_set, set};

async fn open_postgres(url: &str) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)?.application_name("trunnion").statement_cache_capacity(STATEMENTS);
    // A pool that cannot connect tries until its patience is over; whoever starts the program wants to know at once.
    PgConnection::connect_with(&options).await?.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(PATIENCE)
        // The pool would ask whether a connection is still there before each use, and does so after each use anyway.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > ASKED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _meta| {
            Box::pin(async move {
                // All that is asked here is read off an index in its order. Without statistics the planner believes that
                // a range of ids is small, collects it whole and sorts it, for each page of a list again.
                // The limits are for what hangs: nothing here takes a minute but erasing a large connection.
                // Raw rows are compressed as they are stored, by default with pglz, which took most of a page's time. A
                // server before 14, or one that was built without lz4, goes on with that.
                let settings = "set enable_bitmapscan = off; set statement_timeout = '600s';
                    set idle_in_transaction_session_timeout = '60s';
                    do $$ begin
                        perform set_config('default_toast_compression', 'lz4', false);
                    exception when undefined_object or invalid_parameter_value then null;
                    end $$";
                connection.execute(settings).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    sqlx::migrate!("migrations/postgres").run(&pool).await.map_err(migration)?;
    Ok(Db::Postgres(pool))
}

async fn open_sqlite(url: &str) -> Result<Db> {
    if rusqlite::version_number() < SQLITE_AT_LEAST {
        let found = rusqlite::version();
        return Err(Error::Configuration(format!("SQLite {found} can corrupt its log; 3.51.3 or newer is needed")));
    }
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .page_size(16_384)
        .journal_mode(SqliteJournalMode::Wal)
        // What was answered as stored survives a power cut, not only the end of the process.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true)
        // A page of a list at once: each time the buffer is full, two threads change places.
        .row_buffer_size(512)
        .statement_cache_capacity(STATEMENTS)
        .pragma("wal_autocheckpoint", log::WRITERS_TURN);
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(Error::Configuration("the database must be a file: memory cannot be shared".to_owned()));
    }
    // A file does not hang up.
    let pool =
        |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(PATIENCE).test_before_acquire(false);
    // The cache is per connection, in KiB: most of it where pages are changed.
    let writing = options.clone().pragma("cache_size", "-16384");
    let writer = pool(1).idle_timeout(None).max_lifetime(None).connect_with(writing).await?;
    sqlx::migrate!("migrations/sqlite").run(&writer).await.map_err(migration)?;
    let copying = options.clone().pragma("cache_size", "-64");
    let reading = options.create_if_missing(false).pragma("cache_size", "-4096").pragma("query_only", "on");
    let readers = pool(4).connect_with(reading).await?;
    let committed = Arc::new(Notify::new());
    log::copy_beside(&copying, writer.clone(), Arc::clone(&committed)).await?;
    Ok(Db::Sqlite { writer, readers, committed })
}

fn migration(error: sqlx::migrate::MigrateError) -> Error {
    match error {
        sqlx::migrate::MigrateError::Execute(inner) => inner.into(),
        other => Error::Configuration(format!("the database's tables cannot be brought up to date: {other}")),
    }
}
