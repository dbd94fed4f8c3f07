//! What goes wrong is a problem with the right status, the right code and a place.

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::{TestApp, new_connection};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_wrong_request_is_a_problem() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let create = || post("/api/v1/connections").token(&app.key);
    let vendor = "/api/v1/vendors/remote:1001";
    let remove = |path: &str| Ask::new(Method::DELETE, path).token(&ours.token);
    let change = |path: &str| Ask::new(Method::PATCH, path).token(&ours.token);
    let write = || post("/api/v1/vendors").token(&ours.token);
    let json = |ask: Ask, text: &str| ask.header("content-type", "application/json").bytes(text);
    let unknown_run = "/api/v1/syncs/run_00000000000000000000000000";
    for (name, ask, status, code) in [
        ("no such route", get("/api/v1/nothing"), 404, "NOT_FOUND"),
        ("no such page", get("/nothing"), 404, "NOT_FOUND"),
        ("wrong method", Ask::new(Method::PUT, "/api/v1/systems"), 405, "UNSUPPORTED_OPERATION"),
        ("change a list", Ask::new(Method::PATCH, "/api/v1/vendors"), 405, "UNSUPPORTED_OPERATION"),
        ("change nothing", change("/api/v1/vendors/remote:none").json(&json!({})), 404, "NOT_FOUND"),
        ("change to an array", change(vendor).json(&json!([])), 422, "VALIDATION_FAILED"),
        ("no version", change(vendor).header("if-match", "1").json(&json!({})), 422, "VALIDATION_FAILED"),
        ("another version", change(vendor).header("if-match", "\"9\"").json(&json!({})), 412, "VERSION_MISMATCH"),
        ("no such mode", remove("/api/v1/vendors/remote:1001?mode=flag"), 422, "UNSUPPORTED_OPERATION"),
        ("no such action", post("/api/v1/assets/x/dance").token(&ours.token), 404, "NOT_FOUND"),
        ("no JSON", json(create(), "{\"system\": "), 400, "VALIDATION_FAILED"),
        ("two documents", json(create(), "{} {}"), 400, "VALIDATION_FAILED"),
        ("no content type", create().bytes("{}"), 415, "VALIDATION_FAILED"),
        ("too large", json(create(), &" ".repeat(1_000_001)), 413, "VALIDATION_FAILED"),
        ("wrong shape", json(create(), "{\"system\": 7}"), 422, "VALIDATION_FAILED"),
        ("unknown member", json(create(), "{\"sistem\": \"x\"}"), 422, "VALIDATION_FAILED"),
        ("no such system", get("/api/v1/systems/none").token(&app.key), 404, "NOT_FOUND"),
        ("no such schema", get("/api/v1/schemas/none").token(&app.key), 404, "NOT_FOUND"),
        ("no such run", get(unknown_run).token(&ours.token), 404, "NOT_FOUND"),
        ("no such record", get("/api/v1/vendors/remote:none").token(&ours.token), 404, "NOT_FOUND"),
        ("wrong limit", get("/api/v1/vendors?limit=501").token(&ours.token), 422, "VALIDATION_FAILED"),
        ("limit twice", get("/api/v1/vendors?limit=1&limit=2").token(&ours.token), 422, "VALIDATION_FAILED"),
        ("unknown parameter", get("/api/v1/vendors?limt=1").token(&ours.token), 400, "VALIDATION_FAILED"),
        ("wrong cursor", get("/api/v1/vendors?cursor=x").token(&ours.token), 422, "VALIDATION_FAILED"),
        ("no key", write().json(&json!({})), 400, "VALIDATION_FAILED"),
        ("no name", write().header("idempotency-key", "1").json(&json!({})), 422, "VALIDATION_FAILED"),
        (
            "not creatable",
            post("/api/v1/assets").token(&ours.token).header("idempotency-key", "2").json(&json!({"name": "x"})),
            422,
            "UNSUPPORTED_OPERATION",
        ),
    ] {
        let answer = app.send(ask).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{name}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_says_where_it_is() {
    let app = TestApp::start(Acme::default()).await;
    let mut body = new_connection("secret");
    body["customer"]["id"] = json!(17);
    let answer = app.send(post("/api/v1/connections").token(&app.key).json(&body)).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/customer/id", "{answer:?}");

    let answer = app.send(get("/api/v1/connections?colour=red").token(&app.key)).await;
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(["colour", "status", "customer_id", "limit"].iter().all(|word| detail.contains(word)), "{detail}");

    let answer = app.send(Ask::new(Method::PUT, "/api/v1/systems")).await;
    assert!(answer.header("allow").contains("GET"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_system_said_is_told_and_the_password_is_not() {
    let app = TestApp::start(Acme::default()).await;
    let wrong = new_connection("hunter2-hunter2");
    let answer = app.send(post("/api/v1/connections").token(&app.key).json(&wrong)).await;
    assert_eq!(answer.problem(), (422, "AUTHENTICATION_FAILED".into()));
    assert_eq!(answer.json()["vendor"]["message"], "wrong user or password");
    assert_eq!(answer.json()["vendor"]["code"], "E1");
    assert!(!answer.body.contains("hunter2"));
    assert_eq!(app.send(get("/api/v1/connections").token(&app.key)).await.ok()["data"], json!([]));

    let ours = app.connect().await;
    let write =
        post("/api/v1/vendors").token(&ours.token).header("idempotency-key", "1").json(&json!({"name": "Nobody"}));
    let answer = app.send(write).await;
    assert_eq!(answer.problem(), (502, "SYSTEM_REJECTED".into()));
    assert_eq!(answer.json()["vendor"]["message"], "Nobody is not a name");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_and_takes_over_a_sane_one() {
    let app = TestApp::start(Acme::default()).await;
    let ids: Vec<String> = [
        app.send(get("/healthz")).await,
        app.send(get("/nothing")).await,
        app.send(get("/healthz").header("x-request-id", "not sane")).await,
    ]
    .iter()
    .map(|answer| answer.header("x-request-id").to_owned())
    .collect();
    assert!(ids.iter().all(|id| id.starts_with("req_")) && ids[0] != ids[1], "{ids:?}");
    let answer = app.send(get("/nothing").header("x-request-id", "mine-1")).await;
    assert_eq!(answer.header("x-request-id"), "mine-1");
    assert_eq!(answer.json()["request_id"], "mine-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_internal_problem_and_the_server_goes_on() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let write =
        post("/api/v1/vendors").token(&ours.token).header("idempotency-key", "1").json(&json!({"name": "Panic"}));
    let answer = app.send(write).await;
    assert_eq!(answer.problem(), (500, "INTERNAL".into()), "{answer:?}");
    assert!(!answer.body.contains("asked to panic"));
    assert_eq!(app.send(get("/api/v1/vendors").token(&ours.token)).await.ok()["data"], Value::Array(vec![]));
}
