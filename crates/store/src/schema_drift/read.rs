//! Looking at findings.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ConnectionId, SchemaDriftId};
use uuid::Uuid;

use super::types::{DriftRow, drift_columns};
use super::{DriftFilter, RowShape, SchemaDrift};
use crate::db::args;
use crate::{Result, Store};

/// A page of the list holds at most this many, and so many findings of an entity are looked at.
const MOST: usize = 500;

impl Store {
    /// What is needed to watch the rows of an entity; `None` if it has no plan.
    pub async fn row_shape(&self, connection: ConnectionId, entity: &Entity) -> Result<Option<RowShape>> {
        let sql = "select p.strict, s.known,
                       exists (select 1 from schema_drift d where d.connection_id = p.connection_id and d.entity = p.entity)
                   from sync_plan p
                   left join row_shape s on s.connection_id = p.connection_id and s.entity = p.entity
                   where p.connection_id = $1 and p.entity = $2";
        let row = self.inner.db.row::<(bool, Option<String>, bool)>(sql, args![connection, entity.name]).await?;
        Ok(row.map(|(strict, known, has_drift)| RowShape { known, strict, has_drift }))
    }

    /// All findings of an entity, the oldest first. At most 500.
    pub async fn schema_drift_of(&self, connection: ConnectionId, entity: &Entity) -> Result<Vec<SchemaDrift>> {
        let sql = concat!(
            "select ",
            drift_columns!(),
            " from schema_drift where connection_id = $1 and entity = $2 order by id limit $3"
        );
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        let rows = self.inner.db.rows::<DriftRow>(sql, args![connection, entity.name, most]).await?;
        rows.into_iter().map(DriftRow::drift).collect()
    }

    /// The connection's findings, the newest first, from the one after (older than) `after`. At most 500.
    pub async fn schema_drift(
        &self,
        connection: ConnectionId,
        filter: DriftFilter<'_>,
        after: Option<SchemaDriftId>,
        limit: usize,
    ) -> Result<Vec<SchemaDrift>> {
        let sql = concat!(
            "select ",
            drift_columns!(),
            " from schema_drift where connection_id = $1 and id < $2 and entity = coalesce($3, entity)
                 and kind = coalesce($4, kind) and state = coalesce($5, state) order by id desc limit $6"
        );
        let bound = args![
            connection,
            after.map_or(Uuid::max(), |id| id.0),
            filter.entity,
            filter.kind.map(|kind| kind.as_str()),
            filter.state.map(|state| state.as_str()),
            i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX),
        ];
        let rows = self.inner.db.rows::<DriftRow>(sql, bound).await?;
        rows.into_iter().map(DriftRow::drift).collect()
    }

    /// How many findings are open, per entity that has any.
    pub async fn schema_drift_counts(&self, connection: ConnectionId) -> Result<Vec<(String, i64)>> {
        let sql = "select entity, count(*) from schema_drift where connection_id = $1 and state = 'open'
                   group by entity order by entity";
        self.inner.db.rows::<(String, i64)>(sql, args![connection]).await
    }
}
