//! The versions of one record, read from the log: every change is an event that holds the whole record after it.
//!
//! Nothing is written for it. Changes are found by an index of their own; the event by which a first sync brought a record is
//! in no index, because there is one for each record there is, and is found by its instant instead. So the history reaches as
//! far back as the log is kept.

use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::Record;

use super::Event;
use super::read::EventRow;
use crate::db::args;
use crate::{Result, Store};

/// So far around the place where an instant should be in the log events are looked at: pages that commit at the same time
/// may stand there in another order than their instants.
const AROUND: i64 = 5_000;

/// Without those that a first sync made.
macro_rules! changes {
    ($rest:literal) => {
        concat!(
            "select id, sequence, type, at, record_id, entity, cause, data, previous from event
             where record_id = $1 and cause <> 'initial' and connection_id = $2 and ",
            $rest
        )
    };
}

impl Store {
    /// The events by which the record became what it is, the newest first: those before the sequence `before`, at most
    /// `limit`. Fewer than there were if the log's beginning was deleted.
    pub async fn history(
        &self,
        connection: ConnectionId,
        record: &Record,
        before: i64,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = changes!("sequence < $3 order by sequence desc limit $4");
        let rows = self.inner.db.rows::<EventRow>(sql, args![record.id, connection, before, most]).await?;
        let mut versions: Vec<Event> = rows.into_iter().map(|row| row.event(connection)).collect();
        if versions.len() < limit {
            let first = self.first_version(connection, record.id, record.created_at).await?;
            versions.extend(first.filter(|first| first.sequence < before));
        }
        Ok(versions)
    }

    /// The newest event of the record that is not younger than the instant; `None` too if it is no longer kept.
    pub async fn version_at(&self, connection: ConnectionId, record: &Record, at: i64) -> Result<Option<Event>> {
        let sql = changes!("at <= $3 order by sequence desc limit 1");
        let row = self.inner.db.row::<EventRow>(sql, args![record.id, connection, at]).await?;
        match row {
            Some(row) => Ok(Some(row.event(connection))),
            // What was deleted from the log's beginning may have been younger than the first version, but only if that is
            // deleted as well.
            None => self.first_version(connection, record.id, record.created_at).await,
        }
    }

    /// The event by which a first sync brought the record, at the instant at which the record was created.
    async fn first_version(&self, connection: ConnectionId, record: RecordId, at: i64) -> Result<Option<Event>> {
        let (mut low, mut high) = (self.first_sequence(connection).await?, self.last_sequence(connection).await? + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let sql = "select at from event where connection_id = $1 and sequence = $2";
            let found = self.inner.db.row::<(i64,)>(sql, args![connection, middle]).await?;
            // One that is missing was deleted just now, with all before it.
            if found.is_none_or(|(found,)| found < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let sql = "select id, sequence, type, at, record_id, entity, cause, data, previous from event
                   where connection_id = $1 and sequence >= $2 and sequence < $3 and record_id = $4 and cause = 'initial'
                   order by sequence limit 1";
        let bound = args![connection, low - AROUND, low + AROUND, record];
        Ok(self.inner.db.row::<EventRow>(sql, bound).await?.map(|row| row.event(connection)))
    }
}
