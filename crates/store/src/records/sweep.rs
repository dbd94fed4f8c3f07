//! What a complete listing did not see: counting it, and deleting it.
//!
//! A listing has a number, its generation. Whatever is seen of the entity from then on is marked with it, by whichever
//! commit. So what has no mark of that generation when the listing is over was not seen by anybody since it began.

use trunnion_model::catalog::Entity;
use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, RecordId, RecordScope};
use trunnion_model::record::Incoming;
use uuid::Uuid;

use super::apply::{note_progress, note_records, section, write};
use super::judge::{Page, prepare};
use super::{PageProgress, Reading};
use crate::db::{Tx, args};
use crate::sync::{self, Lease};
use crate::{Result, Store};

/// So many records are deleted in one transaction.
const AT_ONCE: i64 = 500;

/// The records that a listing did not see and that are not deleted. The subquery is answered by an index alone.
macro_rules! unseen {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from (select id from record where connection_id = $1 and entity = $2 and not exists
                 (select 1 from record_mark m where m.record_id = record.id and m.generation >= $3)) unseen
             join record r on r.id = unseen.id where r.deleted_at is null ",
            $rest
        )
    };
}

/// What is gone by a listing's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub count: i64,
    /// Remote ids of the first ones in the order of our ids, which is as good as by lot.
    pub sample: Vec<String>,
}

impl Store {
    /// Begins a complete listing of the entity; gives its generation.
    pub async fn begin_listing(&self, lease: &Lease) -> Result<i64> {
        let mut tx = self.inner.db.begin().await?;
        sync::lock_lease(&mut tx, lease).await?;
        let sql =
            "update sync_plan set listing = listing + 1 where connection_id = $1 and entity = $2 returning listing";
        let row = tx.row::<(i64,)>(sql, args![lease.connection, lease.entity]).await?;
        tx.commit().await?;
        Ok(row.map_or(1, |(listing,)| listing))
    }

    /// What the listing `generation` did not see, with at most `sample` of them by name.
    pub async fn gone(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        generation: i64,
        sample: usize,
    ) -> Result<Gone> {
        let bound = || args![connection, entity.name, generation];
        let count = self.inner.db.total::<(i64,)>(unseen!("count(*)", ""), bound()).await?.map_or(0, |(count,)| count);
        if count == 0 {
            return Ok(Gone::default());
        }
        let mut bound = bound();
        bound.push(i64::try_from(sample).unwrap_or(i64::MAX).into());
        let rows = self.inner.db.rows::<(String,)>(unseen!("r.remote_id", "order by r.id limit $4"), bound).await?;
        Ok(Gone { count, sample: rows.into_iter().map(|(remote_id,)| remote_id).collect() })
    }

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
    let sql = unseen!("r.id, r.remote_id", "order by r.id limit $4");
    let rows = tx.rows::<(Uuid, String)>(sql, args![connection, entity.name, generation, AT_ONCE]).await?;
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
        listing: None,
        listed: Vec::new(),
        rows: prepare(rows),
    };
    write(tx, page).await
}
