//! Rows of which nothing need be read: the same mapping made the record that is stored of the very same row.
//!
//! Which mapping that was is known of an entity as a whole. Whoever stores rows says by which mapping they were read; the first
//! rows of an entity set it, another mapping's unset it, and a complete listing sets it anew once all that is there was read by
//! one mapping.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use sqlx::PgConnection;
use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId};
use uuid::Uuid;

use super::judge::Prepared;
use crate::db::{Db, Tx, args, sound};
use crate::sync::Locked;
use crate::{Poison, Result, Store};

/// A mapping of the entity's rows to records; equal ones make equal records of equal rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping(pub i64);

/// A row that says what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: RecordId,
    pub remote_id: String,
}

impl Store {
    /// Which of the records, each with the raw hash of a row, are not known to be stored as `mapping` makes them of that row.
    /// A row of another record may be left alone, as if a commit of it had found it unchanged at this instant.
    pub async fn differing(
        &self,
        connection: ConnectionId,
        entity: &'static Entity,
        mapping: Mapping,
        rows: &[(RecordId, i64)],
    ) -> Result<HashSet<RecordId>> {
        let place = (connection.0, entity.name, mapping.0);
        match &self.inner.db {
            Db::Sqlite(file) => file.read(|connection| differing_on_sqlite(connection, place, rows)).await,
            Db::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let read = differing_on_postgres(&mut connection, place, rows).await;
                sound(connection, read)
            }
        }
    }
}

type Place = (Uuid, &'static str, i64);

fn differing_on_sqlite(
    connection: &Connection,
    (tenant, entity, mapping): Place,
    rows: &[(RecordId, i64)],
) -> Result<HashSet<RecordId>> {
    // One state of the database for all.
    let tx = connection.unchecked_transaction()?;
    let sql = "select 1 from sync_plan where connection_id = ?1 and entity = ?2 and mapping = ?3";
    let bound = params![&tenant.as_bytes()[..], entity, mapping];
    if tx.prepare_cached(sql)?.query_row(bound, |_one| Ok(())).optional()?.is_none() {
        return Ok(rows.iter().map(|(id, _)| *id).collect());
    }
    let mut probe = tx.prepare_cached("select raw_hash from record where id = ?1")?;
    let mut differing = HashSet::new();
    for (id, raw_hash) in rows {
        let stored: Option<i64> = probe.query_row([&id.0.as_bytes()[..]], |row| row.get(0)).optional()?;
        if stored != Some(*raw_hash) {
            differing.insert(*id);
        }
    }
    Ok(differing)
}

/// As in the probe of a page, the limit leaves no plan but one look-up of each row, here by the index alone.
pub(super) const DIFFERING: &str = "select new.id from unnest($1::uuid[], $2::bigint[]) as new (id, raw_hash)
    left join lateral (select raw_hash from record where record.id = new.id limit 1) known on true
    where known.raw_hash is distinct from new.raw_hash
       or not exists (select 1 from sync_plan where connection_id = $3 and entity = $4 and mapping = $5)";

async fn differing_on_postgres(
    connection: &mut PgConnection,
    (tenant, entity, mapping): Place,
    rows: &[(RecordId, i64)],
) -> sqlx::Result<HashSet<RecordId>> {
    let differing: Vec<(Uuid,)> = sqlx::query_as(DIFFERING)
        .bind(rows.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, raw_hash)| *raw_hash).collect::<Vec<_>>())
        .bind(tenant)
        .bind(entity)
        .bind(mapping)
        .fetch_all(connection)
        .await?;
    Ok(differing.into_iter().map(|(id,)| RecordId(id)).collect())
}

/// Keeps what is known of the entity's mapping true, in the transaction that stores rows read by `mapping` and has the plan
/// locked.
pub(super) async fn follow_mapping(
    tx: &mut Tx,
    (connection, entity): (ConnectionId, &'static Entity),
    locked: Locked,
    mapping: Option<Mapping>,
    (rows, poison): (&[Prepared], &[Poison]),
) -> Result<()> {
    let mapping = mapping.map(|mapping| mapping.0);
    let (mut now, mut next) = (locked.mapping, locked.mapping_next);
    if rows.iter().any(|incoming| !incoming.is_bare_deletion()) {
        // Of records that are deleted nobody finds the hash of a row.
        if now != mapping {
            now = if locked.records == 0 { mapping } else { None };
        }
        next = next.filter(|_| next == mapping);
    }
    // The record of such a row stays as another mapping made it.
    next = next.filter(|_| poison.is_empty());
    if (now, next) != (locked.mapping, locked.mapping_next) {
        let sql = "update sync_plan set mapping = $3, mapping_next = $4 where connection_id = $1 and entity = $2";
        tx.execute(sql, args![connection, entity.name, now, next]).await?;
    }
    Ok(())
}

/// At the end of a complete listing: if it saw all that is there, all was read by the mapping that it began with.
pub(super) async fn take_over_mapping(tx: &mut Tx, connection: ConnectionId, entity: &'static Entity) -> Result<()> {
    let sql =
        "update sync_plan set mapping = case when has_unseen then mapping else mapping_next end, mapping_next = null
               where connection_id = $1 and entity = $2 and mapping_next is not null";
    tx.execute(sql, args![connection, entity.name]).await.map(drop)
}
