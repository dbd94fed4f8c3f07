//! A system that has no services for meters is a connection like any other.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Server, Simulator};
use crate::tryton::connect;

#[tokio::test(flavor = "multi_thread")]
async fn a_system_without_meters_is_online_and_their_own_syncs_say_why() {
    let data = tempfile::tempdir().unwrap();
    let simulator = Simulator::start_with(data.path(), "sap-s4hana", &["--records", "5", "--without", "meters"]);
    let server = Server::start(data.path(), None);
    let api = connect(&server, "sap-s4hana", simulator.credentials.clone()).await;
    let end = Instant::now() + Duration::from_secs(90);
    while api.get::<Value>("/connection").await["status"] != "online" {
        assert!(Instant::now() < end, "{}", api.get::<Value>("/connection").await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let syncs: Value = api.get("/sync-status").await;
    for sync in syncs["data"].as_array().unwrap() {
        let is_absent = ["meter", "meter_reading"].iter().any(|name| sync["entity"] == *name);
        let told = sync["last_error"]["message"].as_str().is_some_and(|text| text.contains("not published"));
        assert_eq!(told, is_absent, "{sync}");
    }
}
