//! Looking at held deletions, and deciding on one.

use trunnion_model::catalog;
use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, HeldDeletionId};
use uuid::Uuid;

use super::types::{HeldRow, select_held};
use super::{HeldDeletion, HeldState};
use crate::db::{Tx, args, locking};
use crate::records::sweep_in;
use crate::{Error, Result, Store};

const NO_HELD: Error = Error::NotFound { what: "held deletion" };

/// A page of the list holds at most this many.
const MOST: usize = 500;

impl Store {
    /// The connection's held deletions, the newest first, from the one after (older than) `after`. At most 500.
    pub async fn held_deletions(
        &self,
        connection: ConnectionId,
        after: Option<HeldDeletionId>,
        limit: usize,
    ) -> Result<Vec<HeldDeletion>> {
        let before = after.map_or(Uuid::max(), |id| id.0);
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let sql = select_held!("where connection_id = $1 and id < $2 order by id desc limit $3");
        let rows = self.inner.db.rows::<HeldRow>(sql, args![connection, before, limit]).await?;
        rows.into_iter().map(HeldRow::held).collect()
    }

    pub async fn held_deletion(&self, connection: ConnectionId, id: HeldDeletionId) -> Result<Option<HeldDeletion>> {
        let sql = select_held!("where id = $1 and connection_id = $2");
        self.inner.db.row::<HeldRow>(sql, args![id, connection]).await?.map(HeldRow::held).transpose()
    }

    /// Deletes some of what is held, with their events, and notes the acceptance once nothing is left: call it until the
    /// state says so. What was seen again since the listing stays.
    pub async fn accept_deletion(&self, connection: ConnectionId, id: HeldDeletionId) -> Result<HeldDeletion> {
        let mut tx = self.inner.db.begin_long().await?;
        let mut held = lock(&mut tx, connection, id).await?;
        match held.state {
            HeldState::Accepted => return Ok(held),
            HeldState::Withdrawn => return Err(Error::Conflict { what: "a later listing showed the records again" }),
            HeldState::Held | HeldState::Refused => {}
        }
        let entity = catalog::entity(&held.entity).ok_or_else(|| Error::corrupt("held deletion", &held.entity))?;
        let (mut tx, swept) = sweep_in(self, tx, (connection, entity), held.generation, Cause::Accepted).await?;
        if swept == 0 {
            settle(&mut tx, &mut held, HeldState::Accepted, self.now()).await?;
        }
        tx.commit().await?;
        if swept > 0 {
            self.tell_events();
        }
        Ok(held)
    }

    /// The records stay.
    pub async fn refuse_deletion(&self, connection: ConnectionId, id: HeldDeletionId) -> Result<HeldDeletion> {
        let mut tx = self.inner.db.begin().await?;
        let mut held = lock(&mut tx, connection, id).await?;
        match held.state {
            HeldState::Accepted => return Err(Error::Conflict { what: "the records are deleted already" }),
            HeldState::Held => settle(&mut tx, &mut held, HeldState::Refused, self.now()).await?,
            HeldState::Refused | HeldState::Withdrawn => {}
        }
        tx.commit().await?;
        Ok(held)
    }
}

async fn lock(tx: &mut Tx, connection: ConnectionId, id: HeldDeletionId) -> Result<HeldDeletion> {
    let sql = locking!(tx.dialect(), select_held!("where id = $1 and connection_id = $2"));
    tx.row::<HeldRow>(sql, args![id, connection]).await?.ok_or(NO_HELD)?.held()
}

async fn settle(tx: &mut Tx, held: &mut HeldDeletion, state: HeldState, now: i64) -> Result<()> {
    (held.state, held.modified_at) = (state, now);
    let sql = "update held_deletion set state = $2, modified_at = $3 where id = $1";
    tx.execute(sql, args![held.id, state.as_str(), now]).await?;
    Ok(())
}
