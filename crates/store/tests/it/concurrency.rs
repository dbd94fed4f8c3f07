//! Many writers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use trunnion_model::catalog;
use trunnion_store::{NewEvent, Store};

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
        tokio::time::timeout(Duration::from_secs(5), news.changed()).await.unwrap().unwrap();
        news.mark_unchanged();
        world.apply(connection, vec![row_of(connection, crate::harness::vendor(), "1", "A")]).await;
        assert!(!news.has_changed().unwrap(), "nothing new was stored");
    }
}

on_both! {
    /// Eight writers append to the logs of eight connections, some of them to another's too, while readers of the
    /// application's log follow it: nothing is missed, nothing comes twice, each connection's events keep their order, and
    /// whoever reads it later reads it in the same order.
    async fn an_applications_log_misses_nothing_and_has_one_order_for_all(world: World) {
        const WRITERS: usize = 8;
        const PAGES: usize = 12;
        let application = world.application().await;
        let mut connections = Vec::new();
        for _ in 0..WRITERS {
            connections.push(world.connect(application, &[crate::harness::vendor()]).await.id);
        }
        let over = Arc::new(AtomicBool::new(false));
        let mut readers = tokio::task::JoinSet::new();
        for limit in [3, 500] {
            let (world, over) = (world.clone(), over.clone());
            readers.spawn(async move {
                let (mut after, mut seen) = (0, Vec::new());
                loop {
                    let last_round = over.load(Ordering::SeqCst);
                    let page = world.store.application_events(application, after, &[], limit).await.unwrap();
                    for (place, event) in &page.events {
                        assert_eq!(*place, after + 1, "a hole, or out of order");
                        after = *place;
                        seen.push((event.connection, event.sequence));
                    }
                    assert_eq!(page.next_after, after);
                    if last_round && after == page.last_position {
                        return seen;
                    }
                }
            });
        }
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let (world, connections) = (world.clone(), connections.clone());
            writers.spawn(async move {
                for number in 0..PAGES {
                    // Each connection has two writers, which wait for each other in the middle of their commits.
                    let connection = connections[(writer + number % 2) % WRITERS];
                    let rows = (0..5).map(|n| {
                        crate::harness::row(connection, &format!("{writer}-{number}-{n}"), "A")
                    });
                    world.apply(connection, rows.collect()).await;
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        over.store(true, Ordering::SeqCst);
        let mut orders = Vec::new();
        while let Some(seen) = readers.join_next().await {
            orders.push(seen.unwrap());
        }
        assert_eq!(orders[0], orders[1], "two readers, two orders");
        let mut last = std::collections::HashMap::new();
        for (connection, sequence) in &orders[0] {
            let before = last.insert(*connection, *sequence).unwrap_or(0);
            assert_eq!(*sequence, before + 1, "a connection's events are out of order, or one is missing");
        }
        for connection in &connections {
            assert_eq!(last[connection], world.store.last_sequence(*connection).await.unwrap());
        }
        assert_eq!(orders[0].len(), WRITERS + WRITERS * PAGES * 5, "one for each connection, one for each row");
    }
}

on_both! {
    async fn an_applications_log_is_filtered_by_type_and_holds_no_other_applications_events(world: World) {
        let application = world.application().await;
        let (one, other) = (
            world.connect(application, &[crate::harness::vendor()]).await.id,
            world.connect(application, &[crate::harness::vendor()]).await.id,
        );
        world.connection().await;
        world.apply(one, vec![crate::harness::row(one, "1", "A")]).await;
        world.store.order_all_events().await.unwrap();
        world.apply(other, vec![crate::harness::row(other, "1", "A"), crate::harness::row(other, "2", "A")]).await;
        world.apply(one, vec![crate::harness::row(one, "1", "B")]).await;
        let ask = async |after: i64, types: &[&str], limit: usize| {
            let types: Vec<String> = types.iter().map(|&kind| kind.to_owned()).collect();
            let page = world.store.application_events(application, after, &types, limit).await.unwrap();
            let places: Vec<i64> = page.events.iter().map(|(place, _)| *place).collect();
            (places, page.next_after, page.last_position)
        };
        assert_eq!(ask(0, &[], 100).await, (vec![1, 2, 3, 4, 5, 6], 6, 6));
        assert_eq!(ask(0, &["connection.*"], 100).await.0.len(), 2);
        let vendors = ask(0, &["vendor.*"], 100).await.0;
        assert_eq!((vendors.len(), ask(0, &["vendor.updated"], 100).await.0.len()), (4, 1));
        assert_eq!(ask(0, &["vendor.*"], 2).await, (vendors[..2].to_vec(), vendors[1], 6));
        assert_eq!(ask(vendors[1], &["vendor.*"], 2).await.0, vendors[2..]);
        assert_eq!(ask(6, &[], 2).await, (vec![], 6, 6));
        world.store.erase(application, other).await.unwrap();
        let left = world.store.application_events(application, 0, &[], 100).await.unwrap();
        assert!(left.events.iter().all(|(_, event)| event.connection == one) && left.events.len() == 3);
    }
}

on_both! {
    /// On SQLite there is one process, and nothing to share.
    async fn a_node_hears_what_another_committed_and_tells_it_to_nobody_else(world: World) {
        if !world.is_postgres() {
            return;
        }
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let mut nodes = Vec::new();
        for node in 1..=3 {
            let store = Store::open(&world.url, world.keyring.clone(), world.clock.clone()).await.unwrap();
            let mut events = store.watch_events();
            tokio::spawn({
                let (store, stopping) = (store.clone(), stopping.clone());
                async move { store.share_news(uuid::Uuid::from_u128(node), stopping).await }
            });
            // Once it listens it says so.
            events.changed().await.unwrap();
            nodes.push((store, events));
        }
        let connection = world.connection().await;
        nodes.iter_mut().for_each(|(_, events)| events.mark_unchanged());
        let before: Vec<u64> = nodes.iter().map(|(_, events)| *events.borrow()).collect();
        nodes[0].0.apply(page(connection, vec![row_of(connection, catalog::entities()[0], "1", "A")])).await.unwrap();
        for (_, events) in &mut nodes[1..] {
            tokio::time::timeout(Duration::from_secs(10), events.changed()).await.unwrap().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let heard: Vec<u64> = nodes.iter().zip(before).map(|((_, events), before)| *events.borrow() - before).collect();
        assert_eq!(heard, [1, 1, 1], "once each: a word makes no echo");
        stop.send_replace(true);
    }
}
