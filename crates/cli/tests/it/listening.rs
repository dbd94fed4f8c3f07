//! `trunnion listen` and `trunnion events follow`: what happens, on a developer's machine.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::process::{Process, Server, Simulator, command};
use crate::receiver::Receiver;

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_posted_signed_to_a_program_on_this_machine_and_shown_in_a_terminal() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), None);
    let key = server.key.clone().unwrap();
    let receiver = Receiver::start().await;
    let start = |arguments: &[&str]| {
        let mut command = command(home.path());
        command.env("TRUNNION_SERVER", &server.url).env("TRUNNION_KEY", &key).args(arguments);
        Process::start(&mut command)
    };
    let listening = start(&["listen", "--forward-to", &receiver.url, "--types", "connection.*,vendor.*"]);
    let lines = listening.lines_until(|line| line.contains("are posted to"));
    let secret = lines.iter().find_map(|line| line.split_whitespace().find(|word| word.starts_with("whsec_")));
    let verifier = Webhook::new(secret.unwrap()).unwrap();
    let following = start(&["events", "follow", "--after", "0", "--json"]);

    let simulator = Simulator::start(home.path(), "sap-s4hana", 10);
    let new = json!({
        "system": "sap-s4hana", "credentials": simulator.credentials, "customer": {"id": "c", "name": "Customer"}
    });
    let api = server.api(&key);
    assert_eq!(api.post("/connections", &new).await.status, 201);
    listening.lines_until(|line| line.contains("vendor.created") && line.ends_with("200"));
    let followed = following.lines_until(|line| line.contains("vendor.created"));
    let first: Value = serde_json::from_str(&followed[0]).unwrap();
    assert_eq!(first["type"], "connection.created");

    let end = Instant::now() + Duration::from_secs(30);
    while receiver.arrived().len() < 2 {
        assert!(Instant::now() < end, "nothing arrived");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for arrived in receiver.arrived() {
        verifier.verify(&arrived.body, &arrived.headers).unwrap();
        let event = arrived.json();
        assert_eq!(arrived.headers["webhook-id"].to_str().unwrap(), event["id"]);
        let kind = event["type"].as_str().unwrap();
        assert!(kind.starts_with("connection.") || kind.starts_with("vendor."), "{kind}");
    }
}
