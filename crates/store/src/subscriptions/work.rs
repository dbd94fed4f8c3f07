//! Writing down what a look found.
//!
//! What was wanted may change during a look. Then what is there is kept, but the look does not count: the next one is due.

use trunnion_model::ids::ConnectionId;
use trunnion_model::time::rfc3339_micros;

use super::{DueSubscription, SubscriptionState};
use crate::connections::rows;
use crate::db::{Tx, args};
use crate::events::{NewEvent, append};
use crate::{Error, Reason, Result, Store};

impl Store {
    /// It is there; the next look is due at `next`. Those of older addresses are not wanted from now on.
    pub async fn keep_subscription(
        &self,
        due: &DueSubscription,
        remote_id: &str,
        expires_at: Option<i64>,
        next: i64,
    ) -> Result<()> {
        let Some((mut tx, before)) = self.held(due).await? else { return Ok(()) };
        let now = self.now();
        let sql = "update subscription set remote_id = $2, expires_at = $3, checked_at = $4, lease_until = null
                   where id = $1";
        tx.execute(sql, args![due.id, remote_id, expires_at, now]).await?;
        if let Some(before) = before {
            let sql = "update subscription set since = case when state = 'active' then since else $2 end,
                           state = 'active', remake = $4, tries = 0, error_code = null, error = null, due_at = $3
                       where id = $1";
            tx.execute(sql, args![due.id, now, next, false]).await?;
            let sql = "update subscription set wanted = $3, state = 'removing', since = $4, due_at = $4, tries = 0,
                           error_code = null, error = null, generation = generation + 1
                       where connection_id = $1 and id <> $2 and wanted
                           and created_at <= (select s.created_at from subscription s where s.id = $2)";
            tx.execute(sql, args![due.connection, due.id, false, now]).await?;
            self.tell_of(&mut tx, due.connection, before, SubscriptionState::Active, None).await?;
        }
        tx.commit().await?;
        self.tell_events();
        Ok(())
    }

    /// The look came to nothing; the next one is due at `next`. `gone`: what was there is not any more.
    pub async fn fail_subscription(
        &self,
        due: &DueSubscription,
        state: SubscriptionState,
        error: &Reason,
        next: i64,
        gone: bool,
    ) -> Result<()> {
        let Some((mut tx, before)) = self.held(due).await? else { return Ok(()) };
        let now = self.now();
        tx.execute("update subscription set checked_at = $2, lease_until = null where id = $1", args![due.id, now])
            .await?;
        if gone {
            let sql = "update subscription set remote_id = null, expires_at = null where id = $1";
            tx.execute(sql, args![due.id]).await?;
        }
        if let Some(before) = before {
            let sql = "update subscription set since = case when state = $2 then since else $3 end, state = $2,
                           tries = tries + 1, error_code = $4, error = $5, due_at = $6 where id = $1";
            tx.execute(sql, args![due.id, state.as_str(), now, &error.code, &error.message, next]).await?;
            self.tell_of(&mut tx, due.connection, before, state, Some(error)).await?;
        }
        tx.commit().await?;
        self.tell_events();
        Ok(())
    }

    /// It is not there any more, as was wanted, or nobody will remove it.
    pub async fn forget_subscription(&self, due: &DueSubscription) -> Result<()> {
        let sql = "delete from subscription where id = $1 and lease_until = $2";
        self.inner.db.execute(sql, args![due.id, due.lease_until]).await?;
        Ok(())
    }

    /// It was removed there, and stays leased: for whoever is about to make it somewhere else.
    pub async fn unmake_subscription(&self, due: &DueSubscription) -> Result<()> {
        let sql = "update subscription set remote_id = null, expires_at = null where id = $1 and lease_until = $2";
        self.inner.db.execute(sql, args![due.id, due.lease_until]).await?;
        Ok(())
    }

    /// Looks again at once at all that failed for that reason.
    pub async fn hurry_subscriptions(&self, code: &str) -> Result<()> {
        let sql = "update subscription set due_at = $2, tries = 0 where error_code = $1 and due_at > $2";
        self.inner.db.execute(sql, args![code, self.now()]).await?;
        Ok(())
    }

    /// Appends the event of a state that is another than before, if it is one to be told of.
    async fn tell_of(
        &self,
        tx: &mut Tx,
        connection: ConnectionId,
        before: SubscriptionState,
        state: SubscriptionState,
        error: Option<&Reason>,
    ) -> Result<()> {
        let told = [SubscriptionState::Active, SubscriptionState::Failing];
        if before == state || !told.contains(&state) {
            return Ok(());
        }
        let data = serde_json::json!({
            "connection_id": connection.to_string(),
            "state": state.as_str(),
            "since": rfc3339_micros(self.now()),
            "code": error.map(|error| &error.code),
            "message": error.map(|error| &error.message),
        });
        let event = NewEvent { kind: format!("subscription.{}", state.as_str()), data: data.to_string() };
        append(tx, &self.inner.clock, connection, &[event]).await
    }

    /// A transaction in which the connection is locked, and the state before if what was wanted is still the same. Nothing, if
    /// the lease was lost or the connection is gone.
    async fn held(&self, due: &DueSubscription) -> Result<Option<(Tx, Option<SubscriptionState>)>> {
        let mut tx = self.inner.db.begin().await?;
        match rows::lock(&mut tx, due.connection).await {
            Ok(_) => {}
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let sql = "select generation, state from subscription where id = $1 and lease_until = $2";
        let Some((generation, state)) = tx.row::<(i64, String)>(sql, args![due.id, due.lease_until]).await? else {
            return Ok(None);
        };
        let same = generation == due.generation;
        Ok(Some((tx, same.then(|| SubscriptionState::stored(&state)).transpose()?)))
    }
}
