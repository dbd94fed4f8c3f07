//! Ways to log in besides user and password, against the SAP simulator: a key, a token for a client's secret, and a client
//! certificate, which OpenSSL checks in front of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use trunnion_connectors::sap_s4hana::sim::gate::{API_KEY, CLIENT_ID, CLIENT_SECRET};

use crate::process::{Process, Reply, Server, Simulator};
use crate::tryton::synced;

/// What an order is about, as the sandbox's own form has it.
fn with_settings(credentials: &Value) -> Value {
    let mut all = json!({
        "company_code": "1010", "purchasing_organization": "1010", "purchasing_group": "001", "plant": "1010",
        "storage_location": "101A"
    });
    all.as_object_mut().unwrap().extend(credentials.as_object().unwrap().clone());
    all
}

async fn connect(server: &Server, credentials: &Value) -> Reply {
    let manager = server.api(server.key.as_deref().unwrap());
    let body = json!({
        "system": "sap-s4hana", "credentials": with_settings(credentials), "customer": {"id": "c", "name": "Acme"}
    });
    manager.post("/connections", &body).await
}

/// The first sync is over, and a vendor's name can be changed there.
async fn reads_and_writes(server: &Server, made: &Reply) {
    assert_eq!(made.status, 201, "{}", made.body);
    let api = server.api(made.body["token"].as_str().unwrap());
    synced(&api).await;
    let vendors: Value = api.get("/vendors?limit=1").await;
    let path = format!("/vendors/{}", vendors["data"][0]["id"].as_str().unwrap());
    let changed = api.send(Method::PATCH, &path, Some(&json!({"name": "Renamed by another login"})), Some("k1")).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("Renamed by another login")), "{}", changed.body);
}

fn refused(reply: &Reply, text: &str) {
    assert_eq!((reply.status, &reply.body["code"]), (422, &json!("AUTHENTICATION_FAILED")), "{}", reply.body);
    assert!(reply.body["detail"].as_str().unwrap().contains(text), "{text}: {}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_header_opens_a_system_and_a_wrong_one_is_tried_once() {
    let folder = tempfile::tempdir().unwrap();
    let (server, sap) = (Server::start(folder.path(), None), Simulator::start(folder.path(), "sap-s4hana", 20));
    let key = |key: &str| json!({"auth": "api_key", "url": sap.url, "api_key": key});
    refused(&connect(&server, &key("key-of-somebody-else")).await, "refused the credentials");
    let tried = sap.requests().await.iter().filter(|asked| asked.status == 401).count();
    assert_eq!(tried, 1, "nobody is asked twice");
    reads_and_writes(&server, &connect(&server, &key(API_KEY)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_secret_gets_a_token_and_opens_a_system_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (server, sap) = (Server::start(folder.path(), None), Simulator::start(folder.path(), "sap-s4hana", 20));
    let token_url = format!("{}/apimanagement/oauth/token", sap.url);
    let client = |secret: &str| json!({"auth": "oauth2_client", "url": sap.url, "token_url": token_url, "client_id": CLIENT_ID, "client_secret": secret});
    refused(&connect(&server, &client("secret-of-somebody-else")).await, "refused the credentials");
    reads_and_writes(&server, &connect(&server, &client(CLIENT_SECRET)).await).await;
    let asked = sap.requests().await;
    let tokens = asked.iter().filter(|asked| asked.path == "/apimanagement/oauth/token" && asked.status == 200).count();
    assert_eq!(tokens, 1, "one token serves all requests");
}

fn front(python: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls_front.py")).args(arguments);
    command
}

fn certificate(folder: &Path, name: &str, url: &str) -> Value {
    let read = |end: &str| std::fs::read_to_string(folder.join(format!("{name}.{end}"))).unwrap();
    json!({"auth": "certificate", "url": url, "certificate": read("pem"), "private_key": read("key")})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_opens_a_system_once_it_is_mapped_to_a_user() {
    let Ok(python) = std::env::var("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("skipped: certificates need the Python packages that `cargo xtask test` installs");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().display().to_string();
    assert!(front(&python, &["make", &there]).status().unwrap().success());
    let sap = Simulator::start(folder.path(), "sap-s4hana", 20);
    let front = Process::start(&mut front(&python, &["serve", &there, &sap.url]));
    let url = front.lines_until(|line| line.starts_with("https://")).pop().unwrap();
    // Whom the server trusts is the machine's business; here, the CA of the front.
    let trusted = folder.path().join("ca.pem").display().to_string();
    let server = Server::start_with(folder.path(), None, &[("SSL_CERT_FILE", &trusted)]);

    let strange = connect(&server, &certificate(folder.path(), "strange", &url)).await;
    refused(&strange, "does not take the client certificate (UnknownCA)");
    assert!(sap.requests().await.is_empty(), "it never got that far");
    let known = certificate(folder.path(), "known", &url);
    refused(&connect(&server, &known).await, "refused the credentials");
    let mut mixed = known.clone();
    mixed["private_key"] = certificate(folder.path(), "strange", &url)["private_key"].clone();
    let refusal = connect(&server, &mixed).await;
    assert_eq!(refusal.status, 422, "{}", refusal.body);
    assert!(refusal.body.to_string().contains("do not belong together"), "{}", refusal.body);

    let pem = known["certificate"].as_str().unwrap().to_owned();
    let mapped = reqwest::Client::new().post(format!("{}/_control/trust_certificate", sap.url)).body(pem).send().await;
    assert_eq!(mapped.unwrap().status(), 204);
    reads_and_writes(&server, &connect(&server, &known).await).await;
    let connection: Value = server.api(server.key.as_deref().unwrap()).get("/connections").await;
    assert!(!connection.to_string().contains("PRIVATE KEY"), "no secret is shown");
}
