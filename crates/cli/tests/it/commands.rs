//! The commands that speak to a running server, as a person or a script runs them.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::process::{Server, Simulator, command};
use crate::receiver::Receiver;

const LOOPBACK: (&str, &str) = ("TRUNNION_WEBHOOKS_ALLOW_NETWORKS", "127.0.0.0/8");

/// A shell in which server and key are set.
struct Shell<'d> {
    directory: &'d Path,
    server: String,
    key: String,
}

impl Shell<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command(self.directory);
        command.env("TRUNNION_SERVER", &self.server).env("TRUNNION_KEY", &self.key);
        command.args(arguments).output().unwrap()
    }

    /// What a run with `--json` printed.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a failed run complained about.
    fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook_endpoints_are_made_tried_and_removed_from_a_shell() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_with(directory.path(), None, &[LOOPBACK]);
    let receiver = Receiver::start().await;
    let key = server.key.clone().unwrap();
    let shell = Shell { directory: directory.path(), server: server.url.clone(), key };

    let made = shell.json(&["webhooks", "create", &receiver.url, "--types", "vendor.*,sync.failed"]);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let id = made["endpoint"]["id"].as_str().unwrap();
    assert_eq!(made["endpoint"]["types"], serde_json::json!(["vendor.*", "sync.failed"]));
    let table = shell.text(&["webhooks", "list"]);
    assert!(table.starts_with("ID") && table.contains(id) && table.contains("vendor.*,sync.failed"), "{table}");
    assert!(shell.text(&["webhooks", "test", id]).starts_with("delivered: status 200"));
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].json()["id"], arrived[0].headers["webhook-id"].to_str().unwrap());
    assert_eq!(shell.json(&["webhooks", "disable", id])["state"], "disabled");
    assert_eq!(shell.json(&["webhooks", "enable", id])["state"], "active");
    assert_ne!(shell.json(&["webhooks", "rotate-secret", id])["secret"], made["secret"]);
    assert_eq!(shell.text(&["webhooks", "deliveries", id]), "no deliveries\n");
    let replayed = shell.json(&["webhooks", "replay", id, "--since", "2026-01-31T10:00:00Z"]);
    assert_eq!(replayed["scheduled"], 0);
    shell.text(&["webhooks", "delete", id]);
    assert_eq!(shell.json(&["webhooks", "list"]), serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_what_the_server_refused_and_where() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_with(directory.path(), None, &[LOOPBACK]);
    let key = server.key.clone().unwrap();
    let mut shell = Shell { directory: directory.path(), server: server.url.clone(), key };

    let said = shell.complaint(&["webhooks", "create", "http://127.0.0.1:9/", "--types", "vendor.*,vendors.created"]);
    assert!(
        said.contains("/types/1: is no event type") && said.contains("422 VALIDATION_FAILED, request req_"),
        "{said}"
    );
    let said = shell.complaint(&["webhooks", "show", "whe_01k8n3v5j2x4w6y8z0a1b2c3d4"]);
    assert!(said.contains("404 NOT_FOUND"), "{said}");
    shell.key = "tk_nobody".to_owned();
    let said = shell.complaint(&["webhooks", "list"]);
    assert!(said.contains("401 AUTHENTICATION_FAILED") && !said.contains("nobody"), "{said}");
    shell.server = "http://127.0.0.1:1".to_owned();
    let said = shell.complaint(&["webhooks", "list"]);
    assert!(said.contains("cannot reach the server at http://127.0.0.1:1/api/v1"), "{said}");
    let unset = command(directory.path()).args(["webhooks", "list"]).output().unwrap();
    assert_eq!(unset.status.code(), Some(2), "without a key it is not even tried: {unset:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_syncs_are_looked_at_and_started_from_a_shell() {
    let directory = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(directory.path(), "sap-s4hana", 20);
    let server = Server::start_with(directory.path(), None, &[]);
    let key = server.key.clone().unwrap();
    let body = serde_json::json!({
        "system": "sap-s4hana", "credentials": simulator.credentials,
        "customer": {"id": "c1", "name": "Customer"}, "sync": {"interval_seconds": null},
    });
    let made = server.api(&key).post("/connections", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["connection"]["id"].as_str().unwrap();
    let shell = Shell { directory: directory.path(), server: server.url.clone(), key };

    assert!(shell.text(&["connections", "list"]).contains(id));
    assert_eq!(shell.json(&["connections", "show", id])["sync"]["entities"]["vendor"]["interval_seconds"], Value::Null);
    assert!(shell.text(&["connections", "check", id]).starts_with("ok logged in as"));
    let told = shell.text(&["sync", "run", "--connection", id, "--entity", "vendors", "--mode", "full", "--follow"]);
    assert!(told.contains("vendor") && told.contains("succeeded"), "{told}");
    let runs = shell.json(&["sync", "run", "--connection", id, "--entity", "vendors,items", "--follow"]);
    assert_eq!(runs["data"].as_array().unwrap().len(), 2);
    assert!(runs["data"].as_array().unwrap().iter().all(|run| run["state"] == "succeeded"), "{runs}");
    assert!(shell.text(&["sync", "status", "--connection", id]).starts_with("ENTITY"));
    assert_eq!(shell.json(&["connections", "pause", id])["status"], "paused");
    assert!(shell.complaint(&["sync", "run", "--connection", id]).contains("paused"));
    assert_eq!(shell.json(&["connections", "resume", id])["sync"]["paused"], false);
    assert!(shell.complaint(&["sync", "run", "--connection", id, "--entity", "boats"]).contains("/entities/0"));
}
