//! Who goes first, and what is learned.

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

async fn take(budget: &Budget, lane: Lane) -> Permit {
    budget.acquire(lane, PATIENCE).await.ok().unwrap()
}

/// In which order those that wait for `busy` to end are served, one after the other.
async fn order(budget: &Budget, busy: Permit, lanes: &[Lane]) -> Vec<Lane> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for &lane in lanes {
        let (budget, tell) = (budget.clone(), tell.clone());
        tokio::spawn(async move {
            let permit = take(&budget, lane).await;
            tell.send(lane).unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(permit);
        });
        tokio::task::yield_now().await;
    }
    drop((tell, busy));
    let mut order = Vec::new();
    while let Some(lane) = told.recv().await {
        order.push(lane);
    }
    order
}

#[tokio::test]
async fn a_write_goes_first_and_a_backfill_last() {
    let budget = Budget::new(1);
    let busy = take(&budget, Lane::Backfill).await;
    let lanes = [Lane::Backfill, Lane::Incremental, Lane::ReadThrough, Lane::Write, Lane::Backfill, Lane::Write];
    let served = order(&budget, busy, &lanes).await;
    let last = [Lane::ReadThrough, Lane::Incremental, Lane::Backfill, Lane::Backfill];
    assert_eq!(served, [&[Lane::Write, Lane::Write][..], &last].concat());
}

#[tokio::test]
async fn a_backfill_leaves_a_place_free_for_a_write() {
    let budget = Budget::new(3);
    let (_one, _two) = (take(&budget, Lane::Backfill).await, take(&budget, Lane::Backfill).await);
    let third = tokio::time::timeout(Duration::from_millis(5), budget.acquire(Lane::Backfill, PATIENCE));
    assert!(third.await.is_err());
    let _write = take(&budget, Lane::Write).await;
}

#[tokio::test]
async fn one_that_no_longer_waits_takes_no_place() {
    let budget = Budget::new(1);
    let busy = take(&budget, Lane::Write).await;
    let gave_up = tokio::time::timeout(Duration::from_millis(5), budget.acquire(Lane::Write, PATIENCE));
    assert!(gave_up.await.is_err());
    drop(busy);
    take(&budget, Lane::Backfill).await;
}

#[tokio::test]
async fn a_closed_budget_opens_by_itself_and_a_long_pause_is_told_at_once() {
    let budget = Budget::new(2);
    let before = Instant::now();
    budget.close(Duration::from_millis(60));
    drop(take(&budget, Lane::Backfill).await);
    assert!(before.elapsed() >= Duration::from_millis(60));
    budget.close(Duration::from_secs(100));
    let told = budget.acquire(Lane::Write, PATIENCE).await.err().unwrap();
    assert!(told > Duration::from_secs(99) && budget.learned().closed_for > Duration::from_secs(99));
}

#[tokio::test]
async fn who_waits_when_the_budget_closes_is_served_when_it_opens() {
    let budget = Budget::new(1);
    let busy = take(&budget, Lane::Write).await;
    let closing = async {
        budget.close(Duration::from_millis(20));
        drop(busy);
    };
    let served = tokio::time::timeout(PATIENCE, async { tokio::join!(take(&budget, Lane::Write), closing) }).await;
    let (busy, ()) = served.expect("somebody wakes it");
    let closing = async { budget.close(PATIENCE * 2) };
    let (told, ()) = tokio::join!(budget.acquire(Lane::Write, PATIENCE), closing);
    assert!(told.err().is_some_and(|pause| pause > PATIENCE), "a long pause is told to those that wait already");
    drop(busy);
}

#[tokio::test]
async fn too_many_at_once_is_learned_and_slowly_forgotten() {
    let budget = Budget::new(4);
    let all = [take(&budget, Lane::Write).await, take(&budget, Lane::Write).await, take(&budget, Lane::Write).await];
    budget.too_many();
    assert_eq!(budget.learned().at_once, 2);
    drop(all);
    budget.too_many();
    assert_eq!(budget.learned().at_once, 1, "never none");
    for _ in 0..TRY_MORE_AFTER * 9 {
        budget.good();
    }
    assert_eq!(budget.learned().at_once, 4);
}

#[tokio::test]
async fn places_are_shared_with_other_processes() {
    let budget = Budget::new(4);
    budget.grant(0);
    let none = tokio::time::timeout(Duration::from_millis(20), budget.acquire(Lane::Write, PATIENCE));
    assert!(none.await.is_err());
    budget.grant(1);
    let _one = take(&budget, Lane::Write).await;
    assert!(tokio::time::timeout(Duration::from_millis(20), budget.acquire(Lane::Write, PATIENCE)).await.is_err());
    let fresh = Budget::new(4);
    fresh.learn(Learned { at_once: 9, closed_for: Duration::from_secs(5) });
    let Learned { at_once, closed_for } = fresh.learned();
    assert!(at_once == 4 && closed_for > Duration::from_secs(4) && closed_for <= Duration::from_secs(5));
}
