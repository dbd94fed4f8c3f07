//! Webhooks by the API: an endpoint gets what happens, and the standard's own library verifies it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post as on_post;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::TestApp;

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A receiver that answers 204, its URL, and what it got.
async fn receiver() -> (String, Seen) {
    let seen = Seen::default();
    let keep = async |State(seen): State<Seen>, headers: HeaderMap, body: Bytes| {
        seen.lock().unwrap().push((headers, body));
        http::StatusCode::NO_CONTENT
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = Router::new().route("/hook", on_post(keep)).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, seen)
}

/// What the path shows, once there is an object at the pointer.
async fn shown(app: &TestApp, path: &str, pointer: &str) -> Value {
    for _ in 0..200 {
        let shown = app.send(get(path).token(&app.key)).await.ok();
        if shown.pointer(pointer).is_some_and(Value::is_object) {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{path} does not show {pointer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_gets_every_event_of_its_types_and_the_standards_library_verifies_them() {
    let app = TestApp::start(Acme::with_vendors(20)).await;
    let (url, seen) = receiver().await;
    let new = json!({"url": url, "types": ["vendor.*", "connection.*"]});
    let made = app.send(post("/api/v1/webhook-endpoints").token(&app.key).json(&new)).await.ok();
    let ours = app.connect().await;
    let types = "/api/v1/events?limit=500&types=vendor.*,connection.*";
    let mut log = Vec::new();
    for _ in 0..400 {
        log = app.send(get(types).token(&ours.token)).await.ok()["data"].as_array().unwrap().clone();
        // The last thing that happens: the connection has synced everything once.
        let online = log.iter().any(|event| event["data"]["status"] == "online");
        if online && seen.lock().unwrap().len() >= log.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(log.len() > 20, "{}", log.len());
    let got = seen.lock().unwrap().clone();
    let verifier = Webhook::new(made["secret"].as_str().unwrap()).unwrap();
    let mut events = Vec::new();
    for (headers, body) in &got {
        verifier.verify(body, headers).unwrap();
        let event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(headers["webhook-id"].to_str().unwrap(), event["id"]);
        events.push(event);
    }
    events.sort_by_key(|event| event["sequence"].as_i64());
    assert_eq!(events, log);
    let (headers, body) = &got[0];
    let forged = [body, &b" "[..]].concat();
    assert!(verifier.verify(&forged, headers).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_set_as_asked_and_shows_no_secret_of_it() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let (url, seen) = receiver().await;
    let new = json!({
        "url": url, "ordering": "per_record", "payload": "thin", "rate_limit_per_second": 500, "timeout_seconds": 3,
        "disable_after_seconds": 7200, "headers": {"Authorization": "Bearer hush-hush", "x-tenant": "7"},
        "signatures": ["v1", "v1a"], "types": ["vendor.*"],
    });
    let made = app.send(post("/api/v1/webhook-endpoints").token(&app.key).json(&new)).await.ok();
    assert!(!made.to_string().contains("hush-hush"), "{made}");
    let endpoint = &made["endpoint"];
    for name in
        ["ordering", "payload", "rate_limit_per_second", "timeout_seconds", "disable_after_seconds", "signatures"]
    {
        assert_eq!(endpoint[name], new[name], "{name}");
    }
    assert_eq!(endpoint["header_names"], json!(["Authorization", "x-tenant"]));
    let own = format!("/api/v1/webhook-endpoints/{}", endpoint["id"].as_str().unwrap());
    app.connect().await;
    for _ in 0..200 {
        if seen.lock().unwrap().len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let got = seen.lock().unwrap().clone();
    assert!(got.len() >= 3, "{}", got.len());
    let public = endpoint["public_keys"][0].as_str().unwrap();
    for (headers, body) in &got {
        assert_eq!(
            (&headers["authorization"], &headers["x-tenant"]),
            (&"Bearer hush-hush".parse().unwrap(), &"7".parse().unwrap())
        );
        let event: Value = serde_json::from_slice(body).unwrap();
        let members: Vec<&str> = event["data"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["id", "version"], "thin");
        let text = |name: &str| headers[name].to_str().unwrap();
        let entry = text("webhook-signature").split(' ').find(|entry| entry.starts_with("v1a,")).unwrap();
        let timestamp = text("webhook-timestamp").parse().unwrap();
        assert!(trunnion_kit::webhook::verify(public, entry, text("webhook-id"), timestamp, body));
    }
    // The log of attempts has the names, and not what they say.
    let listed = app.send(get(&format!("{own}/deliveries")).token(&app.key)).await.ok();
    let delivery = format!("/api/v1/deliveries/{}", listed["data"][0]["id"].as_str().unwrap());
    // What came of a try is stored after the receiver has answered.
    let detail = shown(&app, &delivery, "/attempts/0").await;
    assert_eq!(detail["attempts"][0]["request_headers"]["Authorization"], "********");
    let rotate = post(&format!("{own}/rotate-secret")).token(&app.key).json(&json!({"scheme": "v1a"}));
    let rotated = app.send(rotate).await.ok();
    assert_eq!((&rotated["secret"], rotated["endpoint"]["public_keys"].as_array().unwrap().len()), (&Value::Null, 2));
    assert_eq!(rotated["endpoint"]["public_keys"][1], public);
    let patch = json!({"signatures": ["v1"], "headers": {}, "rate_limit_per_second": 0, "ordering": "unordered"});
    let patched = app.send(Ask::new(Method::PATCH, &own).token(&app.key).json(&patch)).await.ok();
    assert_eq!((&patched["public_keys"], &patched["header_names"]), (&json!([]), &json!([])));
    assert_eq!((&patched["rate_limit_per_second"], &patched["ordering"]), (&Value::Null, &json!("unordered")));
    assert_eq!(patched["payload"], "thin", "what is left out stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_are_refused_each_with_its_pointer() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    for (member, value, pointer) in [
        ("ordering", json!("random"), "/ordering"),
        ("payload", json!("fat"), "/payload"),
        ("rate_limit_per_second", json!(-1), "/rate_limit_per_second"),
        ("timeout_seconds", json!(31), "/timeout_seconds"),
        ("disable_after_seconds", json!(60), "/disable_after_seconds"),
        ("signatures", json!(["v1a"]), "/signatures"),
        ("headers", json!({"Webhook-Id": "x"}), "/headers/Webhook-Id"),
        ("headers", json!({"x": "a\r\nhost: b"}), "/headers/x"),
    ] {
        let new = json!({"url": "https://hooks.example/", member: value});
        let answer = app.send(post("/api/v1/webhook-endpoints").token(&app.key).json(&new)).await;
        assert_eq!(answer.status, 422, "{member}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_applications_endpoints_and_deliveries_are_not_there() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let (url, seen) = receiver().await;
    let made = app.send(post("/api/v1/webhook-endpoints").token(&app.key).json(&json!({"url": url}))).await.ok();
    let endpoint = made["endpoint"]["id"].as_str().unwrap();
    app.connect_with(&app.other_key).await;
    let ours = app.connect().await;
    let own = format!("/api/v1/webhook-endpoints/{endpoint}");
    let deliveries = format!("{own}/deliveries");
    let listed = shown(&app, &deliveries, "/data/0").await;
    let delivery = format!("/api/v1/deliveries/{}", listed["data"][0]["id"].as_str().unwrap());
    let replay = post(&format!("{own}/replay")).token(&app.key).json(&json!({"since": "2020-01-01"}));
    let replay = app.send(replay).await;
    assert_eq!(replay.status, 202);
    let replay = format!("/api/v1/replays/{}", replay.json()["id"].as_str().unwrap());
    for ask in [
        get(&own),
        get(&deliveries),
        get(&format!("{own}/blocked")),
        get(&format!("{own}/replays")),
        get(&replay),
        post(&format!("{replay}/cancel")),
        post(&format!("{delivery}/skip")),
        get(&delivery),
        post(&format!("{delivery}/resend")),
        post(&format!("{own}/test")),
        post(&format!("{own}/rotate-secret")).json(&json!({})),
        post(&format!("{own}/replay")).json(&json!({"since": "2020-01-01"})),
        Ask::new(Method::PATCH, &own).json(&json!({"disabled": true})),
        Ask::new(Method::DELETE, &own),
    ] {
        let shown = format!("{ask:?}");
        assert_eq!(app.send(ask.token(&app.other_key)).await.problem(), (404, "NOT_FOUND".into()), "{shown}");
    }
    let listed = app.send(get("/api/v1/webhook-endpoints").token(&app.other_key)).await.ok();
    assert_eq!(listed["data"], json!([]));
    assert_eq!(app.send(get(&own).token(&ours.token)).await.problem().0, 403);
    for (_, body) in seen.lock().unwrap().iter() {
        let event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(event["connection_id"], ours.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_sends_the_example_of_any_type() {
    let app = TestApp::start(Acme::default()).await;
    let (url, seen) = receiver().await;
    let made = app.send(post("/api/v1/webhook-endpoints").token(&app.key).json(&json!({"url": url}))).await.ok();
    let path = format!("/api/v1/webhook-endpoints/{}/test", made["endpoint"]["id"].as_str().unwrap());
    let types = app.send(get("/api/v1/event-types").token(&app.key)).await.ok();
    let types = types["data"].as_array().unwrap();
    for kind in types {
        let tested = app.send(post(&path).token(&app.key).json(&json!({"type": kind["name"]}))).await.ok();
        assert_eq!(tested["delivered"], true, "{tested}");
    }
    assert_eq!(app.send(post(&path).token(&app.key)).await.ok()["delivered"], true, "without a body");
    let wrong = app.send(post(&path).token(&app.key).json(&json!({"type": "vendors.created"}))).await;
    assert_eq!(wrong.problem(), (422, "VALIDATION_FAILED".into()));
    let seen = seen.lock().unwrap();
    let verifier = Webhook::new(made["secret"].as_str().unwrap()).unwrap();
    for ((headers, body), kind) in seen.iter().zip(types) {
        verifier.verify(body, headers).unwrap();
        let mut event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(headers["webhook-id"].to_str().unwrap(), event["id"]);
        for member in ["id", "timestamp"] {
            event[member] = kind["example"][member].clone();
        }
        if kind["name"] == "webhook_endpoint.test" {
            event["data"] = kind["example"]["data"].clone();
        }
        assert_eq!(event, kind["example"]);
    }
    let last: Value = serde_json::from_slice(&seen.last().unwrap().1).unwrap();
    assert_eq!((seen.len(), &last["type"]), (types.len() + 1, &json!("webhook_endpoint.test")));
}
