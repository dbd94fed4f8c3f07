//! Schema drift, from the system's row to the caller's answers.

use http::Method;
use serde_json::json;

use crate::acme::Acme;
use crate::answers::{Ask, get, post};
use crate::app::{Connected, TestApp, make_key};

async fn sync(app: &TestApp, ours: &Connected) {
    let ask = post("/api/v1/syncs").token(&ours.token).json(&json!({"entities": ["vendors"]}));
    assert_eq!(app.send(ask).await.status, 202);
    app.wait_for_sync(ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_field_is_an_event_is_listed_and_held_back_until_it_is_acknowledged() {
    let app = TestApp::start(Acme::with_vendors(3)).await;
    let ours = app.connect().await;
    let path = format!("/api/v1/connections/{}", ours.id);
    let strict = json!({"sync": {"entities": {"vendors": {"strict": true}}}});
    let patched = app.send(Ask::new(Method::PATCH, &path).token(&app.key).json(&strict)).await.ok();
    assert_eq!(patched["sync"]["entities"]["vendor"]["strict"], true);
    app.acme.set("1002", "Rating", &json!("A+"));
    sync(&app, &ours).await;

    let ask = async |path: &str| app.send(get(path).token(&ours.token)).await.ok();
    let listed = ask("/api/v1/schema-drift?state=open&entity=vendors&kind=new_field").await;
    let one = &listed["data"][0];
    assert_eq!(
        (&one["field"], &one["type_now"], &one["remote_id"]),
        (&json!("Rating"), &json!("string"), &json!("1002"))
    );
    let event = ask("/api/v1/events?types=schema.drift_detected").await["data"][0].clone();
    assert_eq!((&event["data"]["id"], &event["data"]["field"]), (&one["id"], &one["field"]));
    let status = ask("/api/v1/sync-status").await["data"][0].clone();
    assert_eq!(
        (&status["schema_drift"], &status["quarantined"], &status["strict"]),
        (&json!(1), &json!(1), &json!(true))
    );

    let reader = make_key(&app.engine, "one", &["read"]).await;
    let acknowledge = |token: &str| {
        let ask = post("/api/v1/schema-drift/acknowledge").token(token).header("trunnion-connection", &ours.id);
        app.send(ask.json(&json!({"ids": [one["id"]]})))
    };
    assert_eq!(acknowledge(&reader).await.status, 403);
    assert_eq!(acknowledge(&app.key).await.ok()["acknowledged"], 1);
    let aside = ask("/api/v1/quarantine").await["data"][0]["id"].as_str().unwrap().to_owned();
    let again = app.send(post(&format!("/api/v1/quarantine/{aside}/retry")).token(&ours.token)).await.ok();
    assert_eq!(again["outcome"], "stored");
    assert_eq!(ask("/api/v1/vendors/remote:1002?include=raw").await["raw"]["Rating"], "A+");
    let audit =
        app.send(get("/api/v1/audit?action=acknowledge_schema_drift&outcome=succeeded").token(&app.key)).await.ok();
    assert_eq!(audit["data"][0]["connection_id"], json!(ours.id));

    let wrong = app.send(get("/api/v1/schema-drift?kind=odd").token(&ours.token)).await;
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["pointer"]), (422, &json!("/kind")));
    let odd = post("/api/v1/schema-drift/acknowledge").token(&ours.token).json(&json!({"all": true}));
    assert_eq!(app.send(odd).await.status, 422);
}
