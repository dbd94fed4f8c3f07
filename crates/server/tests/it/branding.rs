//! The integrator's name, logo, colour and privacy policy on the connect page.

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Answer, Ask, get};
use crate::app::TestApp;
use crate::connecting::{app, page, session};

/// As far as its kind shows.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

async fn set(app: &TestApp, body: &Value) -> Answer {
    app.send(Ask::new(Method::PUT, "/api/v1/branding").token(&app.key).json(body)).await
}

async fn set_logo(app: &TestApp, image: &[u8]) -> Answer {
    app.send(Ask::new(Method::PUT, "/api/v1/branding/logo").token(&app.key).bytes(image)).await
}

/// Ours looks like something. Answers what nobody else may see of it through the API.
pub(crate) async fn brand(app: &TestApp) -> String {
    set(app, &json!({"name": "Only Ours"})).await.ok();
    set_logo(app, PNG).await.ok()["logo_url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_integrators_name_logo_colour_and_privacy_policy() {
    let app = app().await;
    let plain = get("/api/v1/branding").token(&app.key);
    let nothing = json!({"name": null, "accent": null, "privacy_url": null, "language": null, "logo_url": null});
    assert_eq!(app.send(plain.clone()).await.ok(), nothing);
    let url = "https://app.example.com/privacy?a=1&b=2";
    set(&app, &json!({"name": "Parts & Planner", "accent": "#5B2A86", "privacy_url": url})).await.ok();
    let view = set_logo(&app, PNG).await.ok();
    assert_eq!(view, app.send(plain).await.ok());
    assert_eq!((&view["name"], &view["accent"]), (&json!("Parts & Planner"), &json!("#5b2a86")));
    let logo = view["logo_url"].as_str().unwrap().strip_prefix(&app.base).unwrap().to_owned();

    let path = page(&app, &session()).await;
    let shown = app.send(get(&path)).await;
    let image = format!("<img class=\"logo\" src=\"{logo}\" alt=\"Parts &amp; Planner\">");
    for text in [
        "<strong>Parts &amp; Planner</strong> asks for access",
        image.as_str(),
        "href=\"/connect/accent/5b2a86.css\"",
        "href=\"https://app.example.com/privacy?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer\"",
    ] {
        assert!(shown.body.contains(text), "{text}: {}", shown.body);
    }
    assert_eq!(
        shown.header("content-security-policy"),
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' https://app.example.com"
    );
    let sheet = app.send(get("/connect/accent/5b2a86.css")).await;
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    assert!(sheet.body.contains("--link: #5b2a86") && sheet.body.contains("prefers-color-scheme: dark"));
    for wrong in ["ffcc00.css", "5b2a86", "x%7D.css"] {
        assert_eq!(app.send(get(&format!("/connect/accent/{wrong}"))).await.status, 404, "{wrong}");
    }
    // Also when the link is over, but not to somebody whose link nobody knows.
    let listed = app.send(get("/api/v1/link-sessions").token(&app.key)).await.ok();
    let id = listed["data"][0]["id"].as_str().unwrap();
    let withdraw = Ask::new(Method::DELETE, &format!("/api/v1/link-sessions/{id}")).token(&app.key);
    assert_eq!(app.send(withdraw).await.status, 204);
    let over = app.send(get(&path)).await;
    assert!(over.status == 410 && over.body.contains(&image), "{over:?}");
    assert!(!app.send(get("/link/lnk_unknown")).await.body.contains("logo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_served_by_its_kind_and_can_do_nothing() {
    let app = app().await;
    let drawing =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><rect width=\"9\" height=\"9\"/></svg>";
    for (image, kind) in [(PNG, "image/png"), (drawing.as_bytes(), "image/svg+xml")] {
        let view = set_logo(&app, image).await.ok();
        let served = app.send(get(view["logo_url"].as_str().unwrap().strip_prefix(&app.base).unwrap())).await;
        assert_eq!((served.status, served.header("content-type")), (200, kind));
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        assert_eq!(served.header("content-security-policy"), policy);
        assert!(served.header("cache-control").contains("immutable"));
    }
    for wrong in ["", "GIF89a", "<svg><script>alert(1)</script></svg>"] {
        assert_eq!(set_logo(&app, wrong.as_bytes()).await.problem(), (422, "VALIDATION_FAILED".into()), "{wrong}");
    }
    assert_eq!(set_logo(&app, &vec![b' '; 262_145]).await.status, 413);
    let remove = Ask::new(Method::DELETE, "/api/v1/branding/logo").token(&app.key);
    assert_eq!(app.send(remove.clone()).await.status, 204);
    assert_eq!(app.send(remove).await.problem(), (404, "NOT_FOUND".into()));
    assert_eq!(app.send(get("/api/v1/branding").token(&app.key)).await.ok()["logo_url"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_is_refused_and_nothing_is_changed() {
    let app = TestApp::start(Acme::default()).await;
    set(&app, &json!({"name": "Before"})).await.ok();
    let wrong = json!({"name": " ", "accent": "#ffcc00", "privacy_url": "http://app.example.com/"});
    let refused = set(&app, &wrong).await;
    assert_eq!(refused.problem(), (422, "VALIDATION_FAILED".into()));
    let errors = refused.json()["errors"].clone();
    let places: Vec<&str> = errors.as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/name", "/accent", "/privacy_url"]);
    let told = errors[1]["message"].as_str().unwrap();
    assert!(told.starts_with("has a contrast of 1.3 to the page, and text needs 4.5: #"), "{told}");
    for body in [json!({"accent": "red"}), json!({"logo": "x"}), json!({"privacy_url": "javascript:alert(1)"})] {
        assert_eq!(set(&app, &body).await.problem().0, 422, "{body}");
    }
    assert_eq!(app.send(get("/api/v1/branding").token(&app.key)).await.ok()["name"], "Before");
    assert_eq!(app.send(get("/api/v1/branding").token(&app.other_key)).await.ok()["name"], Value::Null);
}
