//! Acknowledging findings.

use trunnion_model::ids::{ConnectionId, SchemaDriftId};

use crate::db::{args, id_set, over_set};
use crate::{Error, Result, Store};

impl Store {
    /// Acknowledges those of the findings that are open, all or none: `NotFound` if one of them is not the connection's.
    /// How many there were.
    pub async fn acknowledge_schema_drift(&self, connection: ConnectionId, ids: &[SchemaDriftId]) -> Result<u64> {
        let set = id_set(ids.iter().map(|id| id.0));
        let mut tx = self.inner.db.begin().await?;
        let own = over_set!(
            tx.dialect(),
            "select count(*) from ",
            ("$1", id "id"),
            " join schema_drift d on d.id = j.id and d.connection_id = $2"
        );
        let (found,) = tx.row::<(i64,)>(own, args![set.clone(), connection]).await?.unwrap_or_default();
        if usize::try_from(found) != Ok(ids.len()) {
            return Err(Error::NotFound { what: "finding" });
        }
        let sql = over_set!(
            tx.dialect(),
            "update schema_drift set state = 'acknowledged', acknowledged_at = $3
             where connection_id = $2 and state = 'open' and id in (select id from ",
            ("$1", id "id"),
            ")"
        );
        let acknowledged = tx.execute(sql, args![set, connection, self.now()]).await?;
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
