//! Deleting what a complete listing did not see, and nobody since.

use trunnion_model::catalog::Entity;
use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, RecordId, RecordScope};
use trunnion_model::record::Incoming;
use uuid::Uuid;

use super::apply::{note_progress, note_records, section, write};
use super::judge::{Page, prepare};
use super::listing::{note_what_is_left, unseen};
use super::{PageProgress, Reading};
use crate::db::{Tx, args};
use crate::sync::{self, Lease};
use crate::{Result, Store};

/// So many records are deleted in one transaction.
const AT_ONCE: i64 = 500;

impl Store {
    /// Counts records that differed although they should not have.
    pub async fn note_drift(&self, lease: &Lease, count: i64) -> Result<()> {
        let sql = "update run set drift = coalesce(drift, 0) + $2 where id = $1";
        self.inner.db.execute(sql, args![lease.run, count]).await.map(drop)
    }

    /// Deletes some of what the listing did not see, with their events; how many. 0: there is nothing left.
    pub async fn sweep(&self, progress: &PageProgress, generation: i64, cause: Cause) -> Result<u64> {
        let lease = &progress.lease;
        let Some(entity) = trunnion_model::catalog::entity(lease.entity) else { return Ok(0) };
        let mut tx = self.inner.db.begin_long().await?;
        tx.alone(section(&RecordScope::new(lease.connection, entity))).await?;
        sync::lock_lease(&mut tx, lease).await?;
        let (mut tx, tally) = sweep_rows(self, tx, (lease.connection, entity), generation, cause).await?;
        note_progress(&mut tx, progress, &tally, (0, 0, 0), self.now()).await?;
        tx.commit().await?;
        if tally.events > 0 {
            self.tell_events();
        }
        Ok(tally.applied.deleted)
    }
}

/// As [`Store::sweep`], in a transaction of somebody who needs no lease.
pub(crate) async fn sweep_in(
    store: &Store,
    mut tx: Tx,
    (connection, entity): (ConnectionId, &'static Entity),
    generation: i64,
    cause: Cause,
) -> Result<(Tx, u64)> {
    tx.alone(section(&RecordScope::new(connection, entity))).await?;
    let (mut tx, tally) = sweep_rows(store, tx, (connection, entity), generation, cause).await?;
    note_records(&mut tx, connection, entity, &tally).await?;
    Ok((tx, tally.applied.deleted))
}

async fn sweep_rows(
    store: &Store,
    mut tx: Tx,
    (connection, entity): (ConnectionId, &'static Entity),
    generation: i64,
    cause: Cause,
) -> Result<(Tx, super::judge::Tally)> {
    let sql = unseen!("r.id, r.remote_id", "order by u.record_id limit $4");
    let rows = tx.rows::<(Uuid, String)>(sql, args![connection, entity.name, generation, AT_ONCE]).await?;
    // Without a next one all that is left are records that were deleted otherwise.
    let last = rows.last().map_or(Uuid::max(), |(id, _)| *id);
    let sql = "delete from record_unseen
               where connection_id = $1 and entity = $2 and generation <= $3 and record_id <= $4";
    tx.execute(sql, args![connection, entity.name, generation, last]).await?;
    if rows.is_empty() {
        note_what_is_left(&mut tx, (connection, entity)).await?;
    }
    let rows = rows.into_iter().map(|(id, remote_id)| Incoming::gone(RecordId(id), remote_id)).collect();
    let now = store.now();
    let page = Page {
        connection,
        entity,
        cause,
        now,
        clock: store.inner.clock.clone(),
        // Nobody saw them since the listing began, so nothing that is stored of them is newer.
        reading: Reading { asked_at: i64::MAX, answered_at: now },
        settled_before: None,
        rows: prepare(rows),
    };
    write(tx, page).await
}
