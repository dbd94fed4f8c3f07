//! Link sessions from end to end: the page, the redirect, the code, the token.

use http::Method;
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::answers::{Answer, Ask, get, post};
use crate::app::TestApp;

pub(crate) const BACK: &str = "https://app.example.com/connected?from=trunnion";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) async fn app() -> TestApp {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let uris = json!({"redirect_uris": [BACK]});
    app.send(Ask::new(Method::PUT, "/api/v1/redirect-uris").token(&app.key).json(&uris)).await.ok();
    app
}

pub(crate) fn session() -> Value {
    json!({
        "system": "acme-erp", "customer": {"id": "cust-17", "name": "Widgets <Ltd>"}, "metadata": {"plan": "pro"},
        "redirect_uri": BACK, "state": "a b&c", "code_challenge": CHALLENGE,
    })
}

/// The path of a new session's page.
pub(crate) async fn page(app: &TestApp, session: &Value) -> String {
    let made = app.send(post("/api/v1/link-sessions").token(&app.key).json(session)).await.ok();
    let url = made["url"].as_str().unwrap();
    url.strip_prefix(&app.base).unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let safe = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value))).collect::<Vec<_>>().join("&")
}

pub(crate) async fn form(app: &TestApp, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let quiet = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let ask = post(path).header("content-type", "application/x-www-form-urlencoded").bytes(encoded(pairs));
    ask.send(&quiet, &app.base).await
}

async fn submit(app: &TestApp, path: &str, password: &str) -> Answer {
    let url = "https://erp.customer.example";
    let pairs =
        [("system", "acme-erp"), ("auth", "basic"), ("f.url", url), ("f.username", "u"), ("f.password", password)];
    form(app, path, &pairs).await
}

/// The code in a redirect back to the application.
pub(crate) fn code(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    let rest = answer.header("location").strip_prefix(&format!("{BACK}&code=")).unwrap_or_else(|| panic!("{answer:?}"));
    let (code, state) = rest.split_once('&').unwrap();
    assert_eq!(state, "state=a+b%26c");
    code.to_owned()
}

pub(crate) async fn exchange(app: &TestApp, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut pairs = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK)];
    pairs.extend(more);
    form(app, "/api/v1/oauth/token", &pairs).await
}

fn refusal(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    assert!(answer.json()["error_description"].is_string());
    (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_connects_and_the_application_gets_the_token_once() {
    let app = app().await;
    let path = page(&app, &session()).await;
    let shown = app.send(get(&path)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("Connect Acme ERP") && shown.body.contains("Widgets &lt;Ltd&gt;"), "{}", shown.body);

    // A wrong password: told on the page, nothing is made, no secret comes back.
    let wrong = submit(&app, &path, "hunter2").await;
    assert_eq!((wrong.status, wrong.header("content-type")), (422, "text/html; charset=utf-8"));
    for text in ["The system refused these credentials", "wrong user or password", "value=\"u\"", "role=\"alert\""] {
        assert!(wrong.body.contains(text), "{text}: {}", wrong.body);
    }
    assert!(!wrong.body.contains("hunter2"));
    assert_eq!(app.send(get("/api/v1/connections").token(&app.key)).await.ok()["data"], json!([]));

    let code = code(&submit(&app, &path, "secret").await);
    assert_eq!(submit(&app, &path, "secret").await.status, 410, "a link works once");
    let other = "a".repeat(43);
    let verifier = [("code_verifier", VERIFIER)];
    let tries: [(&[(&str, &str)], _); 3] = [
        (&[("code_verifier", &other)], (400, "invalid_grant")),
        (&[], (400, "invalid_grant")),
        (&[("code_verifier", VERIFIER), ("client_id", "app_other")], (401, "invalid_client")),
    ];
    for (more, (status, word)) in tries {
        assert_eq!(refusal(&exchange(&app, &code, more).await), (status, word.into()), "{more:?}");
    }
    let elsewhere =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "https://evil.example/"), verifier[0]];
    assert_eq!(refusal(&form(&app, "/api/v1/oauth/token", &elsewhere).await), (400, "invalid_grant".into()));

    let granted = exchange(&app, &code, &verifier).await;
    assert_eq!(granted.header("cache-control"), "no-store");
    let granted = granted.ok();
    assert_eq!((&granted["token_type"], &granted["scope"]), (&"Bearer".into(), &"read write".into()));
    let token = granted["access_token"].as_str().unwrap();
    let own = app.send(get("/api/v1/connection").token(token)).await.ok();
    assert_eq!(own["id"], granted["connection_id"]);
    assert_eq!((&own["customer"]["name"], &own["metadata"]["plan"]), (&"Widgets <Ltd>".into(), &"pro".into()));
    assert_eq!(refusal(&exchange(&app, &code, &verifier).await), (400, "invalid_grant".into()), "replayed");
    assert_eq!(app.send(get("/api/v1/connection").token(token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_challenge_the_exchange_needs_a_key_of_the_application() {
    let app = app().await;
    let mut plain = session();
    plain.as_object_mut().unwrap().remove("code_challenge");
    let code = code(&submit(&app, &page(&app, &plain).await, "secret").await);
    let reader = crate::app::make_key(&app.engine, "one", &["read"]).await;
    for secret in [None, Some("tk_unknown"), Some(app.other_key.as_str()), Some(reader.as_str())] {
        let more: Vec<(&str, &str)> = secret.map(|secret| ("client_secret", secret)).into_iter().collect();
        let answer = exchange(&app, &code, &more).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".into()), "{secret:?}");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    let downgrade = [("client_secret", app.key.as_str()), ("code_verifier", VERIFIER)];
    assert_eq!(refusal(&exchange(&app, &code, &downgrade).await), (400, "invalid_grant".into()));
    let granted = exchange(&app, &code, &[("client_secret", &app.key)]).await.ok();
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(app.send(get("/api/v1/connection").token(token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_route_speaks_oauth_about_what_is_wrong() {
    let app = app().await;
    let json = post("/api/v1/oauth/token").json(&json!({"grant_type": "authorization_code"}));
    assert_eq!(refusal(&app.send(json).await), (400, "invalid_request".into()));
    let tries: [(&[(&str, &str)], &str); 4] = [
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("code", "x")], "invalid_request"),
        (&[("code", "x"), ("code", "x")], "invalid_request"),
        (&[("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", BACK)], "invalid_grant"),
    ];
    for (pairs, word) in tries {
        assert_eq!(refusal(&form(&app, "/api/v1/oauth/token", pairs).await), (400, word.into()), "{pairs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_kills_the_old_token_at_once_and_keeps_the_records() {
    let app = app().await;
    let ours = app.connect().await;
    let before = app.send(get("/api/v1/vendors").token(&ours.token)).await.ok();
    let again = json!({"connection_id": ours.id, "redirect_uri": BACK, "state": "a b&c", "code_challenge": CHALLENGE});
    let path = page(&app, &again).await;
    let shown = app.send(get(&path)).await.body;
    assert!(
        shown.contains("Reconnect Acme ERP") && shown.contains("value=\"https://erp.customer.example\""),
        "{shown}"
    );
    assert_eq!(submit(&app, &path, "wrong").await.status, 422);
    assert_eq!(app.send(get("/api/v1/connection").token(&ours.token)).await.status, 200, "nothing has changed yet");
    let code = code(&submit(&app, &path, "secret").await);
    assert_eq!(app.send(get("/api/v1/connection").token(&ours.token)).await.problem().0, 401);
    let granted = exchange(&app, &code, &[("code_verifier", VERIFIER)]).await.ok();
    assert_eq!(granted["connection_id"], ours.id.as_str());
    let token = granted["access_token"].as_str().unwrap();
    assert_eq!(app.send(get("/api/v1/vendors").token(token)).await.ok(), before);
    let events = app.send(get("/api/v1/events?types=connection.*").token(token)).await.ok();
    let types: Vec<&str> =
        events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types.iter().filter(|kind| **kind == "connection.reauthorized").count(), 1, "{types:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_work_is_refused_with_every_reason() {
    let app = app().await;
    let ours = app.connect().await;
    let places = async |key: &str, body: &Value| -> Vec<String> {
        let answer = app.send(post("/api/v1/link-sessions").token(key).json(body)).await;
        assert_eq!(answer.problem(), (422, "VALIDATION_FAILED".into()));
        answer.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap().into()).collect()
    };
    let wrong = json!({
        "system": "nobody", "redirect_uri": format!("{BACK}x"), "expires_in": 1, "code_challenge": "short",
        "code_challenge_method": "plain", "metadata": 1, "sync": {"interval_seconds": 1}
    });
    let mut found = places(&app.key, &wrong).await;
    found.sort();
    let expected = [
        "/code_challenge",
        "/code_challenge_method",
        "/customer",
        "/expires_in",
        "/metadata",
        "/redirect_uri",
        "/sync/interval_seconds",
        "/system",
    ];
    assert_eq!(found, expected);
    let again = json!({"connection_id": ours.id, "redirect_uri": BACK, "customer": {"id": "x", "name": "y"}});
    assert_eq!(places(&app.key, &again).await, ["/customer"]);
    // The connection of another application is not there, nor are its addresses.
    let again = json!({"connection_id": ours.id, "redirect_uri": BACK});
    assert_eq!(places(&app.other_key, &again).await, ["/redirect_uri", "/connection_id"]);
    let uris = json!({"redirect_uris": ["http://app.example.com/", "https://fine.example/"]});
    let set = app.send(Ask::new(Method::PUT, "/api/v1/redirect-uris").token(&app.key).json(&uris)).await;
    assert_eq!(set.json()["errors"][0]["pointer"], "/redirect_uris/0", "{set:?}");
    let listed = app.send(get("/api/v1/redirect-uris").token(&app.key)).await.ok();
    assert_eq!(listed, json!({"redirect_uris": [BACK]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_chooses_and_is_told_what_is_missing() {
    let app = app().await;
    let mut open = session();
    open.as_object_mut().unwrap().remove("system");
    let path = page(&app, &open).await;
    assert!(app.send(get(&path)).await.body.contains("?system=acme-erp"));
    assert!(!app.send(get(&format!("{path}?q=zzz%22%3E%3Cb%3E"))).await.body.contains("acme-erp"));
    let odd = app.send(get(&format!("{path}?q=zzz%22%3E%3Cb%3E"))).await.body;
    assert!(odd.contains("zzz&quot;&gt;&lt;b&gt;"), "{odd}");
    let asked = app.send(get(&format!("{path}?system=acme-erp"))).await.body;
    for text in [
        "<label for=\"f-password\">Password</label>",
        "aria-describedby=\"h-password\"",
        "type=\"password\"",
        "Choose another system",
    ] {
        assert!(asked.contains(text), "{text}: {asked}");
    }
    let pairs = [("system", "acme-erp"), ("auth", "basic"), ("f.url", "http://erp.example"), ("f.username", "u")];
    let wrong = form(&app, &path, &pairs).await;
    assert_eq!(wrong.status, 422);
    for text in [
        "href=\"#f-password\">Password: is required",
        "must begin with https://",
        "aria-describedby=\"e-url h-url\"",
        "aria-invalid=\"true\"",
        "value=\"http://erp.example\"",
    ] {
        assert!(wrong.body.contains(text), "{text}: {}", wrong.body);
    }
    code(&submit(&app, &path, "secret").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_held_to_itself_and_takes_no_form_from_elsewhere() {
    let app = app().await;
    let path = page(&app, &session()).await;
    let shown = app.send(get(&path)).await;
    let policy = shown.header("content-security-policy");
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' https://app.example.com"
    );
    assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("same-origin", "no-store"));
    for text in ["<script", "style=", "<style", "onclick", "http://", "javascript:"] {
        assert!(!shown.body.contains(text), "{text}");
    }
    assert_eq!(app.send(get("/connect.css")).await.header("content-type"), "text/css; charset=utf-8");
    let foreign = post(&path)
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .bytes("f.password=secret");
    assert_eq!(app.send(foreign).await.status, 403);
    let unknown = app.send(get("/link/lnk_unknown")).await;
    assert_eq!((unknown.status, unknown.header("content-type")), (404, "text/html; charset=utf-8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_cannot_make_the_server_call_into_its_own_network() {
    let app = app().await;
    let path = page(&app, &session()).await;
    for url in ["https://169.254.169.254", "https://10.0.0.7:8443", "http://127.0.0.1:9000", "https://[::1]"] {
        let pairs =
            [("system", "acme-erp"), ("auth", "basic"), ("f.url", url), ("f.username", "u"), ("f.password", "secret")];
        let refused = form(&app, &path, &pairs).await;
        assert_eq!(refused.status, 422, "{url}");
        assert!(refused.body.contains("is not in a network that this server may call"), "{url}: {}", refused.body);
        let direct = json!({
            "system": "acme-erp", "customer": {"id": "c", "name": "C"},
            "credentials": {"auth": "basic", "url": url, "username": "u", "password": "secret"}
        });
        let answer = app.send(post("/api/v1/connections").token(&app.key).json(&direct)).await;
        assert_eq!(answer.problem(), (422, "VALIDATION_FAILED".into()));
        assert_eq!(answer.json()["errors"][0]["pointer"], "/credentials/url");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_takes_twenty_attempts_and_no_more() {
    let app = app().await;
    let path = page(&app, &session()).await;
    for _ in 0..20 {
        assert_eq!(submit(&app, &path, "wrong").await.status, 422);
    }
    let after = submit(&app, &path, "secret").await;
    assert_eq!(after.status, 429);
    assert!(after.body.contains("Too many attempts"));
    assert_eq!(app.send(get("/api/v1/connections").token(&app.key)).await.ok()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_magic_link_has_values_filled_in_and_gives_the_connection_its_tags() {
    let app = app().await;
    let mut session = session();
    session["system"] = "acme-erp".into();
    session["tags"] = json!(["eu", "tier:gold"]);
    session["prefill"] = json!({"auth": "basic", "url": "https://erp.customer.example", "username": "integration"});
    session["expires_in"] = json!(30 * 24 * 60 * 60);
    let path = page(&app, &session).await;
    let shown = app.send(get(&path)).await.body;
    assert!(shown.contains(r#"value="https://erp.customer.example""#), "{shown}");
    assert!(shown.contains(r#"value="integration""#), "{shown}");
    assert_eq!(submit(&app, &path, "secret").await.status, 303);
    let listed = app.send(get("/api/v1/connections").token(&app.key)).await.ok();
    assert_eq!(listed["data"][0]["tags"], json!(["eu", "tier:gold"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_filled_in_is_refused_when_the_link_is_made() {
    let app = app().await;
    for (member, value, pointer) in [
        ("prefill", json!({"password": "secret"}), "/prefill/password"),
        ("prefill", json!({"colour": "red"}), "/prefill/colour"),
        ("prefill", json!({"auth": "magic"}), "/prefill/auth"),
        ("tags", json!(["two words"]), "/tags/0"),
    ] {
        let mut session = session();
        session["system"] = "acme-erp".into();
        session[member] = value;
        let refused = app.send(post("/api/v1/link-sessions").token(&app.key).json(&session)).await;
        assert_eq!(refused.problem(), (422, "VALIDATION_FAILED".into()), "{pointer}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
        assert!(!refused.body.contains("\"secret\""), "a value is not repeated");
    }
}
