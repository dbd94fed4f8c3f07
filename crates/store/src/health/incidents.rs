//! Opening and ending incidents, and what follows for the connection's status: all in one transaction.

use trunnion_model::ids::{ConnectionId, IncidentId};
use uuid::Uuid;

use super::probes::hurry;
use super::{Cleared, Trouble};
use crate::connections::{Connection, ConnectionStatus, Reason, StatusChange, rows, write_status};
use crate::db::{Tx, args};
use crate::events::{NewEvent, append};
use crate::sync::lock_all;
use crate::{Result, Store};

impl Store {
    /// Writes trouble down: opens its incident or counts it, and gives the connection the status that follows, with its
    /// events. Tells whether the status is another than before. A connection that rests or is out of use keeps its status.
    pub async fn report_trouble(&self, id: ConnectionId, trouble: &Trouble) -> Result<bool> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        lock_all(&mut tx, id).await?;
        let before = rows::lock(&mut tx, id).await?;
        if before.status == ConnectionStatus::Disconnected {
            return Ok(false);
        }
        let sql = "update incident set occurrences = occurrences + 1, message = $4
                   where connection_id = $1 and cause = $2 and scope = $3 and resolved_at is null returning occurrences";
        let again = args![id, trouble.cause, &trouble.scope, &trouble.message];
        let occurrences = match tx.row::<(i64,)>(sql, again).await? {
            Some((occurrences,)) => occurrences,
            None => {
                tx.execute(
                    "insert into incident (id, connection_id, cause, scope, status, message, passing, occurrences, opened_at)
                     values ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
                    args![
                        IncidentId::new(&self.inner.clock),
                        id,
                        trouble.cause,
                        &trouble.scope,
                        trouble.status.as_str(),
                        &trouble.message,
                        trouble.passing,
                        now,
                    ],
                )
                .await?;
                1
            }
        };
        if trouble.offline_after.is_some_and(|most| occurrences >= most) {
            let sql = "update incident set status = $4
                       where connection_id = $1 and cause = $2 and scope = $3 and resolved_at is null";
            let offline = ConnectionStatus::Offline.as_str();
            tx.execute(sql, args![id, trouble.cause, &trouble.scope, offline]).await?;
        }
        if let Some(at) = trouble.look_at {
            hurry(&mut tx, id, at).await?;
        }
        let changed = self.follow(&mut tx, before, now).await?;
        tx.commit().await?;
        self.tell(changed);
        Ok(changed)
    }

    /// Ends the incidents that a success is the end of, and gives the connection the status that follows. Tells whether it is
    /// another than before. Where all was well already, nothing is written.
    pub async fn report_success(&self, id: ConnectionId, cleared: Cleared<'_>) -> Result<bool> {
        let sql = "select status, (select count(*) from incident where connection_id = $1 and resolved_at is null)
                   from connection where id = $1";
        let known = self.inner.db.row::<(String, i64)>(sql, args![id]).await?;
        let (status, open) = known.ok_or(rows::NO_CONNECTION)?;
        if status == ConnectionStatus::Online.as_str() && open == 0 {
            return Ok(false);
        }
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        lock_all(&mut tx, id).await?;
        let before = rows::lock(&mut tx, id).await?;
        // What asks for new credentials ends when they are given, and not before.
        match cleared {
            Cleared::Probe => {
                let sql = "update incident set resolved_at = $2 where connection_id = $1 and resolved_at is null
                           and scope = '' and status <> 'reauthorization_required'";
                tx.execute(sql, args![id, now]).await?;
            }
            Cleared::Entity(entity) => {
                let sql = "update incident set resolved_at = $2 where connection_id = $1 and resolved_at is null
                           and (scope = $3 or passing) and status <> 'reauthorization_required'";
                tx.execute(sql, args![id, now, entity]).await?;
            }
        }
        let changed = self.follow(&mut tx, before, now).await?;
        tx.commit().await?;
        self.tell(changed);
        Ok(changed)
    }

    /// Gives the connection the status that its open incidents make of it.
    async fn follow(&self, tx: &mut Tx, before: Connection, now: i64) -> Result<bool> {
        let id = before.id;
        if matches!(before.status, ConnectionStatus::Paused | ConnectionStatus::Disconnected) {
            return Ok(false);
        }
        let sql = "select status, cause, message from incident where connection_id = $1 and resolved_at is null
                   order by opened_at, id";
        let mut worst: Option<(ConnectionStatus, Reason)> = None;
        for (status, code, message) in tx.rows::<(String, String, String)>(sql, args![id]).await? {
            let status = ConnectionStatus::stored(&status)?;
            if worst.as_ref().is_none_or(|(known, _)| gravity(status) > gravity(*known)) {
                worst = Some((status, Reason { code, message }));
            }
        }
        let (status, reason) = match worst {
            Some((status, reason)) => (status, Some(reason)),
            None => (working(tx, id).await?, None),
        };
        let reauthorize = status == ConnectionStatus::ReauthorizationRequired && before.status != status;
        if status == before.status && reason == before.status_reason {
            return Ok(false);
        }
        let change = StatusChange { status, reason, event: None };
        let (after, mut events): (Connection, Vec<NewEvent>) = write_status(tx, before, &change, now).await?;
        let moved = !events.is_empty();
        if reauthorize {
            events.push(after.event("connection.reauthorization_required"));
        }
        append(tx, &self.inner.clock, id, &events).await?;
        Ok(moved)
    }

    fn tell(&self, changed: bool) {
        if changed {
            self.tell_events();
            self.tell_work();
        }
    }
}

fn gravity(status: ConnectionStatus) -> u8 {
    match status {
        ConnectionStatus::ReauthorizationRequired => 2,
        ConnectionStatus::Offline => 1,
        _ => 0,
    }
}

/// Of a connection with which nothing is wrong: `syncing` as long as a first sync is missing that the system
/// allows and has.
async fn working(tx: &mut Tx, id: ConnectionId) -> Result<ConnectionStatus> {
    let sql = "select connection_id from sync_plan where connection_id = $1 and not initial_done and not paused
                   and coalesce(last_error_code, '') not in ('PERMISSION_DENIED', 'NOT_OFFERED') limit 1";
    let missing = tx.row::<(Uuid,)>(sql, args![id]).await?.is_some();
    Ok(if missing { ConnectionStatus::Syncing } else { ConnectionStatus::Online })
}

/// Ends whatever was wrong: new credentials were given and tried.
pub(crate) async fn resolve_all(tx: &mut Tx, id: ConnectionId, now: i64) -> Result<()> {
    let sql = "update incident set resolved_at = $2 where connection_id = $1 and resolved_at is null";
    tx.execute(sql, args![id, now]).await?;
    Ok(())
}
