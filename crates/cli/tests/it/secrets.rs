//! Secrets, from outside: none of those that were used is in a log, an answer, a setting that is shown or a file; and the master
//! key is changed while the server works.

use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use reqwest::Method;
use serde_json::{Value, json};
use trunnion_connectors::sap_s4hana::sim::gate::{API_KEY, CLIENT_ID, CLIENT_SECRET as CLIENT_SECRET_OF_SAP};

use crate::process::{Api, Server, Simulator, command};
use crate::provider::{CLIENT_SECRET, Provider};

/// An address that answers every request with 400 and what was sent to it, headers and all: the rudest system there is.
pub(crate) async fn echo() -> String {
    use axum::http::StatusCode;
    let answer = |request: axum::extract::Request| async move {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = format!("{} {:?} {}", head.uri, head.headers, String::from_utf8_lossy(&body));
        (StatusCode::BAD_REQUEST, text)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    url
}

/// All forms in which a secret could leak.
fn forms(secret: &str, user: &str) -> Vec<String> {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let percent: String = secret
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    vec![secret.to_owned(), percent, encode(secret), encode(&format!("{user}:{secret}"))]
}

fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_that_was_used_is_found_in_files_logs_answers_or_settings() {
    let directory = tempfile::tempdir().unwrap();
    let server = talkative(directory.path());
    let key = server.key.clone().unwrap();
    let manager = server.api(&key);
    let simulator = Simulator::start(directory.path(), "sap-s4hana", 20);
    let good = simulator.credentials.clone();
    let user = good["username"].as_str().unwrap().to_owned();
    let mut answers = Vec::new();

    let rude = echo().await;
    let mut secrets = vec![good["password"].as_str().unwrap().to_owned()];
    for (number, url) in [simulator.url.as_str(), &rude, "http://127.0.0.1:1", "https://10.1.2.3"].iter().enumerate() {
        let mut wrong = good.clone();
        let secret = format!("Geheim/{number} & more?");
        wrong["url"] = (*url).into();
        wrong["password"] = secret.as_str().into();
        secrets.push(secret);
        let new = json!({"system": "sap-s4hana", "credentials": wrong, "customer": {"id": "c", "name": "C"}});
        let reply = manager.post("/connections", &new).await;
        assert!(reply.status >= 400, "{}", reply.body);
        answers.push(reply.body.to_string());
    }
    let new = json!({"system": "sap-s4hana", "credentials": good, "customer": {"id": "c", "name": "C"}});
    let made = manager.post("/connections", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let token = made.body["token"].as_str().unwrap().to_owned();
    let id = made.body["connection"]["id"].as_str().unwrap().to_owned();
    crate::tryton::synced(&server.api(&token)).await;
    let endpoint = manager.post("/webhook-endpoints", &json!({"url": "https://hooks.invalid/x"})).await.body;
    let hook = endpoint["secret"].as_str().unwrap_or_default().to_owned();
    assert!(hook.starts_with("whsec_"), "{endpoint}");
    for path in ["/connections", &format!("/connections/{id}"), &format!("/connections/{id}/health"), "/systems"] {
        answers.push(manager.get::<Value>(path).await.to_string());
    }
    answers.push(manager.send(Method::GET, "/webhook-endpoints", None, None).await.body.to_string());
    answers.push(manager.post(&format!("/connections/{id}/check"), &json!({})).await.body.to_string());
    let events: Value = server.api(&token).get("/events?limit=500").await;
    answers.push(events.to_string());
    for path in [&format!("/connections/{id}/capabilities"), "/audit", "/alerts", "/branding"] {
        answers.push(manager.get::<Value>(path).await.to_string());
    }
    answers.push(numbers(&server).await);
    let printed = command(directory.path())
        .args(["serve", "--data-dir", "data", "--print-config"])
        .env("TRUNNION_DATABASE_URL", "postgres://u:Geheim-db@h/x")
        .env("TRUNNION_METRICS_TOKEN", "Geheim-metrics")
        .output()
        .unwrap();
    answers.push(String::from_utf8_lossy(&printed.stdout).into_owned());
    drop(server);

    let mut wanted: Vec<String> = secrets.iter().flat_map(|secret| forms(secret, &user)).collect();
    wanted.extend([key, token, hook, "Geheim-db".to_owned(), "Geheim-metrics".to_owned()]);
    // What was written last may still be in SQLite's log beside the file.
    let places = places(directory.path(), answers);
    assert!(places.iter().any(|(name, bytes)| name.contains(".db") && find(bytes, "17300")));
    are_nowhere(&wanted, &places);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_consent_is_found_in_files_logs_or_answers() {
    let directory = tempfile::tempdir().unwrap();
    let Some(provider) = Provider::start(directory.path()) else { return };
    let server = talkative(directory.path());
    let key = server.key.clone().unwrap();
    let manager = server.api(&key);
    let (id, token, mut wanted) = provider.connected(&server, None).await;
    crate::tryton::synced(&server.api(&token)).await;
    provider.set("expire=1").await;
    let mut answers = Vec::new();
    for _renewed_then_again in 0..2 {
        answers.push(manager.post(&format!("/connections/{id}/check"), &json!({})).await.body.to_string());
    }
    provider.set("revoke=1").await;
    answers.push(manager.post(&format!("/connections/{id}/check"), &json!({})).await.body.to_string());
    let lists = ["/systems/netsuite/oauth-client", "/link-sessions", "/connections", "/audit"];
    for path in lists.map(str::to_owned).into_iter().chain([format!("/connections/{id}/health")]) {
        answers.push(manager.get::<Value>(&path).await.to_string());
    }
    drop(server);
    let issued = provider.issued().await;
    assert!(issued.len() >= 5, "a code, and access and refresh tokens twice: {issued:?}");
    wanted.extend(issued.iter().chain([&CLIENT_SECRET.to_owned()]).flat_map(|secret| forms(secret, "ours")));
    wanted.extend([key, token]);
    are_nowhere(&wanted, &places(directory.path(), answers));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_key_a_client_or_a_certificate_is_found_in_files_logs_or_answers() {
    let directory = tempfile::tempdir().unwrap();
    let server = talkative(directory.path());
    let key = server.key.clone().unwrap();
    let manager = server.api(&key);
    let simulator = Simulator::start(directory.path(), "sap-s4hana", 20);
    let token_url = format!("{}/apimanagement/oauth/token", simulator.url);
    let settings = json!({"company_code": "1010"});
    let (own_key, own_certificate) = (include_str!("strange.key"), include_str!("strange.pem"));
    let mut wanted = vec![own_key.lines().nth(1).unwrap().to_owned()];
    let mut answers = Vec::new();
    for (base, token_url) in [(simulator.url.as_str(), token_url.as_str()), (&echo().await, &echo().await)] {
        for (good, secret) in [(true, API_KEY), (false, "Geheim/key & more?")] {
            wanted.extend(forms(secret, "key"));
            let credentials = json!({"auth": "api_key", "url": base, "api_key": secret});
            answers.extend(tried(&server, &settings, credentials, good && base == simulator.url).await);
        }
        for (good, secret) in [(true, CLIENT_SECRET_OF_SAP), (false, "Geheim/client & more?")] {
            wanted.extend(forms(secret, CLIENT_ID));
            let credentials = json!({
                "auth": "oauth2_client", "url": base, "token_url": token_url, "client_id": CLIENT_ID, "client_secret": secret
            });
            answers.extend(tried(&server, &settings, credentials, good && base == simulator.url).await);
        }
        let credentials = json!({
            "auth": "certificate", "url": base, "certificate": own_certificate, "private_key": own_key
        });
        answers.extend(tried(&server, &settings, credentials, false).await);
    }
    for path in ["/connections", "/audit", "/systems/sap-s4hana"] {
        answers.push(manager.get::<Value>(path).await.to_string());
    }
    answers.push(numbers(&server).await);
    drop(server);
    // As the simulator's tokens begin.
    wanted.extend([key, "proxy-17".to_owned()]);
    are_nowhere(&wanted, &places(directory.path(), answers));
}

/// What connecting so is answered.
async fn tried(server: &Server, settings: &Value, mut credentials: Value, succeeds: bool) -> Vec<String> {
    credentials.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let new = json!({"system": "sap-s4hana", "credentials": credentials, "customer": {"id": "c", "name": "C"}});
    let reply = server.api(server.key.as_deref().unwrap()).post("/connections", &new).await;
    assert_eq!(reply.status == 201, succeeds, "{}", reply.body);
    if succeeds {
        crate::tryton::synced(&server.api(reply.body["token"].as_str().unwrap())).await;
    }
    vec![reply.body.to_string()]
}

/// The page of `/metrics`.
async fn numbers(server: &Server) -> String {
    let mut answer = reqwest::get(format!("{}/metrics", server.url)).await.unwrap();
    let mut page = Vec::new();
    while let Some(piece) = answer.chunk().await.unwrap() {
        page.extend_from_slice(&piece);
    }
    String::from_utf8(page).unwrap()
}

/// A server whose log holds all that it can say.
fn talkative(directory: &Path) -> Server {
    let mut serve = command(directory);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]).env("TRUNNION_LOG_LEVEL", "trace");
    serve.stderr(Stdio::from(std::fs::File::create(directory.join("server.log")).unwrap()));
    Server::of(&mut serve)
}

/// Where a secret could have gone: the database's files, the log and what was answered. The master key is wanted nowhere
/// but in its file.
pub(crate) fn places(directory: &Path, answers: Vec<String>) -> Vec<(String, Vec<u8>)> {
    let mut places = Vec::new();
    files(&directory.join("data"), &mut places);
    places.retain(|(name, _)| !name.ends_with("master.key"));
    let log = std::fs::read(directory.join("server.log")).unwrap();
    assert!(find(&log, "request to a system"), "the log is that of a talkative server");
    places.push(("the log".to_owned(), log));
    places.extend(answers.into_iter().map(|answer| (answer.chars().take(80).collect(), answer.into_bytes())));
    let master = std::fs::read_to_string(directory.join("data/master.key")).unwrap();
    are_nowhere(&[master.trim().to_owned()], &places);
    places
}

pub(crate) fn are_nowhere(wanted: &[String], places: &[(String, Vec<u8>)]) {
    for (place, bytes) in places {
        for secret in wanted {
            assert!(!find(bytes, secret), "{secret:?} is in {place}");
        }
    }
}

fn find(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_changed_under_load_and_no_request_fails() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), None);
    let key = server.key.clone().unwrap();
    let simulator = Simulator::start(directory.path(), "sap-s4hana", 20);
    let new =
        json!({"system": "sap-s4hana", "credentials": simulator.credentials, "customer": {"id": "c", "name": "C"}});
    let made = server.api(&key).post("/connections", &new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["connection"]["id"].as_str().unwrap().to_owned();
    let keys = || std::fs::read_to_string(directory.path().join("data/master.key")).unwrap();
    let first = keys();

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let load: Vec<_> = (0..3)
        .map(|number| {
            let (api, id, stopped) = (Api::new(&format!("{}/api/v1", server.url), &key), id.clone(), stopped.clone());
            let credentials = json!({"credentials": simulator.credentials});
            tokio::spawn(async move {
                let mut done = 0;
                while !*stopped.borrow() || done == 0 {
                    // Reads what is sealed, seals anew, and adds another sealed value.
                    let reply = match number {
                        0 => api.post(&format!("/connections/{id}/check"), &json!({})).await,
                        1 => api.post(&format!("/connections/{id}/reconnect"), &credentials).await,
                        _ => api.send(Method::GET, "/connections", None, None).await,
                    };
                    assert_eq!(reply.status, 200, "{}", reply.body);
                    assert!(number != 0 || reply.body["ok"] == true, "{}", reply.body);
                    done += 1;
                }
                done
            })
        })
        .collect();
    for arguments in [&["secrets", "rotate"][..], &["secrets", "rotate", "--drop-old"]] {
        let output = command(directory.path()).args(arguments).args(["--data-dir", "data"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    stop.send_replace(true);
    for task in load {
        assert!(task.await.unwrap() > 0);
    }
    assert_eq!(keys().lines().count(), 1);
    assert!(!keys().contains(first.trim()));
    let noted: Value = server.api(&key).get("/audit?action=rotate_master_key_and_drop_old").await;
    assert_eq!(
        (noted["data"].as_array().map(Vec::len), &noted["data"][0]["actor"]["type"]),
        (Some(1), &json!("command_line"))
    );

    // A server that starts now knows the new key only.
    drop(server);
    let server = Server::start(directory.path(), None);
    let check = server.api(&key).post(&format!("/connections/{id}/check"), &json!({})).await;
    assert_eq!(check.body["ok"], true, "{}", check.body);
}
