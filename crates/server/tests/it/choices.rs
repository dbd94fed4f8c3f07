//! What the customer may choose on the connect page, and that nothing else can be chosen.

use serde_json::{Value, json};

use crate::answers::{Answer, get, post};
use crate::app::TestApp;
use crate::connecting::{VERIFIER, app, code, exchange, form, page, session};

fn offering(choices: &Value, sync: &Value) -> Value {
    let mut offering = session();
    (offering["choices"], offering["sync"]) = (choices.clone(), sync.clone());
    offering
}

async fn choose(app: &TestApp, path: &str, chosen: &[(&str, &str)]) -> Answer {
    let mut pairs = vec![("system", "acme-erp"), ("auth", "basic"), ("f.url", "https://erp.customer.example")];
    pairs.extend([("f.username", "u"), ("f.password", "secret")]);
    pairs.extend(chosen);
    form(app, path, &pairs).await
}

/// How the vendors of the connection are synced that the answer led to.
async fn plan(app: &TestApp, answer: &Answer) -> (Value, Value) {
    let granted = exchange(app, &code(answer), &[("code_verifier", VERIFIER)]).await.ok();
    let status = app.send(get("/api/v1/sync-status").token(granted["access_token"].as_str().unwrap())).await.ok();
    let vendor = &status["data"][0];
    (vendor["history_days"].clone(), vendor["interval_seconds"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_customer_chose_is_how_the_connection_is_synced() {
    let app = app().await;
    let choices = json!({"history_days": [0, 30, 90, null], "interval_seconds": [900, 3600, 86_400, null]});
    let offered = offering(&choices, &json!({"history_days": 30}));
    let path = page(&app, &offered).await;
    let shown = app.send(get(&path)).await.body;
    for text in [
        "<legend>How far back should data be read?</legend>",
        "name=\"c.history_days\" value=\"30\" checked> <span>The last 30 days <span class=\"optional\">(suggested)</span>",
        "name=\"c.history_days\" value=\"null\"> <span>Everything</span>",
        "name=\"c.interval_seconds\" value=\"900\" checked> <span>Every 15 minutes <span class=\"optional\">(suggested)",
        "value=\"3600\"> <span>Every hour</span>",
        "value=\"86400\"> <span>Every day</span>",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    // What was chosen is still chosen after a problem.
    let chosen = [("c.history_days", "90"), ("c.interval_seconds", "86400")];
    let wrong = choose(&app, &path, &[&chosen[..], &[("f.url", "nowhere")]].concat()).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("name=\"c.history_days\" value=\"90\" checked"), "{}", wrong.body);
    assert_eq!(plan(&app, &choose(&app, &path, &chosen).await).await, (json!(90), json!(86_400)));

    let path = page(&app, &offered).await;
    let everything = [("c.history_days", "null"), ("c.interval_seconds", "null")];
    assert_eq!(plan(&app, &choose(&app, &path, &everything).await).await, (Value::Null, Value::Null));
    // Nothing was chosen: what is suggested.
    let path = page(&app, &offered).await;
    assert_eq!(plan(&app, &choose(&app, &path, &[]).await).await, (json!(30), json!(900)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_chosen_that_is_not_on_offer() {
    let app = app().await;
    let path = page(&app, &offering(&json!({"history_days": [30, 90]}), &json!({}))).await;
    let elsewhere = [("c.interval_seconds", "10")];
    for wrong in [[("c.history_days", "31")], [("c.history_days", "null")], elsewhere, [("c.paused", "true")]] {
        let answer = choose(&app, &path, &wrong).await;
        assert_eq!(answer.status, 422, "{wrong:?}");
        assert!(answer.body.contains("What was chosen is not on offer."), "{}", answer.body);
    }
    let listed = app.send(get("/api/v1/link-sessions").token(&app.key)).await.ok();
    assert_eq!(listed["data"][0]["attempts"], 0, "the system was not asked");
    assert_eq!(listed["data"][0]["choices"], json!({"history_days": [30, 90]}));
    assert_eq!(plan(&app, &choose(&app, &path, &[("c.history_days", "90")]).await).await.0, 90);
    let plain = page(&app, &session()).await;
    assert!(!app.send(get(&plain)).await.body.contains("fieldset"));
    assert_eq!(choose(&app, &plain, &[("c.history_days", "1")]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_that_make_no_sense_are_refused_when_the_session_is_made() {
    let app = app().await;
    let ours = app.connect().await;
    let refused = async |body: Value| -> Vec<String> {
        let answer = app.send(post("/api/v1/link-sessions").token(&app.key).json(&body)).await;
        assert_eq!(answer.problem(), (422, "VALIDATION_FAILED".into()), "{body}");
        answer.json()["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap().into()).collect()
    };
    let wrong = json!({"history_days": [30, -1], "interval_seconds": [900, 900]});
    let found = refused(offering(&wrong, &json!({"cron": "5 5 * * *", "history_days": 31}))).await;
    let cron = "/choices/interval_seconds";
    assert_eq!(found, ["/choices/history_days/1", "/sync/history_days", cron, cron]);
    assert_eq!(refused(offering(&json!({"history_days": [30]}), &json!({}))).await, ["/choices/history_days"]);
    assert_eq!(refused(offering(&json!({"hours": [1, 2]}), &json!({}))).await, ["/choices/hours"]);
    let again = json!({"connection_id": ours.id, "redirect_uri": crate::connecting::BACK,
        "choices": {"history_days": [30, 90]}});
    assert_eq!(refused(again).await, ["/choices"]);
}
