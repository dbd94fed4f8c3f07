//! The receivers in `docs/receive`, run as their first lines say, against a real server: the standard's own libraries from
//! PyPI, npm and crates.io, and what PHP and Ruby bring along.
//!
//! Each must take every type of event that the product has, before, during and after the change of a secret; handle an event
//! that comes twice once; and refuse what is forged, changed, old, or signed with a secret that is over.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use trunnion_model::time::Clock;

use crate::process::{Api, Process, Server, Simulator};

const LOOPBACK: (&str, &str) = ("TRUNNION_WEBHOOKS_ALLOW_NETWORKS", "127.0.0.0/8");
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn python_receives() {
    let Some(python) = program("TRUNNION_TEST_RECEIVE_PYTHON") else { return };
    receives(|_, _| {
        let mut command = Command::new(&python);
        command.arg(document("receive.py"));
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_receives() {
    let Some(node) = program("TRUNNION_TEST_RECEIVE_NODE") else { return };
    let Some(modules) = program("TRUNNION_TEST_RECEIVE_NODE_MODULES") else { return };
    receives(|folder, _| {
        // Packages are looked for beside the program.
        std::os::unix::fs::symlink(&modules, folder.join("node_modules")).unwrap();
        std::fs::copy(document("receive.mjs"), folder.join("receive.mjs")).unwrap();
        let mut command = Command::new(&node);
        command.arg(folder.join("receive.mjs"));
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn php_receives() {
    let Some(php) = program("TRUNNION_TEST_RECEIVE_PHP") else { return };
    receives(|folder, port| {
        let mut command = Command::new(&php);
        command.arg("-S").arg(format!("127.0.0.1:{port}")).arg(document("receive.php")).env("HANDLED", folder);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ruby_receives() {
    let Some(ruby) = program("TRUNNION_TEST_RECEIVE_RUBY") else { return };
    receives(|_, _| {
        let mut command = Command::new(&ruby);
        command.arg(document("receive.rb"));
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_receives() {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().and_then(Path::parent).unwrap().join("examples/receive");
    if !example.is_file() {
        eprintln!("not run: {} was not built", example.display());
        return;
    }
    receives(|_, _| Command::new(&example)).await;
}

/// A first sync, a write, an end: what the log says of it is what the schemas say.
/// What came into the log of all connections after `cursor`.
async fn read_on(api: &Api, cursor: &mut String, log: &mut Vec<Value>) {
    let page: Value = api.get(&format!("/events?limit=500&wait=1{cursor}")).await;
    log.extend(page["data"].as_array().unwrap().iter().cloned());
    if let Some(next) = page["next_cursor"].as_str() {
        *cursor = format!("&after={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_others_wrote_finds_every_event_in_the_form_of_its_type() {
    let Some(python) = program("TRUNNION_TEST_RECEIVE_PYTHON") else { return };
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path(), None);
    let api = server.api(server.key.as_deref().unwrap());
    let simulator = Simulator::start(home.path(), "sap-s4hana", 20);
    let new = json!({
        "system": "sap-s4hana", "credentials": simulator.credentials, "customer": {"id": "c", "name": "Customer"}
    });
    let connected = api.post("/connections", &new).await;
    let (id, token) = (&connected.body["connection"]["id"], connected.body["token"].as_str().unwrap());
    let own = server.api(token);
    let address = json!({"line1": "Dock Street 4", "city": "Leeds", "postal_code": "LS10 1JF", "country": "GB"});
    let vendor = json!({"name": "Pumps Ltd", "currency": "USD", "address": address});
    let written = own.send(Method::POST, "/vendors", Some(&vendor), Some("one")).await;
    assert_eq!(written.status, 201, "{}", written.body);
    let wanted = ["vendor.created", "item.created", "purchase_order.created", "sync.completed", "operation.succeeded"];
    let end = Instant::now() + PATIENCE;
    let (mut log, mut cursor) = (Vec::new(), String::new());
    let seen = |log: &[Value], kind: &str| log.iter().any(|event| event["type"] == kind);
    while !wanted.iter().all(|kind| seen(&log, kind)) {
        assert!(Instant::now() < end, "{:?}", log.iter().map(|event| &event["type"]).collect::<Vec<_>>());
        read_on(&api, &mut cursor, &mut log).await;
    }
    let path = format!("/connections/{}", id.as_str().unwrap());
    assert_eq!(api.send(Method::DELETE, &path, None, None).await.status, 204);
    // The order over all connections follows the commits.
    while !seen(&log, "connection.disconnected") {
        assert!(Instant::now() < end + PATIENCE, "{:?}", log.last());
        read_on(&api, &mut cursor, &mut log).await;
    }
    let types: Value = api.get("/event-types").await;
    let given = home.path().join("events.json");
    std::fs::write(&given, json!({"types": types["data"], "events": log}).to_string()).unwrap();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/validate.py");
    let input = std::fs::File::open(&given).unwrap();
    let output = Command::new(python).arg(script).stdin(input).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn program(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        eprintln!("not run: {variable} is not set; `cargo xtask test` sets it");
    }
    found
}

fn document(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/receive").join(name)
}

async fn receives(command: impl Fn(&Path, u16) -> Command) {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start_with(home.path(), None, &[LOOPBACK]);
    let api = server.api(server.key.as_deref().unwrap());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/hook");
    let made = api.post("/webhook-endpoints", &json!({"url": url})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let endpoint = made.body["endpoint"]["id"].as_str().unwrap().to_owned();
    let old = made.body["secret"].as_str().unwrap().to_owned();
    let start = |secret: &str| {
        let mut command = command(folder.path(), port);
        command.env("WEBHOOK_SECRET", secret).env("PORT", port.to_string());
        Process::start(&mut command)
    };
    let receiver = start(&old);
    until_it_listens(port).await;

    every_type(&api, &endpoint).await;
    refuses(&url, &old).await;
    let rotated = api.post(&format!("/webhook-endpoints/{endpoint}/rotate-secret"), &json!({})).await;
    let new = rotated.body["secret"].as_str().unwrap().to_owned();
    every_type(&api, &endpoint).await;
    real_events(&server, &api, home.path(), &receiver).await;
    drop(receiver);
    if folder.path().join("node_modules").exists() {
        std::fs::remove_file(folder.path().join("node_modules")).unwrap();
    }
    let changed_over = start(&new);
    until_it_listens(port).await;
    every_type(&api, &endpoint).await;
    refuses(&url, &new).await;
    assert_eq!(post(&url, &forged(&old, 0)).await, 401, "the old secret is over for this receiver");
    drop(changed_over);
}

async fn until_it_listens(port: u16) {
    let end = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < end, "the receiver does not listen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The server sends an event of each type, and each is taken.
async fn every_type(api: &Api, endpoint: &str) {
    let types: Value = api.get("/event-types").await;
    for kind in types["data"].as_array().unwrap() {
        let tested = api.post(&format!("/webhook-endpoints/{endpoint}/test"), &json!({"type": kind["name"]})).await;
        assert_eq!(tested.body["delivered"], true, "{}", tested.body);
    }
}

/// What happens on a real connection arrives, each event of the log once.
async fn real_events(server: &Server, api: &Api, home: &Path, receiver: &Process) {
    let simulator = Simulator::start(home, "sap-s4hana", 20);
    let new = json!({
        "system": "sap-s4hana", "credentials": simulator.credentials, "customer": {"id": "c", "name": "Customer"}
    });
    let connected = api.post("/connections", &new).await;
    assert_eq!(connected.status, 201, "{}", connected.body);
    let log = server.api(connected.body["token"].as_str().unwrap());
    let mut wanted = BTreeSet::new();
    let end = Instant::now() + PATIENCE;
    while wanted.len() < 20 {
        assert!(Instant::now() < end, "no events came");
        let page: Value = log.get("/events?limit=20&wait=5").await;
        wanted =
            page["data"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    }
    let handled = RefCell::new(BTreeSet::new());
    receiver.lines_until(|line| {
        let word = |number: usize| line.split_whitespace().nth(number);
        if let (Some("handled"), Some(id)) = (word(0), word(2)) {
            assert!(handled.borrow_mut().insert(id.to_owned()), "{id} was handled twice");
        }
        wanted.is_subset(&handled.borrow())
    });
}

struct Forged {
    id: &'static str,
    timestamp: i64,
    signature: String,
    body: &'static str,
}

const BODY: &str = r#"{"id":"evt_forged","type":"vendor.created"}"#;

/// A message of ours, right but for its age in seconds.
fn forged(secret: &str, age: i64) -> Forged {
    let timestamp = Clock::system().now_micros() / 1_000_000 - age;
    let signature = Webhook::new(secret).unwrap().sign("evt_forged", timestamp, BODY.as_bytes()).unwrap();
    Forged { id: "evt_forged", timestamp, signature, body: BODY }
}

async fn refuses(url: &str, secret: &str) {
    let other = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode([7_u8; 32]));
    assert_eq!(
        post(url, &forged(secret, 0)).await,
        204,
        "the forger has the secret: so the rest is refused for its fault"
    );
    assert_eq!(post(url, &forged(&other, 0)).await, 401, "another secret");
    assert_eq!(post(url, &forged(secret, 400)).await, 401, "an old one");
    assert_eq!(post(url, &forged(secret, -400)).await, 401, "one from the future");
    assert_eq!(post(url, &Forged { body: "{\"id\":\"evt_forged\"}", ..forged(secret, 0) }).await, 401, "another body");
    assert_eq!(post(url, &Forged { id: "evt_other", ..forged(secret, 0) }).await, 401, "another id");
    assert_eq!(post(url, &Forged { signature: "v1,".into(), ..forged(secret, 0) }).await, 401, "half a signature");
}

async fn post(url: &str, message: &Forged) -> u16 {
    let request = Client::builder().no_proxy().build().unwrap().post(url).timeout(PATIENCE).body(message.body);
    let request = request
        .header("content-type", "application/json")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.timestamp.to_string())
        .header("webhook-signature", &message.signature);
    request.send().await.unwrap().status().as_u16()
}
