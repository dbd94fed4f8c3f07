//! The log over all connections, streams of it, and what events look like.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::TestApp;
use crate::shape;

async fn page(app: &TestApp, token: &str, query: &str) -> Value {
    app.send(get(&format!("/api/v1/events?{query}")).token(token)).await.ok()
}

fn events(page: &Value) -> &[Value] {
    page["data"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_key_reads_the_events_of_all_its_connections_in_one_order() {
    let app = TestApp::start(Acme::with_vendors(4)).await;
    let (one, other) = (app.connect().await, app.connect().await);
    app.connect_with(&app.other_key).await;
    let (mut all, mut query) = (Vec::new(), String::new());
    loop {
        let page = page(&app, &app.key, &format!("limit=3{query}")).await;
        all.extend(events(&page).iter().cloned());
        assert!(page["last_sequence"].is_null(), "there is no one sequence: {page}");
        if page["has_more"] == false {
            break;
        }
        query = format!("&after={}", page["next_cursor"].as_str().unwrap());
    }
    let again = page(&app, &app.key, "limit=500").await;
    assert_eq!(events(&again), all, "the order stays");
    for connection in [&one, &other] {
        let own = page(&app, &connection.token, "limit=500").await;
        let of_it: Vec<&Value> = all.iter().filter(|event| event["connection_id"] == connection.id).collect();
        assert_eq!(events(&own).iter().collect::<Vec<_>>(), of_it);
        let named = page(&app, &app.key, &format!("limit=500&connection_id={}", connection.id)).await;
        assert_eq!(named, own);
    }
    assert!(all.iter().all(|event| event["connection_id"] == one.id || event["connection_id"] == other.id));
    let created = page(&app, &app.key, "types=connection.*,vendor.created&limit=500").await;
    assert!(events(&created).len() >= 10 && events(&created).len() < all.len(), "{created}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_log_or_from_beyond_the_end_and_an_unknown_type_are_refused() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let ask =
        async |token: &str, query: &str| app.send(get(&format!("/api/v1/events?{query}")).token(token)).await.problem();
    for (token, query) in [
        (&app.key, "after=3"),
        (&ours.token, "after=log_3"),
        (&app.key, "after=x"),
        (&app.key, "types=vendors.created"),
        (&ours.token, "types=vendor.created,vend*"),
    ] {
        assert_eq!(ask(token, query).await, (422, "VALIDATION_FAILED".into()), "{query}");
    }
    for (token, query) in [(&app.key, "after=log_100000"), (&ours.token, "after=100000")] {
        assert_eq!(ask(token, query).await, (410, "CURSOR_EXPIRED".into()), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_over_all_connections_answers_when_something_comes() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    app.connect().await;
    let now = page(&app, &app.key, "after=latest&limit=1").await;
    assert_eq!(events(&now).len(), 0);
    let query = format!("wait=30&types=connection.created&after={}", now["next_cursor"].as_str().unwrap());
    let (answer, made) = tokio::join!(page(&app, &app.key, &query), app.connect());
    assert_eq!(events(&answer)[0]["connection_id"], made.id);
}

/// Reads a stream until `enough` holds of its text; the text.
async fn read(app: &TestApp, ask: &str, token: &str, last: Option<&str>, enough: impl Fn(&str) -> bool) -> String {
    let mut request = app.client.get(format!("{}/api/v1/events/stream?{ask}", app.base)).bearer_auth(token);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !enough(&text) {
        match tokio::time::timeout(Duration::from_secs(20), response.chunk()).await.unwrap().unwrap() {
            Some(chunk) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
            None => break,
        }
    }
    text
}

/// The blocks with data: cursor and event.
fn blocks(text: &str) -> Vec<(String, Value)> {
    let block = |block: &str| {
        let (id, data) = block.strip_prefix("id: ")?.split_once("\ndata: ")?;
        Some((id.to_owned(), serde_json::from_str(data).unwrap()))
    };
    text.split("\n\n").filter_map(block).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_what_was_and_what_comes_and_goes_on_behind_the_last_event_id() {
    let app = TestApp::start(Acme::with_vendors(250)).await;
    let ours = app.connect().await;
    for token in [&app.key, &ours.token] {
        let log: Vec<Value> = {
            let page = page(&app, token, "limit=500").await;
            events(&page).to_vec()
        };
        let whole = blocks(&read(&app, "", token, None, |text| text.matches("data:").count() >= log.len()).await);
        assert_eq!(whole.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), log);
        let middle = &whole[199].0;
        let rest = blocks(&read(&app, "seconds=1&after=0", token, Some(middle), |_| false).await);
        assert_eq!(rest, whole[200..], "Last-Event-ID goes before after");
        let connect = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            app.acme.add("Newcomer", &json!({}));
            app.send(post("/api/v1/syncs").token(&ours.token).json(&json!({}))).await.ok();
        };
        let coming = read(&app, "after=latest&types=vendor.created", token, None, |text| text.contains("data:"));
        let (coming, ()) = tokio::join!(coming, connect);
        assert_eq!(blocks(&coming)[0].1["data"]["name"], "Newcomer");
        app.wait_for_sync(&ours).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_shows_signs_of_life_and_outlives_the_time_limit_of_other_requests() {
    let options = trunnion_server::Options { timeout: Duration::from_secs(2), ..Default::default() };
    let app = TestApp::start_with(Acme::with_vendors(1), options).await;
    let ours = app.connect().await;
    let asked = Instant::now();
    let text = read(&app, "after=latest&seconds=4", &ours.token, None, |_| false).await;
    assert!(asked.elapsed() >= Duration::from_secs(4), "it ended after {:?}", asked.elapsed());
    assert!(text.starts_with("retry: ") && blocks(&text).is_empty(), "{text}");
    let quiet = format!("/api/v1/events?after=latest&wait=5&types={}", "sync.failed");
    assert_eq!(app.send(get(&quiet).token(&ours.token)).await.status, 504, "the limit holds elsewhere");
    let silent = read(&app, "after=latest", &ours.token, None, |text| text.contains("id: ")).await;
    assert!(silent.contains("\n\nid: "), "after 15 s the cursor comes alone: {silent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_stream_is_told_as_a_problem() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let ask = async |query: &str, last: &str| {
        let ask = get(&format!("/api/v1/events/stream?{query}")).token(&ours.token).header("last-event-id", last);
        app.send(ask).await.problem()
    };
    assert_eq!(ask("seconds=901", "0").await, (422, "VALIDATION_FAILED".into()));
    assert_eq!(ask("", "log_1").await, (422, "VALIDATION_FAILED".into()));
    assert_eq!(ask("", "100000").await, (410, "CURSOR_EXPIRED".into()));
    assert_eq!(ask("limit=3", "0").await, (400, "VALIDATION_FAILED".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_server_stops_and_when_its_token_dies() {
    let app = TestApp::start(Acme::with_vendors(1)).await;
    let ours = app.connect().await;
    let delete = Ask::new(Method::DELETE, &format!("/api/v1/connections/{}", ours.id)).token(&app.key);
    let stream = read(&app, "after=latest&types=sync.failed", &ours.token, None, |_| false);
    let (_ended, deleted) = tokio::join!(stream, app.send(delete));
    assert_eq!(deleted.status, 204);
    let mut open = app.client.get(format!("{}/api/v1/events/stream?after=latest", app.base)).bearer_auth(&app.key);
    open = open.timeout(Duration::from_secs(60));
    let mut open = open.send().await.unwrap();
    open.chunk().await.unwrap().unwrap();
    let stopped = Instant::now();
    app.stop.send(()).unwrap();
    while open.chunk().await.unwrap().is_some() {}
    app.server.await.unwrap().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(50), "it was not cut off but ended: {:?}", stopped.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_has_the_form_that_its_type_says() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let ours = app.connect().await;
    app.acme.add("Newcomer", &json!({}));
    let write = post("/api/v1/vendors").token(&ours.token).header("idempotency-key", "a");
    app.send(write.json(&json!({"name": "First"}))).await.ok();
    let delete = Ask::new(Method::DELETE, &format!("/api/v1/connections/{}", ours.id)).token(&app.key);
    assert_eq!(app.send(delete).await.status, 204);
    let types = app.send(get("/api/v1/event-types").token(&app.key)).await.ok();
    let types = types["data"].as_array().unwrap();
    let log = page(&app, &app.key, "limit=500").await;
    let mut seen = BTreeSet::new();
    for event in events(&log) {
        let kind = types.iter().find(|kind| kind["name"] == event["type"]).unwrap_or_else(|| panic!("{event}"));
        let findings = shape::check(&Value::Null, &kind["schema"], event);
        assert!(findings.is_empty(), "{findings:?} {event}");
        seen.insert(event["type"].as_str().unwrap());
    }
    for kind in types {
        assert_eq!(shape::check(&Value::Null, &kind["schema"], &kind["example"]), [""; 0], "{}", kind["name"]);
    }
    for kind in [
        "connection.created",
        "connection.status_changed",
        "sync.completed",
        "vendor.created",
        "operation.succeeded",
        "connection.disconnected",
    ] {
        assert!(seen.contains(kind), "{kind} is not among {seen:?}");
    }
}
