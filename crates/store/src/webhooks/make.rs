//! Making deliveries, many at once, and giving the next of a key its turn.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;
use trunnion_model::ids::{ConnectionId, DeliveryId, EventId, RecordId, WebhookEndpointId};
use trunnion_model::time::Clock;
use uuid::Uuid;

use super::hands::Held;
use super::{Delivery, DeliveryState, Ordering, WebhookEndpoint};
use crate::Result;
use crate::db::{Tx, args, columns, hex, locking, over_set};
use crate::events::Event;

/// Deliveries in one statement.
const AT_ONCE: usize = 500;

columns! {
    /// What has to be known of an event to make a delivery of it.
    #[derive(Clone, Debug)]
    pub(super) struct Entry {
        pub(super) log: Uuid as "connection_id",
        pub(super) sequence: i64,
        pub(super) id: Uuid,
        pub(super) kind: String as "type",
        pub(super) record_id: Option<Uuid>,
        pub(super) entity: Option<String>,
        /// The rest is read of those only that may be sent at once.
        at: Option<i64> = if_there,
        cause: Option<String> = if_there,
        data: Option<String> = if_there,
        previous: Option<String> = if_there,
    }
}

impl Entry {
    fn is_whole(&self) -> bool {
        self.at.is_some() && self.data.is_some()
    }

    /// The event, if it was read whole.
    fn event(&self) -> Option<Event> {
        let (at, data) = self.at.zip(self.data.clone())?;
        Some(Event {
            id: EventId(self.id),
            connection: ConnectionId(self.log),
            sequence: self.sequence,
            kind: self.kind.clone(),
            at,
            record: self.record_id.map(RecordId),
            entity: self.entity.clone(),
            cause: self.cause.clone(),
            data,
            previous: self.previous.clone(),
        })
    }
}

/// Which entries become deliveries for whom; nothing is written before [`Making::write`].
#[derive(Default)]
pub(super) struct Making {
    rows: Vec<serde_json::Value>,
    keys: Vec<(WebhookEndpointId, Uuid)>,
    pub(super) endpoints: BTreeSet<WebhookEndpointId>,
}

impl Making {
    /// A delivery of the entry for the endpoint, if that wants it; in `held`, if that has room.
    pub(super) fn add(&mut self, clock: &Clock, endpoint: &WebhookEndpoint, entry: &Entry, held: &mut Held<'_>) {
        if endpoint.wants(&entry.kind) && !is_about(endpoint, entry) {
            self.add_wanted(clock, endpoint, entry, held);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    fn add_wanted(&mut self, clock: &Clock, endpoint: &WebhookEndpoint, entry: &Entry, held: &mut Held<'_>) {
        let key = match endpoint.settings.ordering {
            Ordering::Unordered => None,
            Ordering::PerConnection => Some(entry.log),
            // An event that is about no record is ordered with its like.
            Ordering::PerRecord => Some(entry.record_id.filter(|_| entry.entity.is_some()).unwrap_or(entry.log)),
        };
        let (id, now) = (DeliveryId::new(clock), clock.now_micros());
        // The event is copied for those only that are sent at once.
        let taken = if entry.is_whole() { held.take(endpoint) } else { None };
        let (lease, due) = match taken {
            Some((node, until)) => (Some(node), Some(until)),
            None => (None, key.is_none().then_some(now)),
        };
        self.rows.push(json!({
            "id": hex(id.0),
            "endpoint": hex(endpoint.id.0),
            "log": hex(entry.log),
            "sequence": entry.sequence,
            "event": hex(entry.id),
            "kind": entry.kind,
            "order_key": key.map(hex),
            "lease": lease.map(hex),
            "due": due,
        }));
        self.keys.extend(key.map(|key| (endpoint.id, key)));
        match taken.and_then(|_| entry.event()) {
            Some(event) => held.hold(endpoint, fresh(endpoint, id, &event, due, now), event),
            None => _ = self.endpoints.insert(endpoint.id),
        }
    }

    /// Writes them; those that are there already are left alone. What is due now may be sent at once; of what is ordered,
    /// the first of each key. Which were written.
    pub(super) async fn write(&self, tx: &mut Tx, now: i64) -> Result<HashSet<Uuid>> {
        let sql = over_set!(
            tx.dialect(),
            "insert into delivery (id, endpoint_id, connection_id, sequence, event_id, type, state, attempts, tries, lane,
                 order_key, lease_id, due_at, created_at, modified_at)
             select id, endpoint, log, sequence, event, kind, 'pending', 0, 0, 0, order_key, lease, due, $2, $2 from ",
            ("$1", id "id", id "endpoint", id "log", int "sequence", id "event", text "kind", id "order_key", id "lease",
             int "due"),
            " where true on conflict (endpoint_id, connection_id, sequence) do nothing returning id"
        );
        let mut written = HashSet::new();
        for rows in self.rows.chunks(AT_ONCE) {
            let set = serde_json::to_string(rows).unwrap_or_default();
            written.extend(tx.rows::<(Uuid,)>(sql, args![set, now]).await?.into_iter().map(|(id,)| id));
        }
        promote(tx, &self.keys, now).await?;
        Ok(written)
    }
}

/// A delivery that was not tried.
fn fresh(endpoint: &WebhookEndpoint, id: DeliveryId, event: &Event, due_at: Option<i64>, now: i64) -> Delivery {
    Delivery {
        id,
        endpoint: endpoint.id,
        connection: event.connection,
        sequence: event.sequence,
        event: event.id,
        kind: event.kind.clone(),
        state: DeliveryState::Pending,
        attempts: 0,
        tries: 0,
        due_at,
        order_key: None,
        last_status: None,
        last_error: None,
        created_at: now,
        modified_at: now,
    }
}

/// Nobody is told of itself.
pub(super) fn is_about(endpoint: &WebhookEndpoint, entry: &Entry) -> bool {
    entry.log == endpoint.application.0 && entry.record_id == Some(endpoint.id.0)
}

/// Locks the rows of ordered endpoints, so that nobody else makes or ends deliveries of their keys meanwhile.
pub(super) async fn lock_ordered(tx: &mut Tx, endpoints: impl IntoIterator<Item = &WebhookEndpoint>) -> Result<()> {
    let ordered: BTreeSet<WebhookEndpointId> =
        endpoints.into_iter().filter(|endpoint| endpoint.is_ordered()).map(|endpoint| endpoint.id).collect();
    for id in ordered {
        let sql = locking!(tx.dialect(), "select version from webhook_endpoint where id = $1");
        tx.row::<(i64,)>(sql, args![id]).await?;
    }
    Ok(())
}

/// Of each key of which nothing is under way, the earliest becomes due. The endpoints' rows must be locked.
pub(super) async fn promote(tx: &mut Tx, keys: &[(WebhookEndpointId, Uuid)], now: i64) -> Result<()> {
    let distinct: BTreeSet<_> = keys.iter().collect();
    let sql = over_set!(
        tx.dialect(),
        "update delivery set due_at = $2, modified_at = $2 where due_at is null and id in (
             select (select d.id from delivery d
                     where d.endpoint_id = j.endpoint and d.order_key = j.order_key and d.state = 'pending'
                     order by d.sequence limit 1)
             from ",
        ("$1", id "endpoint", id "order_key"),
        " where not exists (select 1 from delivery u
                            where u.endpoint_id = j.endpoint and u.order_key = j.order_key and u.state = 'pending'
                              and u.due_at is not null))"
    );
    let all: Vec<_> = distinct
        .into_iter()
        .map(|(endpoint, key)| json!({ "endpoint": hex(endpoint.0), "order_key": hex(*key) }))
        .collect();
    for part in all.chunks(AT_ONCE) {
        tx.execute(sql, args![serde_json::to_string(part).unwrap_or_default(), now]).await?;
    }
    Ok(())
}

/// The entries of a log after `after` up to `upto`.
pub(super) async fn entries(tx: &mut Tx, log: ConnectionId, after: i64, upto: i64) -> Result<Vec<Entry>> {
    let sql = "select connection_id, sequence, id, type, record_id, entity from event
               where connection_id = $1 and sequence > $2 and sequence <= $3 order by sequence";
    tx.rows(sql, args![log, after, upto]).await
}
