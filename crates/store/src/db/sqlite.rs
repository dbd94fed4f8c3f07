//! SQLite: one connection that writes, and readers beside it.
//!
//! A statement takes microseconds, less than it takes to wake another thread and to be woken by it. So statements run where
//! they are asked for, and so does the commit of a few rows, which waits for the disk: one thread at a time, for there is one
//! writer, and the program's runtime has one thread more for it. What grows with what is stored runs on threads for blocking
//! work.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, OpenFlags};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{Mutex as Turns, Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::arg::Arg;
use super::row::Row;
use super::{Manner, PATIENCE, STATEMENTS, log, migration};
use crate::{Error, Result};

/// The first SQLite without the WAL-reset error, which could corrupt a database that two connections checkpoint.
const AT_LEAST: i32 = 3_051_003;

const READERS: usize = 4;

/// So many changed rows are committed where they were changed.
const FEW: u64 = 64;

/// How long a program waits for another one that writes the same file, and how often it looks.
const BUSY: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

pub(crate) struct Sqlite {
    /// None once it is closed.
    writer: Arc<Turns<Option<Writer>>>,
    readers: Arc<Readers>,
    committed: Arc<Notify>,
}

pub(super) struct Readers {
    file: PathBuf,
    free: Mutex<Vec<Connection>>,
    /// Closed with the database.
    places: Arc<Semaphore>,
}

struct Writer {
    connection: Connection,
    /// Whether commits wait for the disk.
    synchronous: bool,
}

/// A transaction that writes; rolled back unless committed.
pub(crate) struct Writing {
    /// There, unless it is on another thread now or was lost there.
    open: Option<Open>,
    committed: Arc<Notify>,
    manner: Manner,
    changes_before: u64,
}

struct Open(OwnedMutexGuard<Option<Writer>>);

impl Sqlite {
    pub(super) async fn open(url: &str) -> Result<Self> {
        if rusqlite::version_number() < AT_LEAST {
            let found = rusqlite::version();
            return Err(Error::Configuration(format!("SQLite {found} can corrupt its log; 3.51.3 or newer is needed")));
        }
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(Error::Configuration("the database must be a file: memory cannot be shared".to_owned()));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .page_size(8_192)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        let file = options.get_filename().to_owned();
        let migrating = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::migrate!("migrations/sqlite").run(&migrating).await.map_err(migration)?;
        migrating.close().await;
        let writer = connect(&file, -16_384)?;
        // Waited for in `begin`, and nowhere else.
        writer.busy_timeout(Duration::ZERO)?;
        writer.pragma_update(None, "wal_autocheckpoint", log::WRITERS_TURN)?;
        let copying = connect(&file, -64)?;
        let readers = Readers { file, free: Mutex::default(), places: Arc::new(Semaphore::new(READERS)) };
        let committed = Arc::new(Notify::new());
        log::copy_beside(copying, Arc::clone(&readers.places), Arc::clone(&committed));
        Ok(Self {
            writer: Arc::new(Turns::new(Some(Writer { connection: writer, synchronous: true }))),
            readers: Arc::new(readers),
            committed,
        })
    }

    /// After the transactions that run now.
    pub(super) async fn close(&self) {
        self.readers.places.close();
        self.readers.free().clear();
        self.writer.lock().await.take();
    }

    pub(super) async fn begin(&self, manner: Manner) -> Result<Writing> {
        let turn = timeout(PATIENCE, Arc::clone(&self.writer).lock_owned());
        let mut open = Open(turn.await.map_err(|_elapsed| busy())?);
        open.set_synchronous(!manner.relaxed)?;
        let until = Instant::now() + BUSY;
        // A deferred transaction that turns to writing is refused at once when somebody else wrote; this one waits.
        while let Err(error) = open.connection().and_then(|connection| execute(connection, "begin immediate", &[])) {
            if !error.is_transient() || Instant::now() > until {
                return Err(error);
            }
            sleep(LOOK).await;
        }
        let changes_before = open.connection()?.total_changes();
        Ok(Writing { open: Some(open), committed: Arc::clone(&self.committed), manner, changes_before })
    }

    /// All rows of a reading statement: as many as there may be, so apart.
    pub(super) async fn rows<T: Row>(&self, sql: sqlx::SqlStr, args: Vec<Arg>) -> Result<Vec<T>> {
        let reading = self.readers.take().await?;
        spawn(move || rows(reading.connection()?, sql.as_str(), &args)).await?
    }

    pub(super) async fn row<T: Row>(&self, sql: sqlx::SqlStr, args: Vec<Arg>) -> Result<Option<T>> {
        self.read(|connection| row(connection, sql.as_str(), &args)).await
    }

    /// Reads where it is asked for, which must not take long there.
    pub(crate) async fn read<R>(&self, work: impl Fn(&Connection) -> Result<R>) -> Result<R> {
        // The writer, if it has nothing to do: it knows what it wrote, which readers have to read again.
        if let Ok(free) = Arc::clone(&self.writer).try_lock_owned()
            && let Some(writer) = free.as_ref()
        {
            match work(&writer.connection) {
                // It waits for no other program, as readers do.
                Err(error) if error.is_transient() => {}
                done => return done,
            }
        }
        work(self.readers.take().await?.connection()?)
    }
}

impl Writing {
    pub(super) async fn rows<T: Row>(&mut self, sql: sqlx::SqlStr, args: Vec<Arg>) -> Result<Vec<T>> {
        self.run(self.manner.long, move |connection| rows(connection, sql.as_str(), &args)).await
    }

    pub(super) async fn row<T: Row>(&mut self, sql: sqlx::SqlStr, args: Vec<Arg>) -> Result<Option<T>> {
        self.run(self.manner.long, move |connection| row(connection, sql.as_str(), &args)).await
    }

    pub(super) async fn execute(&mut self, sql: sqlx::SqlStr, args: Vec<Arg>) -> Result<u64> {
        self.run(self.manner.long, move |connection| execute(connection, sql.as_str(), &args)).await
    }

    /// Works on the connection, `apart` from where others wait.
    pub(crate) async fn run<R: Send + 'static>(
        &mut self,
        apart: bool,
        work: impl FnOnce(&Connection) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let open = self.open.take().ok_or_else(lost)?;
        let work = move || {
            let done = open.connection().and_then(work);
            (open, done)
        };
        let (open, done) = if apart { spawn(work).await? } else { work() };
        self.open = Some(open);
        done
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        let changes = self.run(false, |connection| Ok(connection.total_changes())).await? - self.changes_before;
        let many = !self.manner.relaxed && changes > FEW;
        self.run(many, |connection| execute(connection, "commit", &[]).map(drop)).await?;
        if changes > 0 {
            self.committed.notify_one();
        }
        Ok(())
    }
}

impl Open {
    fn connection(&self) -> Result<&Connection> {
        self.0.as_ref().map(|writer| &writer.connection).ok_or_else(closed)
    }

    fn set_synchronous(&mut self, wanted: bool) -> Result<()> {
        let writer = self.0.as_mut().ok_or_else(closed)?;
        if writer.synchronous != wanted {
            let setting = if wanted { "pragma synchronous = full" } else { "pragma synchronous = normal" };
            writer.connection.execute_batch(setting)?;
            writer.synchronous = wanted;
        }
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Ok(connection) = self.connection()
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("rollback")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

/// A reader that is given back when dropped.
struct Reading {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    async fn take(self: &Arc<Self>) -> Result<Reading> {
        let place = timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_elapsed| busy())?.map_err(|_closed| closed())?;
        let connection = self.free().pop().map_or_else(|| self.open(), Ok)?;
        Ok(Reading { connection: Some(connection), readers: Arc::clone(self), _place: place })
    }

    fn open(&self) -> Result<Connection> {
        let connection = connect(&self.file, -4_096)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(closed)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let back = self.connection.take().filter(|_open| !self.readers.places.is_closed());
        self.readers.free().extend(back);
    }
}

/// `cache` is the connection's own, in KiB if it is below zero.
fn connect(file: &Path, cache: i64) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A prepared statement stays as it is planned. Otherwise SQLite looks at what a LIMIT is bound to, and prepares the
    // statement anew each time that it is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", cache)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What was answered as stored survives a power cut, not only the end of the process.
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

fn rows<T: Row>(connection: &Connection, sql: &str, args: &[Arg]) -> Result<Vec<T>> {
    let mut statement = prepare(connection, sql, args)?;
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(T::read(row)?);
    }
    Ok(rows)
}

fn row<T: Row>(connection: &Connection, sql: &str, args: &[Arg]) -> Result<Option<T>> {
    let mut statement = prepare(connection, sql, args)?;
    let mut found = statement.raw_query();
    let row = found.next()?.map(T::read).transpose()?;
    // A statement that writes is only over when it is asked for more.
    while row.is_some() && found.next()?.is_some() {}
    Ok(row)
}

fn execute(connection: &Connection, sql: &str, args: &[Arg]) -> Result<u64> {
    let mut statement = prepare(connection, sql, args)?;
    let mut found = statement.raw_query();
    while found.next()?.is_some() {}
    Ok(connection.changes())
}

/// The statement with its arguments: SQLite numbers the names `$1`, `$2` … as they come, not as they say.
fn prepare<'c>(connection: &'c Connection, sql: &str, args: &[Arg]) -> Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql)?;
    for place in 1..=statement.parameter_count() {
        let number = statement.parameter_name(place).and_then(|name| name.get(1..)?.parse::<usize>().ok());
        let arg = number.and_then(|number| args.get(number.checked_sub(1)?));
        statement.raw_bind_parameter(place, arg.ok_or(rusqlite::Error::InvalidParameterCount(args.len(), place))?)?;
    }
    Ok(statement)
}

/// Runs `work` on a thread for blocking work.
async fn spawn<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(|_panicked| lost())
}

fn busy() -> Error {
    Error::Unavailable(Box::new(sqlx::Error::PoolTimedOut))
}

fn closed() -> Error {
    Error::Unavailable(Box::new(sqlx::Error::PoolClosed))
}

/// Its thread panicked.
fn lost() -> Error {
    Error::Unavailable(Box::new(sqlx::Error::WorkerCrashed))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_that_is_run_again_with_another_limit_is_not_prepared_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("some.db");
        std::fs::write(&file, "").unwrap();
        let connection = connect(&file, -64).unwrap();
        connection
            .execute_batch("create table thing (id integer primary key); insert into thing values (1), (2)")
            .unwrap();
        let sql = "select id from thing where id >= $1 limit $2";
        for limit in [1_i64, 2] {
            let found: Vec<(i64,)> = rows(&connection, sql, &[Arg::from(0_i64), Arg::from(limit)]).unwrap();
            assert_eq!(found.len(), usize::try_from(limit).unwrap());
        }
        let statement = connection.prepare_cached(sql).unwrap();
        assert_eq!(statement.get_status(StatementStatus::Run), 2, "the same statement");
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
