//! Listing records.

use std::collections::BTreeSet;

use trunnion_model::record::Record;
use trunnion_store::{ListQuery, Position, Sort};

use crate::harness::{World, item, on_both, row, row_of, vendor};

on_both! {
    /// Records come and go between the pages; those that stay all the time are given exactly once.
    async fn paging_neither_skips_nor_repeats_while_records_come_and_go(world: World) {
        let connection = world.connection().await;
        for batch in 0..10 {
            let rows = (0..10).map(|n| row(connection, &format!("stays-{batch}-{n}"), "A")).collect();
            world.apply(connection, rows).await;
            world.pass(1);
        }
        for (sort, deleted_now) in [(Sort::Id, "x"), (Sort::ModifiedAsc, "y"), (Sort::ModifiedDesc, "z")] {
            let (mut after, mut seen, mut round) = (None, Vec::new(), 0);
            loop {
                let query = ListQuery { sort, after, limit: 7, ..Default::default() };
                let page = world.store.list(connection, vendor(), &query).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(Position::of(last));
                seen.extend(page.into_iter().map(|record| record.remote_id));
                world.pass(1);
                let mut gone = row(connection, &format!("{deleted_now}-{}", round - 1), "A");
                gone.deleted = true;
                let come = row(connection, &format!("{deleted_now}-{round}"), "A");
                world.apply(connection, if round < 10 { vec![gone, come] } else { vec![gone] }).await;
                round += 1;
                assert!(round < 60, "the list ends");
            }
            let unique: BTreeSet<&String> = seen.iter().collect();
            assert_eq!(unique.len(), seen.len(), "{sort:?} repeats");
            assert_eq!(seen.iter().filter(|id| id.starts_with("stays")).count(), 100, "{sort:?} skips");
        }
    }
}

on_both! {
    async fn records_are_listed_by_time_and_deletion_and_only_of_their_entity_and_connection(world: World) {
        let application = world.application().await;
        let (one, other) = (world.connect(application, &[]).await.id, world.connect(application, &[]).await.id);
        let start = world.clock.now_micros();
        world.apply(one, vec![row(one, "1", "A")]).await;
        world.apply(other, vec![row(other, "1", "other's")]).await;
        let mut items = crate::harness::page(one, vec![row_of(one, item(), "1", "an item")]);
        items.entity = item();
        world.store.apply(items).await.unwrap();
        world.pass(1);
        world.apply(one, vec![row(one, "2", "B"), row(one, "3", "C")]).await;
        world.pass(1);
        let mut gone = row(one, "3", "C");
        gone.deleted = true;
        world.apply(one, vec![gone, row(one, "1", "A2")]).await;

        let ids = |records: &[Record]| records.iter().map(|record| record.remote_id.clone()).collect::<Vec<_>>();
        let base = ListQuery { sort: Sort::ModifiedAsc, limit: 100, ..Default::default() };
        for (query, expected) in [
            (base.clone(), vec!["2", "1"]),
            (ListQuery { sort: Sort::ModifiedDesc, ..base.clone() }, vec!["1", "2"]),
            (ListQuery { modified_after: Some(start + 1_000_000), ..base.clone() }, vec!["1"]),
            (ListQuery { modified_before: Some(start + 2_000_000), ..base.clone() }, vec!["2"]),
            (ListQuery { created_after: Some(start), ..base.clone() }, vec!["2"]),
            (ListQuery { created_before: Some(start + 1), ..base.clone() }, vec!["1"]),
        ] {
            let found = world.store.list(one, vendor(), &query).await.unwrap();
            assert_eq!(ids(&found), expected, "{query:?}");
            assert_eq!(world.store.count(one, vendor(), &query).await.unwrap(), expected.len() as u64);
            assert!(found.iter().all(|record| record.raw.is_none()));
        }
        let all = ListQuery { include_deleted: true, include_raw: true, limit: 100, ..Default::default() };
        let found = world.store.list(one, vendor(), &all).await.unwrap();
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|record| record.raw.is_some()));
        assert_eq!(world.store.count(one, vendor(), &all).await.unwrap(), 3);
        // An id of one entity or connection says nothing about another's.
        assert_eq!(world.store.get(other, vendor(), found[0].id, false).await.unwrap(), None);
        assert_eq!(world.store.get(one, item(), found[0].id, false).await.unwrap(), None);
    }
}

on_both! {
    async fn natural_keys_find_the_living_records_that_go_by_them(world: World) {
        let connection = world.connection().await;
        let mut twin = row(connection, "2b", "twin");
        twin.natural_key = Some("C2".into());
        let mut gone = row(connection, "3", "gone");
        world.apply(connection, vec![row(connection, "1", "A"), row(connection, "2", "B"), twin, gone.clone()]).await;
        gone.deleted = true;
        world.apply(connection, vec![gone]).await;
        let many: Vec<String> = (0..350).map(|n| format!("C{n}")).collect();
        let keys: Vec<&str> = many.iter().map(String::as_str).collect();
        let found = world.store.find_by_natural_key(connection, vendor(), &keys).await.unwrap();
        let pairs: BTreeSet<_> = found.iter().map(|found| (found.key.as_str(), found.remote_id.as_str())).collect();
        assert_eq!(pairs, BTreeSet::from([("C1", "1"), ("C2", "2"), ("C2", "2b")]));
        assert_eq!(found.len(), 3);
        assert_eq!(world.store.find_by_natural_key(connection, item(), &keys).await.unwrap(), vec![]);
        assert_eq!(world.store.find_by_natural_key(connection, vendor(), &[]).await.unwrap(), vec![]);
    }
}
