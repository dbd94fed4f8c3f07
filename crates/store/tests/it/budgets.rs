//! Rate budgets: shared by nodes, kept over restarts.

use std::time::Duration;

use trunnion_store::{BudgetAsk, BudgetLease, BudgetNews};

use crate::harness::{World, on_both};

const LEASE: Duration = Duration::from_secs(15);

async fn lease(world: &World, node: u8, most: usize, news: Option<BudgetNews>) -> BudgetLease {
    let ask = BudgetAsk { key: [7; 32], most, news };
    world.store.lease_budgets(&[node; 16], LEASE, &[ask]).await.unwrap()[0]
}

on_both! {
    async fn nodes_share_the_places_of_a_budget_and_never_have_more_together(world: World) {
        assert_eq!(lease(&world, 1, 5, None).await.places, 5, "alone it has all");
        assert_eq!(lease(&world, 2, 5, None).await.places, 0, "the other does not know yet");
        assert_eq!(lease(&world, 1, 5, None).await.places, 2, "and gives back");
        assert_eq!(lease(&world, 2, 5, None).await.places, 2);
        world.pass(14);
        assert_eq!(lease(&world, 1, 5, None).await.places, 2);
        world.pass(1);
        assert_eq!(lease(&world, 1, 5, None).await.places, 5, "a node that died leaves its places");
        let other = BudgetAsk { key: [8; 32], most: 3, news: None };
        assert_eq!(world.store.lease_budgets(&[2; 16], LEASE, &[other]).await.unwrap()[0].places, 3);
    }
}

on_both! {
    async fn what_one_node_learned_holds_for_all_and_after_a_restart(world: World) {
        let now = world.clock.now_micros();
        let pause = BudgetNews { at_once: 2, closed_until: now + 60_000_000 };
        assert_eq!(lease(&world, 1, 5, Some(pause)).await, BudgetLease { places: 2, known: pause });
        let shorter = BudgetNews { at_once: 3, closed_until: now + 1 };
        let both = BudgetNews { at_once: 3, closed_until: pause.closed_until };
        assert_eq!(lease(&world, 2, 5, Some(shorter)).await.known, both);
        assert_eq!(lease(&world, 3, 5, None).await.known, both);
        assert_eq!(lease(&world, 3, 1, None).await.known.at_once, 1, "never more than declared");
        world.pass(100);
        assert!(world.store.purge_budgets(world.clock.now_micros()).await.unwrap() > 0);
        assert_eq!(lease(&world, 1, 5, None).await.known, BudgetNews { at_once: 5, closed_until: 0 });
    }
}
