//! The sealed credentials of a connection.

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId};

use super::{Connection, StatusChange, change, rows};
use crate::db::{Tx, args};
use crate::events::append;
use crate::grants;
use crate::health;
use crate::inbound::{self, NewAddress};
use crate::keyring::Keyring;
use crate::links::{self, LinkUse};
use crate::seal::{self, Place, Sealed};
use crate::subscriptions;
use crate::sync::make_due;
use crate::{Error, Result, Store};

/// What replaces a connection's credentials.
#[derive(Clone, Copy, Debug)]
pub struct NewCredentials<'a> {
    pub credentials: &'a SecretString,
    pub token_hash: &'a [u8; 32],
    /// For hooks, if we can subscribe with these credentials; it is made if no other is wanted. Without it, what the old
    /// credentials were for is forgotten.
    pub address: Option<&'a NewAddress>,
}

impl Store {
    /// What the connector logs in with, opened.
    pub async fn credentials(&self, id: ConnectionId) -> Result<SecretString> {
        let sql = "select data_key, sealed from credential where connection_id = $1";
        let found = self.inner.db.row::<(Vec<u8>, Vec<u8>)>(sql, args![id]).await?;
        let (data_key, sealed) = found.ok_or(Error::NotFound { what: "credentials" })?;
        seal::open(&self.inner.keyring, credential_place(id), &Sealed { data_key, sealed })
    }

    /// Reauthorisation, in one transaction: new credentials and a new token (the old ones are dead), a new status with
    /// its events, and plans that were waiting for it made due. A disconnected connection comes back to life.
    pub async fn replace_credentials(
        &self,
        application: ApplicationId,
        id: ConnectionId,
        credentials: &SecretString,
        token_hash: &[u8; 32],
        change: &StatusChange,
    ) -> Result<Connection> {
        let new = NewCredentials { credentials, token_hash, address: None };
        self.replace_credentials_by(application, id, &new, change, None).await
    }

    /// As [`Store::replace_credentials`]; a link that they are given through is used up in the same transaction.
    pub async fn replace_credentials_by(
        &self,
        application: ApplicationId,
        id: ConnectionId,
        new: &NewCredentials<'_>,
        change: &StatusChange,
        link: Option<&LinkUse>,
    ) -> Result<Connection> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        // Plans are locked before their connection, here as everywhere, so that nobody waits in a circle.
        make_due(&mut tx, id, now).await?;
        let before = rows::lock_own(&mut tx, application, id).await?;
        store(&mut tx, &self.inner.keyring, id, new.credentials, now).await?;
        let sql = "update connection set token_hash = $2, modified_at = $3 where id = $1";
        tx.execute(sql, args![id, new.token_hash, now]).await?;
        health::resolve_all(&mut tx, id, now).await?;
        health::wake(&mut tx, id, now).await?;
        let (after, mut events) = change::write_status(&mut tx, before, change, now).await?;
        events.extend(change.event.clone());
        match new.address {
            None => subscriptions::forget_all(&mut tx, id).await?,
            Some(address) => {
                if !subscriptions::wake(&mut tx, id, now).await? {
                    inbound::open(&mut tx, &self.inner.keyring, id, address, now).await?;
                }
            }
        }
        grants::put(&mut tx, &self.inner.keyring, id, link.and_then(|link| link.grant.as_ref())).await?;
        if let Some(link) = link {
            links::use_up(&mut tx, link, id, now).await?;
        }
        append(&mut tx, &self.inner.clock, id, &events).await?;
        tx.commit().await?;
        self.tell_events();
        self.tell_work();
        Ok(after)
    }

    /// Seals what the connector wants to keep of a login (a refreshed token) without touching token, status or plans.
    pub async fn update_credentials(&self, id: ConnectionId, credentials: &SecretString) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let sql = "select status from connection where id = $1";
        tx.row::<(String,)>(sql, args![id]).await?.ok_or(rows::NO_CONNECTION)?;
        store(&mut tx, &self.inner.keyring, id, credentials, self.now()).await?;
        tx.commit().await
    }
}

/// Seals the credentials and stores them, in place of any before.
pub(super) async fn store(
    tx: &mut Tx,
    keyring: &Keyring,
    id: ConnectionId,
    credentials: &SecretString,
    now: i64,
) -> Result<()> {
    let sealed = seal::seal(keyring, credential_place(id), credentials)?;
    tx.execute(
        "insert into credential (connection_id, data_key, sealed, modified_at) values ($1, $2, $3, $4)
         on conflict (connection_id) do update
         set data_key = excluded.data_key, sealed = excluded.sealed, modified_at = excluded.modified_at",
        args![id, sealed.data_key, sealed.sealed, now],
    )
    .await?;
    Ok(())
}

pub(crate) fn credential_place(id: ConnectionId) -> Place {
    Place { table: "credential", row: id.0, field: "sealed" }
}
