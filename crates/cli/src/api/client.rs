//! One request to the API, bounded in time.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;

use super::{Target, answer};

const CONNECT: Duration = Duration::from_secs(10);
/// The server gives up after 100 s; its own answer is the better one.
const ANSWER: Duration = Duration::from_secs(120);
/// A stream shows a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// A client of one server with one key; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    key: String,
    connection: Option<String>,
}

impl Api {
    pub(crate) fn new(target: &Target) -> anyhow::Result<Self> {
        let server = target.server.trim_end_matches('/');
        let url = Url::parse(server).with_context(|| format!("--server {server} is no URL"))?;
        anyhow::ensure!(
            matches!(url.scheme(), "http" | "https"),
            "--server {server} must begin with http:// or https://"
        );
        let mut client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE);
        if is_this_machine(&url) {
            // A proxy would look for the server on its own machine.
            client = client.no_proxy();
        }
        let client = client.build().context("no HTTP client can be made")?;
        Ok(Self { client, base: format!("{server}/api/v1"), key: target.key.clone(), connection: None })
    }

    /// The same, about the connection `id` (for an application key; a connection's token names none).
    pub(crate) fn at(&self, connection: Option<&str>) -> Self {
        Self { connection: connection.map(str::to_owned), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.answer(self.request(Method::GET, path).query(query)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = self.request(method, path);
        self.answer(body.into_iter().fold(request, |request, body| request.json(body))).await
    }

    /// The items of a list, page by page, at most `most`.
    pub(crate) async fn list(&self, path: &str, query: &[(&str, String)], most: usize) -> anyhow::Result<Vec<Value>> {
        let mut items: Vec<Value> = Vec::new();
        let mut cursor = None;
        while items.len() < most {
            let mut query = query.to_vec();
            query.push(("limit", (most - items.len()).min(500).to_string()));
            query.extend(cursor.map(|cursor| ("cursor", cursor)));
            let mut page = self.get(path, &query).await?;
            if let Some(data) = page["data"].as_array_mut() {
                items.append(data);
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = Some(next.to_owned());
        }
        Ok(items)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        self.connection.iter().fold(request, |request, id| request.header("trunnion-connection", id))
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let response = request.timeout(ANSWER).send().await.map_err(|error| self.unreachable(error))?;
        answer::read(response).await
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let what = if error.is_connect() { "cannot reach the server at" } else { "no answer from" };
        anyhow::Error::new(error.without_url()).context(format!("{what} {}", self.base))
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[test]
fn only_this_machine_is_reached_past_a_proxy() {
    let is = |url: &str| is_this_machine(&Url::parse(url).unwrap());
    assert!(is("http://localhost:8080") && is("http://127.3.0.1") && is("http://[::1]:80"));
    assert!(!is("https://trunnion.example.com") && !is("http://10.0.0.1"));
}
