//! Writing down what is wanted, in the transaction of whatever makes it so; the connection is locked there.

use secrecy::SecretString;
use trunnion_model::ids::ConnectionId;
use uuid::Uuid;

use super::{Subscription, SubscriptionState};
use crate::db::{Tx, args};
use crate::keyring::Keyring;
use crate::seal::{self, Place};
use crate::{Reason, Result, Store};

/// What a look at a connection's subscriptions gives: state, since, expiry, last look, error with its code.
type Shown = (String, i64, Option<i64>, Option<i64>, Option<String>, Option<String>);

impl Store {
    /// Looks at the connection's subscriptions at once.
    pub async fn wake_subscriptions(&self, connection: ConnectionId) -> Result<()> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        wake(&mut tx, connection, now).await?;
        tx.commit().await
    }

    /// The connection's, the newest that is wanted first.
    pub async fn subscriptions(&self, connection: ConnectionId) -> Result<Vec<Subscription>> {
        let sql = "select state, since, expires_at, checked_at, error_code, error from subscription
                   where connection_id = $1
                   order by case when wanted then 0 else 1 end, created_at desc, id desc";
        let found = self.inner.db.rows::<Shown>(sql, args![connection]).await?;
        let one = |(state, since, expires_at, checked_at, code, message): Shown| {
            let error = code.map(|code| Reason { code, message: message.unwrap_or_default() });
            Ok(Subscription { state: SubscriptionState::stored(&state)?, since, expires_at, checked_at, error })
        };
        found.into_iter().map(one).collect()
    }
}

/// Hooks shall come to that address.
pub(crate) async fn want(
    tx: &mut Tx,
    keyring: &Keyring,
    connection: ConnectionId,
    address: Uuid,
    path: &SecretString,
    now: i64,
) -> Result<()> {
    let sealed = seal::seal(keyring, subscription_place(address), path)?;
    let sql = "insert into subscription (id, connection_id, data_key, sealed, wanted, remake, state, since, tries,
                   generation, due_at, created_at)
               values ($1, $2, $3, $4, $5, $6, 'pending', $7, 0, 0, $7, $7)";
    tx.execute(sql, args![address, connection, sealed.data_key, sealed.sealed, true, false, now]).await?;
    Ok(())
}

/// Looks at once at what is wanted, as if nothing had failed before. False if nothing is wanted.
pub(crate) async fn wake(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<bool> {
    let sql = "update subscription set due_at = $2, tries = 0, generation = generation + 1
               where connection_id = $1 and wanted";
    Ok(tx.execute(sql, args![connection, now]).await? > 0)
}

/// The address's secret is another one.
pub(crate) async fn remake(tx: &mut Tx, address: Uuid, now: i64) -> Result<()> {
    let sql = "update subscription set remake = $3, due_at = $2, tries = 0, generation = generation + 1
               where id = $1 and wanted";
    tx.execute(sql, args![address, now, true]).await?;
    Ok(())
}

/// None is wanted any more, and their addresses are closed.
pub(crate) async fn drop_all(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<()> {
    let sql = "delete from inbound_hook where id in (select id from subscription where connection_id = $1)";
    tx.execute(sql, args![connection]).await?;
    let sql = "update subscription set wanted = $3, state = 'removing', since = $2, due_at = $2, tries = 0,
                   error_code = null, error = null, generation = generation + 1
               where connection_id = $1 and wanted";
    tx.execute(sql, args![connection, now, false]).await?;
    Ok(())
}

/// Nobody can reach them any more: the credentials for that are gone.
pub(crate) async fn forget_all(tx: &mut Tx, connection: ConnectionId) -> Result<()> {
    let sql = "delete from inbound_hook where id in (select id from subscription where connection_id = $1)";
    tx.execute(sql, args![connection]).await?;
    tx.execute("delete from subscription where connection_id = $1", args![connection]).await?;
    Ok(())
}

/// After addresses were closed, or given an end: subscriptions end no later.
pub(crate) async fn sweep(tx: &mut Tx, connection: ConnectionId, now: i64) -> Result<()> {
    let sql = "update subscription set due_at = $2 where connection_id = $1 and due_at > $2
                   and not exists (select 1 from inbound_hook h where h.id = subscription.id)";
    tx.execute(sql, args![connection, now]).await?;
    let sql = "update subscription set due_at = (select h.expires_at from inbound_hook h where h.id = subscription.id)
               where connection_id = $1
                   and due_at > (select h.expires_at from inbound_hook h where h.id = subscription.id)";
    tx.execute(sql, args![connection]).await?;
    Ok(())
}

pub(crate) fn subscription_place(row: Uuid) -> Place {
    Place { table: "subscription", row, field: "sealed" }
}
