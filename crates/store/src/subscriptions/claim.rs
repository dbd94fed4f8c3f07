//! Leasing subscriptions: one node looks at each at a time.

use std::time::Duration;

use trunnion_model::ids::ConnectionId;
use uuid::Uuid;

use super::{DueSubscription, SubscriptionState, subscription_place};
use crate::db::{args, columns};
use crate::inbound::hook_place;
use crate::seal::{self, Sealed};
use crate::sync::until;
use crate::{Result, Store};

columns! {
    struct Candidate {
        id: Uuid,
        connection_id: Uuid,
        data_key: Vec<u8>,
        sealed: Vec<u8>,
        wanted: bool,
        remake: bool,
        remote_id: Option<String>,
        tries: i64,
        generation: i64,
        state: String,
        hook_key: Option<Vec<u8>>,
        hook_sealed: Option<Vec<u8>>,
    }
}

impl Store {
    /// Takes up to `limit` subscriptions that are due, for `lease_for`.
    pub async fn claim_subscriptions(&self, lease_for: Duration, limit: usize) -> Result<Vec<DueSubscription>> {
        let sql = "select s.id, s.connection_id, s.data_key, s.sealed, s.wanted, s.remake, s.remote_id, s.tries,
                       s.generation, s.state, h.data_key as hook_key, h.sealed as hook_sealed
                   from subscription s left join inbound_hook h
                       on h.id = s.id and (h.expires_at is null or h.expires_at > $1)
                   where s.due_at <= $1 and (s.lease_until is null or s.lease_until <= $1) order by s.due_at limit $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.inner.db.rows::<Candidate>(sql, args![self.now(), limit]).await?;
        let mut claimed = Vec::new();
        for one in found {
            let now = self.now();
            let lease_until = until(now, lease_for);
            let sql = "update subscription set lease_until = $2
                       where id = $1 and generation = $3 and (lease_until is null or lease_until <= $4)";
            if self.inner.db.execute(sql, args![one.id, lease_until, one.generation, now]).await? == 1 {
                claimed.push(self.due(one, lease_until)?);
            }
        }
        Ok(claimed)
    }

    fn due(&self, one: Candidate, lease_until: i64) -> Result<DueSubscription> {
        let open = |place, data_key, sealed| seal::open(&self.inner.keyring, place, &Sealed { data_key, sealed });
        let secret = match (one.wanted, one.hook_key, one.hook_sealed) {
            (true, Some(data_key), Some(sealed)) => Some(open(hook_place(one.id), data_key, sealed)?),
            _ => None,
        };
        Ok(DueSubscription {
            id: one.id,
            connection: ConnectionId(one.connection_id),
            generation: one.generation,
            state: SubscriptionState::stored(&one.state)?,
            lease_until,
            secret,
            path: open(subscription_place(one.id), one.data_key, one.sealed)?,
            remake: one.remake,
            remote_id: one.remote_id,
            tries: one.tries,
        })
    }

    /// Takes those of a connection, whether they are due or not, so that nobody looks at them; none that somebody looks at.
    pub async fn take_subscriptions(&self, id: ConnectionId, lease_for: Duration) -> Result<Vec<DueSubscription>> {
        let sql = "select id, connection_id, data_key, sealed, wanted, remake, remote_id, tries, generation,
                       state, null as hook_key, null as hook_sealed from subscription
                   where connection_id = $1 and (lease_until is null or lease_until <= $2)";
        let found = self.inner.db.rows::<Candidate>(sql, args![id, self.now()]).await?;
        let mut taken = Vec::new();
        for one in found {
            let now = self.now();
            let lease_until = until(now, lease_for);
            let sql = "update subscription set lease_until = $2
                       where id = $1 and (lease_until is null or lease_until <= $3)";
            if self.inner.db.execute(sql, args![one.id, lease_until, now]).await? == 1 {
                taken.push(self.due(one, lease_until)?);
            }
        }
        Ok(taken)
    }

    /// Gives back what was taken.
    pub async fn give_subscription_back(&self, due: &DueSubscription) -> Result<()> {
        let sql = "update subscription set lease_until = null where id = $1 and lease_until = $2";
        self.inner.db.execute(sql, args![due.id, due.lease_until]).await?;
        Ok(())
    }
}
