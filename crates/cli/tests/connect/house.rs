//! The product in this process, a simulator, and the application's page that customers are sent back to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use trunnion_connectors::sandbox::{self, Sandbox, Settings};
use trunnion_engine::services::keys;
use trunnion_engine::{Engine, Options, Workers};
use trunnion_kit::sim::Sim;
use trunnion_model::time::Clock;
use trunnion_store::{Keyring, Store};

type Pairs = Vec<(String, String)>;
type Returned = Arc<Mutex<Pairs>>;

/// A simulated system beside the house.
pub(crate) struct Simulated {
    pub(crate) sandbox: &'static Sandbox,
    pub(crate) sim: Sim,
}

impl Simulated {
    pub(crate) async fn start(system: &str) -> Self {
        let sandbox = sandbox::get(system).unwrap();
        let settings = Settings { port: 0, seed: 1, records: 50, without: Vec::new(), clock: Clock::system() };
        Self { sandbox, sim: (sandbox.start)(settings).await.unwrap() }
    }

    pub(crate) fn right(&self) -> Value {
        (self.sandbox.credentials)(&self.sim.url)
    }

    pub(crate) fn wrong(&self) -> Value {
        (self.sandbox.wrong_credentials)(&self.sim.url)
    }
}

pub(crate) struct House {
    pub(crate) key: String,
    /// The application's redirect address.
    pub(crate) back: String,
    /// The origin of the application's own page, which is of another site than the product.
    pub(crate) host: String,
    api: String,
    client: Client,
    returned: Returned,
    _workers: Workers,
    _folder: TempDir,
}

impl House {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("data.sqlite").display());
        let store = Store::open(&url, Keyring::generate().unwrap(), Clock::system()).await.unwrap();
        let catalogue = trunnion_connectors::catalogue().unwrap_or_else(|findings| panic!("{findings:#?}"));
        // Where the simulators of these tests are.
        let options = Options { allow_networks: vec!["127.0.0.0/8".parse().unwrap()], ..Options::default() };
        let engine = Engine::new(store, catalogue, Clock::system(), options).unwrap();
        let key = keys::create_for(&engine, "Parts Planner", keys::Wanted::all("test")).await.unwrap().token;
        let app = trunnion_server::app(engine.clone(), trunnion_server::Options::default());
        let base = listen(app).await;
        let api = format!("{base}/api/v1");
        let returned = Returned::default();
        let application = listen(application(returned.clone(), &base)).await;
        let back = format!("{application}/connected");
        let host = application.replace("127.0.0.1", "localhost");
        let _workers = engine.start();
        let client = Client::new();
        let house = Self { key, back, host, api, client, returned, _workers, _folder: folder };
        house.put("/redirect-uris", &json!({"redirect_uris": [house.back]})).await;
        house
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) {
        let request = self.client.put(format!("{}{path}", self.api)).bearer_auth(&self.key).json(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// Dresses the page as an integrator would.
    pub(crate) async fn brand(&self) {
        let branding =
            json!({"name": "Parts Planner", "accent": "#5b2a86", "privacy_url": "https://planner.example/privacy"});
        self.put("/branding", &branding).await;
        let logo = include_str!("logo.svg");
        let request = self.client.put(format!("{}/branding/logo", self.api)).bearer_auth(&self.key).body(logo);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.api)).bearer_auth(&self.key).json(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.api)).bearer_auth(token).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.json().await.unwrap()
    }

    /// The list, once something is in it.
    pub(crate) async fn some(&self, path: &str, token: &str) -> Value {
        for _ in 0..600 {
            let list = self.get(path, token).await;
            if list["data"].as_array().is_some_and(|data| !data.is_empty()) {
                return list;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nothing came to {path}");
    }

    /// What the browser brought back to the application.
    pub(crate) fn returned(&self) -> Pairs {
        self.returned.lock().unwrap().clone()
    }

    pub(crate) async fn exchange(&self, code: &str, verifier: &str) -> Value {
        // What is not a letter, digit or mark is percent-encoded; the other values have none of it.
        let back = self.back.replace(':', "%3A").replace('/', "%2F");
        let body = format!("grant_type=authorization_code&code={code}&redirect_uri={back}&code_verifier={verifier}");
        let request = self.client.post(format!("{}/oauth/token", self.api));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }
}

/// Serves it on a free port for as long as the test runs.
async fn listen(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(trunnion_server::serve(listener, app, std::future::pending()));
    url
}

/// The application's own page: as strict as a careful integrator's, and in need of nothing but the product's script and frame.
fn host_page(base: &str) -> Response {
    let policy = format!("default-src 'none'; script-src 'self' {base}; frame-src {base}");
    let page = format!(
        "<!doctype html><html lang=\"en\"><title>Application</title><script src=\"{base}/connect.js\"></script>\
         <script src=\"/host.js\" defer></script><main><h1>Application</h1><button id=\"open\">Connect</button>\
         <p id=\"code\"></p><p id=\"state\"></p></main></html>"
    );
    ([("content-security-policy", policy)], Html(page)).into_response()
}

const HOST_SCRIPT: &str = "document.getElementById('open').addEventListener('click', function () {
    var show = function (name, text) { document.getElementById(name).textContent = text; };
    Trunnion.open({
        url: new URL(location.href).searchParams.get('link'),
        onSuccess: function (end) { show('code', end.code); show('state', end.state); },
        onExit: function () { show('state', 'left'); }
    });
});";

fn application(returned: Returned, base: &str) -> Router {
    let connected = |State(returned): State<Returned>, Query(pairs): Query<Pairs>| async move {
        *returned.lock().unwrap() = pairs;
        Html("<!doctype html><title>Application</title><h1>back at the application</h1>")
    };
    let base = base.to_owned();
    let script = || async { ([("content-type", "text/javascript")], HOST_SCRIPT) };
    Router::new()
        .route("/connected", get(connected))
        .route("/host", get(move || async move { host_page(&base) }))
        .route("/host.js", get(script))
        .with_state(returned)
}
