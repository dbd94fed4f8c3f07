//! Listing records.

use std::collections::BTreeSet;

use trunnion_model::record::Record;
use trunnion_store::{FieldFilter, FieldFilters, FieldKind, FieldPlace, FieldTest, ListQuery, Position, Sort};

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
        for (sort, deleted_now) in [(Sort::Steady, "x"), (Sort::ModifiedAsc, "y"), (Sort::ModifiedDesc, "z")] {
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

on_both! {
    async fn records_are_filtered_by_their_fields_in_the_same_way_on_both_databases(world: World) {
        let connection = world.connection().await;
        let with = |remote_id: &str, data: &str| {
            let mut row = row(connection, remote_id, "100% cotton_");
            data.clone_into(&mut row.data);
            row
        };
        world.apply(connection, vec![
            with("1", r#"{"active":true,"code":"C1","cost":"9.5","count":10,"name":"Acme GmbH","since":"2026-01-31"}"#),
            with("2", r#"{"active":false,"code":"C2","cost":"10","count":9,"name":"acme_ltd","since":"2026-02-01"}"#),
            with("3", r#"{"code":"C3","name":"B%C ' or 1=1 --"}"#),
        ]).await;
        let text = FieldKind::Text;
        let member = |name: &str, kind| FieldPlace::Member { name: name.into(), kind };
        let find = async |filters: Vec<(FieldPlace, FieldTest)>, any: bool| {
            let filters = filters.into_iter().map(|(place, test)| FieldFilter { place, test }).collect();
            let query = ListQuery { fields: FieldFilters { filters, any }, limit: 10, ..Default::default() };
            let mut found: Vec<String> = world.store.list(connection, vendor(), &query).await.unwrap()
                .into_iter().map(|record| record.remote_id).collect();
            assert_eq!(world.store.count(connection, vendor(), &query).await.unwrap(), found.len() as u64);
            found.sort();
            found.concat()
        };
        let one = |value: &str| FieldTest::In(vec![value.to_owned()]);
        let number = FieldKind::Number;
        for (place, test, expected) in [
            (member("name", text), one("Acme GmbH"), "1"),
            (member("name", text), FieldTest::Contains("ACME".into()), "12"),
            (member("name", text), FieldTest::StartsWith("acme_".into()), "2"),
            (member("name", text), FieldTest::Contains("%".into()), "3"),
            (member("name", text), one("B%C ' or 1=1 --"), "3"),
            (member("na\"me' --", text), one("x"), ""),
            (member("name", text), FieldTest::GreaterOrEqual("B".into()), "23"),
            (member("cost", number), FieldTest::Greater("9.5".into()), "2"),
            (member("cost", number), FieldTest::LessOrEqual("10".into()), "12"),
            (member("cost", number), one("9.5"), "1"),
            (member("count", number), FieldTest::Less("10".into()), "2"),
            (member("count", number), FieldTest::In(vec!["10".into(), "9".into()]), "12"),
            (member("active", FieldKind::Bool), one("true"), "1"),
            (member("active", FieldKind::Bool), one("false"), "2"),
            (member("since", text), FieldTest::Less("2026-02-01".into()), "1"),
            (FieldPlace::NaturalKey { name: "code".into() }, FieldTest::In(vec!["C1".into(), "C3".into()]), "13"),
            (FieldPlace::NaturalKey { name: "code".into() }, FieldTest::Greater("C1".into()), "23"),
            (FieldPlace::RemoteId, one("2"), "2"),
            (FieldPlace::Display, FieldTest::StartsWith("100%".into()), "123"),
        ] {
            assert_eq!(find(vec![(place.clone(), test.clone())], false).await, expected, "{place:?} {test:?}");
        }
        let both = vec![(FieldPlace::RemoteId, one("1")), (member("cost", number), FieldTest::Less("11".into()))];
        assert_eq!(find(both.clone(), false).await, "1");
        assert_eq!(find(both, true).await, "12");
    }
}
