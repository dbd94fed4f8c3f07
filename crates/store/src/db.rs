//! The two databases behind one handle: connecting, transactions, and running one portable statement on either.
//!
//! A statement is one text with `$1` placeholders, its arguments are an [`args!`] list, its rows are tuples or
//! structs of [`columns!`]. Where the two differ (locks, mostly), [`Dialect::pick`] names both texts side by side.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{Connection as _, Executor as _, PgConnection, Postgres, SqlSafeStr, Transaction};

use self::sqlite::Sqlite;
use crate::{Error, Result};

pub(crate) mod arg;
#[cfg(test)]
pub(crate) mod explain;
mod log;
mod row;
mod set;
mod sqlite;

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

pub(crate) enum Db {
    Sqlite(Sqlite),
    Postgres(PgPool),
}

/// A transaction that writes; rolled back unless committed.
pub(crate) enum Tx {
    Sqlite(Writing),
    Postgres(Transaction<'static, Postgres>),
}

/// How a transaction is meant.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner {
    /// The work of its statements grows with what is stored.
    pub(crate) long: bool,
    /// What it writes may be undone by a power cut, whole: for work that is then simply done again. Whatever is committed
    /// after it is undone no later than it.
    pub(crate) relaxed: bool,
}

/// How long a caller waits for a connection of the pool before it hears `Unavailable`.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection keeps all statements that there are: with fewer, the least used ones are parsed again each time.
const STATEMENTS: usize = 512;

/// A connection that nobody used for so long is asked whether it is still there.
const ASKED_AFTER: Duration = Duration::from_secs(1);

impl Db {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await
        } else if url.starts_with("sqlite:") {
            Sqlite::open(url).await.map(Self::Sqlite)
        } else {
            Err(Error::Configuration("the database URL must begin with sqlite: or postgres:".to_owned()))
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(file) => file.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        self.row::<(i64,)>("select cast(1 as bigint)", Vec::new()).await.map(|_one| ())
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        self.begin_as(Manner::default()).await
    }

    /// See [`Manner::long`].
    pub(crate) async fn begin_long(&self) -> Result<Tx> {
        self.begin_as(Manner { long: true, ..Manner::default() }).await
    }

    /// See [`Manner::relaxed`].
    pub(crate) async fn begin_relaxed(&self) -> Result<Tx> {
        self.begin_as(Manner { relaxed: true, ..Manner::default() }).await
    }

    pub(crate) async fn begin_as(&self, manner: Manner) -> Result<Tx> {
        match self {
            Self::Sqlite(file) => file.begin(manner).await.map(Tx::Sqlite),
            Self::Postgres(pool) => {
                let mut tx = Tx::Postgres(pool.begin().await?);
                if manner.relaxed {
                    tx.execute("set local synchronous_commit = off", Vec::new()).await?;
                }
                Ok(tx)
            }
        }
    }

    /// All rows of a reading statement.
    pub(crate) async fn rows<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(file) => file.rows(sql.into_sql_str(), args).await,
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let read = sqlx::query_with(sql, arg::postgres(args)?).fetch_all(&mut *connection).await;
                read_all(sound(connection, read)?)
            }
        }
    }

    /// The row of a reading statement that finds it by an index, if there is one.
    pub(crate) async fn row<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        match self {
            Self::Sqlite(file) => file.row(sql.into_sql_str(), args).await,
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let read = sqlx::query_with(sql, arg::postgres(args)?).fetch_optional(&mut *connection).await;
                sound(connection, read)?.as_ref().map(T::read).transpose()
            }
        }
    }

    /// The row of a reading statement that looks at many to give one: a count, a sum.
    pub(crate) async fn total<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        Ok(self.rows(sql, args).await?.pop())
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
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) async fn rows<T: Row>(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(tx) => tx.rows(sql.into_sql_str(), args).await,
            Self::Postgres(tx) => read_all(sqlx::query_with(sql, arg::postgres(args)?).fetch_all(&mut **tx).await?),
        }
    }

    pub(crate) async fn row<T: Row>(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        match self {
            Self::Sqlite(tx) => tx.row(sql.into_sql_str(), args).await,
            Self::Postgres(tx) => sqlx::query_with(sql, arg::postgres(args)?)
                .fetch_optional(&mut **tx)
                .await?
                .as_ref()
                .map(T::read)
                .transpose(),
        }
    }

    /// How many rows the statement touched.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx) => tx.execute(sql.into_sql_str(), args).await?,
            Self::Postgres(tx) => sqlx::query_with(sql, arg::postgres(args)?).execute(&mut **tx).await?.rows_affected(),
        })
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => Ok(tx.commit().await?),
        }
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

pub(crate) use self::sqlite::Writing;
pub(crate) use arg::{Arg, args};
pub(crate) use row::{Columns, Row, columns};
pub(crate) use set::{hex, id_set, over_set, set};

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

/// A connection on which a statement failed is closed. Whoever is dropped while a transaction begins leaves it begun, and the
/// pool does not know; that does no harm, as the next one's commit ends it, unless a statement fails in it: then all that
/// follow are refused.
pub(crate) fn sound<T>(mut connection: PoolConnection<Postgres>, read: sqlx::Result<T>) -> Result<T> {
    read.map_err(|error| {
        connection.close_on_drop();
        error.into()
    })
}

fn read_all<T: Row>(rows: Vec<PgRow>) -> Result<Vec<T>> {
    rows.into_iter().map(|row| T::read(&row)).collect()
}

fn migration(error: sqlx::migrate::MigrateError) -> Error {
    match error {
        sqlx::migrate::MigrateError::Execute(inner) => inner.into(),
        other => Error::Configuration(format!("the database's tables cannot be brought up to date: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn whoever_is_dropped_while_a_transaction_begins_spoils_no_connection_for_the_next() {
        let Ok(server) = std::env::var("TRUNNION_TEST_POSTGRES") else {
            eprintln!("not run: TRUNNION_TEST_POSTGRES names no server");
            return;
        };
        let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).connect(&server).await.unwrap();
        let db = Db::Postgres(pool);
        let mut dropped = 0;
        for _ in 0..20 {
            db.ping().await.unwrap();
            // The connection comes back to the pool by a task of its own.
            tokio::time::sleep(Duration::from_millis(5)).await;
            {
                let mut begin = std::pin::pin!(db.begin());
                // Far enough for BEGIN to be on its way. Seldom the answer is there already.
                let polled = begin.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                dropped += usize::from(polled.is_pending());
            }
            assert!(db.rows::<(i64,)>("select 1 / 0", Vec::new()).await.is_err());
            db.ping().await.unwrap();
        }
        assert!(dropped > 0, "each transaction began at once");
    }
}
