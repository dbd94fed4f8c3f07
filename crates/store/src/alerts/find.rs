//! Where a rule holds, by one question per kind.

use trunnion_model::ids::ApplicationId;
use uuid::Uuid;

use super::{Condition, Found};
use crate::db::args;
use crate::{Result, Store};

/// More places than this are a disaster of another kind; the rest is found when these are over.
const MOST: i64 = 1_000;

impl Store {
    pub async fn find(&self, application: ApplicationId, condition: &Condition) -> Result<Vec<Found>> {
        let db = &self.inner.db;
        match condition {
            Condition::Status { words, until } => {
                let sql = "select id, customer_name, system, status, coalesce(status_message, '') from connection
                           where application_id = $1 and status_since <= $2 and $3 like '%,' || status || ',%'
                           order by id limit $4";
                let bound = args![application, *until, words, MOST];
                let rows = db.rows::<(Uuid, String, String, String, String)>(sql, bound).await?;
                let found = rows.into_iter().map(|(subject, customer, system, status, why)| {
                    let message = if why.is_empty() { format!("is {status}") } else { format!("is {status}: {why}") };
                    Found::at(subject, &customer, &system, message)
                });
                Ok(found.collect())
            }
            Condition::Cause { words, until } => {
                let sql = "select c.id, c.customer_name, c.system, min(i.cause), min(i.message) from incident i
                           join connection c on c.id = i.connection_id
                           where c.application_id = $1 and i.resolved_at is null and i.opened_at <= $2
                             and $3 like '%,' || i.cause || ',%'
                           group by c.id, c.customer_name, c.system order by c.id limit $4";
                let bound = args![application, *until, words, MOST];
                let rows = db.rows::<(Uuid, String, String, String, String)>(sql, bound).await?;
                let found = rows.into_iter().map(|(subject, customer, system, cause, why)| {
                    Found::at(subject, &customer, &system, format!("{cause}: {why}"))
                });
                Ok(found.collect())
            }
            Condition::Stale { before } => {
                let sql = "select c.id, c.customer_name, c.system, min(p.entity), cast(count(*) as bigint)
                           from sync_plan p join connection c on c.id = p.connection_id
                           where c.application_id = $1 and not p.paused and p.due_at is not null
                             and c.status not in ('paused', 'disconnected')
                             and coalesce(p.last_success_at, c.created_at) <= $2
                           group by c.id, c.customer_name, c.system order by c.id limit $3";
                let rows =
                    db.rows::<(Uuid, String, String, String, i64)>(sql, args![application, *before, MOST]).await?;
                let found = rows.into_iter().map(|(subject, customer, system, entity, count)| {
                    let message = match count {
                        1 => format!("{entity} was not synced in time"),
                        count => format!("{count} entities were not synced in time, {entity} among them"),
                    };
                    Found::at(subject, &customer, &system, message)
                });
                Ok(found.collect())
            }
            Condition::FailingSubscriptions { until } => {
                let sql = "select c.id, c.customer_name, c.system, coalesce(min(s.error), '')
                           from subscription s join connection c on c.id = s.connection_id
                           where c.application_id = $1 and s.state = 'failing' and s.since <= $2
                           group by c.id, c.customer_name, c.system order by c.id limit $3";
                let rows = db.rows::<(Uuid, String, String, String)>(sql, args![application, *until, MOST]).await?;
                let found = rows.into_iter().map(|(subject, customer, system, why)| {
                    Found::at(subject, &customer, &system, format!("its hooks cannot be subscribed to: {why}"))
                });
                Ok(found.collect())
            }
            Condition::FailureRate { permille, least, since } => {
                self.failing(application, *permille, *least, *since).await
            }
            Condition::DeadDeliveries { above, since } => {
                let sql =
                    "select cast(count(*) as bigint) from delivery d join webhook_endpoint e on e.id = d.endpoint_id
                           where e.application_id = $1 and d.state = 'failed' and d.modified_at >= $2";
                let count = db.total::<(i64,)>(sql, args![application, *since]).await?.map_or(0, |(count,)| count);
                let found = (count > *above).then(|| Found {
                    subject: application.0,
                    name: "webhooks".to_owned(),
                    message: format!("{count} deliveries were given up in the last hour"),
                });
                Ok(found.into_iter().collect())
            }
        }
    }

    async fn failing(&self, application: ApplicationId, permille: i64, least: i64, since: i64) -> Result<Vec<Found>> {
        let sql = "select c.id, c.customer_name, c.system, cast(sum(h.failed) as bigint),
                       cast(sum(h.failed + h.succeeded) as bigint)
                   from call_hour h join connection c on c.id = h.connection_id
                   where c.application_id = $1 and h.hour >= $2
                   group by c.id, c.customer_name, c.system
                   having sum(h.failed) * 1000 > $3 * sum(h.failed + h.succeeded)
                      and sum(h.failed + h.succeeded) >= $4
                   order by c.id limit $5";
        let hour = since.div_euclid(60 * 60 * 1_000_000);
        let bound = args![application, hour, permille, least, MOST];
        let rows = self.inner.db.rows::<(Uuid, String, String, i64, i64)>(sql, bound).await?;
        let found = rows.into_iter().map(|(subject, customer, system, failed, all)| {
            Found::at(subject, &customer, &system, format!("{failed} of the last {all} calls to the system failed"))
        });
        Ok(found.collect())
    }
}
