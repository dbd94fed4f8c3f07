//! The one way in.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, RecordId, RecordScope};

use super::judge::{Page, Tally, prepare};
use super::known::follow_mapping;
use super::listing::note_seen;
use super::read::read_in;
use super::{Applied, Commit, PageProgress, Reading, postgres, sqlite};
use crate::db::{Tx, args};
use crate::events::append;
use crate::inbound::note_hooks;
use crate::operations::{self, OutcomeBody};
use crate::sync::{self, until};
use crate::{Error, Result, Store, quarantine};

/// Upper half of the names of sections in which one entity of one connection is written.
const WRITING: i64 = 0x7472_756e_0000_0000;

impl Store {
    /// Brings the stored records up to date with `commit.rows`: records, events, the run's counters, the cursor and a
    /// write's outcome commit together or not at all. A row that says what is stored already writes nothing; one that
    /// only looks different in raw is refreshed silently. `LeaseLost` if `progress.lease` is no longer held.
    pub async fn apply(&self, commit: Commit) -> Result<Applied> {
        let Commit { connection, entity, rows, cause, progress, outcome, reading, mapping, known, listed, poison } =
            commit;
        let lease_fits =
            |progress: &PageProgress| progress.lease.connection == connection && progress.lease.entity == entity.name;
        if !progress.as_ref().is_none_or(lease_fits) {
            return Err(Error::Conflict { what: "the lease is for another connection or entity" });
        }
        if outcome.as_ref().is_some_and(|outcome| outcome.lease.connection != connection) {
            return Err(Error::Conflict { what: "the operation is another connection's" });
        }
        let seen = (rows.len() + known.len() + poison.len()) as u64;
        let rows = prepare(rows);
        let scope = RecordScope::new(connection, entity);

        let mut tx = self.inner.db.begin().await?;
        // One writer per entity of a connection at a time: no two of them can both find a record missing, and
        // `modified_at` grows in the order of commits.
        tx.alone(section(&scope)).await?;
        // The plan before the connection, whose row the events lock: as everywhere.
        let locked = match &progress {
            Some(progress) => sync::lock_lease(&mut tx, &progress.lease).await?,
            None => sync::lock_one(&mut tx, connection, entity).await?,
        };
        let operation_before = match &outcome {
            Some(outcome) => Some(operations::lock_lease(&mut tx, &outcome.lease).await?),
            None => None,
        };
        let now = self.now();
        if locked.has_quarantined {
            quarantine::let_go(&mut tx, (connection, entity), (&rows, &known)).await?;
        }
        quarantine::note(&mut tx, &self.inner.clock, (connection, entity), &poison, now).await?;
        follow_mapping(&mut tx, (connection, entity), locked, mapping, (&rows, &poison)).await?;
        let known = known.iter().map(|known| known.id);
        let poisoned = poison.iter().map(|poison| scope.id(&poison.remote_id));
        let listed: Vec<RecordId> = listed.into_iter().chain(known).chain(poisoned).collect();
        note_seen(&mut tx, (connection, entity), locked, (&rows, &listed)).await?;
        let page = Page {
            connection,
            entity,
            cause,
            now,
            clock: self.inner.clock.clone(),
            // Without a reading the rows are as new as can be.
            reading: reading.unwrap_or(Reading { asked_at: i64::MAX, answered_at: now }),
            settled_before: progress.as_ref().and_then(|progress| progress.settled_before),
            rows,
        };
        let (mut tx, mut tally) = write(tx, page).await?;
        // A row that the batch said twice was seen twice and left alone once.
        let counted = tally.applied.created + tally.applied.updated + tally.applied.deleted + poison.len() as u64;
        let unchanged = seen.saturating_sub(counted);
        match &progress {
            Some(progress) => {
                note_progress(&mut tx, progress, &tally, (seen, unchanged, poison.len() as u64), now).await?;
            }
            None => note_records(&mut tx, connection, entity, &tally).await?,
        }
        if let (Some(outcome), Some(before)) = (&outcome, operation_before) {
            let stored = match (&outcome.body, outcome.record) {
                (OutcomeBody::StoredRecord, Some(id)) => read_in(&mut tx, connection, entity, id).await?,
                _ => None,
            };
            let stored = stored.map(|record| {
                let mut json = String::new();
                record.write_json(entity, &mut json);
                json
            });
            let (operation, event) = operations::settle(&mut tx, before, outcome, stored, now).await?;
            tally.events += i64::from(event.is_some());
            append(&mut tx, &self.inner.clock, connection, event.as_slice()).await?;
            tally.applied.operation = Some(operation);
        }
        let changes = tally.applied.created + tally.applied.updated + tally.applied.deleted;
        note_hooks(&mut tx, connection, (entity.name, cause), changes, now).await?;
        tx.commit().await?;
        if tally.events > 0 {
            self.tell_events();
        }
        Ok(tally.applied)
    }
}

/// Writes the page by the way of its database.
pub(super) async fn write(tx: Tx, page: Page) -> Result<(Tx, Tally)> {
    if page.rows.is_empty() {
        return Ok((tx, Tally::default()));
    }
    match tx {
        Tx::Sqlite(mut inner) => {
            let tally = sqlite::write(&mut inner, page).await?;
            Ok((Tx::Sqlite(inner), tally))
        }
        Tx::Postgres(mut inner) => {
            let tally = postgres::write(&mut inner, page).await?;
            Ok((Tx::Postgres(inner), tally))
        }
    }
}

/// The entity's number of records, where no run counts.
pub(super) async fn note_records(tx: &mut Tx, connection: ConnectionId, entity: &Entity, tally: &Tally) -> Result<()> {
    if tally.more != 0 {
        let sql = "update sync_plan set records = records + $3 where connection_id = $1 and entity = $2";
        tx.execute(sql, args![connection, entity.name, tally.more]).await?;
    }
    Ok(())
}

/// The name of the section in which the scope is written.
pub(super) fn section(scope: &RecordScope) -> i64 {
    let (low, _high) = scope.range();
    let bytes = low.0.as_bytes();
    WRITING | i64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// The cursor, the lease and the run's counters, in the transaction of the page.
pub(super) async fn note_progress(
    tx: &mut Tx,
    progress: &PageProgress,
    tally: &Tally,
    (seen, unchanged, quarantined): (u64, u64, u64),
    now: i64,
) -> Result<()> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let lease = &progress.lease;
    tx.execute(
        "update sync_plan set due_at = $3, records = records + $4, cursor = coalesce($5, cursor),
             cursor_at = coalesce($6, cursor_at), initial_done = case when $7 then $8 else initial_done end
         where connection_id = $1 and entity = $2",
        args![
            lease.connection,
            lease.entity,
            until(now, progress.lease_for),
            tally.more,
            progress.cursor.as_deref(),
            progress.cursor_at,
            progress.initial_done.is_some(),
            progress.initial_done.unwrap_or(false),
        ],
    )
    .await?;
    let applied = &tally.applied;
    tx.execute(
        "update run set pages = pages + $11, seen = seen + $2, created = created + $3, updated = updated + $4,
             deleted = deleted + $5, unchanged = unchanged + $6, total_known = coalesce($7, total_known),
             quarantined = quarantined + $8, drift = case when $9 then coalesce(drift, 0) + $10 else drift end
         where id = $1",
        args![
            lease.run,
            count(seen),
            count(applied.created),
            count(applied.updated),
            count(applied.deleted),
            count(unchanged),
            progress.total_known,
            count(quarantined),
            progress.settled_before.is_some(),
            count(applied.drift),
            i64::from(progress.cursor.is_some()),
        ],
    )
    .await?;
    Ok(())
}
