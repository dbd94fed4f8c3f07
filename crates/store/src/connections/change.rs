//! Changing a connection: its description, its status, its token; and taking it out of use.

use trunnion_model::ids::{ApplicationId, ConnectionId};

use super::{Connection, ConnectionChanges, ConnectionStatus, Reason, StatusChange, rows};
use crate::db::{Tx, args};
use crate::events::{NewEvent, append};
use crate::subscriptions;
use crate::sync::{cancel_all, lock_all, rest_or_work};
use crate::{Error, Result, Store};

impl Store {
    pub async fn update_connection(
        &self,
        application: ApplicationId,
        id: ConnectionId,
        changes: &ConnectionChanges,
    ) -> Result<Connection> {
        let mut tx = self.inner.db.begin().await?;
        let mut changed = rows::lock_own(&mut tx, application, id).await?;
        changed.modified_at = self.now();
        let ConnectionChanges { customer_name, metadata, tags, settings, account } = changes.clone();
        changed.customer_name = customer_name.unwrap_or(changed.customer_name);
        changed.metadata = metadata.unwrap_or(changed.metadata);
        changed.tags = tags.unwrap_or(changed.tags);
        changed.settings = settings.unwrap_or(changed.settings);
        changed.account = account.or(changed.account);
        tx.execute(
            "update connection set customer_name = $2, metadata = $3, settings = $4, account = $5, modified_at = $6,
                 tags = $7 where id = $1",
            args![
                id,
                &changed.customer_name,
                &changed.metadata,
                &changed.settings,
                changed.account.clone(),
                changed.modified_at,
                changed.tags.join(" "),
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Gives the connection a status. Tells whether it is another one than before; if it is, `connection.status_changed`
    /// (data: the connection, with `previous_status`) and the caller's own event are appended. If it is not, only a new
    /// reason is written down. A disconnected connection stays so: `Conflict`.
    pub async fn set_status(&self, id: ConnectionId, change: &StatusChange) -> Result<bool> {
        // Most calls say what is known already: they need no lock and write nothing.
        let sql = "select status, status_code, status_message from connection where id = $1";
        let known = self.inner.db.row::<(String, Option<String>, Option<String>)>(sql, args![id]).await?;
        let (status, code, message) = known.ok_or(rows::NO_CONNECTION)?;
        let reason = code.map(|code| Reason { code, message: message.unwrap_or_default() });
        if status == change.status.as_str() && reason == change.reason {
            return Ok(false);
        }
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        // Plans before their connection, as everywhere.
        lock_all(&mut tx, id).await?;
        let before = rows::lock(&mut tx, id).await?;
        if before.status == ConnectionStatus::Disconnected && change.status != before.status {
            return Err(Error::Conflict { what: "the connection is disconnected" });
        }
        let (_after, mut events) = write_status(&mut tx, before, change, now).await?;
        let changed = !events.is_empty();
        if changed {
            events.extend(change.event.clone());
        }
        append(&mut tx, &self.inner.clock, id, &events).await?;
        tx.commit().await?;
        if changed {
            self.tell_events();
            self.tell_work();
        }
        Ok(changed)
    }

    /// The token with `token_hash` is the connection's from now on; the old one is dead.
    pub async fn rotate_token(
        &self,
        application: ApplicationId,
        id: ConnectionId,
        token_hash: &[u8; 32],
    ) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let before = rows::lock_own(&mut tx, application, id).await?;
        if before.status == ConnectionStatus::Disconnected {
            return Err(Error::Conflict { what: "the connection is disconnected" });
        }
        let sql = "update connection set token_hash = $2, modified_at = $3 where id = $1";
        tx.execute(sql, args![id, token_hash, self.now()]).await?;
        tx.commit().await
    }

    /// Takes the connection out of use: its token is dead, its plans rest, its runs are cancelled; its data stays.
    /// Appends `connection.disconnected`. Again changes nothing.
    pub async fn disconnect(&self, application: ApplicationId, id: ConnectionId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        cancel_all(&mut tx, id, now).await?;
        let before = rows::lock_own(&mut tx, application, id).await?;
        if before.status == ConnectionStatus::Disconnected {
            return Ok(());
        }
        tx.execute("update connection set token_hash = null where id = $1", args![id]).await?;
        let change = StatusChange { status: ConnectionStatus::Disconnected, reason: None, event: None };
        let (after, mut events) = write_status(&mut tx, before, &change, now).await?;
        subscriptions::drop_all(&mut tx, id, now).await?;
        events.push(after.event("connection.disconnected"));
        append(&mut tx, &self.inner.clock, id, &events).await?;
        tx.commit().await?;
        self.tell_events();
        Ok(())
    }
}

/// Writes the status down; the plans must be locked. The connection as it is then, and the event to append if its status is another than before.
pub(crate) async fn write_status(
    tx: &mut Tx,
    before: Connection,
    change: &StatusChange,
    now: i64,
) -> Result<(Connection, Vec<NewEvent>)> {
    let previous = before.status;
    let moved = previous != change.status;
    let since = if moved { now } else { before.status_since };
    let after = Connection {
        status: change.status,
        status_reason: change.reason.clone(),
        status_since: since,
        modified_at: now,
        ..before
    };
    let reason = after.status_reason.as_ref();
    tx.execute(
        "update connection set status = $2, status_code = $3, status_message = $4, status_since = $5, modified_at = $6
         where id = $1",
        args![
            after.id,
            after.status.as_str(),
            reason.map(|reason| reason.code.as_str()),
            reason.map(|reason| reason.message.as_str()),
            since,
            now,
        ],
    )
    .await?;
    let mut events = Vec::new();
    if moved {
        rest_or_work(tx, after.id, after.status).await?;
        let mut data = after.to_json();
        data["previous_status"] = previous.as_str().into();
        events.push(NewEvent { kind: "connection.status_changed".to_owned(), data: data.to_string() });
    }
    Ok((after, events))
}
