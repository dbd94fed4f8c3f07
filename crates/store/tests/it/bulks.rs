//! Bulks: taken by one node at a time, each item written down once.

use trunnion_store::{BulkOutcome, Error, NewBulkItem};

use crate::harness::{LEASE, World, on_both, vendor};

fn items(count: usize) -> Vec<NewBulkItem> {
    let item = |place| NewBulkItem { idempotency_key: format!("k{place}"), request: r#"{"name":"A"}"#.into() };
    (0..count).map(item).collect()
}

on_both! {
    async fn a_bulk_is_worked_off_by_one_node_and_taken_over_when_that_one_is_silent(world: World) {
        let connection = world.connection().await;
        let id = world.store.begin_bulk(connection, vendor(), &items(3)).await.unwrap();
        // Ids tell the order only from one millisecond to the next.
        world.pass(1);
        let next = world.store.begin_bulk(connection, vendor(), &items(1)).await.unwrap();
        let [first] = world.store.claim_bulks(LEASE, 8).await.unwrap().try_into().unwrap();
        assert_eq!(first.bulk, id, "a connection's bulks are done one after the other");
        assert_eq!(world.store.claim_bulks(LEASE, 8).await.unwrap(), []);
        let refused = BulkOutcome::Refused(422, r#"{"code":"VALIDATION_FAILED"}"#.into());
        world.store.note_bulk_item(&first, 0, &refused).await.unwrap();
        world.pass(LEASE.as_secs() + 1);
        let taken = world.store.claim_bulks(LEASE, 8).await.unwrap();
        let second = taken.iter().find(|lease| lease.bulk == id).unwrap();
        for lost in [
            world.store.keep_bulk(&first, LEASE).await,
            world.store.note_bulk_item(&first, 1, &refused).await,
            world.store.finish_bulk(&first).await,
        ] {
            assert!(matches!(lost, Err(Error::LeaseLost)), "{lost:?}");
        }
        let open = world.store.open_bulk_items(second, -1, 100).await.unwrap();
        assert_eq!(open.iter().map(|item| item.place).collect::<Vec<_>>(), [1, 2]);
        for item in open {
            world.store.note_bulk_item(second, item.place, &refused).await.unwrap();
        }
        world.store.finish_bulk(second).await.unwrap();
        let bulk = world.store.bulk(connection, id).await.unwrap().unwrap();
        assert_eq!((bulk.total, bulk.failed, bulk.is_done()), (3, 3, true));
        let [last] = world.store.claim_bulks(LEASE, 8).await.unwrap().try_into().unwrap();
        assert_eq!(last.bulk, next);
    }
}

on_both! {
    async fn the_items_of_a_bulk_are_read_by_its_own_connection_in_pages(world: World) {
        let connection = world.connection().await;
        let elsewhere = world.connection().await;
        let id = world.store.begin_bulk(connection, vendor(), &items(5)).await.unwrap();
        let page = world.store.bulk_items(connection, id, None, Some(1), 2).await.unwrap();
        assert_eq!(page.iter().map(|item| item.idempotency_key.as_str()).collect::<Vec<_>>(), ["k2", "k3"]);
        assert_eq!(world.store.bulk_items(connection, id, Some("failed"), None, 9).await.unwrap(), []);
        assert_eq!(world.store.bulk_items(connection, id, Some("waiting"), None, 9).await.unwrap().len(), 5);
        assert_eq!(world.store.bulk_items(elsewhere, id, None, None, 9).await.unwrap(), []);
        assert_eq!(world.store.bulk(elsewhere, id).await.unwrap(), None);
    }
}

on_both! {
    async fn a_connection_has_only_so_many_bulks_to_do_and_old_ones_are_forgotten(world: World) {
        let connection = world.connection().await;
        for _ in 0..20 {
            world.store.begin_bulk(connection, vendor(), &items(1)).await.unwrap();
        }
        let refused = world.store.begin_bulk(connection, vendor(), &items(1)).await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
        let [lease] = world.store.claim_bulks(LEASE, 1).await.unwrap().try_into().unwrap();
        world.store.finish_bulk(&lease).await.unwrap();
        let other = world.store.begin_bulk(connection, vendor(), &items(1)).await.unwrap();
        world.pass(10);
        assert_eq!(world.store.purge_bulks(world.clock.now_micros()).await.unwrap(), 1);
        assert_eq!(world.store.bulk(connection, lease.bulk).await.unwrap(), None);
        assert!(world.store.bulk(connection, other).await.unwrap().is_some());
    }
}
