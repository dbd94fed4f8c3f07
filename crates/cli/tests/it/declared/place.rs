//! A connected system, what its connection can do, what it was asked to write, and a way past us.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::process::{Api, Reply, Server, Simulator};
use crate::proxy::Proxy;
use crate::tryton::{Tryton, connect, synced};

/// Calls of the real ERP that only read. What is not here counts as a write, so that a new call must be thought about.
const READS: [&str; 7] = ["search_read", "search", "read", "default_get", "on_change", "get_access", "get_preferences"];

pub(super) struct Place {
    pub(super) system: &'static str,
    pub(super) api: Api,
    /// The capability document of the connection.
    pub(super) said: Value,
    /// A vendor for orders.
    pub(super) vendor: OnceCell<Value>,
    tap: Tap,
    count: AtomicUsize,
    _server: Server,
    _data: tempfile::TempDir,
}

enum Tap {
    Simulator(Simulator),
    Real { tryton: Tryton, proxy: Proxy, session: String },
}

/// A request that changes something there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) method: String,
    /// The address's path, or the name of the procedure that is called.
    pub(super) path: String,
    pub(super) body: Value,
}

impl Place {
    /// Nothing where the real system was not started.
    pub(super) async fn open(system: &'static str) -> Option<Self> {
        let data = tempfile::tempdir().expect("a directory");
        let server = Server::start(data.path(), None);
        let (tap, credentials) = if system == "tryton" {
            let tryton = Tryton::find()?;
            let proxy = Proxy::start(&tryton.url).await;
            let session = log_in(&tryton.right_credentials()).await;
            let credentials = tryton.credentials_at(&proxy.url);
            (Tap::Real { tryton, proxy, session }, credentials)
        } else {
            let simulator = Simulator::start(data.path(), system, 40);
            let credentials = simulator.credentials.clone();
            (Tap::Simulator(simulator), credentials)
        };
        let api = connect(&server, system, credentials).await;
        synced(&api).await;
        let own: Value = api.get("/connection").await;
        let manager = server.api(server.key.as_deref().expect("a first start"));
        let id = own["id"].as_str().expect("an id");
        let said = manager.get(&format!("/connections/{id}/capabilities")).await;
        let (vendor, count) = (OnceCell::new(), AtomicUsize::new(0));
        Some(Self { system, api, said, vendor, tap, count, _server: server, _data: data })
    }

    /// The entities by name, and what can be done with each.
    pub(super) fn entities(&self) -> Vec<(&str, &Value)> {
        let entities = self.said["entities"].as_object().expect("entities");
        entities.iter().map(|(name, said)| (name.as_str(), said)).collect()
    }

    pub(super) fn path(&self, entity: &str) -> String {
        format!("/{}", self.said["entities"][entity]["path"].as_str().expect("a path"))
    }

    /// Digits that nobody used before, in this run or in another one of the same system.
    pub(super) fn unique(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{}{count:04}", std::process::id())
    }

    /// A create, or a call on a record, by this API.
    pub(super) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.api.send(method, path, body, Some(&self.unique())).await
    }

    /// The requests that a dry run tells, or the refusal.
    pub(super) async fn planned(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<Value>, Reply> {
        let path = format!("{path}{}dry_run=true", if path.contains('?') { '&' } else { '?' });
        let reply = self.api.send(method, &path, body, None).await;
        if reply.status != 200 {
            return Err(reply);
        }
        Ok(reply.body["requests"].as_array().expect("requests").clone())
    }

    /// What reached the system so far and changes something: no `GET`, no query that goes by `POST`, no login.
    pub(super) async fn writes(&self) -> Vec<Sent> {
        let parsed = |body: &str| serde_json::from_str(body).unwrap_or(Value::Null);
        match &self.tap {
            Tap::Simulator(simulator) => {
                let is_read = |path: &str| path.contains("suiteql") || path.contains("/token");
                let all = simulator.requests().await;
                let writes = all.iter().filter(|asked| asked.method != "GET" && !is_read(&asked.path));
                let sent = |asked: &crate::process::Asked| Sent {
                    method: asked.method.clone(),
                    path: asked.path.clone(),
                    body: parsed(&asked.body),
                };
                writes.map(sent).collect()
            }
            Tap::Real { proxy, .. } => {
                let all = proxy.calls("").into_iter().map(|call| procedure("POST", call));
                let last = |sent: &Sent| sent.path.rsplit('.').next().unwrap_or_default().to_owned();
                all.filter(|sent| !READS.contains(&&*last(sent)) && !sent.path.starts_with("common.")).collect()
            }
        }
    }

    /// A request of a dry run as it would be logged.
    pub(super) fn told(&self, planned: &Value) -> Sent {
        let method = planned["method"].as_str().expect("a method");
        match &self.tap {
            Tap::Simulator(_) => {
                let url: reqwest::Url = planned["url"].as_str().expect("an address").parse().expect("an address");
                Sent { method: method.to_owned(), path: url.path().to_owned(), body: planned["body"].clone() }
            }
            Tap::Real { .. } => procedure(method, planned["body"].clone()),
        }
    }

    /// Sends a request of a dry run past us, with the system's own answer. An error is its refusal.
    pub(super) async fn straight(&self, planned: &Value) -> Result<Value, String> {
        match &self.tap {
            Tap::Simulator(_) => {
                let url: reqwest::Url = planned["url"].as_str().expect("an address").parse().expect("an address");
                let query: serde_json::Map<String, Value> =
                    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
                let mut ask = json!({"method": planned["method"], "path": url.path(), "query": query, "headers": planned["headers"]});
                if !planned["body"].is_null() {
                    ask["body"] = planned["body"].clone();
                }
                let reply = self.api.send(Method::POST, "/passthrough", Some(&ask), None).await;
                assert_eq!(reply.status, 200, "{ask}: {}", reply.body);
                let status = reply.body["status"].as_u64().expect("a status");
                if status < 300 { Ok(reply.body) } else { Err(reply.body["body"].to_string()) }
            }
            Tap::Real { tryton, session, .. } => {
                let url: reqwest::Url = planned["url"].as_str().expect("an address").parse().expect("an address");
                call(&format!("{}{}", tryton.url, url.path()), Some(session), &planned["body"]).await
            }
        }
    }
}

/// A procedure call, without the version of the record that it is about: as a header, that is no part of what is asked.
fn procedure(method: &str, mut call: Value) -> Sent {
    let context = call.pointer_mut("/params").and_then(Value::as_array_mut).and_then(|params| params.last_mut());
    if let Some(context) = context.and_then(Value::as_object_mut) {
        context.remove("_timestamp");
    }
    let path = call["method"].as_str().unwrap_or_default().to_owned();
    Sent { method: method.to_owned(), path, body: call["params"].clone() }
}

/// The header by which a session of the real ERP is named.
async fn log_in(credentials: &Value) -> String {
    use base64::Engine as _;
    let text = |name: &str| credentials[name].as_str().expect("a text").to_owned();
    let (url, database, user) = (text("url"), text("database"), text("username"));
    let body = json!({"id": 1, "method": "common.db.login", "params": [user, {"password": text("password")}, "en"]});
    let session = call(&format!("{url}/{database}/rpc/"), None, &body).await.expect("a login");
    let token = format!("{user}:{}:{}", session[0], session[1].as_str().expect("a token"));
    format!("Session {}", base64::engine::general_purpose::STANDARD.encode(token))
}

async fn call(url: &str, session: Option<&String>, body: &Value) -> Result<Value, String> {
    let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let mut request = client.post(url).json(body);
    if let Some(session) = session {
        request = request.header("authorization", session);
    }
    let answer = request.send().await.expect("the real system answers");
    let status = answer.status();
    let body: Value = answer.json().await.map_err(|_| format!("HTTP {status}"))?;
    match &body["error"] {
        Value::Null => Ok(body["result"].clone()),
        error => Err(error.to_string()),
    }
}
