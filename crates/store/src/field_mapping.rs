//! The fields that a customer added to a system's records, and under which names a connection shows them.
//!
//! Both texts are JSON that the engine writes and reads. What changes a connection's mapping also touches the connection, so
//! that every node sees that its own copy is old.

use trunnion_model::catalog::Entity;
use trunnion_model::ids::{ApplicationId, ConnectionId, RunId};

use crate::connections::rows::lock_own;
use crate::db::{Tx, args, columns};
use crate::{Result, Store, sync};

columns! {
/// Of one entity of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldMapping {
    pub entity: String,
    /// What the system told: an array.
    pub found: String,
    /// What was chosen: an object; `{}` until somebody chose.
    pub chosen: String,
    /// Microseconds since 1970, UTC; 0 if the system was never asked.
    pub checked_at: i64,
}
}

impl Store {
    /// Those of all entities that have any.
    pub async fn field_mappings(&self, connection: ConnectionId) -> Result<Vec<FieldMapping>> {
        let sql =
            "select entity, found, chosen, checked_at from field_mapping where connection_id = $1 order by entity";
        self.inner.db.rows(sql, args![connection]).await
    }

    /// Keeps what the system told. Whether it is anything else than before: then `run`, which must not have begun to read, is to
    /// read everything, for what did not change is to have the new fields too. Without one, what a first sync read before it
    /// failed is read again after it.
    pub async fn keep_found_fields(
        &self,
        connection: ConnectionId,
        entity: &Entity,
        found: &str,
        run: Option<RunId>,
    ) -> Result<bool> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let sql = "select found from field_mapping where connection_id = $1 and entity = $2";
        let before = tx.row::<(String,)>(sql, args![connection, entity.name]).await?;
        let changed = before.map_or("[]".to_owned(), |(found,)| found) != found;
        let sql = "insert into field_mapping (connection_id, entity, found, chosen, checked_at) values ($1, $2, $3, '{}', $4)
                   on conflict (connection_id, entity) do update set found = excluded.found, checked_at = excluded.checked_at";
        tx.execute(sql, args![connection, entity.name, found, now]).await?;
        if changed {
            match run {
                Some(run) => sync::turn_into_remap(&mut tx, run).await?,
                None => sync::note_half_read(&mut tx, connection, entity).await?,
            }
            touch(&mut tx, connection, now).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Stores what was chosen, by entity; what was read of these is read again.
    pub async fn choose_fields(
        &self,
        application: ApplicationId,
        connection: ConnectionId,
        chosen: &[(&'static Entity, String)],
    ) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let entities: Vec<&'static Entity> = chosen.iter().map(|(entity, _)| *entity).collect();
        sync::read_again(&mut tx, &self.inner.clock, connection, &entities, now).await?;
        lock_own(&mut tx, application, connection).await?;
        for (entity, chosen) in chosen {
            let sql = "insert into field_mapping (connection_id, entity, found, chosen, checked_at) values ($1, $2, '[]', $3, 0)
                       on conflict (connection_id, entity) do update set chosen = excluded.chosen";
            tx.execute(sql, args![connection, entity.name, chosen]).await?;
        }
        touch(&mut tx, connection, now).await?;
        tx.commit().await?;
        self.tell_work();
        Ok(())
    }
}

/// Always to another time than before, whatever the clocks of two nodes say.
async fn touch(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<()> {
    let sql =
        "update connection set modified_at = case when modified_at < $2 then $2 else modified_at + 1 end where id = $1";
    tx.execute(sql, args![connection, now]).await.map(drop)
}
