//! A complete listing: what it saw, and what it did not.
//!
//! While a listing is open, whoever stores something of its entity notes what it saw, be it a page of the listing, a webhook
//! or a write. When the listing is over, what is stored is compared with that. What nobody saw stays in `record_unseen`
//! until somebody sees it after all, or it is deleted.

use std::collections::HashSet;

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId, RecordScope};
use uuid::Uuid;

use super::apply::section;
use super::judge::Prepared;
use super::known::{Mapping, take_over_mapping};
use crate::db::{Arg, Tx, args, id_set, over_set};
use crate::sync::{self, Lease, Locked};
use crate::{Result, Store};

/// So many records are compared at a time, which takes 8 MB. Each time all pages are read: 16 bytes per record. Few in a
/// debug build, so that tests come to the second time.
const COMPARED: usize = if cfg!(debug_assertions) { 1_000 } else { 200_000 };
/// Rows of one statement of a comparison.
const RECORDS: i64 = if cfg!(debug_assertions) { 300 } else { 10_000 };
const PAGES: i64 = 32;
/// So many ids are written in one transaction.
const AT_ONCE: usize = 1_000;

/// What is gone by a listing's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub count: i64,
    /// Remote ids of the first ones in the order of our ids, which is as good as by lot.
    pub sample: Vec<String>,
}

/// The entity of a connection.
type Place = (ConnectionId, &'static Entity);

macro_rules! unseen {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from record_unseen u join record r on r.id = u.record_id
             where u.connection_id = $1 and u.entity = $2 and u.generation <= $3 and r.deleted_at is null ",
            $rest
        )
    };
}

pub(super) use unseen;

impl Store {
    /// Begins a complete listing of the entity, in place of one that did not come to its end; gives its generation. `mapping`
    /// is the one by which it reads all rows, if it reads them.
    pub async fn begin_listing(&self, lease: &Lease, mapping: Option<Mapping>) -> Result<i64> {
        let mut tx = self.inner.db.begin().await?;
        sync::lock_lease(&mut tx, lease).await?;
        tx.execute(FORGET_PAGES, args![lease.connection, lease.entity]).await?;
        let sql = "update sync_plan set listing = listing + 1, listing_open = $3, mapping_next = $4
                   where connection_id = $1 and entity = $2 returning listing";
        let bound = args![lease.connection, lease.entity, true, mapping.map(|mapping| mapping.0)];
        let row = tx.row::<(i64,)>(sql, bound).await?;
        tx.commit().await?;
        Ok(row.map_or(1, |(listing,)| listing))
    }

    /// Ends the listing `generation`, which showed all that there is: finds what nobody saw since it began. Does nothing if
    /// it is over already. Others go on writing meanwhile.
    pub async fn end_listing(&self, lease: &Lease, entity: &'static Entity, generation: i64) -> Result<()> {
        let place = (lease.connection, entity);
        let mut tx = self.inner.db.begin().await?;
        let locked = sync::lock_lease(&mut tx, lease).await?;
        tx.commit().await?;
        if !locked.listing_open {
            return Ok(());
        }
        let mut after = Some((i64::MIN, Uuid::nil()));
        while let Some(from) = after {
            let mut ids = HashSet::new();
            after = self.stored_ids(place, from, &mut ids).await?;
            let compared_to = self.strike_seen(place, &mut ids).await?;
            let ids: Vec<Uuid> = ids.into_iter().collect();
            for ids in ids.chunks(AT_ONCE) {
                self.note_unseen(lease, entity, generation, (ids, compared_to)).await?;
            }
        }
        let mut tx = self.inner.db.begin().await?;
        sync::lock_lease(&mut tx, lease).await?;
        let sql = "update sync_plan set listing_open = $3 where connection_id = $1 and entity = $2";
        tx.execute(sql, args![lease.connection, entity.name, false]).await?;
        tx.execute(FORGET_PAGES, args![lease.connection, entity.name]).await?;
        note_what_is_left(&mut tx, place).await?;
        take_over_mapping(&mut tx, lease.connection, entity).await?;
        tx.commit().await
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
        let sql = unseen!("r.remote_id", "order by u.record_id limit $4");
        let rows = self.inner.db.rows::<(String,)>(sql, bound).await?;
        Ok(Gone { count, sample: rows.into_iter().map(|(remote_id,)| remote_id).collect() })
    }

    /// Some stored records, deleted ones too, in the order in which they were stored; where the next ones begin. One that
    /// changes meanwhile may come twice.
    async fn stored_ids(
        &self,
        (connection, entity): Place,
        mut from: (i64, Uuid),
        ids: &mut HashSet<Uuid>,
    ) -> Result<Option<(i64, Uuid)>> {
        let sql = self.inner.db.dialect().pick(STORED_SQLITE, STORED_POSTGRES);
        while ids.len() < COMPARED {
            let bound = args![connection, entity.name, from.0, from.1, RECORDS];
            let rows = self.inner.db.rows::<(i64, Vec<u8>)>(sql, bound).await?;
            let Some((modified_at, last)) = rows.last() else { return Ok(None) };
            let Some(id) = last.last_chunk() else { return Ok(None) };
            from = (*modified_at, Uuid::from_bytes(*id));
            ids.extend(each_id(&rows));
        }
        Ok(Some(from))
    }

    /// Leaves of `ids` those that no page shows; gives the last page.
    async fn strike_seen(&self, place: Place, ids: &mut HashSet<Uuid>) -> Result<i64> {
        let mut last = 0;
        while let Some(page) = strike(&self.inner.db.rows(PAGES_AFTER, pages_after(place, last)).await?, ids) {
            last = page;
        }
        Ok(last)
    }

    /// Keeps ids that no page up to `compared_to` shows, without those of later pages and of deleted records.
    async fn note_unseen(
        &self,
        lease: &Lease,
        entity: &'static Entity,
        generation: i64,
        (ids, compared_to): (&[Uuid], i64),
    ) -> Result<()> {
        let place = (lease.connection, entity);
        let mut tx = self.inner.db.begin().await?;
        // Nobody stores anything of the entity now: there is no page that we do not see.
        tx.alone(section(&RecordScope::new(lease.connection, entity))).await?;
        sync::lock_lease(&mut tx, lease).await?;
        let mut ids: HashSet<Uuid> = ids.iter().copied().collect();
        let mut last = compared_to;
        while let Some(page) = strike(&tx.rows(PAGES_AFTER, pages_after(place, last)).await?, &mut ids) {
            last = page;
        }
        let sql = over_set!(
            tx.dialect(),
            "insert into record_unseen (connection_id, entity, record_id, generation)
             select $1, $2, r.id, $4 from ",
            ("$3", id "id"),
            " join record r on r.id = j.id where r.deleted_at is null on conflict do nothing"
        );
        let bound = args![lease.connection, entity.name, id_set(ids), generation];
        if tx.execute(sql, bound).await? > 0 {
            let sql = "update sync_plan set has_unseen = $3 where connection_id = $1 and entity = $2";
            tx.execute(sql, args![lease.connection, entity.name, true]).await?;
        }
        tx.commit().await
    }
}

/// Whether commits must look into `record_unseen`, from then on.
pub(super) async fn note_what_is_left(tx: &mut Tx, (connection, entity): Place) -> Result<()> {
    let sql = "update sync_plan set has_unseen = exists (select 1 from record_unseen u
                   where u.connection_id = $1 and u.entity = $2) where connection_id = $1 and entity = $2";
    tx.execute(sql, args![connection, entity.name]).await.map(drop)
}

/// Notes in the caller's transaction, which has the plan locked, that these records are there.
pub(super) async fn note_seen(
    tx: &mut Tx,
    (connection, entity): Place,
    locked: Locked,
    (rows, listed): (&[Prepared], &[RecordId]),
) -> Result<()> {
    // A row that is bare says that the record is gone.
    let seen = || {
        rows.iter().filter(|incoming| !incoming.is_bare_deletion()).map(|row| row.row.id).chain(listed.iter().copied())
    };
    if seen().next().is_none() {
        return Ok(());
    }
    if locked.listing_open {
        let ids: Vec<u8> = seen().flat_map(|id| id.0.into_bytes()).collect();
        let sql = "insert into listing_page (connection_id, entity, page, ids)
                   select $1, $2, coalesce(max(page), 0) + 1, $3 from listing_page
                   where connection_id = $1 and entity = $2";
        tx.execute(sql, args![connection, entity.name, ids]).await?;
    }
    if locked.has_unseen {
        let sql = over_set!(
            tx.dialect(),
            "delete from record_unseen where connection_id = $1 and entity = $2 and record_id in (select id from ",
            ("$3", id "id"),
            ")"
        );
        tx.execute(sql, args![connection, entity.name, id_set(seen().map(|id| id.0))]).await?;
    }
    Ok(())
}

/// Time of change and id of records, from one on.
const STORED_SQLITE: &str = "select modified_at, id from record
    where connection_id = $1 and entity = $2 and (modified_at, id) > ($3, $4) order by modified_at, id limit $5";

/// The same with all ids in one value, because rows cost more than what is in them. None come as no row.
const STORED_POSTGRES: &str =
    "select max(modified_at), string_agg(uuid_send(id), ''::bytea order by modified_at, id) from (
        select modified_at, id from record
        where connection_id = $1 and entity = $2 and (modified_at, id) > ($3, $4) order by modified_at, id limit $5
    ) piece having count(*) > 0";

const FORGET_PAGES: &str = "delete from listing_page where connection_id = $1 and entity = $2";

type PageRow = (i64, Vec<u8>);

const PAGES_AFTER: &str = "select page, ids from listing_page
    where connection_id = $1 and entity = $2 and page > $3 order by page limit $4";

fn pages_after((connection, entity): Place, page: i64) -> Vec<Arg> {
    args![connection, entity.name, page, PAGES]
}

/// Takes out of `ids` what the pages show; gives the last page's number.
fn strike(pages: &[PageRow], ids: &mut HashSet<Uuid>) -> Option<i64> {
    for id in each_id(pages) {
        ids.remove(&id);
    }
    pages.last().map(|(page, _)| *page)
}

fn each_id(rows: &[(i64, Vec<u8>)]) -> impl Iterator<Item = Uuid> {
    rows.iter().flat_map(|(_, ids)| ids.as_chunks::<16>().0).map(|id| Uuid::from_bytes(*id))
}
