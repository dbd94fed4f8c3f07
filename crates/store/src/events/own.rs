//! The application's own log: what happened to something of the application that is no connection.
//!
//! Its rows lie beside those of the connections, with the application's id in the place of the connection's, so that it is
//! followed, delivered and replayed by the same statements.

use trunnion_model::ids::{ApplicationId, EventId};
use trunnion_model::time::Clock;
use uuid::Uuid;

use super::NewEvent;
use crate::db::{Tx, args};
use crate::{Error, Result};

/// Types of this beginning stand in the application's own log, and in no other.
const ABOUT_ENDPOINTS: &str = "webhook_endpoint.";

/// Whether events of that type are about no connection.
pub(crate) fn is_own(kind: &str) -> bool {
    kind.starts_with(ABOUT_ENDPOINTS)
}

/// Appends the event in the transaction. The application's row gives its number, as a connection's does for its log.
/// `about` is the thing of which it tells.
pub(crate) async fn append_own(
    tx: &mut Tx,
    clock: &Clock,
    application: ApplicationId,
    about: Uuid,
    event: &NewEvent,
) -> Result<()> {
    let sql = "update application set last_sequence = last_sequence + 1 where id = $1 returning last_sequence";
    let (sequence,): (i64,) = tx.row(sql, args![application]).await?.ok_or(Error::NotFound { what: "application" })?;
    let sql = "insert into event (connection_id, sequence, id, type, at, record_id, data) values ($1, $2, $3, $4, $5, $6, $7)";
    let id = EventId::new(clock);
    tx.execute(sql, args![application, sequence, id, &event.kind, clock.now_micros(), about, &event.data]).await?;
    Ok(())
}
