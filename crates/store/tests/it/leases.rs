//! Taking up work: leases, fences, limits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use trunnion_model::catalog;
use trunnion_model::ids::ApplicationId;
use trunnion_store::{
    Claim, ClaimRequest, ConnectionStatus, Error, Failure, Finished, Lane, Room, RunCause, RunState, StatusChange,
};

use crate::harness::{LEASE, World, item, on_both, row, sync_page, vendor};

on_both! {
    async fn an_expired_lease_is_taken_over_with_its_run_and_cursor_and_the_old_one_is_fenced_off(world: World) {
        let connection = world.connection().await;
        let first = world.claim_one().await;
        assert_eq!((first.run.cause, first.run.pages, first.plan.attempt), (RunCause::Initial, 0, 1));
        world.store.apply(sync_page(&first, vec![row(connection, "1", "A")], "page 1")).await.unwrap();
        assert!(world.claim().await.is_empty(), "it is being worked on");
        world.pass(59);
        world.store.heartbeat(&first.lease, LEASE).await.unwrap();
        world.pass(59);
        assert!(world.claim().await.is_empty(), "the heartbeat counts");
        world.pass(1);
        let second = world.claim_one().await;
        assert_eq!((second.run.id, second.run.pages, second.plan.attempt), (first.run.id, 1, 2));
        assert_eq!(second.plan.cursor.as_deref(), Some("page 1"));

        let late = world.store.apply(sync_page(&first, vec![row(connection, "2", "late")], "late")).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
        assert!(matches!(world.store.heartbeat(&first.lease, LEASE).await, Err(Error::LeaseLost)));
        let end = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
        assert!(matches!(world.store.finish_run(&first.lease, &end).await, Err(Error::LeaseLost)));
        assert_eq!(world.store.get_by_remote_id(connection, vendor(), "2", false).await.unwrap(), None);

        world.store.apply(sync_page(&second, vec![row(connection, "2", "B")], "page 2")).await.unwrap();
        let run = world.store.finish_run(&second.lease, &end).await.unwrap();
        assert_eq!((run.id, run.state, run.pages, run.created), (first.run.id, RunState::Succeeded, 2, 2));
        let again = world.store.apply(sync_page(&second, vec![], "after the end")).await;
        assert!(matches!(again, Err(Error::LeaseLost)));
    }
}

on_both! {
    async fn a_lease_fits_its_own_entity_and_connection_only(world: World) {
        let connection = world.connection().await;
        let claim = world.claim_one().await;
        let mut commit = sync_page(&claim, vec![], "x");
        commit.entity = item();
        assert!(matches!(world.store.apply(commit).await, Err(Error::Conflict { .. })));
        let other = world.connection().await;
        let mut commit = sync_page(&claim, vec![], "x");
        commit.connection = other;
        assert!(matches!(world.store.apply(commit).await, Err(Error::Conflict { .. })));
        assert_ne!(connection, other);
    }
}

on_both! {
    async fn many_workers_take_each_plan_once_and_keep_to_the_limit_per_connection(world: World) {
        let application = world.application().await;
        let connections = [
            world.connect(application, catalog::entities()).await.id,
            world.connect(application, catalog::entities()).await.id,
        ];
        let mut workers = tokio::task::JoinSet::new();
        for number in 0..8 {
            let world = world.clone();
            workers.spawn(async move {
                let node = format!("node {number}");
                let request = ClaimRequest { node: &node, lease_for: LEASE, limit: 3, per_connection: 4 };
                let mut claims = world.store.claim_due(&request).await.unwrap();
                claims.extend(world.store.claim_due(&request).await.unwrap());
                claims
            });
        }
        let claims: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
        let taken: BTreeSet<_> = claims.iter().map(|claim| (claim.plan.connection, claim.entity.name)).collect();
        assert_eq!((taken.len(), claims.len()), (8, 8), "no plan twice, four of each");
        for connection in connections {
            let own: Vec<_> = taken.iter().filter(|(id, _)| *id == connection).collect();
            assert_eq!(own.len(), 4);
        }
        let first: BTreeSet<_> = catalog::entities()[..4].iter().map(|entity| entity.name).collect();
        let names: BTreeSet<_> = claims.iter().map(|claim| claim.entity.name).collect();
        assert_eq!(names, first, "by priority");
    }
}

on_both! {
    async fn connections_that_may_not_sync_are_passed_over_until_they_may(world: World) {
        let connection = world.connection().await;
        let to = |status| StatusChange { status, reason: None, event: None };
        for status in [ConnectionStatus::Paused, ConnectionStatus::ReauthorizationRequired] {
            world.store.set_status(connection, &to(status)).await.unwrap();
            assert!(world.claim().await.is_empty(), "{status:?}");
        }
        world.store.set_status(connection, &to(ConnectionStatus::Online)).await.unwrap();
        assert_eq!(world.claim_one().await.plan.connection, connection);
    }
}

on_both! {
    async fn a_worker_is_told_when_work_becomes_due(world: World) {
        let mut work = world.store.watch_work();
        work.mark_unchanged();
        world.connection().await;
        tokio::time::timeout(Duration::from_secs(5), work.changed()).await.unwrap().unwrap();
    }
}

on_both! {
    async fn each_kind_of_work_has_room_of_its_own_and_no_application_takes_it_all(world: World) {
        let (one, other) = (world.application().await, world.application().await);
        for application in [one, one, one, one, other] {
            world.connect(application, &[vendor()]).await;
        }
        let claim = async |lanes: [usize; 3], per_application: usize, busy: &[(ApplicationId, usize)]| {
            let request = ClaimRequest { node: "test", lease_for: LEASE, limit: 10, per_connection: 10 };
            let room = Room { lanes, per_application, busy: busy.iter().copied().collect() };
            world.store.claim_within(&request, &room).await.unwrap()
        };
        assert!(claim([9, 0, 9], 9, &[]).await.is_empty(), "first syncs have a lane of their own");
        assert!(claim([0, 9, 0], 2, &[(one, 2), (other, 2)]).await.is_empty());
        let first = claim([0, 9, 0], 3, &[(one, 1)]).await;
        let of = |claims: &[Claim], application| claims.iter().filter(|claim| claim.application == application).count();
        assert_eq!((of(&first, one), of(&first, other)), (2, 1), "who is full is passed over, and nobody waits behind it");
        assert!(first.iter().all(|claim| claim.lane == Lane::Backfill));

        let soon = world.clock.now_micros() + 1;
        let error = Failure { code: "SYSTEM_UNREACHABLE".into(), message: "no route".into() };
        let done = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: Some(soon) };
        world.store.finish_run(&first[0].lease, &done).await.unwrap();
        world.store.finish_run(&first[1].lease, &Finished::Retry { at: soon, error: error.clone() }).await.unwrap();
        let failed = Finished::Failed { error, next_run_at: Some(soon) };
        world.store.finish_run(&first[2].lease, &failed).await.unwrap();
        world.pass(1);
        assert_eq!(claim([9, 0, 0], 9, &[]).await.len(), 1, "what went well is not held up by what did not");
        assert_eq!(claim([0, 0, 1], 9, &[]).await.len(), 1);
        assert_eq!(claim([0, 0, 9], 9, &[]).await[0].lane, Lane::Troubled);
    }
}

on_both! {
    /// All that an application has to do is due, and it has all the runs that it may have.
    async fn a_huge_application_holds_up_no_other_in_the_order_in_which_they_wait(world: World) {
        let huge = world.application().await;
        for _ in 0..40 {
            world.connect(huge, &[vendor()]).await;
        }
        world.pass(1);
        let mut others = Vec::new();
        for _ in 0..3 {
            let other = world.application().await;
            let one = world.connect(other, &[vendor()]).await.id;
            world.pass(1);
            others.push((other, [one, world.connect(other, &[vendor()]).await.id]));
            world.pass(1);
        }
        let claim = async |limit: usize| {
            let request = ClaimRequest { node: "test", lease_for: LEASE, limit, per_connection: 1 };
            let room = Room { lanes: [limit; 3], per_application: 4, busy: HashMap::from([(huge, 4)]) };
            let claims = world.store.claim_within(&request, &room).await.unwrap();
            claims.into_iter().map(|claim| (claim.application, claim.plan.connection)).collect::<Vec<_>>()
        };
        let all: Vec<_> = others.iter().flat_map(|(other, [one, two])| [(*other, *one), (*other, *two)]).collect();
        assert_eq!(claim(1).await, all[..1]);
        assert_eq!(claim(3).await, all[1..4]);
        assert_eq!(claim(9).await, all[4..]);
        assert!(claim(9).await.is_empty(), "only the huge one has work left");
    }
}

on_both! {
    /// The small version of `cargo xtask bench schedule`.
    async fn every_plan_comes_each_time_at_its_connections_place_in_the_interval(world: World) {
        let application = world.application().await;
        for _ in 0..8 {
            world.connect(application, &catalog::entities()[..3]).await;
        }
        let mut times: BTreeMap<_, Vec<i64>> = BTreeMap::new();
        let done = Finished::Succeeded { cursor: None, cursor_at: None, next_run_at: None };
        for _ in 0..9 * 90 {
            for claim in world.claim().await {
                times.entry((claim.plan.connection, claim.entity.name)).or_default().push(claim.due_at.unwrap());
                world.store.finish_run(&claim.lease, &done).await.unwrap();
            }
            world.pass(10);
        }
        assert_eq!(times.len(), 24);
        let mut places = BTreeSet::new();
        for ((connection, entity), times) in &times {
            // The first one is due at once.
            assert!(times.len() >= 9, "{connection} {entity}: {}", times.len());
            assert!(times[1..].windows(2).all(|two| two[1] - two[0] == 900_000_000), "{entity}: {times:?}");
            places.insert((*connection, times[1] % 900_000_000));
        }
        let own: BTreeSet<i64> = places.iter().map(|(_, place)| *place).collect();
        assert_eq!((places.len(), own.len()), (8, 8), "one place for each connection, another for every other");
    }
}
