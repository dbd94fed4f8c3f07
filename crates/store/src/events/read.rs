//! Reading the log.

use sqlx::AssertSqlSafe;
use trunnion_model::ids::{ApplicationId, ConnectionId, EventId, RecordId};
use uuid::Uuid;

use super::{Event, EventPage, LogPage};
use crate::db::arg::Arg;
use crate::db::{args, columns};
use crate::{Error, Result, Store};

/// A page of the log holds at most this many events.
const MOST: usize = 500;
/// And so many are looked at for those of the wanted types.
const LOOKED_AT: i64 = 5_000;

columns! {
    pub(super) struct EventRow {
        id: Uuid,
        sequence: i64,
        kind: String as "type",
        at: i64,
        record_id: Option<Uuid>,
        entity: Option<String>,
        cause: Option<String>,
        data: String,
        previous: Option<String>,
    }
}

columns! {
    struct LogRow {
        place: i64,
        connection_id: Uuid,
        row: EventRow = flat,
    }
}

impl Store {
    /// The connection's events after `after` (0: from the start), in order, at most `limit` (at most 500). `types` are full
    /// names or `purchase_order.*`; none of them means all. With types, so many events are looked at and no more: a page
    /// may have none of them and say that there is more.
    pub async fn events(
        &self,
        connection: ConnectionId,
        after: i64,
        types: &[String],
        limit: usize,
    ) -> Result<EventPage> {
        // Read first: what commits between the two questions is for the next page.
        let last_sequence = self.last_sequence(connection).await?;
        if after >= last_sequence {
            let first_sequence = 1;
            return Ok(EventPage { events: Vec::new(), next_after: after, last_sequence, first_sequence });
        }
        let first_kept = self.first_sequence(connection).await?;
        let (limit, upto) = slice(after.max(first_kept - 1), last_sequence, types, limit);
        let mut bound = args![connection, after, upto, i64::try_from(limit).unwrap_or(i64::MAX)];
        let of_types = type_condition(types, &mut bound);
        let sql = format!(
            "select id, sequence, type, at, record_id, entity, cause, data, previous from event
             where connection_id = $1 and sequence > $2 and sequence <= $3{of_types} order by sequence limit $4"
        );
        // The text is made of constants and placeholders only.
        let rows = self.inner.db.rows::<EventRow>(AssertSqlSafe(sql), bound).await?;
        let events: Vec<Event> = rows.into_iter().map(|row| row.event(connection)).collect();
        let next_after = match events.last() {
            Some(last) if events.len() == limit => last.sequence,
            _ => upto,
        };
        // Read last: what was deleted between the two questions is told.
        let first_sequence = self.first_sequence(connection).await?;
        Ok(EventPage { events, next_after, last_sequence, first_sequence })
    }

    /// The events of all connections of the application after the position `after`, as [`Store::events`] gives those of one.
    /// Whatever was committed before the call is in the log.
    pub async fn application_events(
        &self,
        application: ApplicationId,
        after: i64,
        types: &[String],
        limit: usize,
    ) -> Result<LogPage> {
        self.order_events(application).await?;
        let (last_position, _) = self.log_bounds(application).await?;
        if after >= last_position {
            return Ok(LogPage { events: Vec::new(), next_after: after, last_position, first_position: 1 });
        }
        let sql = "select min(position) from log_range where application_id = $1";
        let oldest = self.inner.db.row::<(Option<i64>,)>(sql, args![application]).await?.and_then(|(oldest,)| oldest);
        let after = after.max(oldest.unwrap_or(1) - 1);
        let (limit, upto) = slice(after, last_position, types, limit);
        let mut bound = args![application, after, upto, i64::try_from(limit).unwrap_or(i64::MAX)];
        let of_types = type_condition(types, &mut bound);
        // The bounds of the sequence are what the index of events is walked by.
        let sql = format!(
            "select r.position + (e.sequence - r.first_sequence) as place, e.connection_id, e.id, e.sequence, e.type, e.at,
                 e.record_id, e.entity, e.cause, e.data, e.previous
             from log_range r join event e on e.connection_id = r.connection_id
                 and e.sequence >= case when r.position > $2 then r.first_sequence
                     else r.first_sequence + ($2 + 1 - r.position) end
                 and e.sequence <= case when r.position + r.events - 1 <= $3 then r.first_sequence + r.events - 1
                     else r.first_sequence + ($3 - r.position) end
             where r.application_id = $1 and r.position <= $3 and r.position >= coalesce(
                 (select max(position) from log_range where application_id = $1 and position <= $2 + 1), 0){of_types}
             order by r.position, e.sequence limit $4"
        );
        let rows = self.inner.db.rows::<LogRow>(AssertSqlSafe(sql), bound).await?;
        let event = |row: LogRow| (row.place, row.row.event(ConnectionId(row.connection_id)));
        let events: Vec<(i64, Event)> = rows.into_iter().map(event).collect();
        let next_after = match events.last() {
            Some((place, _)) if events.len() == limit => *place,
            _ => upto,
        };
        let (_, first_position) = self.log_bounds(application).await?;
        Ok(LogPage { events, next_after, last_position, first_position })
    }

    /// The newest position of the application's log and the oldest that is promised to be kept.
    async fn log_bounds(&self, application: ApplicationId) -> Result<(i64, i64)> {
        let sql = "select last_position, first_position from application_log where application_id = $1";
        Ok(self.inner.db.row::<(i64, i64)>(sql, args![application]).await?.unwrap_or((0, 1)))
    }

    pub(super) async fn first_sequence(&self, connection: ConnectionId) -> Result<i64> {
        let sql = "select first_sequence from connection_log where connection_id = $1";
        Ok(self.inner.db.row::<(i64,)>(sql, args![connection]).await?.map_or(1, |(first,)| first))
    }

    /// The sequence of the connection's newest event.
    pub async fn last_sequence(&self, connection: ConnectionId) -> Result<i64> {
        let sql = "select last_sequence from connection where id = $1";
        let (last,) =
            self.inner.db.row::<(i64,)>(sql, args![connection]).await?.ok_or(Error::NotFound { what: "connection" })?;
        Ok(last)
    }
}

/// How many at most, and up to which place to look.
fn slice(after: i64, last: i64, types: &[String], limit: usize) -> (usize, i64) {
    let limit = limit.clamp(1, MOST);
    let looked_at = if types.is_empty() { i64::try_from(limit).unwrap_or(i64::MAX) } else { LOOKED_AT };
    (limit, last.min(after.saturating_add(looked_at)))
}

/// ` and (…)` for the wanted types, or nothing for all. Beginnings are compared by `substr`, because `_` means something to
/// `like` and the order of letters depends on the database.
fn type_condition(types: &[String], bound: &mut Vec<Arg>) -> String {
    if types.is_empty() || types.iter().any(|kind| kind == "*") {
        return String::new();
    }
    let mut conditions = Vec::with_capacity(types.len());
    for kind in types {
        match kind.strip_suffix('*') {
            Some(beginning) => {
                let length = i64::try_from(beginning.chars().count()).unwrap_or(i64::MAX);
                bound.push(Arg::from(beginning));
                conditions.push(format!("substr(type, 1, {length}) = ${}", bound.len()));
            }
            None => {
                bound.push(Arg::from(kind));
                conditions.push(format!("type = ${}", bound.len()));
            }
        }
    }
    format!(" and ({})", conditions.join(" or "))
}

impl EventRow {
    pub(super) fn event(self, connection: ConnectionId) -> Event {
        Event {
            id: EventId(self.id),
            connection,
            sequence: self.sequence,
            kind: self.kind,
            at: self.at,
            record: self.record_id.map(RecordId),
            entity: self.entity,
            cause: self.cause,
            data: self.data,
            previous: self.previous,
        }
    }
}
