//! SQLite's write-ahead log, copied into the database beside the writer. Left to itself, SQLite copies it in the middle of a
//! commit whenever it is long enough, with everybody waiting behind that commit: most of a tenth of a second for 64 MB.
//!
//! The writer still does so, for the log can only begin anew when nothing of it is left to copy; but most is copied then.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_blocking;

/// Between two looks at a log that grows.
const LOOK: Duration = Duration::from_millis(25);
/// So many pages are copied at a time, of 16 KB each: one sync of the database for all of them.
const AT_ONCE: i64 = 512;
/// When the writer copies what is left, in pages. Beyond [`AT_ONCE`] by what comes while that is copied.
pub(super) const WRITERS_TURN: i64 = 4_000;

/// Copies the log until the database is `open` no more, whenever something was `committed`.
pub(super) fn copy_beside(mut connection: Connection, open: Arc<Semaphore>, committed: Arc<Notify>) {
    tokio::spawn(async move {
        while !open.is_closed() {
            // A log that nobody writes stays as it is; the wait has an end for the sake of a database that was closed.
            if tokio::time::timeout(Duration::from_secs(1), committed.notified()).await.is_err() {
                continue;
            }
            tokio::time::sleep(LOOK).await;
            let copied = spawn_blocking(move || (copy(&connection), connection)).await;
            let Ok((copied, back)) = copied else { return };
            connection = back;
            if let Err(error) = copied {
                tracing::debug!(%error, "the database's log is left to its writer");
            }
        }
    });
}

/// Copies what can be copied without making anybody wait, if it is worth while.
fn copy(connection: &Connection) -> rusqlite::Result<()> {
    let sizes = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (pages, copied) = connection.query_row("pragma wal_checkpoint(noop)", [], sizes)?;
    if pages - copied >= AT_ONCE {
        connection.query_row("pragma wal_checkpoint(passive)", [], |_row| Ok(()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use trunnion_model::time::Clock;

    use super::*;
    use crate::{Keyring, Store};

    #[tokio::test]
    async fn the_log_of_a_busy_database_is_copied_without_its_writer() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("store.db");
        let url = format!("sqlite:{}", file.display());
        let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
        let before = std::fs::metadata(&file).unwrap().len();
        // Half of what makes the writer copy.
        store.inner.db.execute("create table heap (text blob)", Vec::new()).await.unwrap();
        for _ in 0..20 {
            store.inner.db.execute("insert into heap values (zeroblob(1600000))", Vec::new()).await.unwrap();
        }
        let end = tokio::time::Instant::now() + Duration::from_secs(30);
        while std::fs::metadata(&file).unwrap().len() < before + 8_000_000 {
            assert!(tokio::time::Instant::now() < end, "nothing was copied");
            tokio::time::sleep(LOOK).await;
        }
        store.close().await;
    }
}
