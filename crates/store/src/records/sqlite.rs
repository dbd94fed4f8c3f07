//! Writing a page on SQLite: point lookups and single-row statements, prepared once for all of its rows.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};
use trunnion_model::change::Change;
use trunnion_model::ids::EventId;

use super::judge::{Before, Old, Page, Prepared, Tally, Verdict, Written, event_type, is_drift, judge, written};
use crate::db::Writing;
use crate::{Error, Result};

/// Everything of a record but its identity comes after what the probe reads, and is only read if it is needed.
const PROBE: &str = "select rowid, hash, raw_hash, version, created_at, deleted_at, observed_at,
    remote_modified_at, display, natural_key, remote_url, remote_created_at, data, raw from record where id = ?1";

const INSERT: &str = "insert into record (id, connection_id, entity, remote_id, hash, raw_hash, version, created_at,
    modified_at, deleted_at, display, natural_key, remote_url, remote_created_at, remote_modified_at, data, raw,
    observed_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

const UPDATE: &str = "update record set hash = ?2, raw_hash = ?3, version = ?4, modified_at = ?5, deleted_at = ?6,
    display = ?7, natural_key = ?8, remote_url = ?9, remote_created_at = ?10, remote_modified_at = ?11, data = ?12,
    raw = ?13, observed_at = ?14 where rowid = ?1";

const REFRESH: &str = "update record set raw_hash = ?2, raw = ?3, remote_url = ?4, remote_created_at = ?5,
    remote_modified_at = ?6 where rowid = ?1";

const EVENT: &str =
    "insert into event (connection_id, sequence, id, type, at, record_id, entity, cause, data, previous)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Up to so many rows are written where the page was asked for; more take milliseconds, and a thread for blocking work.
const FEW: usize = 8;

/// Writes the page and its events.
pub(super) async fn write(tx: &mut Writing, page: Page) -> Result<Tally> {
    let many = page.rows.len() > FEW;
    tx.run(many, move |connection| write_page(connection, page)).await
}

struct Writer<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
    refresh: CachedStatement<'c>,
    event: CachedStatement<'c>,
    observed_at: i64,
    /// Of the last event, so far.
    sequence: i64,
    json: String,
}

fn write_page(connection: &Connection, page: Page) -> Result<Tally> {
    let Page { connection: id, entity, cause, now, clock, reading, settled_before, rows } = page;
    let tenant = id.0;
    // This transaction is the only writer: the number read here is still the last one when it is written back.
    let first = connection
        .prepare_cached("select last_sequence from connection where id = ?1")?
        .query_row([&tenant.as_bytes()[..]], |row| row.get(0))
        .optional()?
        .ok_or(Error::NotFound { what: "connection" })?;
    let mut probe = connection.prepare_cached(PROBE)?;
    let mut writer = Writer {
        insert: connection.prepare_cached(INSERT)?,
        update: connection.prepare_cached(UPDATE)?,
        refresh: connection.prepare_cached(REFRESH)?,
        event: connection.prepare_cached(EVENT)?,
        observed_at: reading.answered_at,
        sequence: first,
        json: String::new(),
    };
    let types = [Change::Created, Change::Updated, Change::Deleted].map(|change| event_type(entity, change));
    let mut tally = Tally::default();
    for incoming in rows {
        let mut found = probe.query([&incoming.row.id.0.as_bytes()[..]])?;
        let stored = found.next()?;
        let before = stored.map(before).transpose()?;
        let verdict = judge(&incoming, before.as_ref(), reading)?;
        let was_deleted = before.as_ref().is_some_and(|before| before.deleted_at.is_some());
        tally.count(
            verdict,
            was_deleted && !incoming.row.deleted,
            is_drift(&incoming, before.as_ref(), settled_before),
        );
        let Verdict::Change(change) = verdict else {
            if let (Verdict::Refresh, Some(row)) = (verdict, stored) {
                let rowid: i64 = row.get(0)?;
                drop(found);
                writer.refresh(rowid, &incoming)?;
            }
            continue;
        };
        let rowid: Option<i64> = stored.map(|row| row.get(0)).transpose()?;
        let old = stored.map(|row| old(row, incoming.is_bare_deletion())).transpose()?;
        // A statement that still reads must not see the row change beneath it.
        drop(found);
        let after = written(incoming, before.as_ref().zip(old), (change, cause), now);
        match rowid {
            None => writer.insert(&after, tenant.as_bytes(), entity.name)?,
            Some(rowid) => writer.update(rowid, &after)?,
        }
        writer.json.clear();
        after.record.write_json(entity, &mut writer.json);
        writer.sequence += 1;
        writer.event.execute(params![
            &tenant.as_bytes()[..],
            writer.sequence,
            &EventId::new(&clock).0.as_bytes()[..],
            types[change as usize],
            now,
            &after.record.id.0.as_bytes()[..],
            entity.name,
            after.cause.as_str(),
            writer.json,
            after.previous,
        ])?;
    }
    if writer.sequence != first {
        let sql = "update connection set last_sequence = ?2 where id = ?1";
        connection.prepare_cached(sql)?.execute(params![&tenant.as_bytes()[..], writer.sequence])?;
    }
    Ok(tally)
}

impl Writer<'_> {
    fn insert(&mut self, after: &Written, tenant: &[u8; 16], entity: &str) -> rusqlite::Result<()> {
        let record = &after.record;
        self.insert
            .execute(params![
                &record.id.0.as_bytes()[..],
                &tenant[..],
                entity,
                record.remote_id,
                &after.hash[..],
                after.raw_hash,
                record.version,
                record.created_at,
                record.modified_at,
                record.deleted_at,
                record.display,
                after.natural_key,
                record.remote_url,
                record.remote_created_at,
                record.remote_modified_at,
                record.data,
                after.raw,
                self.observed_at,
            ])
            .map(|_one| ())
    }

    fn update(&mut self, rowid: i64, after: &Written) -> rusqlite::Result<()> {
        let record = &after.record;
        self.update
            .execute(params![
                rowid,
                &after.hash[..],
                after.raw_hash,
                record.version,
                record.modified_at,
                record.deleted_at,
                record.display,
                after.natural_key,
                record.remote_url,
                record.remote_created_at,
                record.remote_modified_at,
                record.data,
                after.raw,
                self.observed_at,
            ])
            .map(|_one| ())
    }

    fn refresh(&mut self, rowid: i64, incoming: &Prepared) -> rusqlite::Result<()> {
        let row = &incoming.row;
        self.refresh
            .execute(params![
                rowid,
                incoming.raw_hash,
                row.raw,
                row.remote_url,
                row.remote_created_at,
                row.remote_modified_at,
            ])
            .map(|_one| ())
    }
}

fn before(row: &Row<'_>) -> Result<Before> {
    let hash = row.get_ref(1)?.as_blob().ok().and_then(|hash| hash.try_into().ok());
    Ok(Before {
        hash: hash.ok_or_else(|| Error::Corrupt { what: "record", why: "its hash is not 16 bytes".to_owned() })?,
        raw_hash: row.get(2)?,
        version: row.get(3)?,
        created_at: row.get(4)?,
        deleted_at: row.get(5)?,
        observed_at: row.get(6)?,
        remote_modified_at: row.get(7)?,
    })
}

fn old(row: &Row<'_>, with_raw: bool) -> rusqlite::Result<Old> {
    Ok(Old {
        display: row.get(8)?,
        natural_key: row.get(9)?,
        remote_url: row.get(10)?,
        remote_created_at: row.get(11)?,
        data: row.get(12)?,
        raw: if with_raw { Some(row.get(13)?) } else { None },
    })
}
