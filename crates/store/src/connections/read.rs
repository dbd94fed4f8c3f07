//! Reading connections.

use trunnion_model::ids::{ApplicationId, ConnectionId};

use super::rows::{ConnectionRow, select_connection};
use super::{Connection, ConnectionFilter};
use crate::db::args;
use crate::{Result, Store};

/// A page of connections holds at most this many.
const MOST: usize = 500;

impl Store {
    /// The connection, if it is the application's.
    pub async fn connection(&self, application: ApplicationId, id: ConnectionId) -> Result<Option<Connection>> {
        let sql = select_connection!("where id = $1 and application_id = $2");
        let found = self.inner.db.row::<ConnectionRow>(sql, args![id, application]).await?;
        found.map(ConnectionRow::connection).transpose()
    }

    /// For background work, which has the id from a lease rather than from a caller.
    pub async fn connection_for_work(&self, id: ConnectionId) -> Result<Option<Connection>> {
        let sql = select_connection!("where id = $1");
        let found = self.inner.db.row::<ConnectionRow>(sql, args![id]).await?;
        found.map(ConnectionRow::connection).transpose()
    }

    /// The application's connections, the oldest first.
    pub async fn list_connections(
        &self,
        application: ApplicationId,
        filter: &ConnectionFilter,
    ) -> Result<Vec<Connection>> {
        // The least id stands for "from the start", and an empty text for "any": one statement for all filters.
        let after = filter.after.unwrap_or(ConnectionId(uuid::Uuid::nil()));
        let sql = select_connection!(
            "where application_id = $1 and id > $2 and ($3 = '' or system = $3) and ($4 = '' or status = $4)
             and ($5 = '' or customer_id = $5) and ($6 = '' or replace(' ' || tags || ' ', ' ' || $6 || ' ', '') <> ' ' || tags || ' ')
             order by id limit $7"
        );
        let bound = args![
            application,
            after,
            filter.system.as_deref().unwrap_or_default(),
            filter.status.map_or("", |status| status.as_str()),
            filter.customer_id.as_deref().unwrap_or_default(),
            filter.tag.as_deref().unwrap_or_default(),
            i64::try_from(filter.limit.clamp(1, MOST)).unwrap_or(i64::MAX),
        ];
        let rows = self.inner.db.rows::<ConnectionRow>(sql, bound).await?;
        rows.into_iter().map(ConnectionRow::connection).collect()
    }
}
