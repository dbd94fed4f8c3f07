//! The document says what the server does: every documented operation is sent once, with the documented examples, and its
//! answer is held against the documented shape.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::{Connected, TestApp};
use crate::shape;

/// One operation of the document.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// An example; null if it takes none.
    pub(crate) body: Value,
    parameters: Vec<Value>,
    responses: Value,
}

impl Operation {
    /// Whether it is about one connection, named by the token or the header.
    pub(crate) fn is_of_a_connection(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter["name"] == "Trunnion-Connection")
    }

    /// Whether the made-up system can do it: it has vendors only, so of other entities there are lists, and they are empty.
    fn can_succeed(&self) -> bool {
        // A code is made by a customer in front of a page: see `connecting`.
        // The made-up system has no address to pass a request through to: see the command line's tests.
        if self.id == "exchange_code" || self.id == "passthrough" {
            return false;
        }
        // Nothing is held or set aside here; the engine's tests do these.
        if self.path.contains("/held-deletions/{id}") || self.path.contains("/quarantine/{id}") {
            return false;
        }
        let bulk = self.path.ends_with("/bulk");
        let of_an_entity =
            bulk || self.parameters.iter().any(|one| one["name"] == "include" || one["name"] == "dry_run");
        if self.path.ends_with("/history") {
            return self.path.starts_with("/api/v1/vendors");
        }
        !of_an_entity || self.id.starts_with("list_") || self.path.starts_with("/api/v1/vendors")
    }
}

pub(crate) async fn operations(app: &TestApp) -> Vec<Operation> {
    let document = app.send(get("/openapi.json")).await.ok();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: example(&document, operation),
                parameters: parameters.iter().map(|one| shape::follow(&document, one).clone()).collect(),
                responses: operation["responses"].clone(),
            });
        }
    }
    // Removing comes last, because the others need what is removed.
    operations.sort_by_key(|operation| (operation.method == Method::DELETE, operation.path.contains("/connections/")));
    operations
}

fn example(document: &Value, operation: &Value) -> Value {
    let content = &operation["requestBody"]["content"]["application/json"];
    match &content["example"] {
        Value::Null if content["schema"].is_null() => Value::Null,
        Value::Null => shape::follow(document, &content["schema"])["example"].clone(),
        example => example.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_answers_as_documented() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let document = app.send(get("/openapi.json")).await.ok();
    let ours = app.connect().await;
    let (run, written) = things(&app, &ours).await;
    let (endpoint, delivery, waiting) = on_its_way(&app).await;
    let again = post(&format!("/api/v1/webhook-endpoints/{endpoint}/replay")).token(&app.key);
    let again = app.send(again.json(&json!({"since": "2026-01-31"}))).await.json();
    let replay = again["id"].as_str().unwrap();
    let (link, alert) = (an_open_link(&app).await, an_alert(&app).await);
    let bulk = a_bulk(&app, &ours).await;
    let address = post(&format!("/api/v1/connections/{}/inbound-hook", ours.id)).token(&app.key);
    app.send(address.json(&json!({}))).await.ok();
    let mut findings = Vec::new();
    for operation in operations(&app).await {
        let id = match operation.path.as_str() {
            path if path.contains("/connections/") => &ours.id,
            path if path.contains("/syncs/") => &run,
            path if path.contains("/operations/") => &written,
            path if path.contains("/bulks/") => &bulk,
            path if path.contains("/webhook-endpoints/") => &endpoint,
            path if path.ends_with("/skip") => &waiting,
            path if path.contains("/link-sessions/") => &link,
            path if path.contains("/alerts/") => &alert,
            path if path.contains("/deliveries/") => &delivery,
            path if path.contains("/replays/") => replay,
            _ => "remote:1001",
        };
        let answer = app.send(request(&operation, &app, &ours, id)).await;
        if operation.can_succeed() != (200..300).contains(&answer.status) {
            findings.push(format!("{}: {answer:?}", operation.id));
        }
        findings.extend(undocumented(&document, &operation, &answer));
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

/// A webhook endpoint, a delivery to it, and one that waits for that.
pub(crate) async fn on_its_way(app: &TestApp) -> (String, String, String) {
    let new = json!({"url": "https://hooks.customer.example/", "ordering": "per_connection"});
    let made = app.send(post("/api/v1/webhook-endpoints").token(&app.key).json(&new)).await.ok();
    let endpoint = made["endpoint"]["id"].as_str().unwrap().to_owned();
    app.connect().await;
    let path = format!("/api/v1/webhook-endpoints/{endpoint}/deliveries");
    for _ in 0..200 {
        let found = app.send(get(&path).token(&app.key)).await.ok();
        let all = found["data"].as_array().unwrap();
        let one =
            |waits: bool| all.iter().find(|one| one["waits_for_turn"] == waits).and_then(|one| one["id"].as_str());
        if let (Some(first), Some(waiting)) = (one(false), one(true)) {
            return (endpoint, first.to_owned(), waiting.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no delivery was made");
}

/// A bulk of one vendor.
pub(crate) async fn a_bulk(app: &TestApp, ours: &Connected) -> String {
    let items = json!([{"idempotency_key": "of-a-bulk", "record": {"name": "One of many"}}]);
    let made = app.send(post("/api/v1/vendors/bulk").token(&ours.token).json(&items)).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

/// An alert that does not fire.
pub(crate) async fn an_alert(app: &TestApp) -> String {
    let new = json!({"name": "a", "rule": {"type": "stale", "after_seconds": 86_400},
        "channel": {"type": "webhook", "url": "https://hooks.customer.example/"}});
    let made = app.send(post("/api/v1/alerts").token(&app.key).json(&new)).await.ok();
    made["alert"]["id"].as_str().unwrap().to_owned()
}

/// A link session that nobody used.
pub(crate) async fn an_open_link(app: &TestApp) -> String {
    let new = json!({"customer": {"id": "c", "name": "C"}, "redirect_uri": "https://app.example.com/connected"});
    let made = app.send(post("/api/v1/link-sessions").token(&app.key).json(&new)).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

/// A run and an operation to ask for.
pub(crate) async fn things(app: &TestApp, ours: &Connected) -> (String, String) {
    let uris = json!({"redirect_uris": ["https://app.example.com/connected"]});
    app.send(Ask::new(Method::PUT, "/api/v1/redirect-uris").token(&app.key).json(&uris)).await.ok();
    let runs = app.send(get("/api/v1/syncs").token(&ours.token)).await.ok();
    let write = post("/api/v1/vendors").token(&ours.token).header("idempotency-key", "first");
    app.send(write.json(&json!({"name": "First"}))).await.ok();
    let events = app.send(get("/api/v1/events?types=operation.succeeded").token(&ours.token)).await.ok();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{runs} {events}")).to_owned();
    (text(&runs["data"][0]["id"]), text(&events["data"][0]["data"]["id"]))
}

fn request(operation: &Operation, app: &TestApp, ours: &Connected, id: &str) -> Ask {
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| !parameter["example"].is_null()) {
        let name = parameter["name"].as_str().unwrap();
        let example = parameter["example"].as_str().map_or_else(|| parameter["example"].to_string(), str::to_owned);
        match parameter["in"].as_str().unwrap() {
            "path" if name == "id" => path = path.replace("{id}", id),
            "path" => path = path.replace(&format!("{{{name}}}"), &example),
            "query" => query.push(format!("{name}={example}")),
            "header" if name == "Trunnion-Connection" => headers.push((name, ours.id.clone())),
            "header" => headers.push((name, example)),
            place => panic!("a parameter in {place}"),
        }
    }
    let query = query.join("&").replace(' ', "%20");
    let mut ask = Ask::new(operation.method.clone(), &format!("{path}?{query}")).token(&app.key);
    for (name, value) in headers {
        ask = ask.header(name, &value);
    }
    // The only body that is no JSON, so the document has no example of it.
    if operation.id == "set_logo" {
        return ask.header("content-type", "image/png").bytes(crate::branding::PNG);
    }
    if operation.body.is_null() { ask } else { ask.json(&operation.body) }
}

fn undocumented(document: &Value, operation: &Operation, answer: &crate::answers::Answer) -> Vec<String> {
    let response = &operation.responses[answer.status.to_string()];
    if response.is_null() {
        return vec![format!("{}: status {} is not documented: {}", operation.id, answer.status, answer.body)];
    }
    let content = &shape::follow(document, response)["content"];
    if content.is_null() {
        let empty = answer.body.is_empty();
        return if empty { Vec::new() } else { vec![format!("{}: a body that is not documented", operation.id)] };
    }
    let schema = &content[answer.header("content-type")]["schema"];
    if schema.is_null() {
        return vec![format!("{}: content type {} is not documented", operation.id, answer.header("content-type"))];
    }
    // What is no JSON has tests of its own.
    if schema["type"] == "string" || answer.header("content-type") == "text/event-stream" {
        return Vec::new();
    }
    let found = shape::check(document, schema, &answer.json());
    found.into_iter().map(|finding| format!("{}: {finding}", operation.id)).collect()
}
