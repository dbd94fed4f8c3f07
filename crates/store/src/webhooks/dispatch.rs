//! Following the logs: from each event that an endpoint wants, a delivery.
//!
//! One node at a time does this, in one short transaction for many logs. It costs nothing per endpoint and log: logs with
//! news are found by an index that holds no others.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;
use trunnion_model::ids::{ApplicationId, ConnectionId, WebhookEndpointId};
use uuid::Uuid;

use super::hands::{Hands, Held};
use super::make::{self, Entry, Making};
use super::rows::{EndpointRow, select_endpoint};
use super::{DeliveryClaim, WebhookEndpoint, catch_up};
use crate::db::{Tx, args, columns, hex, over_set};
use crate::{Result, Store};

/// The section in which deliveries are made from the log, and in which an endpoint begins or stops to follow.
pub(super) const DISPATCHING: i64 = 0x7472_756e_0002;
/// Events in one transaction, over all logs. Small enough to leave room for syncs between two.
const EVENTS: i64 = 1_000;

/// What one look at the logs did.
#[derive(Clone, Debug, Default)]
pub struct Dispatched {
    /// There is more to be made.
    pub more: bool,
    /// There was news, and there is no endpoint that could follow any log.
    pub unfollowed: bool,
    /// For these something is due.
    pub endpoints: Vec<WebhookEndpointId>,
    /// And these are in the caller's hands already.
    pub claims: Vec<DeliveryClaim>,
}

columns! {
    /// A log with news.
    #[derive(Clone)]
    struct Log {
        id: Uuid,
        application_id: Uuid,
        tags: String,
        last_sequence: i64,
        dispatched_sequence: i64,
    }
}

impl Store {
    /// Makes deliveries from what was not looked at yet, within bounds, and takes up those that `hands` have room for.
    pub async fn dispatch_deliveries(&self, hands: Option<&Hands<'_>>) -> Result<Dispatched> {
        // Most looks find nothing: they must not queue for the writer's place.
        let (news, behind) = self.log_news().await?;
        let mut done = Dispatched::default();
        if news {
            self.dispatch_news(hands, &mut done).await?;
        }
        if behind {
            catch_up::all(self, &mut done).await?;
        }
        Ok(done)
    }

    /// Whether there is anything to make deliveries from.
    pub async fn is_log_news(&self) -> Result<bool> {
        self.log_news().await.map(|(news, behind)| news || behind)
    }

    /// Whether a log has news, and whether an endpoint is behind.
    async fn log_news(&self) -> Result<(bool, bool)> {
        let sql = "select cast(case when exists (select 1 from connection where last_sequence > dispatched_sequence)
                         or exists (select 1 from application where last_sequence > dispatched_sequence)
                       then 1 else 0 end as bigint),
                   cast(case when exists (select 1 from webhook_endpoint where catching_up = 1 and disabled_at is null)
                       then 1 else 0 end as bigint)";
        let (news, behind) = self.inner.db.row::<(i64, i64)>(sql, args![]).await?.unwrap_or_default();
        Ok((news == 1, behind == 1))
    }

    async fn dispatch_news(&self, hands: Option<&Hands<'_>>, done: &mut Dispatched) -> Result<()> {
        let mut tx = self.inner.db.begin_relaxed().await?;
        tx.alone(DISPATCHING).await?;
        // Where the logs end is read before who follows them: whoever began to follow before an event was committed is
        // then seen.
        let sql = "select * from (select id, application_id, tags, last_sequence, dispatched_sequence from connection
                       where last_sequence > dispatched_sequence order by id limit 64) c
                   union all
                   select * from (select id, id as application_id, '' as tags, last_sequence, dispatched_sequence from application
                       where last_sequence > dispatched_sequence order by id limit 64) a";
        let logs = tx.rows::<Log>(sql, args![]).await?;
        if logs.is_empty() {
            return Ok(());
        }
        done.more |= logs.len() >= 64;
        let endpoints = followers(&mut tx, &logs).await?;
        done.unfollowed = endpoints.is_empty() && !is_any_enabled(&mut tx).await?;
        let behind = those_behind(&mut tx, &logs).await?;
        let share = (EVENTS / i64::try_from(logs.len()).unwrap_or(EVENTS)).max(16);
        let mut held = Held::new(hands, self.now());
        let whole = i64::try_from(held.room().div_ceil(logs.len())).unwrap_or(0);
        let (mut reads, mut places) = (Vec::new(), Vec::new());
        for log in &logs {
            let followed = endpoints.iter().any(|endpoint| endpoint.application.0 == log.application_id);
            let upto =
                if followed { log.last_sequence.min(log.dispatched_sequence + share) } else { log.last_sequence };
            done.more |= upto < log.last_sequence;
            let after = log.dispatched_sequence;
            let place = json!({ "log": hex(log.id), "after": after, "upto": upto, "whole": after + whole });
            if followed {
                reads.push(place.clone());
            }
            places.push(place);
        }
        let entries = if reads.is_empty() { Vec::new() } else { entries(&mut tx, &reads).await? };
        make::lock_ordered(&mut tx, &endpoints).await?;
        let mut making = Making::default();
        for endpoint in held.by_room(&endpoints) {
            let follows = |log: &&Log| {
                endpoint.application.0 == log.application_id
                    && endpoint.follows(ConnectionId(log.id), &log.tags)
                    && !behind.contains(&(endpoint.id.0, log.id))
            };
            for log in logs.iter().filter(follows) {
                for entry in entries.iter().filter(|entry| entry.log == log.id) {
                    making.add(&self.inner.clock, endpoint, entry, &mut held);
                }
            }
        }
        let made = making.write(&mut tx, self.now()).await?;
        advance(&mut tx, &places).await?;
        // Read before the commit: what cannot be sent must not be in anybody's hands.
        let claims = if held.is_empty() { Vec::new() } else { held.claims(self, &made).await? };
        tx.commit().await?;
        done.claims.extend(claims);
        done.endpoints.extend(&making.endpoints);
        Ok(())
    }
}

/// The enabled endpoints of the logs' applications.
async fn followers(tx: &mut Tx, logs: &[Log]) -> Result<Vec<WebhookEndpoint>> {
    let applications: BTreeSet<Uuid> = logs.iter().map(|log| log.application_id).collect();
    let mut all = Vec::new();
    for application in applications {
        let sql = select_endpoint!("where e.application_id = $1 and e.disabled_at is null order by e.id");
        let found = tx.rows::<EndpointRow>(sql, args![ApplicationId(application)]).await?;
        for row in found {
            all.push(row.endpoint()?);
        }
    }
    Ok(all)
}

async fn is_any_enabled(tx: &mut Tx) -> Result<bool> {
    let sql = "select cast(1 as bigint) from webhook_endpoint where disabled_at is null limit 1";
    Ok(tx.row::<(i64,)>(sql, args![]).await?.is_some())
}

/// Which endpoints have a cursor of their own in which of the logs.
async fn those_behind(tx: &mut Tx, logs: &[Log]) -> Result<HashSet<(Uuid, Uuid)>> {
    let sql = over_set!(
        tx.dialect(),
        "select w.endpoint_id, w.connection_id from ",
        ("$1", id "log"),
        " join webhook_cursor w on w.connection_id = j.log"
    );
    let set: Vec<_> = logs.iter().map(|log| json!({ "log": hex(log.id) })).collect();
    Ok(tx.rows::<(Uuid, Uuid)>(sql, args![serde_json::Value::from(set).to_string()]).await?.into_iter().collect())
}

async fn entries(tx: &mut Tx, places: &[serde_json::Value]) -> Result<Vec<Entry>> {
    let sql = over_set!(
        tx.dialect(),
        "select v.connection_id, v.sequence, v.id, v.type, v.record_id, v.entity, v.at, v.cause,
             case when v.sequence <= j.whole then v.data end as data,
             case when v.sequence <= j.whole then v.previous end as previous from ",
        ("$1", id "log", int "after", int "upto", int "whole"),
        " join event v on v.connection_id = j.log and v.sequence > j.after and v.sequence <= j.upto
         order by v.connection_id, v.sequence"
    );
    tx.rows(sql, args![serde_json::to_string(places).unwrap_or_default()]).await
}

async fn advance(tx: &mut Tx, places: &[serde_json::Value]) -> Result<()> {
    let set = serde_json::to_string(places).unwrap_or_default();
    for sql in [
        over_set!(
            tx.dialect(),
            "update connection set dispatched_sequence = j.upto from ",
            ("$1", id "log", int "upto"),
            " where connection.id = j.log"
        ),
        over_set!(
            tx.dialect(),
            "update application set dispatched_sequence = j.upto from ",
            ("$1", id "log", int "upto"),
            " where application.id = j.log"
        ),
    ] {
        tx.execute(sql, args![set.clone()]).await?;
    }
    Ok(())
}
