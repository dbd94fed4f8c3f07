//! Who is sent to when: dead nodes, order, rate, failing endpoints, replays.

use std::time::Duration;

use trunnion_store::{Ending, EndpointChanges, EndpointSettings, NewReplay, Ordering, ReplayState, ReplayWhich};
use uuid::Uuid;

use crate::harness::{World, on_both, row};
use crate::webhook_world::{NODE, sequences};

on_both! {
    async fn what_a_dead_node_had_in_hand_is_free_at_once_and_what_a_living_one_has_is_not(world: World) {
        let application = world.application().await;
        let endpoint = world.endpoint(application, &[]).await;
        world.connect(application, &[]).await;
        world.dispatch().await;
        let (dead, living) = (Uuid::from_u128(7), Uuid::from_u128(8));
        for (node, name) in [(dead, "a"), (living, "b"), (dead, "a")] {
            world.store.beat(node, name).await.unwrap();
        }
        let mut beats = world.store.nodes().await.unwrap();
        beats.sort_unstable();
        assert_eq!(beats, [(dead, 2), (living, 1)]);
        let claim = world.take_as(&endpoint, dead).await.remove(0);
        assert_eq!(world.store.bury_node(living).await.unwrap(), 0);
        assert!(world.take(&endpoint).await.is_empty());
        assert_eq!(world.store.bury_node(dead).await.unwrap(), 1);
        let again = world.take(&endpoint).await.remove(0);
        assert_eq!((again.delivery.id, again.delivery.attempts), (claim.delivery.id, 0));
        assert!(world.store.nodes().await.unwrap().is_empty());
    }
}

on_both! {
    async fn one_of_a_key_is_under_way_and_a_failing_one_holds_only_its_key(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[]).await.id;
        let endpoint = world.ordered(application, Ordering::PerRecord).await;
        for round in 0..3 {
            let rows = ["1", "2"].map(|id| row(connection, id, &format!("N{round}")));
            world.apply(connection, rows.to_vec()).await;
        }
        world.dispatch().await;
        // Sequences 2 and 3 are the first of either record, 4 and 5 the second, 6 and 7 the third.
        let first = world.take(&endpoint).await;
        assert_eq!(sequences(&first), [2, 3]);
        let [failing, well] = &first[..] else { panic!("{first:?}") };
        world.finish(well, Ending::Delivered).await;
        world.finish(failing, Ending::Again { at: world.clock.now_micros() + 5_000_000 }).await;
        let second = world.take(&endpoint).await;
        assert_eq!((second.len(), second[0].delivery.order_key), (1, well.delivery.order_key));
        assert_eq!((second[0].delivery.tries, second[0].delivery.attempts), (0, 0), "waiting costs no try");
        world.finish(&second[0], Ending::Delivered).await;
        let blocked = world.store.blocked_keys(endpoint.id).await.unwrap();
        assert_eq!((blocked.len(), blocked[0].waiting, blocked[0].head.id), (1, 2, failing.delivery.id));
        // Given up by hand, the next of its key has its turn.
        world.store.skip_delivery(application, failing.delivery.id).await.unwrap();
        let third = world.take(&endpoint).await;
        assert_eq!(third.len(), 2);
        assert!(third.iter().any(|claim| claim.delivery.order_key == failing.delivery.order_key));
        // What is ordered no more is all due.
        let changes = EndpointChanges { settings: Some(EndpointSettings::default()), ..EndpointChanges::default() };
        world.store.update_webhook_endpoint(application, endpoint.id, changes).await.unwrap();
        assert_eq!(world.take(&endpoint).await.len(), 1);
    }
}

on_both! {
    async fn the_rate_is_kept_over_all_claims_and_costs_no_try(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[]).await.id;
        let settings = EndpointSettings { rate_per_second: Some(20), ..EndpointSettings::default() };
        let endpoint = world.endpoint_with(application, &["vendor.*"], None, settings).await;
        world.apply(connection, (0..90).map(|n| row(connection, &n.to_string(), "N")).collect()).await;
        world.dispatch().await;
        let mut taken = 0;
        for _tenth in 0..30 {
            for node in [NODE, Uuid::from_u128(2)] {
                let claims = world.take_as(&endpoint, node).await;
                assert!(claims.iter().all(|claim| claim.delivery.tries == 0));
                taken += claims.len();
            }
            world.hands.advance(Duration::from_millis(100));
        }
        assert!((59..=61).contains(&taken), "{taken} in three seconds");
    }
}

on_both! {
    async fn deliveries_that_are_over_are_forgotten_with_their_tries_and_nothing_else(world: World) {
        let application = world.application().await;
        let endpoint = world.endpoint(application, &["vendor.*"]).await;
        let connection = world.connect(application, &[]).await.id;
        world.apply(connection, (0..5).map(|n| row(connection, &n.to_string(), "Old")).collect()).await;
        world.dispatch().await;
        let old = world.take(&endpoint).await;
        world.finish(&old[0], Ending::Delivered).await;
        world.finish(&old[1], Ending::GivenUp).await;
        world.finish(&old[2], Ending::Again { at: world.clock.now_micros() + 1 }).await;
        world.pass(10 * 24 * 3600);
        // Of what is old, one ends only now.
        world.finish(&old[3], Ending::Delivered).await;
        world.apply(connection, vec![row(connection, "9", "New")]).await;
        world.dispatch().await;
        let before = world.clock.now_micros() - 24 * 3600 * 1_000_000;
        assert_eq!(world.store.forget_deliveries(before, 1_000).await.unwrap(), 2);
        assert_eq!(world.store.forget_deliveries(before, 1_000).await.unwrap(), 0);
        let left = world.store.list_deliveries(endpoint.id, None, None, 100).await.unwrap();
        let mut states: Vec<&str> = left.iter().map(|delivery| delivery.state.as_str()).collect();
        states.sort_unstable();
        assert_eq!(states, ["delivered", "pending", "pending", "pending"]);
        let tries = world.texts("select cast(count(*) as text) from delivery_attempt").await;
        assert_eq!(tries, ["2"], "of the one that is tried again, and the one that ended late");
    }
}

on_both! {
    async fn a_failing_endpoint_is_told_of_in_steps_to_the_others_and_then_disabled(world: World) {
        let application = world.application().await;
        let endpoint = world.endpoint(application, &["connection.*"]).await;
        let other = world.endpoint(application, &["webhook_endpoint.*"]).await;
        world.connect(application, &[]).await;
        world.dispatch().await;
        for hours in [0, 6, 7, 5, 4, 3] {
            world.pass(hours * 3600);
            let claim = world.take(&endpoint).await.remove(0);
            world.finish(&claim, Ending::Again { at: world.clock.now_micros() }).await;
        }
        world.dispatch().await;
        let mut claims = world.take(&other).await;
        claims.sort_by_key(|claim| claim.delivery.sequence);
        let told: Vec<_> = claims
            .iter()
            .map(|claim| {
                let data: serde_json::Value = serde_json::from_str(&claim.event.data).unwrap();
                assert_eq!(data["webhook_endpoint_id"], endpoint.id.to_string());
                (claim.event.kind.clone(), data["percent"].as_i64())
            })
            .collect();
        let failing = |percent| ("webhook_endpoint.failing".to_owned(), Some(percent));
        assert_eq!(
            told,
            [failing(50), failing(70), failing(90), ("webhook_endpoint.disabled".to_owned(), None)]
        );
        let mut shown = String::new();
        claims[0].event.write_json(&mut shown);
        assert!(!shown.contains("connection_id"), "{shown}");
        let types = ["webhook_endpoint.*".to_owned()];
        let polled = world.store.application_events(application, 0, &types, 100).await.unwrap().events;
        assert_eq!(polled.len(), claims.len(), "who polls the application's log has them, too");
        let now = world.now(&endpoint).await;
        assert_eq!((now.disabled_at.is_some(), now.failures), (true, 6));
    }
}

on_both! {
    async fn failures_in_a_row_hold_the_endpoint_for_longer_and_longer_until_one_try_succeeds(world: World) {
        let application = world.application().await;
        let connection = world.connect(application, &[]).await.id;
        let endpoint = world.endpoint(application, &["vendor.*"]).await;
        world.apply(connection, (0..30).map(|n| row(connection, &n.to_string(), "N")).collect()).await;
        world.dispatch().await;
        let claims = world.take(&endpoint).await;
        let mut holds = Vec::new();
        for claim in &claims[..7] {
            let now = world.clock.now_micros();
            world.finish(claim, Ending::Again { at: now }).await;
            holds.push(world.now(&endpoint).await.held_until.map(|until| (until - now) / 1_000_000));
        }
        assert_eq!(holds, [None, None, None, None, Some(1), Some(2), Some(4)]);
        assert!(world.take(&endpoint).await.is_empty());
        world.finish(&claims[7], Ending::Delivered).await;
        let now = world.now(&endpoint).await;
        assert_eq!((now.held_until, now.failures, now.failing_since), (None, 0, None));
    }
}

on_both! {
    async fn a_cancelled_replay_stops_and_another_application_sees_none_of_it(world: World) {
        let application = world.application().await;
        let stranger = world.store.create_application("stranger").await.unwrap().id;
        let connection = world.connect(application, &[]).await.id;
        for part in 0..3 {
            let rows = (0..400).map(|n| row(connection, &format!("{part}-{n}"), "N")).collect();
            world.apply(connection, rows).await;
        }
        let endpoint = world.endpoint(application, &["vendor.*"]).await;
        let new = NewReplay { which: ReplayWhich::All, since: 0, until: i64::MAX, types: Vec::new() };
        let id = world.store.start_replay(&endpoint, &new).await.unwrap().id;
        let place = async || world.store.replay(application, id).await.unwrap().unwrap();
        while place().await.scheduled == 0 {
            world.store.advance_replays().await.unwrap();
        }
        let part = place().await;
        assert!((1..1_200).contains(&part.scheduled), "{part:?}");
        assert!(world.store.replay(stranger, id).await.unwrap().is_none());
        assert!(world.store.cancel_replay(stranger, id).await.is_err());
        assert_eq!(world.store.cancel_replay(application, id).await.unwrap().state, ReplayState::Cancelled);
        assert!(world.store.advance_replays().await.unwrap().is_empty());
        assert_eq!(place().await.scheduled, part.scheduled);
    }
}
