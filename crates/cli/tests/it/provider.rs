//! A system behind an OAuth 2.0 provider that others wrote (oauthlib): `tests-env/peers/provider.py` in front of the simulator.

use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};

use crate::process::{Process, Server, Simulator};

pub(crate) const CLIENT_SECRET: &str = "client-secret-5d0c7e91";
const BACK: &str = "https://app.example.com/connected";

pub(crate) struct Provider {
    pub(crate) url: String,
    client: Client,
    _process: Process,
    _simulator: Simulator,
}

impl Provider {
    /// Nothing, said aloud, where its packages are not installed.
    pub(crate) fn start(directory: &Path) -> Option<Self> {
        let Some(python) = std::env::var_os("TRUNNION_TEST_PYTHON_PEERS") else {
            eprintln!("not run: TRUNNION_TEST_PYTHON_PEERS names no environment with oauthlib");
            return None;
        };
        let simulator = Simulator::start(directory, "netsuite", 20);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests-env/peers/provider.py");
        let mut command = Command::new(python);
        command.args(["-u", script]).stdin(Stdio::null());
        command.env("SIM", simulator.credentials.to_string()).env("CLIENT", format!("ours {CLIENT_SECRET}"));
        let process = Process::start(&mut command);
        let lines = process.lines_until(|line| line.contains("listens on"));
        let url = lines.iter().find_map(|line| line.split_whitespace().find(|word| word.starts_with("http")));
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Some(Self { url: url.unwrap().to_owned(), client, _process: process, _simulator: simulator })
    }

    pub(crate) async fn set(&self, query: &str) {
        assert_eq!(self.get(&format!("{}/_set?{query}", self.url)).await.status(), 204);
    }

    /// How often it was asked for new tokens and gave them.
    pub(crate) async fn seen(&self) -> Value {
        self.get(&format!("{}/_seen", self.url)).await.json().await.unwrap()
    }

    /// All codes and tokens that it ever gave.
    pub(crate) async fn issued(&self) -> Vec<String> {
        self.get(&format!("{}/_issued", self.url)).await.json().await.unwrap()
    }

    async fn get(&self, url: &str) -> Response {
        self.client.get(url).send().await.unwrap()
    }

    async fn form(&self, url: &str, fields: &[(&str, &str)]) -> Response {
        let encoded = Url::parse_with_params("http://form", fields).unwrap();
        let body = encoded.query().unwrap().to_owned();
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.unwrap()
    }

    /// Lets a customer consent, as a browser would go, and gives the connection's id and token.
    pub(crate) async fn connect(&self, server: &Server, connection: Option<&str>) -> (String, String) {
        let (id, token, _passed) = self.connected(server, connection).await;
        (id, token)
    }

    /// And what else passed between the browser and the servers that nobody else may see.
    pub(crate) async fn connected(&self, server: &Server, connection: Option<&str>) -> (String, String, Vec<String>) {
        let key = server.key.as_deref().unwrap();
        let api = server.api(key);
        let client = json!({"client_id": "ours", "client_secret": CLIENT_SECRET});
        let put = |path: &'static str, body: Value| {
            let api = server.api(key);
            async move { api.send(reqwest::Method::PUT, path, Some(&body), None).await }
        };
        assert_eq!(put("/systems/netsuite/oauth-client", client).await.status, 200);
        assert_eq!(put("/redirect-uris", json!({"redirect_uris": [BACK]})).await.status, 200);
        let session = match connection {
            Some(id) => json!({"connection_id": id, "redirect_uri": BACK}),
            None => {
                json!({"system": "netsuite", "customer": {"id": "c", "name": "C"}, "redirect_uri": BACK})
            }
        };
        let made = api.post("/link-sessions", &session).await;
        let page = made.body["url"].as_str().unwrap_or_else(|| panic!("{}", made.body));
        let (back, cookie) = self.consent(page, &[("decision", "allow")]).await;
        let returned = self.client.get(&back).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(returned.status(), 303);
        let code = parameter(&location(&returned), "code");
        // The same consent again leads nowhere, nor does it in another browser.
        let again = self.client.get(&back).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(again.status(), 400);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("client_secret", key),
        ];
        let granted = self.form(&format!("{}/api/v1/oauth/token", server.url), &fields).await;
        assert_eq!(granted.status(), 200);
        let granted: Value = granted.json().await.unwrap();
        let text = |name: &str| granted[name].as_str().unwrap().to_owned();
        let passed = vec![parameter(&back, "state"), cookie.split_once('=').unwrap().1.to_owned(), code];
        (text("connection_id"), text("access_token"), passed)
    }

    /// From the link session's page to the provider and through its form: where it then sends the browser, and the cookie.
    pub(crate) async fn consent(&self, page: &str, decision: &[(&str, &str)]) -> (String, String) {
        let filled =
            [("system", "netsuite"), ("auth", "oauth2_code"), ("f.url", &self.url), ("f.account", "1234567_SB1")];
        let left = self.form(page, &filled).await;
        assert_eq!(left.status(), 200);
        let cookie = left.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let html = text(left).await;
        let authorize = html.split("<a href=\"").nth(1).unwrap_or_else(|| panic!("{html}"));
        let authorize = authorize.split('"').next().unwrap().replace("&amp;", "&");
        assert_eq!(self.get(&authorize).await.status(), 200);
        let mut fields = vec![("email", "buyer@example.com"), ("password", "right-password")];
        fields.extend(decision);
        let answer = self.form(&authorize, &fields).await;
        assert_eq!(answer.status(), 302);
        (location(&answer), cookie)
    }
}

async fn text(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).unwrap()
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.unwrap_or_else(|| panic!("no {name} in {url}"))
}
