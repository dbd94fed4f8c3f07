//! How many changes a poll found though a hook should have told of them: the log says why each event is there.

use trunnion_model::ids::ConnectionId;

use crate::db::args;
use crate::{Result, Store};

impl Store {
    /// Of the record events of `entities` since `since`: how many a hook brought, and how many a later sync.
    pub async fn hooked_and_polled(
        &self,
        connection: ConnectionId,
        entities: &[&str],
        since: i64,
    ) -> Result<(i64, i64)> {
        let sql = "select entity, cause, count(*) from event
                   where connection_id = $1 and at >= $2 and cause in ('webhook', 'incremental') group by entity, cause";
        let found: Vec<(Option<String>, Option<String>, i64)> =
            self.inner.db.rows(sql, args![connection, since]).await?;
        let count = |cause: &str| {
            let of_cause = found.iter().filter(|(entity, found, _)| {
                found.as_deref() == Some(cause) && entity.as_deref().is_some_and(|entity| entities.contains(&entity))
            });
            of_cause.map(|(_, _, count)| count).sum()
        };
        Ok((count("webhook"), count("incremental")))
    }
}
