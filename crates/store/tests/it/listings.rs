//! Complete listings: what they saw, what they did not, and what is deleted for it.

use std::collections::BTreeSet;

use trunnion_model::change::Cause;
use trunnion_model::ids::ConnectionId;
use trunnion_model::record::Incoming;
use trunnion_store::{Claim, Commit, Gone, HeldReason, HeldState, PageProgress, Poison};

use crate::harness::{World, on_both, page, row, sync_page, vendor};

/// A connection with so many vendors, and the lease of a run.
async fn stored(world: &World, count: usize) -> (ConnectionId, Claim) {
    let connection = world.connection().await;
    let claim = world.claim_one().await;
    let rows = (0..count).map(|number| vendor_of(connection, number)).collect();
    world.store.apply(sync_page(&claim, rows, "stored")).await.unwrap();
    (connection, claim)
}

fn vendor_of(connection: ConnectionId, number: usize) -> Incoming {
    row(connection, &number.to_string(), "A")
}

impl World {
    async fn shows(&self, claim: &Claim, numbers: impl IntoIterator<Item = usize>) {
        let rows = numbers.into_iter().map(|number| vendor_of(claim.plan.connection, number)).collect();
        self.store.apply(sync_page(claim, rows, "shown")).await.unwrap();
    }

    async fn gone(&self, claim: &Claim, generation: i64) -> Gone {
        self.store.gone(claim.plan.connection, vendor(), generation, 3).await.unwrap()
    }

    async fn ended(&self, claim: &Claim, generation: i64) -> i64 {
        self.store.end_listing(&claim.lease, vendor(), generation).await.unwrap();
        self.gone(claim, generation).await.count
    }

    /// How many were deleted.
    async fn swept(&self, claim: &Claim, generation: i64) -> u64 {
        let progress = progress(claim);
        let mut all = 0;
        loop {
            let some = self.store.sweep(&progress, generation, Cause::Full).await.unwrap();
            all += some;
            if some == 0 {
                return all;
            }
        }
    }

    /// Rows that are there only for listings.
    async fn left(&self) -> (i64, i64) {
        let pages = self.texts("select cast(count(*) as text) from listing_page").await;
        let unseen = self.texts("select cast(count(*) as text) from record_unseen").await;
        (pages[0].parse().unwrap(), unseen[0].parse().unwrap())
    }
}

fn progress(claim: &Claim) -> PageProgress {
    sync_page(claim, vec![], "x").progress.unwrap()
}

on_both! {
    async fn what_no_page_shows_is_gone_and_nothing_is_left_of_the_listing(world: World) {
        let (connection, claim) = stored(&world, 2_500).await;
        let listing = world.store.begin_listing(&claim.lease, None).await.unwrap();
        for pages in 0..2 {
            // The second time each is shown once more, as by a system whose pages shift.
            world.shows(&claim, (0..1_000).map(|number| number + pages * 200)).await;
        }
        assert_eq!(world.ended(&claim, listing).await, 1_300);
        assert_eq!(world.left().await, (0, 1_300));
        assert_eq!(world.swept(&claim, listing).await, 1_300);
        assert_eq!(world.left().await, (0, 0));
        let live: BTreeSet<usize> = live(&world, connection).await;
        assert_eq!(live, (0..1_200).collect());
        let told = world.kinds(connection).await.into_iter().filter(|kind| kind == "vendor.deleted").count();
        assert_eq!(told, 1_300);
    }
}

on_both! {
    async fn whoever_sees_a_record_while_a_listing_goes_on_or_after_it_takes_it_out(world: World) {
        let (connection, claim) = stored(&world, 6).await;
        let listing = world.store.begin_listing(&claim.lease, None).await.unwrap();
        world.shows(&claim, [0]).await;
        // A webhook; a row that could not be mapped; a key of which nothing else is known.
        world.apply(connection, vec![vendor_of(connection, 1)]).await;
        let poison = Poison {
            remote_id: "2".into(),
            raw: "{}".into(),
            field: "name".into(),
            problem: "it is a number".into(),
        };
        world.store.apply(Commit { poison: vec![poison], ..sync_page(&claim, vec![], "poison") }).await.unwrap();
        let listed = vec![vendor_of(connection, 3).id];
        world.store.apply(Commit { listed, ..sync_page(&claim, vec![], "key") }).await.unwrap();
        // That it is gone is not to be there.
        let gone = Incoming::gone(vendor_of(connection, 4).id, "4".into());
        world.store.apply(page(connection, vec![gone])).await.unwrap();
        world.store.end_listing(&claim.lease, vendor(), listing).await.unwrap();
        assert_eq!(world.gone(&claim, listing).await, Gone { count: 1, sample: vec!["5".into()] });

        world.apply(connection, vec![vendor_of(connection, 5)]).await;
        assert_eq!(world.gone(&claim, listing).await.count, 0);
        assert_eq!(world.swept(&claim, listing).await, 0);
        assert_eq!(live(&world, connection).await, BTreeSet::from([0, 1, 2, 3, 5]));
    }
}

on_both! {
    async fn a_listing_that_is_begun_anew_counts_nothing_of_the_one_before_and_one_that_is_over_ends_once(world: World) {
        let (connection, claim) = stored(&world, 3).await;
        let first = world.store.begin_listing(&claim.lease, None).await.unwrap();
        world.shows(&claim, [0, 1, 2]).await;
        let second = world.store.begin_listing(&claim.lease, None).await.unwrap();
        assert_eq!(second, first + 1);
        world.shows(&claim, [0]).await;
        assert_eq!(world.ended(&claim, second).await, 2);
        // As after a crash between the end and the deletions.
        assert_eq!(world.ended(&claim, second).await, 2);
        world.apply(connection, vec![vendor_of(connection, 1)]).await;
        assert_eq!(world.left().await, (0, 1), "nothing is noted of what is seen after the end");
    }
}

on_both! {
    async fn what_is_held_can_be_accepted_while_the_next_listing_goes_on_but_for_what_that_one_shows(world: World) {
        let (connection, claim) = stored(&world, 700).await;
        let first = world.store.begin_listing(&claim.lease, None).await.unwrap();
        world.shows(&claim, 0..10).await;
        assert_eq!(world.ended(&claim, first).await, 690);
        let held = world.store.hold_deletion(&claim.lease, first, HeldReason::Threshold, (690, 700)).await.unwrap();

        let second = world.store.begin_listing(&claim.lease, None).await.unwrap();
        world.shows(&claim, 0..20).await;
        let mut state = held.state;
        while state == HeldState::Held {
            state = world.store.accept_deletion(connection, held.id).await.unwrap().state;
        }
        assert_eq!(live(&world, connection).await, (0..20).collect());
        assert_eq!(world.ended(&claim, second).await, 0);
        assert_eq!(world.left().await, (0, 0));
    }
}

on_both! {
    async fn what_the_next_listing_misses_too_is_not_held_for_the_first_ones_account(world: World) {
        let (_, claim) = stored(&world, 5).await;
        let first = world.store.begin_listing(&claim.lease, None).await.unwrap();
        world.shows(&claim, [0, 1, 2]).await;
        assert_eq!(world.ended(&claim, first).await, 2);
        let second = world.store.begin_listing(&claim.lease, None).await.unwrap();
        world.shows(&claim, [0, 1, 3]).await;
        assert_eq!(world.ended(&claim, second).await, 2);
        let both = [world.gone(&claim, first).await, world.gone(&claim, second).await];
        assert_eq!(both.map(|gone| gone.count), [1, 2], "4 is missing in both, 2 in the second");
    }
}

/// The numbers of the vendors that are not deleted.
async fn live(world: &World, connection: ConnectionId) -> BTreeSet<usize> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let query = trunnion_store::ListQuery { limit: 500, after, ..Default::default() };
        let records = world.store.list(connection, vendor(), &query).await.unwrap();
        let Some(last) = records.last() else { return found };
        after = Some(trunnion_store::Position { modified_at: last.modified_at, id: last.id });
        found.extend(records.iter().filter(|r| r.deleted_at.is_none()).map(|r| r.remote_id.parse::<usize>().unwrap()));
    }
}
