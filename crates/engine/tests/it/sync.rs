//! Initial and incremental syncs, crashes in the middle, and errors.

use std::time::Duration;

use serde_json::json;
use trunnion_model::time::{Timestamp, rfc3339};

use super::harness::House;
use super::source::{Trouble, rejected, unreachable, wrong_password};

const MINUTE: Duration = Duration::from_secs(60);

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn keys(windows: &[trunnion_kit::vendor::Window]) -> Vec<Option<&str>> {
    windows.iter().map(|window| window.after_key.as_deref()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sync_reads_everything_and_later_ones_ask_only_for_what_changed() {
    let house = House::new();
    house.source.vendors(25);
    house.hands.advance(10 * MINUTE);
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    let first = house.source.asked("vendor");
    assert!(first.iter().all(|window| window.since.is_none() && window.limit == 10), "{first:?}");
    assert_eq!(keys(&first), [None, Some("0010"), Some("0020"), Some("0025")]);
    assert_eq!(node.plan(&scope, "vendor").await.records, 25);
    assert_eq!(node.events(&scope, "vendor.created").await.len(), 25);

    house.source.put("vendor", "0007", json!({"Code": "V7", "Name": "Renamed"}));
    node.request(&scope, "vendors", "incremental").await;
    node.until(&scope, "vendor", "idle").await;
    let second = house.source.asked("vendor");
    // The rows were changed at 10:00, and the overlap is a minute.
    assert!(second.iter().all(|window| window.since == at("2026-01-31T09:59:00Z")), "{second:?}");
    let updated = node.events(&scope, "vendor.*").await.split_off(25);
    assert_eq!(updated.len(), 1, "{updated:?}");
    assert_eq!(updated[0]["data"]["name"], "Renamed");
    assert_eq!(updated[0]["previous"]["name"], "Acme");

    node.request(&scope, "vendors", "incremental").await;
    node.until(&scope, "vendor", "idle").await;
    let third = house.source.asked("vendor");
    assert_eq!(third[0].since, at("2026-01-31T10:09:00Z"));
    assert_eq!(keys(&third), [None, Some("0007")], "one row of the overlap, then the end");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_sync_asks_for_everything_and_a_snapshot_always_does() {
    let house = House::new();
    house.source.vendors(3);
    house.source.put("item", "1", json!({"Sku": "A", "Name": "Bolt"}));
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    house.source.asked("vendor");
    house.source.asked("item");
    node.request(&scope, "vendor", "full").await;
    node.request(&scope, "item", "incremental").await;
    node.until_quiet(&scope).await;
    for entity in ["vendor", "item"] {
        let asked = house.source.asked(entity);
        assert!(asked.len() == 2 && asked.iter().all(|window| window.since.is_none()), "{asked:?}");
    }
    assert_eq!(node.events(&scope, "vendor.*,item.*").await.len(), 4, "nothing changed");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_window_bounds_the_first_sync() {
    let house = House::new();
    house.source.vendors(2);
    let order =
        |ordered: &str| json!({"Status": "O", "Vendor": "0001", "Currency": "EUR", "Lines": [], "Ordered": ordered});
    for (key, ordered) in [("1", "2025-12-31"), ("2", "2026-01-01"), ("3", "2026-02-01")] {
        house.source.put("purchase_order", key, order(ordered));
    }
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect_with(&json!({"history_days": 30})).await;
    node.until_status(&scope, "online").await;
    let asked = house.source.asked("purchase_order");
    assert!(asked.iter().all(|window| (window.since, window.dated_from) == (None, at("2026-01-01T10:00:00Z"))));
    assert!(house.source.asked("vendor").iter().all(|window| (window.since, window.dated_from) == (None, None)));
    let ids = async || -> Vec<String> {
        let page = node.list(&scope, "purchase-orders", &[]).await;
        let mut ids: Vec<String> =
            page["data"].as_array().unwrap().iter().map(|one| one["remote_id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids().await, ["\"2\"", "\"3\""], "whenever they were changed");
    assert_eq!(node.list(&scope, "vendors", &[]).await["data"].as_array().unwrap().len(), 2, "orders refer to them");
    house.hands.advance(MINUTE);
    house.source.put("purchase_order", "1", order("2025-12-31"));
    node.request(&scope, "purchase_order", "incremental").await;
    node.until_quiet(&scope).await;
    assert_eq!(ids().await.len(), 3, "an older one counts once it changes");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_the_middle_goes_on_from_the_last_page_in_another_process() {
    let house = House::new();
    house.source.vendors(45);
    let meter = house.source.meter(0);
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    // Pages are let through one by one until two of vendors are stored.
    node.wait_for("two pages", async || {
        meter.add_permits(1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let progress = node.plan(&scope, "vendor").await.progress;
        progress.filter(|progress| progress.pages >= 2)
    })
    .await;
    // A crash: every task is dropped where it stands, which takes the runtime a moment.
    drop(workers);
    drop(node);
    tokio::time::sleep(Duration::from_millis(100)).await;
    house.source.asked("vendor");
    meter.add_permits(1_000);
    let node = house.node().await;
    let stored = node.plan(&scope, "vendor").await.progress.unwrap();
    assert!((20..45).contains(&stored.seen), "{stored:?}");
    let workers = node.start();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(house.source.asked("vendor").is_empty(), "the lease is respected");
    house.hands.advance(MINUTE);
    node.until_status(&scope, "online").await;
    let asked = house.source.asked("vendor");
    let last = format!("{:04}", stored.seen);
    assert_eq!(asked[0].after_key.as_deref(), Some(last.as_str()), "it goes on from the last page stored");
    let created = node.events(&scope, "vendor.created").await;
    assert_eq!(created.len(), 45, "one event for each record, although the run was interrupted");
    let sequences: Vec<i64> =
        node.events(&scope, "").await.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, (1..=sequences.len() as i64).collect::<Vec<_>>());
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_node_hands_its_run_back_at_once() {
    let house = House::new();
    house.source.vendors(35);
    let meter = house.source.meter(0);
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.wait_for("a page", async || {
        meter.add_permits(1);
        tokio::time::sleep(Duration::from_millis(10)).await;
        let progress = node.plan(&scope, "vendor").await.progress;
        progress.filter(|progress| progress.pages >= 1)
    })
    .await;
    meter.add_permits(1_000);
    workers.stop(MINUTE).await;
    let node = house.node().await;
    let workers = node.start();
    // The clock stands still: no lease runs out.
    node.until_status(&scope, "online").await;
    assert_eq!(node.events(&scope, "vendor.created").await.len(), 35);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_changes_while_its_entity_is_paged_is_not_lost() {
    let house = House::new();
    house.source.vendors(30);
    house.hands.advance(10 * MINUTE);
    let (clock, hands) = (house.clock.clone(), house.hands.clone());
    let mut vendor_pages = 0;
    house.source.on_page(move |tables, entity| {
        vendor_pages += usize::from(entity == "vendor");
        // The first page is gone past, the third is ahead.
        if vendor_pages == 2 && entity == "vendor" {
            hands.advance(MINUTE);
            tables.put("vendor", "0003", json!({"Code": "V3", "Name": "Changed"}), &clock);
            tables.put("vendor", "0000", json!({"Code": "V0", "Name": "New"}), &clock);
            hands.advance(10 * MINUTE);
            tables.put("vendor", "0029", json!({"Code": "V29", "Name": "Ahead"}), &clock);
        }
    });
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    let name = async |remote: &str| {
        let listed = node.list(&scope, "vendors", &[("limit", "500")]).await;
        let found = listed["data"].as_array().unwrap().iter().find(|row| row["remote_id"] == remote).cloned();
        found.map(|row| row["name"].as_str().unwrap().to_owned())
    };
    house.hands.advance(60 * MINUTE);
    node.request(&scope, "vendor", "incremental").await;
    node.until(&scope, "vendor", "idle").await;
    assert_eq!(name("0003").await.as_deref(), Some("Changed"));
    assert_eq!(name("0000").await.as_deref(), Some("New"));
    assert_eq!(name("0029").await.as_deref(), Some("Ahead"));
    let since: Vec<_> = house.source.asked("vendor").iter().filter_map(|window| window.since).map(rfc3339).collect();
    assert!(since.iter().all(|since| since.as_str() <= "2026-01-31T10:09:00.000000Z"), "{since:?}");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passing_error_is_tried_again_later_from_the_same_place() {
    let house = House::new();
    house.source.vendors(15);
    let node = house.node().await;
    let scope = node.connect().await;
    let workers = node.start();
    node.until_status(&scope, "online").await;
    for entity in ["vendor", "item", "purchase_order"] {
        house.source.asked(entity);
    }
    house.source.trouble_pages([None, Some(unreachable as Trouble), Some(unreachable as Trouble)]);
    node.request(&scope, "vendor", "full").await;
    let error = node.wait_for("an error", async || node.plan(&scope, "vendor").await.last_error).await;
    assert_eq!(error.code, "SYSTEM_UNREACHABLE");
    node.until(&scope, "vendor", "queued").await;
    house.hands.advance(Duration::from_secs(9));
    // The second try fails at once, without a page, and waits twice as long.
    node.wait_for("second try", async || (house.source.pages_asked() >= 3).then_some(())).await;
    node.until(&scope, "vendor", "queued").await;
    house.hands.advance(Duration::from_secs(17));
    let done = node.until(&scope, "vendor", "idle").await;
    assert!(done.last_error.is_none());
    let asked = house.source.asked("vendor");
    assert_eq!(keys(&asked), [None, Some("0010"), Some("0010"), Some("0010"), Some("0015")]);
    node.until_status(&scope, "online").await;
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_makes_no_progress_is_given_up_and_told() {
    let house = House::new();
    let node = house.node().await;
    let workers = node.start();
    // No other run, which would take one of the troubles, comes due while the clock goes ahead.
    let scope = node.connect_with(&json!({"interval_seconds": null})).await;
    node.until_status(&scope, "online").await;
    house.source.trouble_pages([Some(unreachable as Trouble); 3]);
    node.request(&scope, "vendor", "incremental").await;
    node.wait_for("failed", async || {
        let state = node.plan(&scope, "vendor").await.state;
        // Less than a lease, and not while a run is going on: it would lose its lease, and its failure would not count.
        if state != "running" {
            house.hands.advance(Duration::from_secs(5));
        }
        (state == "failed").then_some(())
    })
    .await;
    let told = node.events(&scope, "sync.failed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["error"]["code"], "SYSTEM_UNREACHABLE", "{told:?}");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_park_the_connection_with_one_event_and_no_further_call() {
    let house = House::new();
    house.source.vendors(3);
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect_with(&json!({"interval_seconds": 60})).await;
    node.until_status(&scope, "online").await;
    node.until_quiet(&scope).await;
    let probes = house.source.probes();
    house.source.trouble_pages([Some(wrong_password as Trouble); 3]);
    house.source.trouble_probes(Some(wrong_password));
    node.request(&scope, "vendor", "incremental").await;
    node.until_status(&scope, "reauthorization_required").await;
    node.wait_for("failed", async || (node.plan(&scope, "vendor").await.state == "failed").then_some(())).await;
    let asked = house.source.pages_asked();
    for _ in 0..20 {
        house.hands.advance(10 * MINUTE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(house.source.pages_asked(), asked, "its syncs rest");
    assert_eq!(house.source.probes(), probes + 1, "one login to be sure, then nobody knocked again");
    let told = node.events(&scope, "connection.reauthorization_required").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["data"]["status_reason"]["code"], "PASSWORD_EXPIRED");
    let refused =
        trunnion_engine::services::syncs::request(&node.engine, &node.again(&scope).await, Default::default()).await;
    assert_eq!(refused.unwrap_err().code(), "REAUTHORIZATION_REQUIRED");
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_fails_the_run_and_says_why() {
    let house = House::new();
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    node.until_status(&scope, "online").await;
    house.source.trouble_pages([Some(rejected as Trouble)]);
    node.request(&scope, "vendor", "incremental").await;
    let failed = node.until(&scope, "vendor", "failed").await.last_error.unwrap();
    assert_eq!(failed.code, "SYSTEM_REJECTED");
    assert!(failed.message.contains("vendor is blocked"), "{}", failed.message);
    workers.stop(MINUTE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_that_gives_the_same_page_for_ever_is_found_out() {
    let house = House::new();
    house.source.vendors(10);
    house.source.ignore_keys();
    let node = house.node().await;
    let workers = node.start();
    let scope = node.connect().await;
    let failed = node.until(&scope, "vendor", "failed").await;
    assert!(failed.last_error.unwrap().message.contains("0010"));
    assert_eq!(house.source.asked("vendor").len(), 3, "the page, the same again, and the one asked for meanwhile");
    assert_eq!(failed.records, 10);
    workers.stop(MINUTE).await;
}
