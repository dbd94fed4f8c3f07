//! Holding back what a listing says, and taking that back.

use trunnion_model::ids::HeldDeletionId;

use super::types::{HeldRow, select_held};
use super::{HeldDeletion, HeldReason, HeldState};
use crate::db::{Tx, args};
use crate::events::{NewEvent, append};
use crate::sync::{Lease, lock_lease};
use crate::{Result, Store};

impl Store {
    /// Holds what the listing `generation` did not see. One that waits already is brought up to date without a second
    /// event; one that was refused stays so until more is gone than was refused.
    pub async fn hold_deletion(
        &self,
        lease: &Lease,
        generation: i64,
        reason: HeldReason,
        (gone, total): (i64, i64),
    ) -> Result<HeldDeletion> {
        let mut tx = self.inner.db.begin().await?;
        lock_lease(&mut tx, lease).await?;
        let now = self.now();
        tx.execute("update run set held = $2 where id = $1", args![lease.run, gone]).await?;
        let open = open(&mut tx, lease).await?;
        let open = open.filter(|held| held.state == HeldState::Held || gone <= held.gone);
        let held = match open {
            Some(mut held) => {
                // What was refused keeps its size, so that it cannot creep up.
                if held.state == HeldState::Held {
                    (held.gone, held.total, held.reason) = (gone, total, reason);
                }
                (held.run, held.generation, held.modified_at) = (Some(lease.run), generation, now);
                tx.execute(
                    "update held_deletion set gone = $2, total = $3, reason = $4, run_id = $5, generation = $6,
                         modified_at = $7 where id = $1",
                    args![held.id, held.gone, held.total, held.reason.as_str(), lease.run, generation, now],
                )
                .await?;
                held
            }
            None => {
                let held = HeldDeletion {
                    id: HeldDeletionId::new(&self.inner.clock),
                    connection: lease.connection,
                    entity: lease.entity.to_owned(),
                    run: Some(lease.run),
                    generation,
                    reason,
                    gone,
                    total,
                    state: HeldState::Held,
                    created_at: now,
                    modified_at: now,
                };
                insert(&mut tx, &held).await?;
                let event = NewEvent { kind: "deletion.held".to_owned(), data: held.to_json().to_string() };
                append(&mut tx, &self.inner.clock, lease.connection, &[event]).await?;
                held
            }
        };
        tx.commit().await?;
        self.tell_events();
        Ok(held)
    }

    /// A listing was believed: nothing of the entity is held any longer.
    pub async fn withdraw_held(&self, lease: &Lease) -> Result<()> {
        let sql = "update held_deletion set state = $3, modified_at = $4
                   where connection_id = $1 and entity = $2 and state in ('held', 'refused')";
        let bound = args![lease.connection, lease.entity, HeldState::Withdrawn.as_str(), self.now()];
        self.inner.db.execute(sql, bound).await.map(|_touched| ())
    }
}

/// The entity's held deletion that is not over.
async fn open(tx: &mut Tx, lease: &Lease) -> Result<Option<HeldDeletion>> {
    let sql = select_held!(
        "where connection_id = $1 and entity = $2 and state in ('held', 'refused') order by id desc limit 1"
    );
    tx.row::<HeldRow>(sql, args![lease.connection, lease.entity]).await?.map(HeldRow::held).transpose()
}

async fn insert(tx: &mut Tx, held: &HeldDeletion) -> Result<()> {
    // Of an entity one at a time waits.
    tx.execute(
        "update held_deletion set state = $3, modified_at = $4
         where connection_id = $1 and entity = $2 and state in ('held', 'refused')",
        args![held.connection, &held.entity, HeldState::Withdrawn.as_str(), held.created_at],
    )
    .await?;
    tx.execute(
        "insert into held_deletion (id, connection_id, entity, run_id, generation, reason, gone, total, state,
             created_at, modified_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        args![
            held.id,
            held.connection,
            &held.entity,
            held.run.map(|run| run.0),
            held.generation,
            held.reason.as_str(),
            held.gone,
            held.total,
            held.state.as_str(),
            held.created_at,
        ],
    )
    .await?;
    Ok(())
}
