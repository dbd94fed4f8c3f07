//! Nobody gets anything without a token that is good for it. The routes come from the served document, so a new one is
//! tested without a line here.

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::{TestApp, make_key};
use crate::documented::{Operation, operations};

/// Routes that need no token, all of them. The exchange of a code has proofs of its own (see `connecting`).
const OPEN: &[&str] = &["/healthz", "/readyz", "/metrics", "/api/v1/oauth/token"];

#[tokio::test(flavor = "multi_thread")]
async fn no_documented_route_answers_success_without_a_token_that_is_good_for_it() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let ours = app.connect().await;
    let stranger = app.connect_with(&app.other_key).await;
    let wrong = format!("{}x", &app.key[..app.key.len() - 1]);
    let mut tried = 0;
    for operation in operations(&app).await.iter().filter(|operation| !OPEN.contains(&operation.path.as_str())) {
        for token in [None, Some(""), Some("tk_unknown"), Some(wrong.as_str())] {
            let answer = app.send(ask(operation, token, &ours.id)).await;
            assert_eq!(answer.problem(), (401, "AUTHENTICATION_FAILED".into()), "{operation:?} {token:?}");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{operation:?}");
        }
        // Of the right kind, but somebody else's: our connection, its runs and records are not there for them.
        if operation.path.contains("/connections/") || operation.is_of_a_connection() {
            for token in [&app.other_key, &stranger.token] {
                let answer = app.send(ask(operation, Some(token), &ours.id)).await;
                let (status, _) = answer.problem();
                assert!([403, 404].contains(&status), "{operation:?} {answer:?}");
            }
        }
        tried += 1;
    }
    assert!(tried >= 30, "{tried} operations only");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_pages_need_no_token() {
    let app = TestApp::start(Acme::default()).await;
    for path in ["/", "/docs", "/openapi.json", "/healthz", "/readyz", "/problems/not-found"] {
        assert_eq!(app.send(get(path)).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_token_is_refused_on_routes_of_the_application() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    for path in ["/api/v1/systems", "/api/v1/connections", &format!("/api/v1/connections/{}", ours.id)] {
        let answer = app.send(get(path).token(&ours.token)).await;
        assert_eq!(answer.problem(), (403, "PERMISSION_DENIED".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_connection_is_not_there() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let path = format!("/api/v1/connections/{}", ours.id);
    assert_eq!(app.send(get(&path).token(&app.other_key)).await.problem(), (404, "NOT_FOUND".into()));
    let vendors = get("/api/v1/vendors").token(&app.other_key).at(&ours.id);
    assert_eq!(app.send(vendors).await.problem(), (404, "NOT_FOUND".into()));
    let listed = app.send(get("/api/v1/connections").token(&app.other_key)).await.ok();
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_key_names_its_connection_in_the_header() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let named = app.send(get("/api/v1/vendors").token(&app.key).at(&ours.id)).await.ok();
    let own = app.send(get("/api/v1/vendors").token(&ours.token)).await.ok();
    assert_eq!(named, own);
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
    assert_eq!(app.send(get("/api/v1/vendors").token(&app.key)).await.problem(), (400, "VALIDATION_FAILED".into()));
    let events = format!("/api/v1/events?connection_id={}", ours.id);
    assert!(!app.send(get(&events).token(&app.key)).await.ok()["data"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_only_what_its_scopes_say() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let reader = make_key(&app.engine, "one", &["read"]).await;
    assert_eq!(app.send(get("/api/v1/vendors").token(&reader).at(&ours.id)).await.status, 200);
    let write = post("/api/v1/vendors").token(&reader).at(&ours.id).header("idempotency-key", "k").json(&json!({}));
    let manage = post(&format!("/api/v1/connections/{}/token", ours.id)).token(&reader);
    for ask in [write, manage] {
        assert_eq!(app.send(ask).await.problem(), (403, "PERMISSION_DENIED".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_is_dead_and_the_new_one_lives() {
    let app = TestApp::start(Acme::default()).await;
    let ours = app.connect().await;
    let rotate = post(&format!("/api/v1/connections/{}/token", ours.id)).token(&app.key);
    let token = app.send(rotate).await.ok()["token"].as_str().unwrap().to_owned();
    assert_eq!(app.send(get("/api/v1/connection").token(&ours.token)).await.problem().0, 401);
    assert_eq!(app.send(get("/api/v1/connection").token(&token)).await.ok()["id"], ours.id);
    let delete = Ask::new(Method::DELETE, &format!("/api/v1/connections/{}", ours.id)).token(&app.key);
    assert_eq!(app.send(delete).await.status, 204);
    assert_eq!(app.send(get("/api/v1/connection").token(&token)).await.problem().0, 401);
}

/// The operation with `token`, at our connection, right in everything else as far as that is known without knowing it.
fn ask(operation: &Operation, token: Option<&str>, connection: &str) -> Ask {
    let path = operation.path.replace("{id}", if operation.path.contains("/connections/") { connection } else { "x" });
    let path = path.replace("{system}", "acme-erp").replace("{entity}", "vendor");
    let mut ask = Ask::new(operation.method.clone(), &path).at(connection).header("idempotency-key", "k-1");
    if let Some(token) = token {
        ask = ask.token(token);
    }
    match operation.body.is_null() {
        true => ask,
        false => ask.json(&Value::clone(&operation.body)),
    }
}

/// Every token of somebody else, on every documented route, with the ids of everything that is ours in place of `{id}`. A new
/// route is tested without a line here; one that gives something away fails.
#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_another_reaches_anything_of_ours_on_any_route() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let ours = app.connect().await;
    let sibling = app.connect().await;
    let stranger = app.connect_with(&app.other_key).await;
    let (run, operation) = crate::documented::things(&app, &ours).await;
    let (endpoint, delivery, _) = crate::documented::on_its_way(&app).await;
    let link = crate::documented::an_open_link(&app).await;
    let alert = crate::documented::an_alert(&app).await;
    let own = app.send(get("/api/v1/vendors").token(&ours.token)).await.ok();
    let vendor = own["data"][0]["id"].as_str().unwrap().to_owned();
    let logo = crate::branding::brand(&app).await;
    let before = everything(&app, &ours.token, &ours.id).await;
    let things = [&ours.id, &run, &operation, &endpoint, &delivery, &link, &alert, &vendor, &logo];
    // What an application's own connections share is not secret from that application's key, but from each other's tokens.
    let others = [
        ("another application's key", &app.other_key),
        ("its connection", &stranger.token),
        ("a sibling", &sibling.token),
    ];
    let mut tried = 0;
    for operation in operations(&app).await.iter().filter(|operation| !OPEN.contains(&operation.path.as_str())) {
        for (who, token) in others {
            for thing in things {
                let mut ask = ask(operation, Some(token), &ours.id);
                ask.path = ask.path.replace("/x", &format!("/{thing}"));
                let answer = app.send(ask).await;
                let told = things.iter().find(|thing| answer.body.contains(thing.as_str()) && answer.status < 300);
                assert_eq!(told, None, "{who}: {operation:?}: {answer:?}");
                if operation.is_of_a_connection() {
                    assert!([403, 404].contains(&answer.status), "{who}: {operation:?}: {answer:?}");
                }
                tried += 1;
                if !operation.path.contains("{id}") {
                    break;
                }
            }
        }
    }
    assert!(tried >= 300, "{tried} tries only");
    assert_eq!(everything(&app, &ours.token, &ours.id).await, before, "nothing of ours was changed");
}

/// What is ours, as its owner sees it.
async fn everything(app: &TestApp, token: &str, id: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in ["/api/v1/connection", "/api/v1/vendors", "/api/v1/syncs"] {
        seen.push(app.send(get(path).token(token)).await.ok());
    }
    let mine = ["/api/v1/webhook-endpoints", "/api/v1/redirect-uris", "/api/v1/frame-origins", "/api/v1/branding"]
        .map(str::to_owned);
    for path in mine.into_iter().chain([format!("/api/v1/connections/{id}")]) {
        seen.push(app.send(get(&path).token(&app.key)).await.ok());
    }
    seen
}
