//! How much there is and how much waits, of all applications and nodes together.

use trunnion_model::ids::{ApplicationId, ConnectionId};
use uuid::Uuid;

use crate::db::{args, id_set, over_set};
use crate::{Result, Store};

/// Beyond so many it does not matter how many more there are, and counting would cost.
const MOST: i64 = 100_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// By system and status.
    pub connections: Vec<(String, String, i64)>,
    /// Open ones, by cause.
    pub incidents: Vec<(String, i64)>,
    /// Syncs that could run and do not, and since when the first of them could.
    pub syncs_due: i64,
    pub oldest_sync: Option<i64>,
    /// Deliveries that are to be sent, up to a hundred thousand, and when the first of them was due.
    pub deliveries: i64,
    pub oldest_delivery: Option<i64>,
    /// Writes that are not settled.
    pub operations: i64,
}

/// A connection, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: ConnectionId,
    pub application: ApplicationId,
    pub system: String,
    pub customer: String,
}

impl Store {
    pub async fn standing(&self) -> Result<Standing> {
        let db = &self.inner.db;
        let sql = "select system, status, cast(count(*) as bigint) from connection group by system, status";
        let connections = db.rows(sql, Vec::new()).await?;
        let sql = "select cause, cast(count(*) as bigint) from incident where resolved_at is null group by cause";
        let incidents = db.rows(sql, Vec::new()).await?;
        let now = self.now();
        let sql = "select cast(count(*) as bigint), min(due_at) from sync_plan
                   where due_at is not null and not resting and not paused and lease_id is null and due_at <= $1";
        let (syncs_due, oldest_sync) = db.total(sql, args![now]).await?.unwrap_or_default();
        let sql = "select cast(count(*) as bigint), min(due_at) from
                   (select due_at from delivery where due_at is not null limit $1) waiting";
        let (deliveries, oldest_delivery) = db.total(sql, args![MOST]).await?.unwrap_or_default();
        let sql = "select cast(count(*) as bigint) from operation where state in ('accepted', 'sending', 'unknown')";
        let (operations,) = db.total::<(i64,)>(sql, Vec::new()).await?.unwrap_or_default();
        Ok(Standing { connections, incidents, syncs_due, oldest_sync, deliveries, oldest_delivery, operations })
    }

    /// Whose these connections are; those that are gone are left out.
    pub async fn names_of(&self, ids: &[ConnectionId]) -> Result<Vec<Named>> {
        let sql = over_set!(
            self.inner.db.dialect(),
            "select c.id, c.application_id, c.system, c.customer_name from ",
            ("$1", id "id"),
            " join connection c on c.id = j.id"
        );
        let set = id_set(ids.iter().map(|id| id.0));
        let found: Vec<(Uuid, Uuid, String, String)> = self.inner.db.rows(sql, args![set]).await?;
        let named = |(id, application, system, customer)| Named {
            id: ConnectionId(id),
            application: ApplicationId(application),
            system,
            customer,
        };
        Ok(found.into_iter().map(named).collect())
    }
}
