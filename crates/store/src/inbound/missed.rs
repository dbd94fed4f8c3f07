//! How many changes hooks told of, and how many a sync found before any hook did: hour by hour, for each entity.

use trunnion_model::change::Cause;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use uuid::Uuid;

use crate::db::{Tx, args};
use crate::{Result, Store};

const HOUR: i64 = 60 * 60 * 1_000_000;

/// What hooks of a connection did not tell of, by entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedHooks {
    pub connection: ConnectionId,
    pub system: String,
    pub customer: String,
    pub entity: String,
    pub missed: i64,
}

/// In the transaction of the changes; counts nothing where no hook could have come.
pub(crate) async fn note(
    tx: &mut Tx,
    connection: ConnectionId,
    (entity, cause): (&str, Cause),
    changes: u64,
    now: i64,
) -> Result<()> {
    let changes = i64::try_from(changes).unwrap_or(i64::MAX);
    let (told, missed) = match cause {
        Cause::Webhook => (changes, 0),
        Cause::Incremental => (0, changes),
        _ => return Ok(()),
    };
    if changes == 0 {
        return Ok(());
    }
    let sql = "insert into hook_hour (connection_id, hour, entity, told, missed)
               select connection_id, $2, $3, $4, $5 from inbound_hook
               where connection_id = $1 and (expires_at is null or expires_at > $6) limit 1
               on conflict (connection_id, hour, entity) do update set
                   told = hook_hour.told + excluded.told, missed = hook_hour.missed + excluded.missed";
    tx.execute(sql, args![connection, now.div_euclid(HOUR), entity, told, missed, now]).await?;
    Ok(())
}

impl Store {
    /// Of the changes to `entities` in the hour of `since` and later: how many a hook told of, and how many it did not.
    pub async fn hooked_and_polled(
        &self,
        connection: ConnectionId,
        entities: &[&str],
        since: i64,
    ) -> Result<(i64, i64)> {
        let sql = "select entity, cast(sum(told) as bigint), cast(sum(missed) as bigint) from hook_hour
                   where connection_id = $1 and hour >= $2 group by entity";
        let found: Vec<(String, i64, i64)> = self.inner.db.rows(sql, args![connection, since.div_euclid(HOUR)]).await?;
        let own = found.iter().filter(|(entity, ..)| entities.contains(&entity.as_str()));
        Ok(own.fold((0, 0), |(told, missed), (_, more, less)| (told + more, missed + less)))
    }

    /// Where changes were found that no hook had told of, in the hour of `since` and later.
    pub async fn missed_hooks(&self, application: ApplicationId, since: i64) -> Result<Vec<MissedHooks>> {
        let sql = "select c.id, c.system, c.customer_name, h.entity, cast(sum(h.missed) as bigint)
                   from hook_hour h join connection c on c.id = h.connection_id
                   where c.application_id = $1 and h.hour >= $2
                   group by c.id, c.system, c.customer_name, h.entity having sum(h.missed) > 0 order by c.id";
        let found: Vec<(Uuid, String, String, String, i64)> =
            self.inner.db.rows(sql, args![application, since.div_euclid(HOUR)]).await?;
        let missed = |(id, system, customer, entity, missed)| MissedHooks {
            connection: ConnectionId(id),
            system,
            customer,
            entity,
            missed,
        };
        Ok(found.into_iter().map(missed).collect())
    }
}
