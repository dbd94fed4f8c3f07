//! The page in the customer's language, with the connector's own texts in it where it has them.

use http::Method;
use serde_json::{Value, json};

use crate::answers::{Answer, Ask, get, post};
use crate::app::TestApp;
use crate::connecting::{app, code, form, page, session};

async fn shown(app: &TestApp, path: &str, accept: &str) -> Answer {
    app.send(get(path).header("accept-language", accept)).await
}

/// Whether every text is there.
fn has(answer: &Answer, texts: &[&str]) {
    for text in texts {
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
}

fn speaking(language: &Value) -> Value {
    let mut speaking = session();
    speaking["language"] = language.clone();
    speaking
}

const GERMAN: &[&str] =
    &["<html lang=\"de\">", "Acme ERP verbinden", "bittet im Namen von <strong>Widgets &lt;Ltd&gt;</strong>"];
const ENGLISH: &[&str] = &["<html lang=\"en\">", "Connect Acme ERP", "asks for access on behalf of"];

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_the_browsers_language_the_sessions_before_it_and_the_one_switched_to_before_all() {
    let app = app().await;
    let path = page(&app, &session()).await;
    has(&shown(&app, &path, "de-DE,de;q=0.9,en;q=0.5").await, GERMAN);
    has(&shown(&app, &path, "fr").await, ENGLISH);
    has(&shown(&app, &format!("{path}?lang=de"), "en").await, GERMAN);
    has(&shown(&app, &format!("{path}?lang=%22%3E%3Cb%3E"), "en").await, ENGLISH);
    let usual = Ask::new(Method::PUT, "/api/v1/branding").token(&app.key).json(&json!({"language": "de"}));
    app.send(usual).await.ok();
    has(&shown(&app, &path, "fr").await, GERMAN);
    has(&shown(&app, &path, "en").await, ENGLISH);
    let path = page(&app, &speaking(&json!("de"))).await;
    has(&shown(&app, &path, "en").await, GERMAN);
    has(&shown(&app, &format!("{path}?lang=en"), "de").await, ENGLISH);
    for (path, body) in
        [("/api/v1/link-sessions", speaking(&json!("fr"))), ("/api/v1/branding", json!({"language": "xx"}))]
    {
        let method = if path.ends_with("branding") { Method::PUT } else { Method::POST };
        let refused = app.send(Ask::new(method, path).token(&app.key).json(&body)).await;
        assert_eq!(refused.problem(), (422, "VALIDATION_FAILED".into()));
        let error = &refused.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["message"]), (&json!("/language"), &json!("must be one of: en, de")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_was_switched_to_stays_from_page_to_page() {
    let app = app().await;
    let mut open = session();
    open.as_object_mut().unwrap().remove("system");
    let path = page(&app, &open).await;
    let english = shown(&app, &format!("{path}?q=erp"), "en").await;
    has(
        &english,
        &["<a href=\"?q=erp&amp;lang=de\" lang=\"de\" hreflang=\"de\">Deutsch</a>", "aria-current=\"true\">English"],
    );
    let german = shown(&app, &format!("{path}?lang=de"), "en").await;
    has(&german, &["Ihr System verbinden", "Ein erfundenes System", "href=\"?system=acme-erp&amp;lang=de\""]);
    has(
        &german,
        &["<input type=\"hidden\" name=\"lang\" value=\"de\">", "<a href=\"?lang=en\" lang=\"en\" hreflang=\"en\">"],
    );
    let asked = shown(&app, &format!("{path}?system=acme-erp&lang=de"), "en").await;
    has(
        &asked,
        &[
            "<label for=\"f-url\">Adresse</label>",
            "Die Adresse des Servers",
            "<label for=\"f-password\">Passwort</label>",
            // Not translated by the connector.
            "<label for=\"f-username\"><span lang=\"en\">User</span></label>",
            ">Benutzer und Passwort</a>",
            "<p class=\"help\"><span lang=\"en\">A user for the integration</span></p>",
            "<form method=\"post\" action=\"?lang=de\" novalidate>",
            "<a href=\"?system=acme-erp&amp;auth=basic&amp;lang=en\" lang=\"en\"",
            ">Verbinden</button>",
        ],
    );
    // Found by the words that are shown, too.
    has(&shown(&app, &format!("{path}?lang=de&q=erfunden"), "en").await, &["Acme ERP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_told_in_the_same_language() {
    let app = app().await;
    let path = page(&app, &speaking(&json!("de"))).await;
    let send = async |pairs: &[(&str, &str)]| {
        let common = [("system", "acme-erp"), ("auth", "basic"), ("f.username", "u")];
        form(&app, &path, &[&common[..], pairs].concat()).await
    };
    let wrong = send(&[("f.url", "http://erp.example")]).await;
    assert_eq!(wrong.status, 422);
    let texts =
        ["<title>Problem: Acme ERP verbinden</title>", "Einige Angaben stimmen noch nicht.", "Passwort: fehlt</a>"];
    has(&wrong, &texts);
    has(
        &wrong,
        &["Adresse: muss mit https:// beginnen</a>", "<p class=\"wrong\" id=\"e-url\">muss mit https:// beginnen</p>"],
    );
    let network = send(&[("f.url", "https://10.0.0.7"), ("f.password", "secret")]).await;
    has(&network, &["10.0.0.7 liegt in keinem Netz, in dem dieser Server anfragen darf"]);
    let url = ("f.url", "https://erp.customer.example");
    let refused = send(&[url, ("f.password", "hunter2")]).await;
    has(&refused, &["Das System hat diese Zugangsdaten abgelehnt.", "Die Antwort war: <q>wrong user or password</q>"]);
    has(&send(&[url, ("f.password", "secret"), ("c.history_days", "1")]).await, &["steht nicht zur Wahl"]);
    code(&send(&[url, ("f.password", "secret")]).await);
    has(
        &shown(&app, &path, "en").await,
        &["<html lang=\"de\">", "Dieser Link wurde schon verwendet", "href=\"?lang=en\""],
    );
    let nobody = shown(&app, "/link/callback?state=x&code=y", "de").await;
    has(&nobody, &["Darauf wartet hier niemand"]);
    has(&shown(&app, "/link/lnk_unknown", "de").await, &["Dieser Link ist nicht bekannt"]);
    let foreign = post(&path).header("sec-fetch-site", "cross-site").header("accept-language", "de");
    let foreign = app.send(foreign.header("content-type", "application/x-www-form-urlencoded").bytes("a=b")).await;
    assert_eq!(foreign.status, 410, "the link is over");
}
