//! The page in frames of those who may, and the code handed to nobody else. What the scripts do is tested in a browser.

use http::Method;
use serde_json::{Value, json};

use crate::answers::{Answer, Ask, get};
use crate::app::TestApp;
use crate::connecting::{BACK, VERIFIER, app, code, exchange, form, page, session};

const HOST: &str = "https://app.example.com";

async fn allow(app: &TestApp, origins: &Value) -> Answer {
    let body = json!({"frame_origins": origins});
    app.send(Ask::new(Method::PUT, "/api/v1/frame-origins").token(&app.key).json(&body)).await
}

async fn submit(app: &TestApp, path: &str) -> Answer {
    let url = ("f.url", "https://erp.customer.example");
    let pairs = [("system", "acme-erp"), ("auth", "basic"), url, ("f.username", "u"), ("f.password", "secret")];
    form(app, path, &pairs).await
}

fn policy(answer: &Answer) -> &str {
    answer.header("content-security-policy")
}

/// An attribute of the element that hands over the code.
fn data(answer: &Answer, name: &str) -> String {
    let rest = answer.body.split_once(&format!(" data-{name}=\"")).unwrap_or_else(|| panic!("{name}: {answer:?}")).1;
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_origins_may_frame_the_page() {
    let app = app().await;
    let path = page(&app, &session()).await;
    assert!(policy(&app.send(get(&path)).await).contains("frame-ancestors 'none';"));
    allow(&app, &json!([HOST, "http://localhost:3000"])).await.ok();
    let listed = app.send(get("/api/v1/frame-origins").token(&app.key)).await.ok();
    assert_eq!(listed, json!({"frame_origins": ["http://localhost:3000", HOST]}));
    let both = "frame-ancestors http://localhost:3000 https://app.example.com;";
    let shown = app.send(get(&path)).await;
    assert!(policy(&shown).contains(both) && !policy(&shown).contains("script-src"), "{shown:?}");
    // Whoever is not known frames nothing, nor does another application's list count.
    for elsewhere in ["/link/lnk_unknown", "/link/callback?state=x"] {
        assert!(policy(&app.send(get(elsewhere)).await).contains("frame-ancestors 'none';"), "{elsewhere}");
    }
    let others = app.send(get("/api/v1/frame-origins").token(&app.other_key)).await.ok();
    assert_eq!(others, json!({"frame_origins": []}));
    code(&submit(&app, &path).await);
    assert!(policy(&app.send(get(&path)).await).contains(both), "also the page of a link that is over");

    let wrong = allow(&app, &json!(["https://fine.example", "https://*.example", "https://a.example/", "null"])).await;
    assert_eq!(wrong.problem(), (422, "VALIDATION_FAILED".into()));
    let errors = wrong.json()["errors"].clone();
    let places: Vec<&str> = errors.as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/frame_origins/1", "/frame_origins/2", "/frame_origins/3"]);
    assert_eq!(app.send(get("/api/v1/frame-origins").token(&app.key)).await.ok(), listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_frame_the_code_is_handed_over_to_the_listed_origin_instead_of_a_redirect() {
    let app = app().await;
    allow(&app, &json!([HOST])).await.ok();
    let path = page(&app, &session()).await;
    let framed = format!("{path}?frame=https%3A%2F%2Fapp.example.com");
    let shown = app.send(get(&framed)).await;
    assert!(policy(&shown).contains("script-src 'self'; "), "{shown:?}");
    for text in ["<script src=\"/connect/frame.js\" defer></script>", "action=\"?frame=https%3A%2F%2Fapp.example.com\""]
    {
        assert!(shown.body.contains(text), "{text}: {}", shown.body);
    }
    assert!(!shown.body.contains("target="), "this way to log in stays in the frame");
    let consents = app.send(get(&format!("{framed}&auth=oauth2_code"))).await.body;
    assert!(consents.contains("target=\"trunnion-consent\" data-session=\"link_"), "{consents}");
    assert!(consents.contains("data-to=\"https://app.example.com\""), "{consents}");

    let done = submit(&app, &framed).await;
    assert_eq!((done.status, done.header("location")), (200, ""), "{done:?}");
    assert_eq!((data(&done, "to"), data(&done, "state")), (HOST.to_owned(), "a b&amp;c".to_owned()));
    assert!(data(&done, "address").starts_with(BACK), "{done:?}");
    let granted = exchange(&app, &data(&done, "code"), &[("code_verifier", VERIFIER)]).await.ok();
    let own = app.send(get("/api/v1/connection").token(granted["access_token"].as_str().unwrap())).await.ok();
    assert_eq!(own["id"], granted["connection_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_not_listed_is_told_nothing() {
    let app = app().await;
    allow(&app, &json!([HOST])).await.ok();
    for origin in ["https%3A%2F%2Fevil.example", "*", "https%3A%2F%2Fapp.example.com%2F", "null", ""] {
        let path = page(&app, &session()).await;
        let framed = format!("{path}?frame={origin}");
        let shown = app.send(get(&framed)).await;
        assert!(!policy(&shown).contains("script-src") && !shown.body.contains("<script"), "{origin}");
        // As without a frame: a redirect to the address that was agreed on.
        code(&submit(&app, &framed).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scripts_are_small_and_send_nothing_to_everybody() {
    let app = app().await;
    for path in ["/connect.js", "/connect/frame.js"] {
        let script = app.send(get(path)).await;
        assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
        assert!(script.body.len() < 5_000 && !script.body.contains("'*'"), "{path}");
    }
}
