//! Reading incidents and when a connection is looked at.

use trunnion_model::ids::{ConnectionId, IncidentId};
use uuid::Uuid;

use super::{Incident, ProbeState};
use crate::connections::ConnectionStatus;
use crate::db::{args, columns};
use crate::{Result, Store};

columns! {
    struct IncidentRow {
        id: Uuid,
        connection_id: Uuid,
        cause: String,
        scope: String,
        status: String,
        message: String,
        occurrences: i64,
        opened_at: i64,
        resolved_at: Option<i64>,
    }
}

impl IncidentRow {
    fn incident(self) -> Result<Incident> {
        Ok(Incident {
            id: IncidentId(self.id),
            connection: ConnectionId(self.connection_id),
            cause: self.cause,
            scope: self.scope,
            status: ConnectionStatus::stored(&self.status)?,
            message: self.message,
            occurrences: self.occurrences,
            opened_at: self.opened_at,
            resolved_at: self.resolved_at,
        })
    }
}

impl Store {
    /// What was wrong at any time since `since`, the newest first.
    pub async fn incidents(&self, id: ConnectionId, since: i64) -> Result<Vec<Incident>> {
        let sql = "select id, connection_id, cause, scope, status, message, occurrences, opened_at, resolved_at
                   from incident where connection_id = $1 and (resolved_at is null or resolved_at >= $2)
                   order by opened_at desc, id desc";
        let rows = self.inner.db.rows::<IncidentRow>(sql, args![id, since]).await?;
        rows.into_iter().map(IncidentRow::incident).collect()
    }

    pub async fn probe_state(&self, id: ConnectionId) -> Result<ProbeState> {
        let sql = "select checked_at, due_at from probe where connection_id = $1";
        let found = self.inner.db.row::<(Option<i64>, Option<i64>)>(sql, args![id]).await?;
        Ok(found.map(|(checked_at, due_at)| ProbeState { checked_at, due_at }).unwrap_or_default())
    }
}
