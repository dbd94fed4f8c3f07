//! What a record was, read from the log.

use trunnion_model::change::Cause;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_store::Commit;

use crate::harness::{World, on_both, page, row, vendor};

/// The record's versions as (version, cause, name), the newest first, read in pages of `limit`.
async fn versions(
    world: &World,
    connection: ConnectionId,
    remote_id: &str,
    limit: usize,
) -> Vec<(i64, String, String)> {
    let record = world.store.get_by_remote_id(connection, vendor(), remote_id, false).await.unwrap().unwrap();
    let (mut before, mut all) = (i64::MAX, Vec::new());
    loop {
        let page = world.store.history(connection, &record, before, limit).await.unwrap();
        let Some(last) = page.last() else { return all };
        before = last.sequence;
        all.extend(page.into_iter().map(|event| {
            let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
            (data["version"].as_i64().unwrap(), event.cause.unwrap(), data["name"].as_str().unwrap().to_owned())
        }));
    }
}

on_both! {
    /// Among thousands of others, by a first sync that came by some records twice.
    async fn each_version_is_found_with_its_cause_whatever_came_before_and_after(world: World) {
        let connection = world.connection().await;
        let initial = |rows| Commit { cause: Cause::Initial, ..page(connection, rows) };
        for hundred in 0..30 {
            let rows = (0..100).map(|number| row(connection, &format!("{}", hundred * 100 + number), "A")).collect();
            world.store.apply(initial(rows)).await.unwrap();
            world.pass(1);
        }
        world.store.apply(initial(vec![row(connection, "1234", "B")])).await.unwrap();
        world.pass(1);
        world.apply(connection, vec![row(connection, "1234", "C")]).await;
        world.pass(1);
        let gone = trunnion_model::record::Incoming::gone(RecordId::of(connection, vendor(), "1234"), "1234".into());
        world.apply(connection, vec![gone]).await;
        let all = [(4, "incremental", "C"), (3, "incremental", "C"), (2, "incremental", "B"), (1, "initial", "A")]
            .map(|(version, cause, name)| (version, cause.to_owned(), name.to_owned()));
        for limit in 1..6 {
            assert_eq!(versions(&world, connection, "1234", limit).await, all, "in pages of {limit}");
        }
        for remote_id in ["0", "2999"] {
            assert_eq!(versions(&world, connection, remote_id, 5).await, [(1, "initial".to_owned(), "A".to_owned())]);
        }
    }
}

on_both! {
    /// What a version was at an instant is told exactly or not at all.
    async fn a_record_at_an_instant_is_exact_also_when_the_logs_beginning_is_gone(world: World) {
        let connection = world.connection().await;
        let start = world.clock.now_micros();
        world.store.apply(Commit { cause: Cause::Initial, ..page(connection, vec![row(connection, "1", "A")]) }).await.unwrap();
        for name in ["B", "C", "D"] {
            world.pass(10);
            world.apply(connection, vec![row(connection, "1", name)]).await;
        }
        let at = async |seconds: i64| {
            let record = world.store.get_by_remote_id(connection, vendor(), "1", false).await.unwrap().unwrap();
            let found = world.store.version_at(connection, &record, start + seconds * 1_000_000).await.unwrap();
            found.map(|event| {
                let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
                data["name"].as_str().unwrap().to_owned()
            })
        };
        for (seconds, name) in [(0, "A"), (9, "A"), (10, "B"), (19, "B"), (25, "C"), (30, "D"), (99, "D")] {
            assert_eq!(at(seconds).await.as_deref(), Some(name), "after {seconds} s");
        }
        while world.store.dispatch_deliveries(None).await.unwrap().more {}
        world.store.forget_events(start + 15 * 1_000_000, 100).await.unwrap();
        for (seconds, name) in [(0, None), (9, None), (10, None), (19, None), (20, Some("C")), (30, Some("D"))] {
            assert_eq!(at(seconds).await.as_deref(), name, "after {seconds} s");
        }
    }
}
