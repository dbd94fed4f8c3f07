//! OAuth 2.0: the clients of applications, consents that are waited for, and the grants of connections.
//!
//! A grant is renewed by one node at a time: [`Store::claim_grant`] gives it the turn, and [`Store::renew_grant`] stores the
//! answer only in place of the generation that was renewed. So of two that renewed the same one, the first answer stays.

use std::time::Duration;

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId, LinkId, OauthClientId};
use uuid::Uuid;

use crate::db::{Tx, args};
use crate::keyring::Keyring;
use crate::seal::{self, Place, Sealed};
use crate::sync::until;
use crate::{Result, Store};

/// What a connection's grant is now.
#[derive(Clone, Debug)]
pub struct StoredGrant {
    pub generation: i64,
    /// Of the access token.
    pub expires_at: i64,
    /// In the form of whoever stored it.
    pub tokens: SecretString,
}

/// A grant to be stored.
#[derive(Clone, Debug)]
pub struct NewGrant {
    pub expires_at: i64,
    pub tokens: SecretString,
}

/// A consent that is waited for.
#[derive(Clone, Debug)]
pub struct NewPending {
    pub link: LinkId,
    pub state_hash: [u8; 32],
    /// Of the value that only the customer's browser has.
    pub browser_hash: [u8; 32],
    pub secret: SecretString,
    pub expires_at: i64,
}

impl Store {
    /// The application's client at the system: its id and its secret.
    pub async fn oauth_client(
        &self,
        application: ApplicationId,
        system: &str,
    ) -> Result<Option<(String, SecretString)>> {
        let sql = "select id, client_id, data_key, sealed from oauth_client where application_id = $1 and system = $2";
        let found = self.inner.db.row::<(Uuid, String, Vec<u8>, Vec<u8>)>(sql, args![application, system]).await?;
        let Some((id, client, data_key, sealed)) = found else { return Ok(None) };
        let secret = seal::open(&self.inner.keyring, client_place(id), &Sealed { data_key, sealed })?;
        Ok(Some((client, secret)))
    }

    /// Replaces the one before.
    pub async fn set_oauth_client(
        &self,
        application: ApplicationId,
        system: &str,
        client_id: &str,
        secret: &SecretString,
    ) -> Result<()> {
        let id = OauthClientId::new(&self.inner.clock);
        let sealed = seal::seal(&self.inner.keyring, client_place(id.0), secret)?;
        let mut tx = self.inner.db.begin().await?;
        let sql = "delete from oauth_client where application_id = $1 and system = $2";
        tx.execute(sql, args![application, system]).await?;
        let sql = "insert into oauth_client (id, application_id, system, client_id, data_key, sealed, modified_at)
                   values ($1, $2, $3, $4, $5, $6, $7)";
        tx.execute(sql, args![id, application, system, client_id, sealed.data_key, sealed.sealed, self.now()]).await?;
        tx.commit().await
    }

    /// False if there was none.
    pub async fn delete_oauth_client(&self, application: ApplicationId, system: &str) -> Result<bool> {
        let sql = "delete from oauth_client where application_id = $1 and system = $2";
        Ok(self.inner.db.execute(sql, args![application, system]).await? > 0)
    }

    /// Waits for a consent, in place of any that the link waited for; forgets those that nobody gave.
    pub async fn put_pending_consent(&self, new: NewPending) -> Result<()> {
        let sealed = seal::seal(&self.inner.keyring, pending_place(new.link.0), &new.secret)?;
        let mut tx = self.inner.db.begin().await?;
        let sql = "delete from oauth_pending where link_id = $1 or expires_at < $2";
        tx.execute(sql, args![new.link, self.now()]).await?;
        let sql = "insert into oauth_pending (link_id, state_hash, browser_hash, data_key, sealed, expires_at)
                   values ($1, $2, $3, $4, $5, $6)";
        let bound = args![new.link, &new.state_hash, &new.browser_hash, sealed.data_key, sealed.sealed, new.expires_at];
        tx.execute(sql, bound).await?;
        tx.commit().await
    }

    /// The consent that was waited for, once, and only for the browser that was sent to give it.
    pub async fn take_pending_consent(
        &self,
        state_hash: &[u8; 32],
        browser_hash: &[u8; 32],
    ) -> Result<Option<SecretString>> {
        let mut tx = self.inner.db.begin().await?;
        let sql = "delete from oauth_pending where state_hash = $1 and browser_hash = $2 and expires_at > $3
                   returning link_id, data_key, sealed";
        let bound = args![state_hash, browser_hash, self.now()];
        let taken = tx.row::<(Uuid, Vec<u8>, Vec<u8>)>(sql, bound).await?;
        tx.commit().await?;
        let open = |(link, data_key, sealed)| {
            seal::open(&self.inner.keyring, pending_place(link), &Sealed { data_key, sealed })
        };
        taken.map(open).transpose()
    }

    pub async fn grant(&self, connection: ConnectionId) -> Result<Option<StoredGrant>> {
        let sql = "select generation, expires_at, data_key, sealed from oauth_grant where connection_id = $1";
        let found = self.inner.db.row::<(i64, i64, Vec<u8>, Vec<u8>)>(sql, args![connection]).await?;
        let Some((generation, expires_at, data_key, sealed)) = found else { return Ok(None) };
        let tokens = seal::open(&self.inner.keyring, grant_place(connection.0), &Sealed { data_key, sealed })?;
        Ok(Some(StoredGrant { generation, expires_at, tokens }))
    }

    /// The turn to renew that generation, for at most `time`. False if somebody else has it, or has renewed it.
    pub async fn claim_grant(&self, connection: ConnectionId, generation: i64, time: Duration) -> Result<bool> {
        let now = self.now();
        let sql = "update oauth_grant set renewing_until = $3
                   where connection_id = $1 and generation = $2 and (renewing_until is null or renewing_until <= $4)";
        let bound = args![connection, generation, until(now, time), now];
        Ok(self.inner.db.execute(sql, bound).await? == 1)
    }

    /// Nothing came of it: another may try.
    pub async fn release_grant(&self, connection: ConnectionId, generation: i64) -> Result<()> {
        let sql = "update oauth_grant set renewing_until = null where connection_id = $1 and generation = $2";
        self.inner.db.execute(sql, args![connection, generation]).await?;
        Ok(())
    }

    /// Stores what `generation` was renewed to. False if another answer was stored before.
    pub async fn renew_grant(&self, connection: ConnectionId, generation: i64, new: &NewGrant) -> Result<bool> {
        let sealed = seal::seal(&self.inner.keyring, grant_place(connection.0), &new.tokens)?;
        let sql = "update oauth_grant set generation = generation + 1, renewing_until = null, expires_at = $3,
                       data_key = $4, sealed = $5 where connection_id = $1 and generation = $2";
        let bound = args![connection, generation, new.expires_at, sealed.data_key, sealed.sealed];
        Ok(self.inner.db.execute(sql, bound).await? == 1)
    }
}

/// The grant that a customer has just given, in place of any before; its generation goes on, so that what is under way for
/// the old one is not stored.
pub(crate) async fn put(
    tx: &mut Tx,
    keyring: &Keyring,
    connection: ConnectionId,
    new: Option<&NewGrant>,
) -> Result<()> {
    let Some(new) = new else {
        tx.execute("delete from oauth_grant where connection_id = $1", args![connection]).await?;
        return Ok(());
    };
    let sealed = seal::seal(keyring, grant_place(connection.0), &new.tokens)?;
    tx.execute(
        "insert into oauth_grant (connection_id, generation, expires_at, data_key, sealed) values ($1, 1, $2, $3, $4)
         on conflict (connection_id) do update set generation = oauth_grant.generation + 1, renewing_until = null,
             expires_at = excluded.expires_at, data_key = excluded.data_key, sealed = excluded.sealed",
        args![connection, new.expires_at, sealed.data_key, sealed.sealed],
    )
    .await?;
    Ok(())
}

pub(crate) fn client_place(row: Uuid) -> Place {
    Place { table: "oauth_client", row, field: "sealed" }
}

pub(crate) fn pending_place(row: Uuid) -> Place {
    Place { table: "oauth_pending", row, field: "sealed" }
}

pub(crate) fn grant_place(row: Uuid) -> Place {
    Place { table: "oauth_grant", row, field: "sealed" }
}
