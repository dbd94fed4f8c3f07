//! SQLite's write-ahead log, copied into the database beside the writer. Left to itself, SQLite copies it in the middle of a
//! commit whenever it is long enough, with everybody waiting behind that commit: most of a tenth of a second for 64 MB.
//!
//! The writer still does so, for the log can only begin anew when nothing of it is left to copy; but most is copied then.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Notify;

use crate::Result;

/// Between two looks at a log that grows.
const LOOK: Duration = Duration::from_millis(25);
/// So many pages are copied at a time, of 16 KB each: one sync of the database for all of them.
const AT_ONCE: i64 = 512;
/// When the writer copies what is left, in pages. Beyond [`AT_ONCE`] by what comes while that is copied.
pub(super) const WRITERS_TURN: &str = "4000";

/// Copies the log until `writer` is closed, whenever something was `committed`.
pub(super) async fn copy_beside(
    options: &SqliteConnectOptions,
    writer: SqlitePool,
    committed: Arc<Notify>,
) -> Result<()> {
    let mut connection = options.connect().await?;
    tokio::spawn(async move {
        while !writer.is_closed() {
            // A log that nobody writes stays as it is; the wait has an end for the sake of a writer that was closed.
            if tokio::time::timeout(Duration::from_secs(1), committed.notified()).await.is_err() {
                continue;
            }
            tokio::time::sleep(LOOK).await;
            if let Err(error) = copy(&mut connection).await {
                tracing::debug!(%error, "the database's log is left to its writer");
            }
        }
        if let Err(error) = connection.close().await {
            tracing::debug!(%error, "the connection that copies the log");
        }
    });
    Ok(())
}

/// Copies what can be copied without making anybody wait, if it is worth while.
async fn copy(connection: &mut SqliteConnection) -> Result<()> {
    let (_busy, pages, copied): (i64, i64, i64) =
        sqlx::query_as("pragma wal_checkpoint(noop)").fetch_one(&mut *connection).await?;
    if pages - copied >= AT_ONCE {
        sqlx::query("pragma wal_checkpoint(passive)").execute(connection).await?;
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
