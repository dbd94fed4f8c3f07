//! Writing a page on PostgreSQL: one probe by primary key, which gives back what differs, then set-based statements over arrays
//! for that. Payloads travel and lie as text; a jsonb would cost twice the time to write.

use std::collections::HashMap;

use sqlx::{Postgres, Transaction};
use trunnion_model::catalog::Entity;
use trunnion_model::change::Change;
use trunnion_model::ids::EventId;
use trunnion_model::time::Clock;
use uuid::Uuid;

use super::judge::{Before, Old, Page, Prepared, Tally, Verdict, Written, event_type, is_drift, judge, written};
use crate::{Error, Result};

type Tx = Transaction<'static, Postgres>;
/// Empty but for the id where nothing is stored.
type ProbeRow = (Uuid, Option<i64>, Option<Vec<u8>>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
type OldRow = (Uuid, String, Option<String>, Option<String>, Option<i64>, String, Option<String>);

/// One array per column.
macro_rules! column {
    ($rows:expr, $row:ident => $value:expr) => {
        $rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}

/// Rows in one statement. Each statement is in memory twice on its way, so a whole page would take several times its size.
const AT_ONCE: usize = 250;

/// Writes the page and its events.
pub(super) async fn write(tx: &mut Tx, page: Page) -> Result<Tally> {
    let differing = probe(tx, &page.rows).await?;
    let mut tally = Tally::default();
    let (mut changes, mut refreshed) = (Vec::new(), Vec::new());
    let (mut differ, mut bare) = (Vec::new(), Vec::new());
    for incoming in page.rows {
        let Some(before) = differing.get(&incoming.row.id.0) else {
            tally.count(Verdict::Leave, false, false);
            continue;
        };
        let before = before.as_ref();
        let verdict = judge(&incoming, before, page.reading)?;
        let was_deleted = before.is_some_and(|before| before.deleted_at.is_some());
        tally.count(verdict, was_deleted && !incoming.row.deleted, is_drift(&incoming, before, page.settled_before));
        match verdict {
            Verdict::Leave => {}
            Verdict::Refresh => refreshed.push(incoming),
            Verdict::Change(change) => {
                if before.is_some() {
                    let wanted = if incoming.is_bare_deletion() { &mut bare } else { &mut differ };
                    wanted.push(incoming.row.id.0);
                }
                changes.push((change, incoming));
            }
        }
    }
    let mut olds = old_content(tx, &differ, &bare).await?;
    let (mut fresh, mut changed) = (Vec::new(), Vec::new());
    for (change, incoming) in changes {
        let id = incoming.row.id.0;
        let before = differing.get(&id).and_then(Option::as_ref).zip(olds.remove(&id));
        let target = if before.is_some() { &mut changed } else { &mut fresh };
        target.push(written(incoming, before, (change, page.cause), page.now));
    }
    for rows in fresh.chunks(AT_ONCE) {
        insert(tx, rows, (page.connection.0, page.entity.name), page.reading.answered_at).await?;
    }
    for rows in changed.chunks(AT_ONCE) {
        update(tx, rows, page.reading.answered_at).await?;
    }
    for rows in refreshed.chunks(AT_ONCE) {
        refresh(tx, rows).await?;
    }
    // The connection's row is locked last and for the shortest time: others of its entities may be written meanwhile.
    let count = tally.events;
    if count > 0 {
        let sql = "update connection set last_sequence = last_sequence + $2 where id = $1 returning last_sequence";
        let (last,): (i64,) = sqlx::query_as(sql)
            .bind(page.connection.0)
            .bind(count)
            .fetch_optional(&mut **tx)
            .await?
            .ok_or(Error::NotFound { what: "connection" })?;
        let all: Vec<&Written> = fresh.iter().chain(&changed).collect();
        let types = [Change::Created, Change::Updated, Change::Deleted].map(|change| event_type(page.entity, change));
        let story =
            Story { connection: page.connection.0, entity: page.entity, now: page.now, clock: page.clock, types };
        let mut next = last - count + 1;
        for part in all.chunks(AT_ONCE) {
            log(tx, &story, part, next).await?;
            next += part.len() as i64;
        }
    }
    Ok(tally)
}

/// What the events of a page have in common.
struct Story {
    connection: Uuid,
    entity: &'static Entity,
    now: i64,
    clock: Clock,
    types: [String; 3],
}

/// Appends events with sequences from `first` on.
async fn log(tx: &mut Tx, story: &Story, changes: &[&Written], first: i64) -> Result<()> {
    let data = changes.iter().map(|after| {
        let mut json = String::new();
        after.record.write_json(story.entity, &mut json);
        json
    });
    sqlx::query(
        "insert into event (connection_id, sequence, id, type, at, record_id, entity, cause, data, previous)
         select $1, sequence, id, type, $2, record_id, $3, cause, data, previous
         from unnest($4::text[], $5::bigint[], $6::uuid[], $7::text[], $8::uuid[], $9::text[], $10::text[])
              as new (cause, sequence, id, type, record_id, data, previous)",
    )
    .bind(story.connection)
    .bind(story.now)
    .bind(story.entity.name)
    .bind(column!(changes, after => after.cause.as_str()))
    .bind((first..).take(changes.len()).collect::<Vec<i64>>())
    .bind(column!(changes, _after => EventId::new(&story.clock).0))
    .bind(column!(changes, after => story.types[after.change as usize].as_str()))
    .bind(column!(changes, after => after.record.id.0))
    .bind(data.collect::<Vec<_>>())
    .bind(column!(changes, after => after.previous.as_deref()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The subqueries that are limited make one look-up by primary key of each row whatever the planner believes: the table was
/// perhaps empty when the statement was planned. The first one is answered by the index alone, which has the hashes; only of
/// what differs is the record itself read.
const PROBE: &str = "select new.id, r.version, known.hash, known.raw_hash, r.created_at, r.deleted_at, r.observed_at,
        r.remote_modified_at
    from unnest($1::uuid[], $2::bytea[], $3::bigint[]) as new (id, hash, raw_hash)
    left join lateral (select hash, raw_hash from record where record.id = new.id limit 1) known on true
    left join lateral (select * from record where record.id = new.id and known.hash is not null limit 1) r on true
    where known.hash is distinct from new.hash or known.raw_hash is distinct from new.raw_hash";

/// What is stored of the rows that are stored otherwise, and None for those that are not stored at all. A row with the same
/// content and the same raw form is left alone whatever else holds, and not told.
async fn probe(tx: &mut Tx, rows: &[Prepared]) -> Result<HashMap<Uuid, Option<Before>>> {
    let differing: Vec<ProbeRow> = sqlx::query_as(PROBE)
        .bind(column!(rows, incoming => incoming.row.id.0))
        .bind(column!(rows, incoming => &incoming.hash[..]))
        .bind(column!(rows, incoming => incoming.raw_hash))
        .fetch_all(&mut **tx)
        .await?;
    let mut found = HashMap::with_capacity(differing.len());
    for row in differing {
        let Some(version) = row.1 else {
            found.insert(row.0, None);
            continue;
        };
        let corrupt = |why: &str| Error::Corrupt { what: "record", why: why.to_owned() };
        let (id, _, hash, raw_hash, created_at, deleted_at, observed_at, remote_modified_at) = row;
        let hash = hash.and_then(|hash| hash.try_into().ok()).ok_or_else(|| corrupt("its hash is not 16 bytes"))?;
        let missing = || corrupt("a column is empty");
        let before = Before {
            hash,
            raw_hash: raw_hash.ok_or_else(missing)?,
            version,
            created_at: created_at.ok_or_else(missing)?,
            deleted_at,
            observed_at: observed_at.ok_or_else(missing)?,
            remote_modified_at,
        };
        found.insert(id, Some(before));
    }
    Ok(found)
}

/// The content that is about to change; with raw for those that only a bare deletion mark came for.
async fn old_content(tx: &mut Tx, differ: &[Uuid], bare: &[Uuid]) -> Result<HashMap<Uuid, Old>> {
    let mut found = HashMap::with_capacity(differ.len() + bare.len());
    let without = "select id, display, natural_key, remote_url, remote_created_at, data, null::text from record
                   where id = any($1)";
    let with = "select id, display, natural_key, remote_url, remote_created_at, data, raw from record
                where id = any($1)";
    for (sql, ids) in [(without, differ), (with, bare)] {
        if ids.is_empty() {
            continue;
        }
        let rows: Vec<OldRow> = sqlx::query_as(sql).bind(ids).fetch_all(&mut **tx).await?;
        for (id, display, natural_key, remote_url, remote_created_at, data, raw) in rows {
            found.insert(id, Old { display, natural_key, remote_url, remote_created_at, data, raw });
        }
    }
    Ok(found)
}

async fn insert(tx: &mut Tx, rows: &[Written], (connection, entity): (Uuid, &str), observed_at: i64) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into record (connection_id, entity, id, remote_id, hash, raw_hash, version, created_at, modified_at,
             deleted_at, display, natural_key, remote_url, remote_created_at, remote_modified_at, data, raw, observed_at)
         select $1, $2, new.*, $18 from unnest($3::uuid[], $4::text[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[],
             $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[],
             $16::text[], $17::text[]) as new",
    )
    .bind(connection)
    .bind(entity)
    .bind(column!(rows, row => row.record.id.0))
    .bind(column!(rows, row => row.record.remote_id.as_str()))
    .bind(column!(rows, row => &row.hash[..]))
    .bind(column!(rows, row => row.raw_hash))
    .bind(column!(rows, row => row.record.version))
    .bind(column!(rows, row => row.record.created_at))
    .bind(column!(rows, row => row.record.modified_at))
    .bind(column!(rows, row => row.record.deleted_at))
    .bind(column!(rows, row => row.record.display.as_str()))
    .bind(column!(rows, row => row.natural_key.as_deref()))
    .bind(column!(rows, row => row.record.remote_url.as_deref()))
    .bind(column!(rows, row => row.record.remote_created_at))
    .bind(column!(rows, row => row.record.remote_modified_at))
    .bind(column!(rows, row => row.record.data.as_str()))
    .bind(column!(rows, row => row.raw.as_str()))
    .bind(observed_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn update(tx: &mut Tx, rows: &[Written], observed_at: i64) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update record set hash = new.hash, raw_hash = new.raw_hash, version = new.version,
             modified_at = new.modified_at, deleted_at = new.deleted_at, display = new.display,
             natural_key = new.natural_key, remote_url = new.remote_url, remote_created_at = new.remote_created_at,
             remote_modified_at = new.remote_modified_at, data = new.data, raw = new.raw, observed_at = $14
         from unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[],
             $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
             as new (id, hash, raw_hash, version, modified_at, deleted_at, display, natural_key, remote_url,
                 remote_created_at, remote_modified_at, data, raw)
         where record.id = new.id",
    )
    .bind(column!(rows, row => row.record.id.0))
    .bind(column!(rows, row => &row.hash[..]))
    .bind(column!(rows, row => row.raw_hash))
    .bind(column!(rows, row => row.record.version))
    .bind(column!(rows, row => row.record.modified_at))
    .bind(column!(rows, row => row.record.deleted_at))
    .bind(column!(rows, row => row.record.display.as_str()))
    .bind(column!(rows, row => row.natural_key.as_deref()))
    .bind(column!(rows, row => row.record.remote_url.as_deref()))
    .bind(column!(rows, row => row.record.remote_created_at))
    .bind(column!(rows, row => row.record.remote_modified_at))
    .bind(column!(rows, row => row.record.data.as_str()))
    .bind(column!(rows, row => row.raw.as_str()))
    .bind(observed_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn refresh(tx: &mut Tx, rows: &[Prepared]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update record set raw_hash = new.raw_hash, raw = new.raw, remote_url = new.remote_url,
             remote_created_at = new.remote_created_at, remote_modified_at = new.remote_modified_at
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
             as new (id, raw_hash, raw, remote_url, remote_created_at, remote_modified_at)
         where record.id = new.id",
    )
    .bind(column!(rows, incoming => incoming.row.id.0))
    .bind(column!(rows, incoming => incoming.raw_hash))
    .bind(column!(rows, incoming => incoming.row.raw.as_str()))
    .bind(column!(rows, incoming => incoming.row.remote_url.as_deref()))
    .bind(column!(rows, incoming => incoming.row.remote_created_at))
    .bind(column!(rows, incoming => incoming.row.remote_modified_at))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::PROBE;
    use crate::db::explain::Planner;
    use crate::records::known::DIFFERING;

    #[tokio::test]
    async fn whether_anything_is_new_is_told_by_the_index_alone() {
        let fill = "insert into record (id, hash, raw_hash, version, created_at, modified_at, connection_id, entity,
                        remote_id, display, data, raw)
                    select gen_random_uuid(), '', i, 1, 1, i, gen_random_uuid(), 'item', i, 'd', '{}', '{}'
                    from generate_series(1, 20000) i";
        let Some(mut planner) = Planner::start(fill.to_owned()).await else { return };
        let known = "Index Only Scan using record_pkey on record";
        let plan = planner.plan(PROBE, "uuid[], bytea[], bigint[]", "'{}', '{}', '{}'").await;
        let order = ["Function Scan on new", known, "One-Time Filter: (record.hash IS NOT NULL)"];
        assert!(order.map(|step| plan.find(step)).is_sorted() && plan.contains(order[0]), "{plan}");
        let values = "'{}', '{}', '00000000-0000-0000-0000-000000000000', 'item', 1";
        let plan = planner.plan(DIFFERING, "uuid[], bigint[], uuid, text, bigint", values).await;
        planner.stop().await;
        let order = ["InitPlan", "Function Scan on new", known].map(|step| plan.find(step));
        assert!(order.is_sorted() && order[0].is_some(), "{plan}");
    }
}
