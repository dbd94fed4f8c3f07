//! Incidents, the statuses that follow from them, and who probes when.

use std::time::Duration;

use trunnion_model::ids::ConnectionId;
use trunnion_store::{Cleared, ConnectionStatus, Tally, Trouble};

use crate::harness::{World, on_both};

const PROBE: Duration = Duration::from_secs(180);
const FRESH: Duration = Duration::from_secs(900);

fn trouble(cause: &'static str, scope: &str, status: ConnectionStatus, offline_after: Option<i64>) -> Trouble {
    Trouble {
        cause,
        scope: scope.to_owned(),
        status,
        offline_after,
        message: format!("{cause} happened"),
        passing: offline_after.is_some(),
        look_at: None,
    }
}

impl World {
    async fn status_of(&self, id: ConnectionId) -> ConnectionStatus {
        self.store.connection_for_work(id).await.unwrap().unwrap().status
    }
}

on_both! {
    async fn the_worst_open_incident_makes_the_status_and_each_ends_by_what_it_is_about(world: World) {
        let id = world.connection().await;
        let outage = trouble("SYSTEM_UNREACHABLE", "", ConnectionStatus::Degraded, Some(3));
        let permission = trouble("PERMISSION_DENIED", "vendor", ConnectionStatus::Degraded, None);
        assert!(world.store.report_trouble(id, &permission).await.unwrap());
        world.pass(1);
        assert!(!world.store.report_trouble(id, &outage).await.unwrap(), "degraded as before");
        assert!(!world.store.report_trouble(id, &outage).await.unwrap());
        assert!(world.store.report_trouble(id, &outage).await.unwrap());
        assert_eq!(world.status_of(id).await, ConnectionStatus::Offline);
        assert!(world.claim().await.is_empty(), "no sync knocks at a system that is down");
        assert!(world.store.report_success(id, Cleared::Probe).await.unwrap());
        assert_eq!(world.status_of(id).await, ConnectionStatus::Degraded);
        assert!(!world.store.report_success(id, Cleared::Entity("item")).await.unwrap());
        assert!(world.store.report_success(id, Cleared::Entity("vendor")).await.unwrap());
        assert_eq!(world.status_of(id).await, ConnectionStatus::Syncing, "its first syncs are still missing");
        let found = world.store.incidents(id, 0).await.unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.cause.as_str(), one.occurrences, one.resolved_at.is_some())).collect();
        assert_eq!(told, [("SYSTEM_UNREACHABLE", 3, true), ("PERMISSION_DENIED", 1, true)]);
    }
}

on_both! {
    async fn a_need_for_credentials_is_told_once_and_no_success_ends_it(world: World) {
        let id = world.connection().await;
        let refused = trouble("AUTHENTICATION_FAILED", "", ConnectionStatus::ReauthorizationRequired, None);
        let reports = (0..8).map(|_| {
            let (store, refused) = (world.store.clone(), refused.clone());
            tokio::spawn(async move { store.report_trouble(id, &refused).await.unwrap() })
        });
        let mut moved = 0;
        for report in reports.collect::<Vec<_>>() {
            moved += usize::from(report.await.unwrap());
        }
        assert_eq!(moved, 1);
        assert!(!world.store.report_success(id, Cleared::Probe).await.unwrap());
        assert_eq!(world.status_of(id).await, ConnectionStatus::ReauthorizationRequired);
        let kinds = world.kinds(id).await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "connection.reauthorization_required").count(), 1, "{kinds:?}");
    }
}

on_both! {
    async fn one_node_probes_at_a_time_and_a_connection_that_rests_is_left_alone(world: World) {
        let id = world.connection().await;
        assert!(world.store.claim_probes(PROBE, FRESH, 9).await.unwrap().is_empty(), "it was just tried");
        world.pass(900);
        assert_eq!(world.store.claim_probes(PROBE, FRESH, 9).await.unwrap().len(), 1);
        assert!(world.store.claim_probes(PROBE, FRESH, 9).await.unwrap().is_empty());
        assert!(!world.store.claim_probe(id, PROBE).await.unwrap());
        world.pass(180);
        let again = world.store.claim_probes(PROBE, FRESH, 9).await.unwrap();
        assert_eq!((again.len(), again[0].failures), (1, 0), "a node that died gives it up in time");
        let now = world.clock.now_micros();
        world.store.finish_probe(id, now + 30_000_000, 1).await.unwrap();
        world.store.hurry_probe(id, now + 60_000_000).await.unwrap();
        assert_eq!(world.store.probe_state(id).await.unwrap().due_at, Some(now + 30_000_000));
        let refused = trouble("AUTHENTICATION_FAILED", "", ConnectionStatus::ReauthorizationRequired, None);
        world.store.report_trouble(id, &refused).await.unwrap();
        world.pass(30);
        assert!(world.store.claim_probes(PROBE, FRESH, 9).await.unwrap().is_empty());
        assert_eq!(world.store.probe_state(id).await.unwrap().due_at, None);
    }
}

on_both! {
    async fn calls_add_up_by_the_hour(world: World) {
        let id = world.connection().await;
        let tally = |succeeded, failed, micros, slowest| Tally { succeeded, failed, micros, slowest };
        world.store.add_tallies(&[(id, tally(3, 1, 40, 20))]).await.unwrap();
        world.store.add_tallies(&[(id, tally(1, 0, 5, 5))]).await.unwrap();
        world.pass(3_600);
        world.store.add_tallies(&[(id, tally(1, 0, 7, 7))]).await.unwrap();
        let hours = world.store.call_hours(id, 0).await.unwrap();
        assert_eq!(hours.iter().map(|hour| hour.tally).collect::<Vec<_>>(), [tally(4, 1, 45, 20), tally(1, 0, 7, 7)]);
        assert_eq!(world.store.purge_health(world.clock.now_micros()).await.unwrap(), 1);
    }
}
