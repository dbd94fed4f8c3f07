//! The addresses of a connection. While one takes over from another both are good, so that no hook is lost.

use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use uuid::Uuid;

use crate::connections::rows;
use crate::db::{Tx, args};
use crate::keyring::Keyring;
use crate::seal::{self, Place, Sealed};
use crate::subscriptions;
use crate::sync::{random, until};
use crate::{ConnectionStatus, Error, Result, Store};

/// As many are good at once; the oldest goes first.
const MOST: usize = 5;

/// An address, without its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboundHook {
    pub created_at: i64,
    pub expires_at: Option<i64>,
}

/// An address to be made.
#[derive(Clone, Debug)]
pub struct NewAddress {
    /// Of the secret part of the address.
    pub path_hash: [u8; 32],
    /// What proves the sender.
    pub secret: SecretString,
    /// The secret part, if we are to subscribe at the system ourselves.
    pub subscribe: Option<SecretString>,
}

/// What a request to an address must prove, and whose it is.
#[derive(Clone, Debug)]
pub struct InboundHookKey {
    pub system: String,
    pub secret: SecretString,
}

impl Store {
    /// A new address; those before it are good for `overlap` yet.
    pub async fn create_inbound_hook(
        &self,
        application: ApplicationId,
        connection: ConnectionId,
        new: &NewAddress,
        overlap: Duration,
    ) -> Result<InboundHook> {
        let mut tx = self.inner.db.begin().await?;
        let found = rows::lock_own(&mut tx, application, connection).await?;
        if found.status == ConnectionStatus::Disconnected {
            return Err(Error::Conflict { what: "the connection is disconnected" });
        }
        let now = self.now();
        let sql = "update inbound_hook set expires_at = $2
                   where connection_id = $1 and (expires_at is null or expires_at > $2)";
        tx.execute(sql, args![connection, until(now, overlap)]).await?;
        tx.execute("delete from inbound_hook where connection_id = $1 and expires_at <= $2", args![connection, now])
            .await?;
        open(&mut tx, &self.inner.keyring, connection, new, now).await?;
        thin_out(&mut tx, connection).await?;
        subscriptions::sweep(&mut tx, connection, now).await?;
        tx.commit().await?;
        Ok(InboundHook { created_at: now, expires_at: None })
    }

    /// What proves the sender to this address, if it is good and its connection in use.
    pub async fn inbound_hook_key(
        &self,
        connection: ConnectionId,
        path_hash: &[u8; 32],
    ) -> Result<Option<InboundHookKey>> {
        let sql = "select h.id, h.data_key, h.sealed, c.system from inbound_hook h join connection c on c.id = h.connection_id
                   where h.connection_id = $1 and h.path_hash = $2 and (h.expires_at is null or h.expires_at > $3)
                     and c.status <> 'disconnected'";
        let found: Option<(Uuid, Vec<u8>, Vec<u8>, String)> =
            self.inner.db.row(sql, args![connection, path_hash, self.now()]).await?;
        let Some((row, data_key, sealed, system)) = found else { return Ok(None) };
        Ok(Some(InboundHookKey { system, secret: self.open_hook_secret((row, data_key, sealed))? }))
    }

    /// Every secret that is good at some address of the connection, the newest first.
    pub async fn inbound_hook_secrets(&self, connection: ConnectionId) -> Result<Vec<SecretString>> {
        let sql = "select id, data_key, sealed from inbound_hook
                   where connection_id = $1 and (expires_at is null or expires_at > $2) order by created_at desc, id desc";
        let found: Vec<(Uuid, Vec<u8>, Vec<u8>)> = self.inner.db.rows(sql, args![connection, self.now()]).await?;
        found.into_iter().map(|row| self.open_hook_secret(row)).collect()
    }

    fn open_hook_secret(&self, (row, data_key, sealed): (Uuid, Vec<u8>, Vec<u8>)) -> Result<SecretString> {
        seal::open(&self.inner.keyring, hook_place(row), &Sealed { data_key, sealed })
    }

    /// Another secret for the newest address. `false` if there is no address.
    pub async fn replace_inbound_secret(
        &self,
        application: ApplicationId,
        connection: ConnectionId,
        secret: &SecretString,
    ) -> Result<bool> {
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, connection).await?;
        let sql = "select id from inbound_hook where connection_id = $1 and (expires_at is null or expires_at > $2)
                   order by created_at desc, id desc limit 1";
        let Some((row,)) = tx.rows::<(Uuid,)>(sql, args![connection, self.now()]).await?.pop() else {
            return Ok(false);
        };
        let sealed = seal::seal(&self.inner.keyring, hook_place(row), secret)?;
        let sql = "update inbound_hook set data_key = $2, sealed = $3 where id = $1";
        tx.execute(sql, args![row, sealed.data_key, sealed.sealed]).await?;
        subscriptions::remake(&mut tx, row, self.now()).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The addresses that are good, the newest first.
    pub async fn inbound_hooks(&self, connection: ConnectionId) -> Result<Vec<InboundHook>> {
        let sql = "select created_at, expires_at from inbound_hook
                   where connection_id = $1 and (expires_at is null or expires_at > $2) order by created_at desc, id desc";
        let found: Vec<(i64, Option<i64>)> = self.inner.db.rows(sql, args![connection, self.now()]).await?;
        Ok(found.into_iter().map(|(created_at, expires_at)| InboundHook { created_at, expires_at }).collect())
    }

    /// Closes all addresses of the connection at once; what we subscribed ourselves is to be removed.
    pub async fn delete_inbound_hooks(&self, application: ApplicationId, connection: ConnectionId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        rows::lock_own(&mut tx, application, connection).await?;
        subscriptions::drop_all(&mut tx, connection, self.now()).await?;
        tx.execute("delete from inbound_hook where connection_id = $1", args![connection]).await?;
        tx.commit().await
    }
}

/// Makes the address, and says if we are to subscribe it.
pub(crate) async fn open(
    tx: &mut Tx,
    keyring: &Keyring,
    connection: ConnectionId,
    new: &NewAddress,
    now: i64,
) -> Result<()> {
    let row = Uuid::from_bytes(random()?);
    let sealed = seal::seal(keyring, hook_place(row), &new.secret)?;
    let sql = "insert into inbound_hook (id, connection_id, path_hash, data_key, sealed, created_at)
               values ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, args![row, connection, &new.path_hash, sealed.data_key, sealed.sealed, now]).await?;
    match &new.subscribe {
        Some(path) => subscriptions::want(tx, keyring, connection, row, path, now).await,
        None => Ok(()),
    }
}

async fn thin_out(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    let sql = "select id from inbound_hook where connection_id = $1 order by created_at desc, id desc";
    for (old,) in tx.rows::<(Uuid,)>(sql, args![connection]).await?.into_iter().skip(MOST) {
        tx.execute("delete from inbound_hook where id = $1", args![old]).await?;
    }
    Ok(())
}

pub(crate) fn hook_place(row: Uuid) -> Place {
    Place { table: "inbound_hook", row, field: "sealed" }
}
