//! What the node that follows the logs can send at once.
//!
//! A delivery of a new event is in its hands from the statement that makes it: the usual delivery is never looked for, which
//! would be a second transaction. What there is no room for, or what waits for something, is made for whoever looks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use trunnion_model::ids::{ApplicationId, WebhookEndpointId};
use uuid::Uuid;

use super::{Delivery, DeliveryClaim, Target, WebhookEndpoint};
use crate::events::Event;
use crate::sync::until;
use crate::{Result, Store};

/// The room of a node.
pub struct Hands<'a> {
    /// Of the process; see [`Store::beat`](crate::Store::beat).
    pub node: Uuid,
    /// How long what is taken up is this node's, beyond the time limit of the endpoint.
    pub lease: Duration,
    /// For all endpoints together.
    pub room: usize,
    /// Of it for those of one application, and for one endpoint.
    pub room_in: &'a (dyn Fn(ApplicationId) -> usize + Sync),
    pub room_for: &'a (dyn Fn(&WebhookEndpoint) -> usize + Sync),
}

/// What was taken up so far.
pub(super) struct Held<'a> {
    hands: Option<&'a Hands<'a>>,
    now: i64,
    /// What is left for each endpoint; see [`Held::by_room`].
    rooms: BTreeMap<WebhookEndpointId, usize>,
    rooms_in: BTreeMap<ApplicationId, usize>,
    endpoints: BTreeMap<WebhookEndpointId, WebhookEndpoint>,
    work: Vec<(Delivery, Event)>,
}

impl<'a> Held<'a> {
    pub(super) fn new(hands: Option<&'a Hands<'a>>, now: i64) -> Self {
        Self {
            hands,
            now,
            rooms: BTreeMap::new(),
            rooms_in: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            work: Vec::new(),
        }
    }

    /// Nothing is taken up.
    pub(super) fn nothing() -> Self {
        Self::new(None, 0)
    }

    /// How many events are worth reading whole.
    pub(super) fn room(&self) -> usize {
        self.hands.map_or(0, |hands| hands.room.saturating_sub(self.work.len()))
    }

    /// Those with the most room first: whoever answers quickly has little on its way, and does not wait for the others.
    pub(super) fn by_room<'e>(&mut self, endpoints: &'e [WebhookEndpoint]) -> Vec<&'e WebhookEndpoint> {
        if let Some(hands) = self.hands {
            self.rooms = endpoints.iter().map(|endpoint| (endpoint.id, (hands.room_for)(endpoint))).collect();
        }
        let mut sorted: Vec<_> = endpoints.iter().collect();
        sorted.sort_by_key(|endpoint| Reverse(self.rooms.get(&endpoint.id)));
        sorted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.work.is_empty()
    }

    /// Until when the next delivery for the endpoint is in the hands of whom, if it can be.
    pub(super) fn take(&mut self, endpoint: &WebhookEndpoint) -> Option<(Uuid, i64)> {
        let hands = self.hands?;
        let waits = endpoint.held_until.is_some_and(|until| until > self.now);
        // Whose turn it is, how much the rate allows, how the endpoint is: that is found out where work is looked for.
        if waits
            || endpoint.is_ordered()
            || endpoint.settings.rate_per_second.is_some()
            || endpoint.failing_since.is_some()
        {
            return None;
        }
        if self.room() == 0 {
            return None;
        }
        let all = self.rooms_in.entry(endpoint.application).or_insert_with(|| (hands.room_in)(endpoint.application));
        let own = self.rooms.get_mut(&endpoint.id)?;
        (*all, *own) = all.checked_sub(1).zip(own.checked_sub(1))?;
        let limit = Duration::from_secs(u64::try_from(endpoint.settings.timeout_seconds).unwrap_or(30));
        Some((hands.node, until(self.now, limit + hands.lease)))
    }

    pub(super) fn hold(&mut self, endpoint: &WebhookEndpoint, delivery: Delivery, event: Event) {
        self.endpoints.entry(endpoint.id).or_insert_with(|| endpoint.clone());
        self.work.push((delivery, event));
    }

    /// With what is needed to send them; only those that were made now.
    pub(super) async fn claims(self, store: &Store, made: &HashSet<Uuid>) -> Result<Vec<DeliveryClaim>> {
        let Some(hands) = self.hands else { return Ok(Vec::new()) };
        let mut targets = BTreeMap::new();
        for (id, endpoint) in self.endpoints {
            let secrets = store.cached_secrets(&endpoint).await?;
            targets.insert(id, Arc::new(Target { endpoint, secrets }));
        }
        let claim = |(delivery, event): (Delivery, Event)| {
            let target = targets.get(&delivery.endpoint)?.clone();
            made.contains(&delivery.id.0).then_some(DeliveryClaim { delivery, target, event, lease: hands.node })
        };
        Ok(self.work.into_iter().filter_map(claim).collect())
    }
}
