//! Sending the events of a span of time again, as work that is written down: it survives a crash, shows how far it is, and
//! can be cancelled.
//!
//! A replay goes through the logs in the order of their ids, a bounded part in each transaction, and its place commits with
//! the deliveries that it made due. So no event is scheduled twice by one replay, whoever dies when.

use serde_json::json;
use trunnion_model::ids::{ApplicationId, ConnectionId, ReplayId, WebhookEndpointId};
use uuid::Uuid;

use super::WebhookEndpoint;
use super::hands::Held;
use super::make::{self, Entry, Making, is_about};
use super::rows;
use super::types::any_fits;
use crate::db::{Tx, args, columns, hex, over_set};
use crate::words::words;
use crate::{Error, Result, Store};

/// Events looked at in one transaction.
const EVENTS: i64 = 500;
/// As long as so many are waiting for an endpoint, a replay adds no more.
const WAITING: i64 = 5_000;

words! {
    /// Which events of the span are sent again.
    pub enum ReplayWhich {
        /// All that the endpoint wants.
        All = "all",
        /// Those that were given up.
        Failed = "failed",
        /// Those of which no delivery was ever made, because the endpoint was not there or did not want them.
        Missing = "missing",
    }
}

words! {
    /// How a replay is doing.
    pub enum ReplayState {
        Running = "running",
        Done = "done",
        Cancelled = "cancelled",
    }
}

/// A replay to be.
#[derive(Clone, Debug)]
pub struct NewReplay {
    pub which: ReplayWhich,
    /// When the events happened; `until` is not part of it.
    pub since: i64,
    pub until: i64,
    /// Of those that the endpoint wants; none means all.
    pub types: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Replay {
    pub id: ReplayId,
    pub endpoint: WebhookEndpointId,
    pub what: NewReplay,
    pub state: ReplayState,
    place: Option<Uuid>,
    place_sequence: i64,
    /// Events, so far.
    pub looked_at: i64,
    /// Deliveries that were made due, so far.
    pub scheduled: i64,
    pub created_at: i64,
    pub modified_at: i64,
}

columns! {
    struct ReplayRow {
        id: Uuid,
        endpoint_id: Uuid,
        which: String,
        since: i64,
        until: i64,
        types: String,
        state: String,
        place_id: Option<Uuid>,
        place_sequence: i64,
        looked_at: i64,
        scheduled: i64,
        created_at: i64,
        modified_at: i64,
    }
}

macro_rules! select_replay {
    ($rest:literal) => {
        concat!(
            "select r.id, r.endpoint_id, r.which, r.since, r.until, r.types, r.state, r.place_id, r.place_sequence,
             r.looked_at, r.scheduled, r.created_at, r.modified_at from webhook_replay r ",
            $rest
        )
    };
}

impl Store {
    /// `Conflict` if the endpoint is disabled.
    pub async fn start_replay(&self, endpoint: &WebhookEndpoint, new: &NewReplay) -> Result<Replay> {
        let id = ReplayId::new(&self.inner.clock);
        let mut tx = self.inner.db.begin().await?;
        if rows::lock_own(&mut tx, endpoint.application, endpoint.id).await?.disabled_at.is_some() {
            return Err(Error::Conflict { what: "the webhook endpoint is disabled" });
        }
        tx.execute(
            "insert into webhook_replay (id, endpoint_id, which, since, until, types, state, place_sequence, looked_at,
                 scheduled, created_at, modified_at)
             values ($1, $2, $3, $4, $5, $6, 'running', 0, 0, 0, $7, $7)",
            args![id, endpoint.id, new.which.as_str(), new.since, new.until, rows::words(&new.types), self.now()],
        )
        .await?;
        let made = read(&mut tx, id).await?;
        tx.commit().await?;
        self.tell_webhooks();
        Ok(made)
    }

    /// The replay, if it is the application's.
    pub async fn replay(&self, application: ApplicationId, id: ReplayId) -> Result<Option<Replay>> {
        let sql =
            select_replay!("join webhook_endpoint e on e.id = r.endpoint_id where r.id = $1 and e.application_id = $2");
        let found = self.inner.db.row::<ReplayRow>(sql, args![id, application]).await?;
        found.map(ReplayRow::replay).transpose()
    }

    /// The newest replays of an endpoint.
    pub async fn list_replays(&self, endpoint: WebhookEndpointId, limit: usize) -> Result<Vec<Replay>> {
        let sql = select_replay!("where r.endpoint_id = $1 order by r.id desc limit $2");
        let limit = i64::try_from(limit.clamp(1, 500)).unwrap_or(i64::MAX);
        let found = self.inner.db.rows::<ReplayRow>(sql, args![endpoint, limit]).await?;
        found.into_iter().map(ReplayRow::replay).collect()
    }

    /// Nothing more is made due by it. What is due already is sent.
    pub async fn cancel_replay(&self, application: ApplicationId, id: ReplayId) -> Result<Replay> {
        self.replay(application, id).await?.ok_or(Error::NotFound { what: "replay" })?;
        let mut tx = self.inner.db.begin().await?;
        let sql = "update webhook_replay set state = 'cancelled', modified_at = $2 where id = $1 and state = 'running'";
        tx.execute(sql, args![id, self.now()]).await?;
        let after = read(&mut tx, id).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Goes on with what was begun, a part of each. Gives the endpoints for which something is due now.
    pub async fn advance_replays(&self) -> Result<Vec<WebhookEndpointId>> {
        let sql = "select r.id, r.endpoint_id from webhook_replay r join webhook_endpoint e on e.id = r.endpoint_id
                   where r.state = 'running' and e.disabled_at is null order by r.id limit 16";
        let mut due = Vec::new();
        for (id, endpoint) in self.inner.db.rows::<(Uuid, Uuid)>(sql, args![]).await? {
            let sql = "select count(*) from (select 1 from delivery
                       where endpoint_id = $1 and lane = 1 and due_at <= $2 limit $3) w";
            let waiting = self.inner.db.total::<(i64,)>(sql, args![endpoint, self.now(), WAITING]).await?;
            if waiting.is_none_or(|(count,)| count < WAITING) && self.advance_replay(ReplayId(id)).await? {
                due.push(WebhookEndpointId(endpoint));
            }
        }
        Ok(due)
    }

    /// One transaction's worth. `true`: something was made due.
    async fn advance_replay(&self, id: ReplayId) -> Result<bool> {
        let mut tx = self.inner.db.begin().await?;
        let endpoint = {
            let sql =
                "select e.id, e.application_id from webhook_replay r join webhook_endpoint e on e.id = r.endpoint_id
                       where r.id = $1 and r.state = 'running' and e.disabled_at is null";
            let Some((endpoint, application)) = tx.row::<(Uuid, Uuid)>(sql, args![id]).await? else { return Ok(false) };
            rows::lock_own(&mut tx, ApplicationId(application), WebhookEndpointId(endpoint)).await?
        };
        // Read again now that nobody else works on it.
        let replay = read(&mut tx, id).await?;
        if replay.state != ReplayState::Running {
            return Ok(false);
        }
        let now = self.now();
        let (log, after) = match replay.place {
            Some(log) => (Some(log), replay.place_sequence),
            None => (next_log(&mut tx, &endpoint, None).await?, 0),
        };
        let mut next = (log, after);
        let (mut looked_at, mut scheduled) = (0, 0);
        if let Some(log) = log {
            let sql = "select connection_id, sequence, id, type, record_id, entity from event
                       where connection_id = $1 and sequence > $2 and at >= $3 and at < $4 order by sequence limit $5";
            let span = args![ConnectionId(log), after, replay.what.since, replay.what.until, EVENTS];
            let found = tx.rows::<Entry>(sql, span).await?;
            looked_at = i64::try_from(found.len()).unwrap_or(0);
            next = match found.last().filter(|_| looked_at == EVENTS) {
                Some(last) => (Some(log), last.sequence),
                None => (next_log(&mut tx, &endpoint, Some(log)).await?, 0),
            };
            if endpoint.follows(ConnectionId(log), &tags_of(&mut tx, log).await?) {
                scheduled = self.schedule(&mut tx, &endpoint, &replay.what, &found, now).await?;
            }
        }
        tx.execute(
            "update webhook_replay set place_id = $2, place_sequence = $3, looked_at = looked_at + $4,
                 scheduled = scheduled + $5, modified_at = $6, state = $7 where id = $1",
            args![
                id,
                next.0,
                next.1,
                looked_at,
                scheduled,
                now,
                if next.0.is_some() { ReplayState::Running.as_str() } else { ReplayState::Done.as_str() },
            ],
        )
        .await?;
        tx.commit().await?;
        Ok(scheduled > 0)
    }

    /// Makes what is wanted of these events due; how many that are.
    async fn schedule(
        &self,
        tx: &mut Tx,
        endpoint: &WebhookEndpoint,
        what: &NewReplay,
        found: &[Entry],
        now: i64,
    ) -> Result<i64> {
        let wanted = |entry: &&Entry| {
            endpoint.wants(&entry.kind) && any_fits(&what.types, &entry.kind) && !is_about(endpoint, entry)
        };
        let wanted: Vec<&Entry> = found.iter().filter(wanted).collect();
        let set: Vec<_> =
            wanted.iter().map(|entry| json!({ "log": hex(entry.log), "sequence": entry.sequence })).collect();
        let set = serde_json::Value::from(set).to_string();
        let sql = over_set!(
            tx.dialect(),
            "select d.sequence, d.state from ",
            ("$1", id "log", int "sequence"),
            " join delivery d on d.endpoint_id = $2 and d.connection_id = j.log and d.sequence = j.sequence"
        );
        let there: Vec<(i64, String)> = tx.rows(sql, args![set.clone(), endpoint.id]).await?;
        let known: std::collections::HashSet<i64> = there.iter().map(|(sequence, _)| *sequence).collect();
        let mut making = Making::default();
        if what.which != ReplayWhich::Failed {
            for entry in wanted.iter().filter(|entry| !known.contains(&entry.sequence)) {
                making.add(&self.inner.clock, endpoint, entry, &mut Held::nothing());
            }
            making.write(tx, now).await?;
        }
        let made = i64::try_from(making.len()).unwrap_or(0);
        if what.which == ReplayWhich::Missing {
            return Ok(made);
        }
        // What is being sent at this moment arrives anyway, and what waits for its turn has it.
        let only = if what.which == ReplayWhich::Failed { "failed" } else { "" };
        let sql = over_set!(
            tx.dialect(),
            "update delivery set state = 'pending', tries = 0, lane = 1, modified_at = $3,
                 due_at = case when order_key is null then $3 end
             from ",
            ("$1", id "log", int "sequence"),
            " where delivery.endpoint_id = $2 and delivery.connection_id = j.log and delivery.sequence = j.sequence
               and delivery.state <> 'pending' and ($4 = '' or delivery.state = $4) returning order_key"
        );
        let again: Vec<(Option<Uuid>,)> = tx.rows(sql, args![set, endpoint.id, now, only]).await?;
        let keys: Vec<_> = again.iter().filter_map(|(key,)| key.map(|key| (endpoint.id, key))).collect();
        make::promote(tx, &keys, now).await?;
        Ok(made + i64::try_from(again.len()).unwrap_or(0))
    }
}

/// The logs of the application, in the order of their ids: its own and those of its connections.
async fn next_log(tx: &mut Tx, endpoint: &WebhookEndpoint, after: Option<Uuid>) -> Result<Option<Uuid>> {
    let sql = "select id from (select id from connection where application_id = $1
                               union all select id from application where id = $1) l
               where id > $2 order by id limit 1";
    let after = after.unwrap_or(Uuid::nil());
    Ok(tx.row::<(Uuid,)>(sql, args![endpoint.application, after]).await?.map(|(id,)| id))
}

async fn tags_of(tx: &mut Tx, log: Uuid) -> Result<String> {
    let found = tx.row::<(String,)>("select tags from connection where id = $1", args![ConnectionId(log)]).await?;
    Ok(found.map_or_else(String::new, |(tags,)| tags))
}

async fn read(tx: &mut Tx, id: ReplayId) -> Result<Replay> {
    let found = tx.row::<ReplayRow>(select_replay!("where r.id = $1"), args![id]).await?;
    found.ok_or(Error::NotFound { what: "replay" })?.replay()
}

impl ReplayRow {
    fn replay(self) -> Result<Replay> {
        Ok(Replay {
            id: ReplayId(self.id),
            endpoint: WebhookEndpointId(self.endpoint_id),
            what: NewReplay {
                which: ReplayWhich::stored(&self.which)?,
                since: self.since,
                until: self.until,
                types: self.types.split_whitespace().map(str::to_owned).collect(),
            },
            state: ReplayState::stored(&self.state)?,
            place: self.place_id,
            place_sequence: self.place_sequence,
            looked_at: self.looked_at,
            scheduled: self.scheduled,
            created_at: self.created_at,
            modified_at: self.modified_at,
        })
    }
}
