//! The simulator, seen over HTTP as a client sees it: one test for each behaviour of the vendor's that clients rely on.

mod changes;
mod lists;
mod logins;
mod queries;
mod receipts;
mod records;

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use trunnion_kit::sim::Sim;
use trunnion_model::time::{Clock, Hands, Timestamp};

use super::{Options, SANDBOX_PRIVATE_KEY_PEM, start};

const NOW: &str = "2026-03-02T10:00:00Z";
const TOKEN: &str = "/services/rest/auth/oauth2/v1/token";

/// A running account, a clock to move, and a client that is logged in.
struct Sandbox {
    sim: Sim,
    hands: Hands,
    client: reqwest::Client,
    token: String,
}

/// Status, headers and body of one answer.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// `status CODE path`, of an error envelope.
    fn error(&self) -> String {
        let detail = &self.body["o:errorDetails"][0];
        let at = ["o:errorPath", "o:errorQueryParam", "o:errorHeader"].iter().find_map(|name| detail[*name].as_str());
        format!("{} {} {}", self.status, detail["o:errorCode"].as_str().unwrap_or("-"), at.unwrap_or("-"))
    }
}

impl Sandbox {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let (clock, hands) = Clock::manual(NOW.parse().unwrap());
        let sim = start(Options { clock, ..options }, 0).await.unwrap();
        let mut sandbox = Self { sim, hands, client: reqwest::Client::new(), token: String::new() };
        sandbox.token = sandbox.login().await;
        sandbox
    }

    fn now(&self) -> Timestamp {
        self.sim.control.now()
    }

    async fn login(&self) -> String {
        let answer = self.exchange(&assertion(self.now(), "first")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    /// Sends an assertion to the token endpoint.
    async fn exchange(&self, assertion: &str) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", assertion)
            .finish();
        let request = self.client.post(format!("{}{TOKEN}", self.sim.url)).body(form);
        answer(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let address = if path.starts_with("/_control") { path.to_owned() } else { format!("/services/rest{path}") };
        let request = self.client.request(method.parse().unwrap(), format!("{}{address}", self.sim.url));
        request.bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Answer {
        answer(self.request("GET", path)).await
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        answer(request.header("x-netsuite-propertynamevalidation", "Error").body(body.to_string())).await
    }

    async fn control(&self, method: &str, path: &str) -> Answer {
        answer(self.request(method, &format!("/_control/{path}"))).await
    }

    async fn query(&self, path: &str, q: &str, params: Value) -> Answer {
        let request = self.request("POST", &format!("/query/v1/suiteql{path}")).header("prefer", "transient");
        answer(request.header("content-type", "application/json").body(json!({ "q": q, "params": params }).to_string()))
            .await
    }

    /// The rows of a query that must succeed, without their empty links.
    async fn rows(&self, q: &str, params: Value) -> Vec<Value> {
        let mut answer = self.query("", q, params).await;
        assert_eq!(answer.status, 200, "{q}: {}", answer.body);
        let mut rows: Vec<Value> = answer.body["items"].as_array_mut().unwrap().drain(..).collect();
        for row in &mut rows {
            assert_eq!(row.as_object_mut().unwrap().remove("links"), Some(json!([])));
        }
        rows
    }

    /// Creates a record and gives its id.
    async fn create(&self, kind: &str, body: Value) -> String {
        let answer = self.send("POST", &format!("/record/v1/{kind}"), body).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
        answer.header("location").rsplit('/').next().unwrap().to_owned()
    }
}

/// A purchase order that the account takes: three of the first part, two of the second.
fn order() -> Value {
    json!({
        "entity": { "id": "101" }, "subsidiary": { "id": "1" }, "currency": { "id": "1" }, "tranDate": "2026-03-01",
        "memo": "made in a test", "location": { "id": "2" },
        "item": { "items": [
            { "item": { "id": "1001" }, "quantity": 3, "rate": 12.505, "expectedReceiptDate": "2026-03-20" },
            { "item": { "id": "1002" }, "quantity": 2.5, "rate": 0.1 },
        ] },
    })
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let mut response = request.timeout(Duration::from_secs(60)).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
        assert!(bytes.len() < 64 << 20, "the answer is too large");
    }
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// The claims of a good assertion.
fn claims(now: Timestamp, id: &str) -> Value {
    json!({
        "iss": Options::default().m2m.client_id, "scope": ["rest_webservices"], "jti": id,
        "aud": format!("https://1234567-sb1.suitetalk.api.netsuite.com{TOKEN}"),
        "iat": now.as_second(), "exp": now.as_second() + 3_600,
    })
}

fn assertion(now: Timestamp, id: &str) -> String {
    signed(&claims(now, id))
}

fn signed(claims: &Value) -> String {
    let header = Header { kid: Some(Options::default().m2m.certificate_id), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(SANDBOX_PRIVATE_KEY_PEM.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}
