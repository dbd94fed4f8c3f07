//! Webhook endpoints, their secrets, and deliveries made from the log.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use trunnion_model::ids::ConnectionId;
use trunnion_store::{
    DeliveryClaim, DeliveryState, Ending, EndpointChanges, EndpointSettings, Error, FinishedAttempt, Hands, Ordering,
    ReplayWhich, WebhookEndpoint,
};
use uuid::Uuid;

use crate::harness::{LEASE, World, on_both, row, vendor};
use crate::webhook_world::{NODE, finished, secret, sequences};

on_both! {
    async fn an_endpoint_gets_what_happens_after_it_was_made_and_all_of_later_connections(world: World) {
        let application = world.application().await;
        let old = world.connect(application, &[vendor()]).await.id;
        let endpoint = world.endpoint(application, &[]).await;
        world.dispatch().await;
        assert_eq!(world.due().await, 0, "connection.created was before");
        world.apply(old, vec![row(old, "1", "One")]).await;
        let later = world.connect(application, &[vendor()]).await.id;
        world.dispatch().await;
        let claims = world.take(&endpoint).await;
        let mut kinds: Vec<(&str, ConnectionId)> =
            claims.iter().map(|claim| (claim.event.kind.as_str(), claim.event.connection)).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [("connection.created", later), ("vendor.created", old)]);
        assert!(claims.iter().all(|claim| claim.delivery.event == claim.event.id));
    }
}

on_both! {
    async fn types_and_connections_choose_and_another_application_gets_nothing(world: World) {
        let application = world.application().await;
        let (one, other) = (world.connect(application, &[]).await.id, world.connect(application, &[]).await.id);
        let stranger = world.store.create_application("stranger").await.unwrap().id;
        let created = world.endpoint(application, &["vendor.created"]).await;
        let vendors = world.endpoint(application, &["vendor.*"]).await;
        let only_other = world.endpoint_for(application, &[], Some(vec![other])).await;
        let theirs = world.endpoint(stranger, &[]).await;
        for connection in [one, other] {
            world.apply(connection, vec![row(connection, "1", "One")]).await;
            world.apply(connection, vec![row(connection, "1", "Uno")]).await;
        }
        world.dispatch().await;
        for (endpoint, expected) in [(&created, 2), (&vendors, 4), (&only_other, 2), (&theirs, 0)] {
            assert_eq!(world.take(endpoint).await.len(), expected, "{:?}", endpoint.types);
        }
        assert!(world.store.webhook_endpoint(stranger, created.id).await.unwrap().is_none());
        let error = world.store.delete_webhook_endpoint(stranger, created.id).await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }));
        let delivery = world.store.list_deliveries(created.id, None, None, 10).await.unwrap()[0].id;
        assert!(world.store.delivery(stranger, delivery).await.unwrap().is_none());
        assert!(world.store.resend_delivery(stranger, delivery).await.is_err());
    }
}

on_both! {
    async fn every_committed_event_gets_one_delivery_while_writers_and_two_dispatchers_run(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[vendor()]).await.id;
        let endpoint = world.endpoint(application, &[]).await;
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let world = world.clone();
            tasks.spawn(async move {
                for round in 0..10 {
                    let rows = (0..9).map(|n| row(connection, &format!("{writer}-{n}"), &format!("N{round}"))).collect();
                    world.apply(connection, rows).await;
                }
            });
        }
        for _dispatcher in 0..2 {
            let world = world.clone();
            tasks.spawn(async move {
                for _ in 0..20 {
                    world.store.dispatch_deliveries(None).await.unwrap();
                }
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        world.dispatch().await;
        let claims = world.take(&endpoint).await;
        // The first event, connection.created, was before the endpoint.
        assert_eq!(sequences(&claims), (2..=361).collect::<Vec<i64>>());
    }
}

on_both! {
    async fn a_delivery_has_one_owner_and_a_lost_lease_stores_nothing(world: World) {
        let application = world.application().await;
        let endpoint = world.endpoint(application, &[]).await;
        world.connect(application, &[]).await;
        world.dispatch().await;
        let first = world.take(&endpoint).await.remove(0);
        let other = Uuid::from_u128(2);
        assert!(world.take_as(&endpoint, other).await.is_empty());
        world.pass(LEASE.as_secs() + 1);
        let second = world.take_as(&endpoint, other).await.remove(0);
        assert_eq!((second.delivery.id, &second.event), (first.delivery.id, &first.event));
        world.finish(&first, Ending::Delivered).await;
        let found = world.store.delivery(application, first.delivery.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.attempts), (DeliveryState::Pending, 0));
        world.finish(&second, Ending::Delivered).await;
        let found = world.store.delivery(application, first.delivery.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.attempts, found.due_at), (DeliveryState::Delivered, 1, None));
        let attempts = world.store.attempts(found.id, 10).await.unwrap();
        assert_eq!((attempts.len(), attempts[0].number, attempts[0].outcome.response_body.as_str()), (1, 1, "body"));
    }
}

on_both! {
    async fn a_failed_try_waits_for_its_time_and_the_endpoint_tells_how_it_is_doing(world: World) {
        let application = world.application().await;
        let endpoint = world.endpoint(application, &[]).await;
        world.connect(application, &[]).await;
        world.dispatch().await;
        let claim = world.take(&endpoint).await.remove(0);
        let start = world.clock.now_micros();
        let again = Ending::Again { at: start + 30_000_000 };
        let held = FinishedAttempt { hold_until: Some(start + 60_000_000), ..finished(&world, &claim, again) };
        world.finish_one(held).await;
        assert_eq!(world.now(&endpoint).await.failing_since, Some(start));
        world.pass(31);
        assert_eq!(world.due().await, 0, "the receiver asked for a minute");
        world.pass(30);
        assert_eq!(world.due().await, 1);
        let claim = world.take(&endpoint).await.remove(0);
        world.finish(&claim, Ending::Delivered).await;
        assert_eq!(world.now(&endpoint).await.failing_since, None);
    }
}

on_both! {
    async fn an_endpoint_that_only_fails_is_disabled_and_goes_on_where_it_stopped(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[]).await.id;
        let endpoint = world.endpoint(application, &[]).await;
        world.apply(connection, vec![row(connection, "1", "One")]).await;
        world.dispatch().await;
        for hours in [0, 23, 2] {
            assert!(world.now(&endpoint).await.disabled_at.is_none());
            world.pass(hours * 3600);
            let claim = world.take(&endpoint).await.remove(0);
            world.finish(&claim, Ending::Again { at: world.clock.now_micros() }).await;
        }
        let disabled = world.now(&endpoint).await;
        assert_eq!(disabled.disabled_reason.as_deref(), Some("every attempt failed for too long"));
        world.apply(connection, vec![row(connection, "2", "Two")]).await;
        world.dispatch().await;
        assert_eq!((world.due().await, world.take(&endpoint).await.len()), (0, 0));
        let changes = EndpointChanges { disabled: Some(false), ..EndpointChanges::default() };
        let enabled = world.store.update_webhook_endpoint(application, endpoint.id, changes).await.unwrap();
        assert_eq!((enabled.disabled_at, enabled.failing_since), (None, None));
        world.dispatch().await;
        assert_eq!(sequences(&world.take(&endpoint).await), [2, 3]);
    }
}

on_both! {
    async fn both_secrets_sign_during_the_overlap_and_only_the_new_one_after(world: World) {
        let application = world.application().await;
        let endpoint = world.endpoint(application, &[]).await;
        let second = secret("whsec_second");
        world.pass(1);
        let overlap = Duration::from_secs(3600);
        world.store.rotate_webhook_secret(application, endpoint.id, &second, overlap).await.unwrap();
        let texts = async || {
            let all = world.store.webhook_secrets(endpoint.id).await.unwrap();
            all.iter().map(|one| one.secret.expose_secret().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(texts().await, ["whsec_second", "whsec_first"]);
        world.pass(3601);
        assert_eq!(texts().await, ["whsec_second"]);
        let hex = "whsec".bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let stored = match world.is_postgres() {
            true => world.texts("select encode(sealed, 'hex') from webhook_secret").await,
            false => world.texts("select lower(hex(sealed)) from webhook_secret").await,
        };
        assert!(!stored.is_empty() && stored.iter().all(|text| !text.contains(&hex)));
    }
}

on_both! {
    async fn resend_and_replay_make_due_what_was_delivered_given_up_or_never_made(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[]).await.id;
        world.apply(connection, vec![row(connection, "1", "One")]).await;
        world.pass(100);
        let endpoint = world.endpoint(application, &["vendor.*"]).await;
        let since = world.clock.now_micros();
        world.apply(connection, vec![row(connection, "2", "Two")]).await;
        world.dispatch().await;
        let claim = world.take(&endpoint).await.remove(0);
        world.finish(&claim, Ending::GivenUp).await;
        let again = world.store.resend_delivery(application, claim.delivery.id).await.unwrap();
        assert_eq!((again.state, again.tries, again.attempts), (DeliveryState::Pending, 0, 1));
        let claim = world.take(&endpoint).await.remove(0);
        world.finish(&claim, Ending::Delivered).await;
        // Only what happened since; then all of it, which makes the one that was before the endpoint.
        assert_eq!(world.replay(&endpoint, ReplayWhich::All, since).await.scheduled, 1);
        let claim = world.take(&endpoint).await.remove(0);
        world.finish(&claim, Ending::GivenUp).await;
        assert_eq!(world.replay(&endpoint, ReplayWhich::Missing, 0).await.scheduled, 1);
        assert_eq!(world.replay(&endpoint, ReplayWhich::Failed, 0).await.scheduled, 1);
        assert_eq!(world.replay(&endpoint, ReplayWhich::All, 0).await.scheduled, 0, "both wait already");
        let claims = world.take(&endpoint).await;
        assert_eq!(sequences(&claims), [2, 3]);
        assert!(claims.iter().any(|claim| claim.event.id == again.event), "the id of an event stays");
    }
}

on_both! {
    async fn what_is_removed_leaves_nothing_behind(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[]).await.id;
        let (gone, stays) = (world.endpoint(application, &[]).await, world.endpoint(application, &[]).await);
        world.apply(connection, vec![row(connection, "1", "One")]).await;
        world.dispatch().await;
        for endpoint in [&gone, &stays] {
            let claim = world.take(endpoint).await.remove(0);
            world.finish(&claim, Ending::Delivered).await;
        }
        world.store.delete_webhook_endpoint(application, gone.id).await.unwrap();
        assert_eq!(world.number("select cast(count(*) as text) from delivery").await, 1);
        assert_eq!(world.number("select cast(count(*) as text) from webhook_secret").await, 1);
        world.store.erase(application, connection).await.unwrap();
        world.dispatch().await;
        for sql in [
            "select cast(count(*) as text) from delivery",
            "select cast(count(*) as text) from delivery_attempt",
            "select cast(count(*) as text) from webhook_cursor",
        ] {
            assert_eq!(world.number(sql).await, 0, "{sql}");
        }
    }
}

on_both! {
    async fn what_a_node_has_room_for_is_in_its_hands_as_soon_as_it_is_made(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[vendor()]).await.id;
        let free = world.endpoint(application, &["vendor.*"]).await;
        let full = world.endpoint(application, &["vendor.created"]).await;
        let ordered = world.ordered(application, Ordering::PerConnection).await;
        let paced = EndpointSettings { rate_per_second: Some(5), ..EndpointSettings::default() };
        let paced = world.endpoint_with(application, &["vendor.*"], None, paced).await;
        world.dispatch().await;
        let rows = |name: &str| (0..5).map(|number| row(connection, &number.to_string(), name)).collect();
        world.apply(connection, rows("One")).await;
        let room_for = |endpoint: &WebhookEndpoint| if endpoint.id == full.id { 2 } else { 100 };
        let hands = Hands { node: NODE, lease: LEASE, room: 100, room_in: &|_| 100, room_for: &room_for };
        let made = world.store.dispatch_deliveries(Some(&hands)).await.unwrap();
        let held = |endpoint: &WebhookEndpoint| {
            let of = |claim: &&DeliveryClaim| claim.delivery.endpoint == endpoint.id;
            made.claims.iter().filter(of).map(|claim| claim.event.sequence).collect::<Vec<_>>()
        };
        assert_eq!((held(&free), held(&full)), (vec![2, 3, 4, 5, 6], vec![2, 3]));
        assert_eq!((held(&ordered), held(&paced)), (vec![], vec![]), "whose turn it is, and the rate, are looked for");
        let first = made.claims.iter().find(|claim| claim.delivery.endpoint == free.id).unwrap();
        assert_eq!(first.target.secrets.len(), 1);
        let logged = world.store.events(connection, 1, &[], 10).await.unwrap().events;
        assert_eq!(first.event, logged[0]);
        // Nobody else takes those; what there was no room for is there for whoever looks.
        assert!(world.take_as(&free, Uuid::from_u128(2)).await.is_empty());
        assert_eq!(sequences(&world.take_as(&full, Uuid::from_u128(2)).await), [4, 5, 6]);
        assert!(made.endpoints.contains(&full.id) && !made.endpoints.contains(&free.id));
        world.finish(first, Ending::Delivered).await;
        let stored = world.store.delivery(application, first.delivery.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.attempts), (DeliveryState::Delivered, 1));
        // The node dies: what it had is due at once.
        assert_eq!(world.store.bury_node(NODE).await.unwrap(), 6);
        assert_eq!(world.take_as(&free, Uuid::from_u128(2)).await.len(), 4);
    }
}
