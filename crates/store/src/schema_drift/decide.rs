//! Acknowledging findings.

use trunnion_model::ids::{ConnectionId, SchemaDriftId};

use super::DriftState;
use crate::db::args;
use crate::{Error, Result, Store};

impl Store {
    /// Acknowledges those of the findings that are open, all or none: `NotFound` if one of them is not the connection's.
    /// How many there were.
    pub async fn acknowledge_schema_drift(&self, connection: ConnectionId, ids: &[SchemaDriftId]) -> Result<u64> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let mut acknowledged = 0;
        for id in ids {
            let sql = "select state from schema_drift where connection_id = $1 and id = $2";
            let (state,) =
                tx.row::<(String,)>(sql, args![connection, *id]).await?.ok_or(Error::NotFound { what: "finding" })?;
            if DriftState::stored(&state)? == DriftState::Open {
                let sql = "update schema_drift set state = 'acknowledged', acknowledged_at = $3
                           where connection_id = $1 and id = $2 and state = 'open'";
                acknowledged += tx.execute(sql, args![connection, *id, now]).await?;
            }
        }
        tx.commit().await?;
        Ok(acknowledged)
    }

    /// Acknowledges all open findings, of one entity or of all. How many there were.
    pub async fn acknowledge_all_schema_drift(&self, connection: ConnectionId, entity: Option<&str>) -> Result<u64> {
        let sql = "update schema_drift set state = 'acknowledged', acknowledged_at = $3
                   where connection_id = $1 and entity = coalesce($2, entity) and state = 'open'";
        self.inner.db.execute(sql, args![connection, entity, self.now()]).await
    }
}
