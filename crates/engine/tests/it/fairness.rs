//! One slow, failing or huge customer delays nobody else.

use std::time::Duration;

use trunnion_engine::Options;

use super::harness::{House, options};

const MINUTE: Duration = Duration::from_secs(60);

fn few_slots() -> Options {
    Options { slots: 8, long_run: Duration::from_millis(50), ..options() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systems_that_do_not_answer_hold_up_nobody_but_themselves() {
    let house = House::new();
    house.source.vendors(3);
    let node = house.node_with(few_slots()).await;
    let workers = node.start();
    let healthy = node.connect_as("quick").await;
    let mut hanging = Vec::new();
    for _ in 0..6 {
        hanging.push(node.connect_as("slow").await);
    }
    for scope in hanging.iter().chain([&healthy]) {
        node.until_status(scope, "online").await;
    }
    house.source.hang_for(Some("slow"));
    for scope in &hanging {
        for entity in ["vendor", "item"] {
            node.request(scope, entity, "incremental").await;
        }
        node.until(scope, "vendor", "running").await;
    }
    house.source.put("vendor", "0009", serde_json::json!({"Code": "V9", "Name": "New"}));
    node.request(&healthy, "vendor", "incremental").await;
    node.wait_for("the healthy one", async || (node.plan(&healthy, "vendor").await.records == 4).then_some(())).await;
    for scope in &hanging {
        assert_eq!(node.plan(scope, "vendor").await.state, "running");
    }
    // A first sync has a lane of its own, also beside first syncs that hang.
    let another_slow = node.connect_as("slow").await;
    node.until(&another_slow, "vendor", "running").await;
    let newcomer = node.connect_as("quick").await;
    node.until_status(&newcomer, "online").await;
    house.source.hang_for(None);
    for scope in &hanging {
        node.wait_for("the end of the outage", async || (node.plan(scope, "vendor").await.records == 4).then_some(()))
            .await;
    }
    workers.stop(MINUTE).await;
}
