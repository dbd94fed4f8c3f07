//! An engine on a store of its own, with a clock that the test moves, and short pauses.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use trunnion_engine::services::{connections, events, keys, records, syncs, writes};
use trunnion_engine::{
    Caller, Engine, Options, RetryOptions, Scope, ServiceError, WebhookOptions, Workers, WriteOptions, authenticate,
    scope,
};
use trunnion_kit::spec::{Spec, load};
use trunnion_kit::vendor::{Catalogue, Connector};
use trunnion_model::time::{Clock, Hands};
use trunnion_store::{Keyring, Store};

use super::source::Source;

/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct House {
    pub(crate) source: Source,
    pub(crate) hands: Hands,
    pub(crate) clock: Clock,
    keyring: Keyring,
    folder: TempDir,
    spec: Arc<Spec>,
}

/// One process on the house's database.
pub(crate) struct Node {
    pub(crate) engine: Engine,
}

const DECLARATION: &str = include_str!("source.toml");

pub(crate) fn spec() -> Arc<Spec> {
    declared(DECLARATION)
}

/// Here a declaration is all that makes records of rows.
pub(crate) fn revision(declaration: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    declaration.hash(&mut hasher);
    hasher.finish()
}

fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(DECLARATION.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    })
}

fn declared(text: &str) -> Arc<Spec> {
    let spec = load("source.toml", text).unwrap_or_else(|findings| panic!("{findings:#?}"));
    Arc::new(Spec { revision: Some(revision(text)), ..spec })
}

impl House {
    pub(crate) fn new() -> Self {
        Self::declared(&[])
    }

    /// As [`House::new`], with other pieces in the declaration.
    pub(crate) fn declared(changes: &[(&str, &str)]) -> Self {
        let (clock, hands) = Clock::manual("2026-01-31T10:00:00Z".parse().unwrap());
        let folder = TempDir::new().unwrap();
        Self {
            source: Source::new(clock.clone()),
            hands,
            clock,
            keyring: Keyring::generate().unwrap(),
            folder,
            spec: declared(&changed(changes)),
        }
    }

    /// The same declaration with other pieces in it, for nodes that start from now on. It may say that it is of another revision
    /// than it is.
    pub(crate) fn declare(&mut self, changes: &[(&str, &str)], revision: Option<u64>) {
        let spec = declared(&changed(changes));
        self.spec = Arc::new(Spec { revision: revision.or(spec.revision), ..Spec::clone(&spec) });
    }

    pub(crate) fn revision(&self) -> Option<u64> {
        self.spec.revision
    }

    /// Where nodes keep hooks.
    pub(crate) fn inbox(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("inbox.sqlite").display())
    }

    /// Starts a process; several may use the same database.
    pub(crate) async fn node(&self) -> Node {
        self.node_with(options()).await
    }

    pub(crate) async fn node_with(&self, options: Options) -> Node {
        let url = format!("sqlite:{}", self.folder.path().join("data.sqlite").display());
        let store = Store::open(&url, self.keyring.clone(), self.clock.clone()).await.unwrap();
        let catalogue =
            Catalogue::new(vec![Connector { spec: self.spec.clone(), vendor: Arc::new(self.source.clone()) }]);
        let engine = Engine::new(store, catalogue, self.clock.clone(), options).unwrap();
        Node { engine }
    }
}

pub(crate) fn options() -> Options {
    Options {
        poll: Duration::from_millis(10),
        retry: RetryOptions { first: Duration::from_secs(8), most: Duration::from_secs(60), tries: 3 },
        write: WriteOptions {
            search_pause: Duration::from_millis(20),
            recover: Duration::from_millis(20),
            deadline: Duration::from_secs(5),
            ..WriteOptions::default()
        },
        webhooks: WebhookOptions {
            // The receivers of these tests.
            allow_networks: vec!["127.0.0.1".parse().unwrap()],
            dead_after: Duration::from_millis(400),
            ..WebhookOptions::default()
        },
        ..Options::default()
    }
}

pub(crate) fn credentials(password: &str) -> Value {
    credentials_of("api", password)
}

fn credentials_of(username: &str, password: &str) -> Value {
    json!({"auth": "basic", "url": "https://acme.example", "username": username, "password": password})
}

pub(crate) fn new_connection(sync: &Value) -> connections::NewConnection {
    let new = json!({
        "system": "acme",
        "credentials": credentials("hush-hush"),
        "customer": {"id": "c1", "name": "Customer"},
        "sync": sync,
    });
    serde_json::from_value(new).unwrap()
}

pub(crate) fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Node {
    pub(crate) fn start(&self) -> Workers {
        self.engine.start()
    }

    pub(crate) async fn caller(&self) -> Caller {
        let key = keys::create_for(&self.engine, "app", keys::Wanted::all("key")).await.unwrap();
        authenticate(&self.engine, &key.token).await.unwrap()
    }

    /// A connection whose syncs run only when they are asked for, after the first.
    pub(crate) async fn connect(&self) -> Scope {
        self.connect_with(&json!({"interval_seconds": null})).await
    }

    pub(crate) async fn connect_with(&self, sync: &Value) -> Scope {
        let caller = self.caller().await;
        let connected = connections::create(&self.engine, &caller, new_connection(sync)).await.unwrap();
        scope(&self.engine, &caller, Some(&connected.connection.id)).await.unwrap()
    }

    /// As [`Node::connect`], with a login of that name.
    pub(crate) async fn connect_as(&self, username: &str) -> Scope {
        let caller = self.caller().await;
        let mut new = new_connection(&json!({"interval_seconds": null}));
        new.credentials = credentials_of(username, "hush-hush");
        let connected = connections::create(&self.engine, &caller, new).await.unwrap();
        scope(&self.engine, &caller, Some(&connected.connection.id)).await.unwrap()
    }

    /// The scope as it is now.
    pub(crate) async fn again(&self, old: &Scope) -> Scope {
        let caller = self.caller().await;
        scope(&self.engine, &caller, Some(&old.id().to_string())).await.unwrap()
    }

    pub(crate) async fn status(&self, scope: &Scope) -> String {
        self.again(scope).await.connection().status.clone()
    }

    pub(crate) async fn request(&self, scope: &Scope, entity: &str, mode: &str) {
        let request = syncs::SyncRequest { entities: Some(vec![entity.to_owned()]), mode: Some(mode.to_owned()) };
        syncs::request(&self.engine, scope, request).await.unwrap();
    }

    pub(crate) async fn plan(&self, scope: &Scope, entity: &str) -> syncs::EntityStatus {
        let all = syncs::status(&self.engine, scope).await.unwrap();
        all.into_iter().find(|status| status.entity == entity).unwrap()
    }

    /// Waits until the entity's sync is in that state.
    pub(crate) async fn until(&self, scope: &Scope, entity: &str, state: &str) -> syncs::EntityStatus {
        self.wait_for(&format!("{entity} {state}"), async || {
            Some(self.plan(scope, entity).await).filter(|plan| plan.state == state)
        })
        .await
    }

    /// Waits until nothing is queued or running.
    pub(crate) async fn until_quiet(&self, scope: &Scope) {
        self.wait_for("quiet", async || {
            let all = syncs::status(&self.engine, scope).await.unwrap();
            all.iter().all(|plan| plan.state == "idle" || plan.state == "failed").then_some(())
        })
        .await;
    }

    pub(crate) async fn until_status(&self, scope: &Scope, status: &str) {
        self.wait_for(status, async || (self.status(scope).await == status).then_some(())).await;
    }

    pub(crate) async fn wait_for<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(tokio::time::Instant::now() < until, "waited in vain for: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn list(&self, scope: &Scope, path: &str, pairs: &[(&str, &str)]) -> Value {
        let text = records::list(&self.engine, scope, path, &params(pairs)).await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// All events of these types.
    pub(crate) async fn events(&self, scope: &Scope, types: &str) -> Vec<Value> {
        let given = params(&[("types", types), ("limit", "500")]);
        let text = events::list(&self.engine, scope, &given).await.unwrap();
        let mut page: Value = serde_json::from_str(&text).unwrap();
        page["data"].take().as_array().unwrap().clone()
    }

    pub(crate) async fn create(
        &self,
        scope: &Scope,
        path: &str,
        key: &str,
        body: Value,
    ) -> Result<writes::Written, ServiceError> {
        let manner = writes::Manner { idempotency_key: Some(key), ..writes::Manner::default() };
        writes::create(&self.engine, scope, path, body, manner, &[]).await.map(done)
    }

    /// A change without a key; `if_match` is a version.
    pub(crate) async fn update(
        &self,
        scope: &Scope,
        path: &str,
        id: &str,
        body: Value,
        if_match: Option<&str>,
    ) -> Result<writes::Written, ServiceError> {
        let manner = writes::Manner { if_match, ..writes::Manner::default() };
        writes::update(&self.engine, scope, path, id, body, manner, &[]).await.map(done)
    }
}

/// Of a write that was waited for.
pub(crate) fn done(answer: writes::Answer) -> writes::Written {
    match answer {
        writes::Answer::Done(written) => written,
        other => panic!("{other:?}"),
    }
}
