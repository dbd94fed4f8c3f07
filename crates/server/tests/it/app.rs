//! A server on a free port, with its own database, gone when the test is over.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trunnion_engine::{Engine, Workers, services::keys};
use trunnion_model::time::Clock;
use trunnion_store::{Keyring, Store};

use crate::acme::Acme;
use crate::answers::{Answer, Ask, get, post};

pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    pub(crate) engine: Engine,
    /// An application's key with all scopes, and that of another application.
    pub(crate) key: String,
    pub(crate) other_key: String,
    pub(crate) acme: Acme,
    /// Ends the server when it goes.
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) server: JoinHandle<std::io::Result<()>>,
    _workers: Workers,
    _folder: tempfile::TempDir,
}

/// A connection and its token.
pub(crate) struct Connected {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl TestApp {
    pub(crate) async fn start(acme: Acme) -> Self {
        Self::start_with(acme, trunnion_server::Options::default()).await
    }

    pub(crate) async fn start_with(acme: Acme, server: trunnion_server::Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
        // Webhooks may go to the receivers of these tests.
        let webhooks = trunnion_engine::WebhookOptions {
            allow_networks: vec!["127.0.0.1".parse().unwrap()],
            ..Default::default()
        };
        let options = trunnion_engine::Options { poll: Duration::from_millis(50), webhooks, ..Default::default() };
        let engine = Engine::new(store, acme.catalogue(), Clock::system(), options).unwrap();
        let inbox = format!("sqlite:{}", folder.path().join("inbox.db").display());
        engine.open_inbox(&inbox).await.unwrap();
        let key = make_key(&engine, "one", &["read", "write", "manage"]).await;
        let other_key = make_key(&engine, "other", &["read", "write", "manage"]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = trunnion_server::app(engine.clone(), server);
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(trunnion_server::serve(listener, app, async { drop(stopped.await) }));
        let _workers = engine.start();
        Self {
            base,
            client: reqwest::Client::new(),
            engine,
            key,
            other_key,
            acme,
            stop,
            server,
            _workers,
            _folder: folder,
        }
    }

    pub(crate) async fn send(&self, ask: Ask) -> Answer {
        ask.send(&self.client, &self.base).await
    }

    /// Connects the made-up system and waits until its vendors are here.
    pub(crate) async fn connect(&self) -> Connected {
        self.connect_with(&self.key).await
    }

    pub(crate) async fn connect_with(&self, key: &str) -> Connected {
        let connected = self.send(post("/api/v1/connections").token(key).json(&new_connection("secret"))).await.ok();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let connected = Connected { id: text(&connected["connection"]["id"]), token: text(&connected["token"]) };
        self.wait_for_sync(&connected).await;
        connected
    }

    pub(crate) async fn wait_for_sync(&self, connected: &Connected) {
        for _ in 0..200 {
            let status = self.send(get("/api/v1/sync-status").token(&connected.token)).await.ok();
            // A plan that is due and not begun is idle too.
            let done = |entity: &Value| entity["state"] == "idle" && entity["initial_done"] == true;
            if status["data"].as_array().unwrap().iter().all(done) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the first sync did not end");
    }
}

pub(crate) async fn make_key(engine: &Engine, application: &str, scopes: &[&str]) -> String {
    let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    keys::create_for(engine, application, keys::Wanted { scopes: &scopes, ..keys::Wanted::all("test") })
        .await
        .unwrap()
        .token
}

pub(crate) fn new_connection(password: &str) -> Value {
    json!({
        "system": "acme-erp",
        "credentials": {"auth": "basic", "url": "https://erp.customer.example", "username": "u", "password": password},
        "customer": {"id": "cust-17", "name": "Widgets Ltd"}
    })
}
