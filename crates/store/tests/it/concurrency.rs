//! Many writers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use trunnion_model::catalog;
use trunnion_store::NewEvent;

use crate::harness::{World, on_both, page, row_of};

on_both! {
    /// Eight writers append to the log of one connection while a reader follows it: it never sees a number before all
    /// smaller ones.
    async fn sequences_have_no_holes_and_become_visible_in_order(world: World) {
        const WRITERS: usize = 8;
        const PAGES: usize = 15;
        const ROWS: usize = 7;
        let connection = world.connection().await;
        let over = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn({
            let (world, over) = (world.clone(), over.clone());
            async move {
                let mut after = 0;
                loop {
                    let last_round = over.load(Ordering::SeqCst);
                    let page = world.store.events(connection, after, &[], 500).await.unwrap();
                    for event in &page.events {
                        assert_eq!(event.sequence, after + 1, "a hole, or out of order");
                        after = event.sequence;
                    }
                    assert_eq!(page.next_after, after);
                    if last_round && after == page.last_sequence {
                        return after;
                    }
                }
            }
        });
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let world = world.clone();
            // Two writers per entity; two of the eight do not write records at all.
            let entity = catalog::entities()[writer / 2];
            writers.spawn(async move {
                for number in 0..PAGES {
                    if writer >= 6 {
                        let event = NewEvent { kind: "connection.reauthorized".into(), data: "{}".into() };
                        let online = number % 2 == 0;
                        let change = trunnion_store::StatusChange {
                            status: if online { trunnion_store::ConnectionStatus::Online } else { trunnion_store::ConnectionStatus::Degraded },
                            reason: None,
                            event: Some(event),
                        };
                        world.store.set_status(connection, &change).await.unwrap();
                        continue;
                    }
                    // Both writers of an entity also write the same rows, with different names.
                    let mut commit = page(connection, (0..ROWS).map(|n| {
                        row_of(connection, entity, &format!("{number}-{n}"), &format!("by {writer}"))
                    }).collect());
                    commit.entity = entity;
                    world.store.apply(commit).await.unwrap();
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        over.store(true, Ordering::SeqCst);
        let read = reader.await.unwrap();
        assert_eq!(read, world.store.last_sequence(connection).await.unwrap());
        for entity in &catalog::entities()[..3] {
            let kinds = [format!("{}.created", entity.name)];
            let created = world.store.events(connection, 0, &kinds, 500).await.unwrap().events;
            assert_eq!(created.len(), PAGES * ROWS, "each record is created once");
            let versions = world.store.list(connection, entity, &trunnion_store::ListQuery { limit: 500, ..Default::default() }).await.unwrap();
            let told = world.store.events(connection, 0, &[format!("{}.*", entity.name)], 500).await.unwrap().events.len();
            assert_eq!(versions.iter().map(|record| record.version).sum::<i64>(), told as i64, "one event per version");
        }
    }
}

on_both! {
    async fn whoever_waits_for_events_is_woken_by_a_commit(world: World) {
        let connection = world.connection().await;
        let mut news = world.store.watch_events();
        news.mark_unchanged();
        world.apply(connection, vec![row_of(connection, crate::harness::vendor(), "1", "A")]).await;
        tokio::time::timeout(std::time::Duration::from_secs(5), news.changed()).await.unwrap().unwrap();
        news.mark_unchanged();
        world.apply(connection, vec![row_of(connection, crate::harness::vendor(), "1", "A")]).await;
        assert!(!news.has_changed().unwrap(), "nothing new was stored");
    }
}
