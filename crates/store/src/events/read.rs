//! Reading the log.

use sqlx::AssertSqlSafe;
use trunnion_model::ids::{ConnectionId, EventId, RecordId};
use uuid::Uuid;

use super::{Event, EventPage};
use crate::db::arg::Arg;
use crate::db::args;
use crate::{Error, Result, Store};

/// A page of the log holds at most this many events.
const MOST: usize = 500;

#[derive(sqlx::FromRow)]
struct EventRow {
    id: Uuid,
    sequence: i64,
    #[sqlx(rename = "type")]
    kind: String,
    at: i64,
    record_id: Option<Uuid>,
    entity: Option<String>,
    cause: Option<String>,
    data: String,
    previous: Option<String>,
}

impl Store {
    /// The connection's events after `after` (0: from the start), in order, at most `limit` (at most 500). `types` are full
    /// names or `purchase_order.*`; none of them means all.
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
            return Ok(EventPage { events: Vec::new(), next_after: after, last_sequence });
        }
        let limit = limit.clamp(1, MOST);
        let mut bound = args![connection, after, last_sequence, i64::try_from(limit).unwrap_or(i64::MAX)];
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
            _ => last_sequence,
        };
        Ok(EventPage { events, next_after, last_sequence })
    }

    /// The sequence of the connection's newest event.
    pub async fn last_sequence(&self, connection: ConnectionId) -> Result<i64> {
        let sql = "select last_sequence from connection where id = $1";
        let (last,) =
            self.inner.db.row::<(i64,)>(sql, args![connection]).await?.ok_or(Error::NotFound { what: "connection" })?;
        Ok(last)
    }
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
    fn event(self, connection: ConnectionId) -> Event {
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
