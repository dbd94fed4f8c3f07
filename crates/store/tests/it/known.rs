//! Rows of which nothing need be read, because the same mapping made what is stored of them.

use std::collections::HashSet;

use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::Incoming;
use trunnion_store::{Claim, Commit, Known, Mapping, Poison};

use crate::harness::{World, on_both, page, row, sync_page, vendor};

const OURS: Mapping = Mapping(7);
const OTHER: Mapping = Mapping(8);

fn rows(connection: ConnectionId, numbers: impl IntoIterator<Item = usize>) -> Vec<Incoming> {
    numbers.into_iter().map(|number| row(connection, &number.to_string(), "A")).collect()
}

fn asked(rows: &[Incoming]) -> Vec<(RecordId, i64)> {
    rows.iter().map(|row| (row.id, row.raw_hash())).collect()
}

impl World {
    /// Which of the vendors with these numbers are not known, as they are stored by the tests.
    async fn unknown(&self, connection: ConnectionId, mapping: Mapping, numbers: std::ops::Range<usize>) -> Vec<usize> {
        let rows = rows(connection, numbers.clone());
        let differing = self.store.differing(connection, vendor(), mapping, &asked(&rows)).await.unwrap();
        numbers.zip(&rows).filter(|(_, row)| differing.contains(&row.id)).map(|(number, _)| number).collect()
    }

    async fn shown(&self, claim: &Claim, mapping: Mapping, numbers: impl IntoIterator<Item = usize>) {
        let page = sync_page(claim, rows(claim.plan.connection, numbers), "shown");
        self.store.apply(Commit { mapping: Some(mapping), ..page }).await.unwrap();
    }

    /// A complete listing that shows these.
    async fn listed(&self, claim: &Claim, mapping: Mapping, numbers: impl IntoIterator<Item = usize>) {
        let listing = self.store.begin_listing(&claim.lease, Some(mapping)).await.unwrap();
        self.shown(claim, mapping, numbers).await;
        self.store.end_listing(&claim.lease, vendor(), listing).await.unwrap();
    }
}

/// Vendors 0 to 2, read by our mapping.
async fn stored(world: &World) -> (ConnectionId, Claim) {
    let connection = world.connection().await;
    let claim = world.claim_one().await;
    world.shown(&claim, OURS, 0..3).await;
    (connection, claim)
}

fn poison(remote_id: &str) -> Poison {
    Poison { remote_id: remote_id.into(), raw: "{}".into(), field: "name".into(), problem: "it is a number".into() }
}

on_both! {
    async fn a_row_is_known_if_its_record_is_stored_of_the_same_row_by_the_same_mapping(world: World) {
        let (connection, _claim) = stored(&world).await;
        assert_eq!(world.unknown(connection, OURS, 0..5).await, [3, 4]);
        assert_eq!(world.unknown(connection, OTHER, 0..3).await, [0, 1, 2]);
        let mut changed = rows(connection, 0..3);
        changed[1].raw = r#"{"id":"1","note":"new"}"#.to_owned();
        let differing = world.store.differing(connection, vendor(), OURS, &asked(&changed)).await.unwrap();
        assert_eq!(differing, HashSet::from([changed[1].id]));
        // The same number twice, of which one row is another.
        let twice = [asked(&changed[1..2]), asked(&rows(connection, 1..2))].concat();
        assert_eq!(world.store.differing(connection, vendor(), OURS, &twice).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn what_was_deleted_is_not_known_when_it_comes_back(world: World) {
        let (connection, _claim) = stored(&world).await;
        let gone = Incoming::gone(rows(connection, 1..2)[0].id, "1".into());
        world.store.apply(page(connection, vec![gone])).await.unwrap();
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [1]);
    }
}

on_both! {
    async fn after_rows_of_another_mapping_nothing_is_known_until_one_listing_read_everything(world: World) {
        let (connection, claim) = stored(&world).await;
        world.shown(&claim, OTHER, [1]).await;
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [0, 1, 2]);
        // Back again, and yet nobody knows of record 1.
        world.shown(&claim, OURS, [0]).await;
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [0, 1, 2]);

        world.listed(&claim, OURS, [0, 2]).await;
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [0, 1, 2], "it did not show record 1");
        world.store.apply(Commit { mapping: Some(OURS), ..page(connection, rows(connection, 1..2)) }).await.unwrap();
        world.listed(&claim, OURS, 0..3).await;
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [0usize; 0]);
        world.listed(&claim, OTHER, 0..3).await;
        assert_eq!(world.unknown(connection, OTHER, 0..3).await, [0usize; 0]);
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [0, 1, 2]);
    }
}

on_both! {
    async fn a_listing_in_which_others_stored_rows_or_one_could_not_be_read_says_nothing(world: World) {
        let (connection, claim) = stored(&world).await;
        for disturbance in ["another mapping", "none", "poison", "another listing"] {
            world.shown(&claim, OTHER, [1]).await;
            let listing = world.store.begin_listing(&claim.lease, Some(OURS)).await.unwrap();
            world.shown(&claim, OURS, 0..2).await;
            match disturbance {
                "another mapping" => world.shown(&claim, OTHER, [1]).await,
                "none" => drop(world.apply(connection, rows(connection, 1..2)).await),
                "poison" => {
                    let page = sync_page(&claim, vec![], "poison");
                    world.store.apply(Commit { poison: vec![poison("1")], ..page }).await.unwrap();
                }
                _ => {
                    world.store.begin_listing(&claim.lease, None).await.unwrap();
                    world.shown(&claim, OURS, 0..2).await;
                }
            }
            world.shown(&claim, OURS, [2]).await;
            world.store.end_listing(&claim.lease, vendor(), listing).await.unwrap();
            assert_eq!(world.unknown(connection, OURS, 0..3).await, [0, 1, 2], "{disturbance}");
        }
        world.listed(&claim, OURS, 0..3).await;
        assert_eq!(world.unknown(connection, OURS, 0..3).await, [0usize; 0]);
    }
}

on_both! {
    async fn a_known_row_was_seen_by_the_listing_counts_as_unchanged_and_leaves_the_quarantine(world: World) {
        let (connection, claim) = stored(&world).await;
        let quarantined = Commit { poison: vec![poison("1")], ..sync_page(&claim, vec![], "poison") };
        world.store.apply(quarantined).await.unwrap();
        let listing = world.store.begin_listing(&claim.lease, None).await.unwrap();
        let known = rows(connection, 0..2).into_iter().map(|row| Known { id: row.id, remote_id: row.remote_id });
        let events = world.kinds(connection).await.len();
        let page = Commit { known: known.collect(), ..sync_page(&claim, vec![], "known") };
        let applied = world.store.apply(page).await.unwrap();
        assert_eq!((applied.created, applied.updated, applied.deleted), (0, 0, 0));
        assert_eq!(world.kinds(connection).await.len(), events);
        world.store.end_listing(&claim.lease, vendor(), listing).await.unwrap();
        let gone = world.store.gone(connection, vendor(), listing, 5).await.unwrap();
        assert_eq!((gone.count, gone.sample), (1, vec!["2".to_owned()]));
        let run = world.store.run(connection, claim.run.id).await.unwrap().unwrap();
        assert_eq!((run.seen, run.unchanged, run.quarantined), (6, 2, 1));
        assert_eq!(world.texts("select remote_id from quarantine").await, [""; 0]);
    }
}
