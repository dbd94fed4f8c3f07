//! Appending events that are not about records (those are appended in bulk, with the records).

use trunnion_model::ids::{ConnectionId, EventId};
use trunnion_model::time::Clock;

use super::NewEvent;
use crate::db::{Tx, args};
use crate::{Error, Result};

/// Appends the events in the transaction. The connection's row gives their numbers and stays locked until the commit,
/// which is why numbers have no holes and become visible in order.
pub(crate) async fn append(tx: &mut Tx, clock: &Clock, connection: ConnectionId, events: &[NewEvent]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let (last,): (i64,) = tx
        .row(
            "update connection set last_sequence = last_sequence + $2 where id = $1 returning last_sequence",
            args![connection, count],
        )
        .await?
        .ok_or(Error::NotFound { what: "connection" })?;
    let at = clock.now_micros();
    for (sequence, event) in (last - count + 1..).zip(events) {
        tx.execute(
            "insert into event (connection_id, sequence, id, type, at, data) values ($1, $2, $3, $4, $5, $6)",
            args![connection, sequence, EventId::new(clock), &event.kind, at, &event.data],
        )
        .await?;
    }
    Ok(())
}
