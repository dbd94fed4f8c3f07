//! Short ways to make endpoints and to go through a delivery's life.

use secrecy::SecretString;
use trunnion_model::ids::{ApplicationId, ConnectionId};
use trunnion_store::{
    AttemptOutcome, DeliveryClaim, DeliveryRequest, Ending, EndpointSettings, FinishedAttempt, HealthPolicy,
    NewEndpoint, NewReplay, NewSecret, Ordering, Replay, ReplayState, ReplayWhich, SecretKind, WebhookEndpoint,
};
use uuid::Uuid;

use crate::harness::{LEASE, World};

pub(crate) const NODE: Uuid = Uuid::from_u128(1);
pub(crate) const REQUEST: DeliveryRequest = DeliveryRequest { node: NODE, lease_for: LEASE, limit: 500, again: 500 };
pub(crate) const POLICY: HealthPolicy = HealthPolicy {
    disable_after: 24 * 60 * 60 * 1_000_000,
    breaks_at: 5,
    first_hold: 1_000_000,
    longest_hold: 60_000_000,
};

pub(crate) fn secret(text: &str) -> NewSecret {
    NewSecret { kind: SecretKind::V1, secret: SecretString::from(text), public_key: None }
}

impl World {
    pub(crate) async fn endpoint(&self, application: ApplicationId, types: &[&str]) -> WebhookEndpoint {
        self.endpoint_for(application, types, None).await
    }

    pub(crate) async fn endpoint_for(
        &self,
        application: ApplicationId,
        types: &[&str],
        connections: Option<Vec<ConnectionId>>,
    ) -> WebhookEndpoint {
        self.endpoint_with(application, types, connections, EndpointSettings::default()).await
    }

    pub(crate) async fn ordered(&self, application: ApplicationId, ordering: Ordering) -> WebhookEndpoint {
        let settings = EndpointSettings { ordering, ..EndpointSettings::default() };
        self.endpoint_with(application, &["vendor.*"], None, settings).await
    }

    pub(crate) async fn endpoint_with(
        &self,
        application: ApplicationId,
        types: &[&str],
        connections: Option<Vec<ConnectionId>>,
        settings: EndpointSettings,
    ) -> WebhookEndpoint {
        let new = NewEndpoint {
            url: "https://hooks.example/a".into(),
            description: "ours".into(),
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            connections,
            connection_tags: Vec::new(),
            settings,
            header_names: Vec::new(),
            secrets: vec![secret("whsec_first")],
        };
        self.store.create_webhook_endpoint(application, new).await.unwrap()
    }

    pub(crate) async fn dispatch(&self) {
        while self.store.dispatch_deliveries(None).await.unwrap().more {}
    }

    pub(crate) async fn take(&self, endpoint: &WebhookEndpoint) -> Vec<DeliveryClaim> {
        self.take_as(endpoint, NODE).await
    }

    pub(crate) async fn take_as(&self, endpoint: &WebhookEndpoint, node: Uuid) -> Vec<DeliveryClaim> {
        let Some(ready) = self.store.ready_webhook_endpoint(endpoint.id).await.unwrap() else { return Vec::new() };
        let request = DeliveryRequest { node, ..REQUEST };
        self.store.claim_deliveries(&ready, request).await.unwrap().claims
    }

    /// Replays until it is through.
    pub(crate) async fn replay(&self, endpoint: &WebhookEndpoint, which: ReplayWhich, since: i64) -> Replay {
        let new = NewReplay { which, since, until: i64::MAX, types: Vec::new() };
        let id = self.store.start_replay(endpoint, &new).await.unwrap().id;
        loop {
            self.store.advance_replays().await.unwrap();
            let now = self.store.replay(endpoint.application, id).await.unwrap().unwrap();
            if now.state != ReplayState::Running {
                return now;
            }
        }
    }

    pub(crate) async fn finish(&self, claim: &DeliveryClaim, ending: Ending) {
        self.finish_one(finished(self, claim, ending)).await;
    }

    /// Stores it, and disables what is to be disabled, as the engine does.
    pub(crate) async fn finish_one(&self, one: FinishedAttempt) {
        for (endpoint, version, reason) in self.store.finish_attempts(&[one], &POLICY).await.unwrap().disable {
            self.store.disable_webhook_endpoint(endpoint, version, reason).await.unwrap();
        }
    }

    pub(crate) async fn due(&self) -> usize {
        self.store.due_webhook_endpoints().await.unwrap().len()
    }

    pub(crate) async fn now(&self, endpoint: &WebhookEndpoint) -> WebhookEndpoint {
        self.store.webhook_endpoint(endpoint.application, endpoint.id).await.unwrap().unwrap()
    }
}

pub(crate) fn finished(world: &World, claim: &DeliveryClaim, ending: Ending) -> FinishedAttempt {
    let outcome = AttemptOutcome {
        at: world.clock.now_micros(),
        micros: 7,
        url: claim.target.endpoint.url.clone(),
        request_headers: "{}".into(),
        response_headers: "{}".into(),
        status: Some(if ending == Ending::Delivered { 200 } else { 500 }),
        response_body: "body".into(),
        error: None,
    };
    let (delivery, endpoint) = (claim.delivery.id, claim.delivery.endpoint);
    FinishedAttempt {
        delivery,
        endpoint,
        lease: claim.lease,
        version: claim.target.endpoint.version,
        order_key: claim.delivery.order_key,
        outcome,
        ending,
        hold_until: None,
        disable: None,
        not_its_fault: false,
    }
}

pub(crate) fn sequences(claims: &[DeliveryClaim]) -> Vec<i64> {
    let mut all: Vec<i64> = claims.iter().map(|claim| claim.delivery.sequence).collect();
    all.sort_unstable();
    all
}
