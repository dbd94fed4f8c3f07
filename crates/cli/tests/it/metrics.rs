//! `/metrics` of a server that works with a simulated system, read by Prometheus's own library (PyPI).

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Server, Simulator};
use crate::tryton::{connect, synced};

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_what_a_server_counts() {
    let Ok(python) = std::env::var("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("skipped: this needs the Python packages that `cargo xtask test` installs");
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let server = Server::start(directory.path(), None);
    let simulator = Simulator::start(directory.path(), "sap-s4hana", 30);
    let api = connect(&server, "sap-s4hana", simulator.credentials.clone()).await;
    synced(&api).await;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/openmetrics.py");
    let output = Command::new(python).arg(script).arg(format!("{}/metrics", server.url)).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let samples: Vec<(String, Value, f64)> = serde_json::from_slice(&output.stdout).expect("JSON");
    let value = |name: &str, labels: Value| {
        let found = samples.iter().find(|(sample, given, _)| sample == name && *given == labels);
        found.unwrap_or_else(|| panic!("{name} {labels}: {samples:#?}")).2
    };
    assert!(value("trunnion_system_calls_total", json!({"system": "sap-s4hana", "outcome": "ok"})) > 0.0);
    assert!(value("trunnion_system_call_seconds_count", json!({"system": "sap-s4hana"})) > 0.0);
    let created = json!({"system": "sap-s4hana", "entity": "purchase_order", "outcome": "created"});
    assert!(value("trunnion_sync_records_total", created) > 0.0);
    assert!((value("trunnion_connections", json!({"system": "sap-s4hana", "status": "online"})) - 1.0).abs() < 0.1);
}
